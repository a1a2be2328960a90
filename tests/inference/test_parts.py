"""A corpus as a Parquet data set: the same rows from any number of processes, killed or not, in any order."""

import json
import os
import signal

import numpy as np
import pytest

from htvae.inference import opening, parts, shards
from htvae.inference.corpus import CorpusRequest, encode_corpus
from htvae.inference.model import TrainedModel
from htvae.inference.part_job import order_parts
from htvae.inference.parts import PartFolder, cut_parts
from htvae.io.pose_csv import write_pose_csv
from htvae.utils.world import World

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    """About 100 frames each: 7 of the 652 frames of the tiny corpus. No job of a cluster is at work."""
    for module in (opening, shards):
        monkeypatch.setattr(module, "SHARD_FRAMES", 100)
    monkeypatch.setattr("htvae.utils.processes.PATIENCE", 0.0)
    for name in ("RANK", "WORLD_SIZE", *(name for name in os.environ if name.startswith("SLURM_"))):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def options(trained, tmp_path):
    def make(output="latents", **changes):
        known = {"checkpoint": trained.checkpoint, "device": "cpu", "cache_dir": tmp_path / "runs/cache"}
        known |= {"inputs": (trained.folder,), "output_dir": tmp_path / output, "format": "parquet"}
        return CorpusRequest(**(known | changes))

    return make


@pytest.fixture
def take_place(monkeypatch):
    """Become a task of a SLURM array job."""

    def take(index, count):
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", str(index))
        monkeypatch.setenv("SLURM_ARRAY_TASK_COUNT", str(count))

    return take


@pytest.fixture
def encoded(monkeypatch):
    """Return a list that grows by the number of recordings each time the model encodes a shard."""
    calls = []
    encode_all = TrainedModel.encode_all
    monkeypatch.setattr(
        TrainedModel, "encode_all", lambda self, p: (calls.append(len(p)), encode_all(self, p))[1]
    )
    return calls


def read_table(folder, name):
    files = sorted((folder / name).glob("*.parquet"))
    return pa.concat_tables([pq.read_table(file) for file in files])


def names_in(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def complete_names(count):
    return sorted(
        [f"{table}/part-{i:05d}.parquet" for table in ("chunks", "sequences") for i in range(count)]
        + ["latents.json"]
    )


def test_the_rows_are_those_of_the_other_format(options, trained):
    folders = encode_corpus(options())
    assert [folder.name for folder in folders] == ["sequences", "chunks"]
    assert names_in(options().output_dir) == complete_names(7)
    encode_corpus(options("npz", format="npz"))
    sequences, chunks = (read_table(options().output_dir, name) for name in ("sequences", "chunks"))
    with np.load(options("npz").output_dir / "latents.npz") as arrays:
        for column, name in (("recording", "names"), ("split", "splits")):
            assert sequences[column].to_pylist() == arrays[name].tolist()
        assert [label or "" for label in sequences["label"].to_pylist()] == arrays["labels"].tolist()
        for table, level in ((sequences, "sequence"), (chunks, "chunk")):
            for column in ("latent", "logvar"):
                found = np.array(table[column].to_pylist(), np.float32)
                np.testing.assert_array_equal(found, arrays[f"{level}_{column}s"])
        assert chunks["recording"].to_pylist() == arrays["names"][arrays["chunk_recording"]].tolist()
        for place, name in enumerate(("start", "stop")):
            frames, seconds = chunks[f"{name}_frame"].to_numpy(), chunks[f"{name}_second"].to_numpy()
            np.testing.assert_array_equal(frames, arrays["chunk_frames"][:, place])
            np.testing.assert_array_equal(seconds, arrays["chunk_seconds"][:, place])
    lengths = {r.name: r.num_frames for r in trained.recordings}
    assert sequences["num_frames"].to_pylist() == [lengths[n] for n in sequences["recording"].to_pylist()]
    assert set(sequences["fps"].to_pylist()) == {30.0}


def test_every_part_has_the_columns_of_the_whole_corpus(options, trained, tmp_path):
    poses = tmp_path / "poses"
    for walk in trained.recordings:
        write_pose_csv(poses / f"{walk.name}.csv", walk)
    rows = [
        "file,age,place",
        *(f"{r.name}.csv,{i},{'out' if i == 9 else ''}" for i, r in enumerate(trained.recordings)),
    ]
    (poses / "manifest.csv").write_text("\n".join(rows))
    encode_corpus(options(inputs=(poses,)))
    for name in ("sequences", "chunks"):
        found = [pq.read_schema(file) for file in sorted((options().output_dir / name).iterdir())]
        assert len(found) == 7 and all(schema.equals(found[0], check_metadata=True) for schema in found)
    table = read_table(options().output_dir, "sequences")
    assert table.column_names == [
        *("recording", "split", "label", "subject", "covariate_age", "covariate_place"),
        *("fps", "num_frames", "latent", "logvar"),
    ]
    assert table["covariate_age"].to_pylist() == [str(i) for i in range(10)]
    assert table["covariate_place"].to_pylist() == [None] * 9 + ["out"]
    chunks = read_table(options().output_dir, "chunks")
    assert chunks["start_second"].null_count == chunks.num_rows  # nothing says how fast frames follow


def test_a_part_of_several_shards_has_the_same_rows(options, monkeypatch):
    encode_corpus(options("each"))
    monkeypatch.setattr(parts, "MOST_PARTS", 3)
    encode_corpus(options("few"))
    assert names_in(options("few").output_dir) == complete_names(3)
    for name in ("sequences", "chunks"):
        assert read_table(options("few").output_dir, name).equals(
            read_table(options("each").output_dir, name)
        )


@pytest.mark.parametrize(("num_shards", "sizes"), [(0, []), (3, [1, 1, 1]), (4, [2, 2]), (7, [3, 3, 1])])
def test_parts_cover_all_shards(monkeypatch, num_shards, sizes):
    monkeypatch.setattr(parts, "MOST_PARTS", 3)
    cuts = cut_parts(num_shards)
    assert [len(cut) for cut in cuts] == sizes
    assert [shard for cut in cuts for shard in cut] == list(range(num_shards))


def test_stopped_and_started_again(options, monkeypatch, encoded, caplog):
    encode_corpus(options("whole"))
    write, left = PartFolder.write, [3]

    def write_or_stop(self, index, *tables):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        write(self, index, *tables)

    monkeypatch.setattr(PartFolder, "write", write_or_stop)
    with pytest.raises(
        KeyboardInterrupt, match=r"Complete parts are kept in .*; continue with: htvae encode poses"
    ):
        encode_corpus(options(command="htvae encode poses"))
    monkeypatch.setattr(PartFolder, "write", write)
    encoded.clear()
    caplog.set_level("INFO", logger="htvae")
    encode_corpus(options())
    assert len(encoded) == 4 and "3 of 7 parts are there already" in caplog.text
    assert names_in(options().output_dir) == complete_names(7)
    for name in ("sequences", "chunks"):
        assert read_table(options().output_dir, name).equals(read_table(options("whole").output_dir, name))


def test_a_complete_data_set_is_left_as_it_is_and_a_removed_part_made_again(options, encoded, caplog):
    encode_corpus(options())
    encoded.clear()
    caplog.set_level("INFO", logger="htvae")
    encode_corpus(options())
    assert "Nothing to do" in caplog.text and not encoded
    removed = options().output_dir / "chunks" / "part-00002.parquet"
    before = removed.read_bytes()
    removed.unlink()
    encode_corpus(options())
    assert len(encoded) == 1 and removed.read_bytes() == before


def test_other_results_are_not_overwritten(options, trained):
    encode_corpus(options(format="npz"))
    with pytest.raises(ValueError, match=r"files was None and is now parquet\. Give another --output_dir"):
        encode_corpus(options())
    folder = options("mine").output_dir / "chunks"
    folder.mkdir(parents=True)
    with pytest.raises(ValueError, match="chunks: must not be overwritten"):
        encode_corpus(options("mine"))


@pytest.mark.parametrize("content", [b"", b"PAR1 nonsense", None])
def test_a_part_of_something_else_does_not_make_the_data_set_complete(options, content):
    encode_corpus(options())
    path = options().output_dir / "sequences" / "part-00001.parquet"
    if content is None:
        pq.write_table(pq.read_table(path).replace_schema_metadata({}), path)
    else:
        path.write_bytes(content)
    (options().output_dir / "chunks" / "part-00000.parquet").unlink()
    with pytest.raises(
        ValueError, match=r"sequences.part-00001\.parquet: must (be|belong).*Remove it and run"
    ):
        encode_corpus(options())


def test_without_pyarrow_the_message_names_the_extra(options, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r'--format parquet needs pyarrow.*pip install "ht-vae\[parquet\]"'):
        encode_corpus(options())
    assert not options().output_dir.exists()


class TestSeveralProcesses:
    """One after the other in this process, as tasks of an array job that never run at the same time."""

    def test_a_task_waits_for_none_that_has_not_started(self, options, take_place, encoded, caplog):
        encode_corpus(options("whole"))
        encoded.clear()
        take_place(3, 64)
        encode_corpus(options())
        assert len(encoded) == 7 and names_in(options().output_dir) == complete_names(7)
        caplog.set_level("INFO", logger="htvae")
        take_place(0, 64)
        encode_corpus(options())
        assert "Nothing to do" in caplog.text and len(encoded) == 7
        for name in ("sequences", "chunks"):
            assert read_table(options().output_dir, name).equals(
                read_table(options("whole").output_dir, name)
            )

    def test_the_part_of_a_dead_task_is_taken_over(self, options, take_place, encoded):
        claims = options().output_dir / "shards"
        claims.mkdir(parents=True)
        (claims / "part-00004.claim").write_text("5")
        take_place(0, 8)
        encode_corpus(options())
        assert len(encoded) == 7 and names_in(options().output_dir) == complete_names(7)

    def test_a_part_that_another_is_at_work_on_is_left_to_it(self, options, take_place, monkeypatch, encoded):
        """The other is alive: it finishes its part while this task waits."""
        encode_corpus(options("whole"))
        encoded.clear()
        claims = options().output_dir / "shards"
        claims.mkdir(parents=True)
        (claims / "part-00004.claim").write_text("5")

        def other_finishes(self, needed):
            if 5 in needed():
                for table in ("sequences", "chunks"):
                    name = f"{table}/part-00004.parquet"
                    (options().output_dir / name).write_bytes(
                        (options("whole").output_dir / name).read_bytes()
                    )

        monkeypatch.setattr("htvae.utils.processes.SignsOfLife.wait_for", other_finishes)
        take_place(0, 8)
        encode_corpus(options())
        assert len(encoded) == 6 and names_in(options().output_dir) == complete_names(7)

    def test_each_begins_with_its_own(self):
        assert order_parts(range(7), World(1, 3)) == [1, 4, 2, 3, 5, 6, 0]
        assert order_parts([0, 3, 6], World(1, 3)) == [3, 6, 0]  # none of its own
        assert order_parts([0, 1, 2], World()) == [0, 1, 2]


DRIVER = """
import os, signal, sys
from htvae.cli import main as cli
from htvae.inference import opening, parts, shards
from htvae.utils import processes

killed_at, patience, *argv = sys.argv[1:]
opening.SHARD_FRAMES = shards.SHARD_FRAMES = 200
processes.PATIENCE = float(patience)
write, written = parts.PartFolder.write, []

def write_or_die(self, index, *tables):
    if len(written) == int(killed_at):
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, index, *tables)
    written.append(index)

parts.PartFolder.write = write_or_die
sys.exit(cli.main(["encode", *argv]))
"""
"""The command with small shards; it kills itself, as the system's memory guard would, at its n-th part."""


@pytest.fixture
def start(tmp_path, trained, make_walks, forks):
    """Return a function that starts the command on 60 recordings."""
    lengths = np.random.default_rng(0).integers(5, 60, size=60).tolist()
    for i, walk in enumerate(make_walks(lengths)):
        write_pose_csv(tmp_path / "poses" / f"{walk.name}_{i}.csv", walk)

    def start(output, killed_at=-1, patience=30, **world):
        flags = ["--output_dir", output, "--checkpoint", str(trained.checkpoint), "--device", "cpu"]
        flags += ["--format", "parquet"]
        return forks.start(DRIVER, str(killed_at), str(patience), "poses", *flags, folder=tmp_path, **world)

    return start


def assert_same(folder, whole, least_rows=60):
    assert names_in(folder) == names_in(whole)
    for name in ("sequences", "chunks"):
        assert read_table(folder, name).equals(read_table(whole, name))
        assert read_table(folder, name).num_rows >= least_rows


def test_two_processes_give_the_rows_of_one(start, tmp_path):
    assert start("single").wait()[0] == 0
    both = [start("shared", RANK=str(rank), WORLD_SIZE="2") for rank in (0, 1)]
    assert [process.wait()[0] for process in both] == [0, 0]
    assert_same(tmp_path / "shared", tmp_path / "single")


@pytest.mark.soak
def test_a_killed_process_loses_nothing(start, tmp_path):
    """A task is killed at a part: another makes it. A single process is killed: it is started again."""
    assert start("single").wait()[0] == 0
    world = {"SLURM_ARRAY_TASK_COUNT": "2"}
    assert start("shared", 2, 1, SLURM_ARRAY_TASK_ID="1", **world).wait()[0] == -signal.SIGKILL
    [claim] = (tmp_path / "shared" / "shards").glob("*.claim")
    assert claim.read_text() == "1"
    code, said = start("shared", patience=1, SLURM_ARRAY_TASK_ID="0", **world).wait()
    assert code == 0 and "2 of 10 parts are there already" in said and "waiting for them" in said
    assert_same(tmp_path / "shared", tmp_path / "single")
    assert start("alone", 4).wait()[0] == -signal.SIGKILL
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "alone").glob("*/part-*.parquet")}
    assert len(kept) == 8 and not (tmp_path / "alone" / "latents.json").exists()
    assert json.loads((tmp_path / "alone" / "shards" / "origin.json").read_text())["checkpoint"]
    code, said = start("alone").wait()
    assert code == 0 and "4 of 10 parts are there already" in said
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert_same(tmp_path / "alone", tmp_path / "single")
