"""Encoding a corpus: stopped and started again, by one process or several, with the same bytes in the end."""

import shutil
import signal
import threading

import numpy as np
import pytest
import torch

import htvae
from htvae.inference import encoding_pool, opening, shards
from htvae.inference.corpus import CorpusRequest, encode_corpus
from htvae.inference.latent_files import FILES
from htvae.inference.shards import ShardFolder
from htvae.io.pose_csv import write_pose_csv


@pytest.fixture(autouse=True)
def _one_thread():
    """So that shards are finished in order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    """About 100 frames each: 7 of the 652 frames of the tiny corpus."""
    for module in (opening, shards):
        monkeypatch.setattr(module, "SHARD_FRAMES", 100)
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def options(trained, tmp_path):
    def make(output="latents", **changes):
        known = {"checkpoint": trained.checkpoint, "device": "cpu", "cache_dir": tmp_path / "runs/cache"}
        known |= {"inputs": (trained.folder,), "output_dir": tmp_path / output}
        return CorpusRequest(**(known | changes))

    return make


@pytest.fixture
def stop_at(monkeypatch):
    """Return a function that lets writing the n-th shard from now on fail, or stop failing."""
    write = ShardFolder.write

    def stop(n, error=KeyboardInterrupt):
        left = [n]

        def write_or_fail(self, index, arrays):
            left[0] -= 1
            if n > 0 and left[0] <= 0:
                raise error
            write(self, index, arrays)

        monkeypatch.setattr(ShardFolder, "write", write_or_fail)

    return stop


def read_all(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def names_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_the_latents_are_the_models(options, trained):
    paths = encode_corpus(options())
    assert [path.name for path in paths] == list(FILES)
    model = htvae.load(trained.checkpoint, "cpu")
    with np.load(paths[0]) as arrays:
        assert arrays["names"].tolist() == [r.name for r in trained.recordings]
        assert arrays["splits"].tolist() == [
            next(s for s in ("train", "val", "test") if r.name in getattr(model.splits, s))
            for r in trained.recordings
        ]
        for row, recording in enumerate(trained.recordings):
            encoding = model.encode(trained.folder / f"{recording.name}.csv")
            latent = arrays["sequence_latents"][row]
            np.testing.assert_allclose(
                latent, encoding.sequence_latent, rtol=1e-4, atol=1e-5
            )  # other batches
            frames = arrays["chunk_frames"][arrays["chunk_recording"] == row]
            np.testing.assert_array_equal(frames, encoding.chunk_frames)
    assert names_in(paths[0].parent) == sorted([*FILES, "latents.json"])


@pytest.mark.parametrize("n", [1, 4, 7])
def test_stopped_and_started_again(options, stop_at, n, caplog):
    encode_corpus(options("whole"))
    stop_at(n)
    with pytest.raises(KeyboardInterrupt, match=r"kept in .*shards; continue with: htvae encode poses"):
        encode_corpus(options(command="htvae encode poses"))
    stop_at(-1)
    caplog.set_level("INFO", logger="htvae")
    encode_corpus(options())
    assert ("shards are there already" in caplog.text) == (n > 1)
    assert read_all(options().output_dir) == read_all(options("whole").output_dir)


def test_finished_shards_are_not_encoded_again(options, stop_at, monkeypatch):
    stop_at(4)
    with pytest.raises(KeyboardInterrupt):
        encode_corpus(options())
    stop_at(-1)
    calls = []
    encode_all = htvae.TrainedModel.encode_all
    monkeypatch.setattr(
        htvae.TrainedModel, "encode_all", lambda self, p: (calls.append(len(p)), encode_all(self, p))[1]
    )
    encode_corpus(options())
    assert len(calls) == 4  # of 7


def test_a_full_disk_keeps_what_is_finished(options, stop_at):
    stop_at(3, OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space left"):
        encode_corpus(options())
    assert len(list((options().output_dir / "shards").glob("0*.npz"))) == 2


def test_a_complete_result_is_left_as_it_is(options, monkeypatch, caplog):
    encode_corpus(options())
    monkeypatch.setattr(htvae.TrainedModel, "encode_all", lambda *_: pytest.fail("it encodes again"))
    caplog.set_level("INFO", logger="htvae")
    (options().output_dir / "shards").mkdir()  # left by a process that was killed while it cleaned up
    encode_corpus(options())
    assert "Nothing to do" in caplog.text
    assert names_in(options().output_dir) == sorted([*FILES, "latents.json"])


def test_a_table_that_was_removed_is_made_again(options):
    encode_corpus(options())
    before = read_all(options().output_dir)
    (options().output_dir / "chunk_latents.csv").unlink()
    encode_corpus(options())
    assert read_all(options().output_dir) == before


@pytest.mark.parametrize("complete", [True, False])
def test_another_corpus_is_not_mixed_in(options, trained, tmp_path, stop_at, complete):
    poses = shutil.copytree(trained.folder, tmp_path / "poses")
    stop_at(-1 if complete else 4)
    try:
        encode_corpus(options(inputs=(poses,)))
    except KeyboardInterrupt:
        assert not complete
    stop_at(-1)
    before = names_in(options().output_dir)
    text = (poses / "manifest.csv").read_text()
    (poses / "manifest.csv").write_text(text.replace("walk_03.csv,b", "walk_03.csv,c"))
    with pytest.raises(ValueError, match=r"of the recordings, 1 changed \(first: walk_03\)"):
        encode_corpus(options(inputs=(poses,)))
    with pytest.raises(ValueError, match=r"9 gone \(first: walk_00\)"):
        encode_corpus(options(inputs=(poses / "walk_05.csv",)))
    assert names_in(options().output_dir) == before


def test_another_model_is_not_mixed_in(options, trained, tmp_path):
    encode_corpus(options())
    values = torch.load(trained.checkpoint, weights_only=True)
    torch.save(values | {"figures": {}}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="the checkpoint differs"):
        encode_corpus(options(checkpoint=tmp_path / "other.pt"))


def test_an_architecture_of_ones_own_belongs_to_the_settings(options, tmp_path):
    from htvae.models.vae import HierarchicalTransformerVAE

    def build_model(config, **sizes):
        return HierarchicalTransformerVAE(config.model, **sizes)

    (tmp_path / "mine.py").write_text("# one")
    encode_corpus(options(build_model_file=tmp_path / "mine.py", build_model=build_model))
    (tmp_path / "mine.py").write_text("# two")
    with pytest.raises(ValueError, match="build_model was"):
        encode_corpus(options(build_model_file=tmp_path / "mine.py", build_model=build_model))


def test_what_cannot_be_encoded_is_found_before_anything_is(options, trained, tmp_path, make_walk):
    poses = shutil.copytree(trained.folder, tmp_path / "poses")
    (poses / "zebra.csv").write_text("frame#,landmark_name,x,y\n0,PAW,1,2\n0,TAIL,2,3\n")
    with pytest.raises(ValueError, match=r"zebra: must share landmarks with the model"):
        encode_corpus(options(inputs=(poses,)))
    assert not options().output_dir.exists()


def test_threads_encode_side_by_side_each_alone(options, monkeypatch):
    """Matrix products that are shared among threads differ in their last bits."""
    encode_corpus(options("whole"))
    torch.set_num_threads(3)
    together, seen = threading.Barrier(3, timeout=60), []
    encode_all = htvae.TrainedModel.encode_all

    def look(self, processed):
        if len(seen) < 3:
            seen.append(torch.get_num_threads())
            together.wait()
        return encode_all(self, processed)

    monkeypatch.setattr(htvae.TrainedModel, "encode_all", look)
    encode_corpus(options())
    assert seen == [1, 1, 1] and torch.get_num_threads() == 3
    assert read_all(options().output_dir) == read_all(options("whole").output_dir)


def test_memory_holds_one_shard_at_a_time(options, monkeypatch):
    frames = []
    encode_all = htvae.TrainedModel.encode_all

    def count(self, processed):
        frames.append(sum(len(p.pose) for p in processed))
        return encode_all(self, processed)

    monkeypatch.setattr(htvae.TrainedModel, "encode_all", count)
    encode_corpus(options())
    assert sum(frames) == 652 and max(frames) <= 100 + 150  # the longest recording has 150


class TestSeveralProcesses:
    """One after the other in this process: each looks at RANK, WORLD_SIZE and the folder only."""

    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch):
        for module in ("htvae.inference.corpus", "htvae.utils.processes"):
            monkeypatch.setattr(f"{module}.PATIENCE", 0.0)

    @pytest.fixture
    def take_place(self, monkeypatch):
        def take(index, count):
            monkeypatch.setenv("RANK", str(index))
            monkeypatch.setenv("WORLD_SIZE", str(count))

        return take

    def test_shares_and_what_is_missing(self, options, take_place):
        encode_corpus(options("whole"))
        take_place(1, 3)
        with pytest.raises(
            ValueError,
            match=r"all 7 shards must be there, but 5 are missing \(0, 2, 3, 5, 6\): the shards of process "
            r"1, 3 of 3,.*same command again, or in one process: htvae encode poses",
        ):
            encode_corpus(options(command="htvae encode poses"))
        take_place(2, 3)
        with pytest.raises(ValueError, match=r"3 are missing \(0, 3, 6\)"):
            encode_corpus(options())
        take_place(0, 3)
        encode_corpus(options())
        assert read_all(options().output_dir) == read_all(options("whole").output_dir)
        assert names_in(options().output_dir) == sorted([*FILES, "latents.json"])

    def test_another_number_of_processes_may_go_on(self, options, take_place):
        encode_corpus(options("whole"))
        take_place(1, 2)
        with pytest.raises(ValueError, match=r"4 are missing \(0, 2, 4, 6\)"):
            encode_corpus(options())
        take_place(0, 1)
        encode_corpus(options())
        assert read_all(options().output_dir) == read_all(options("whole").output_dir)

    def test_who_comes_late_finds_everything_done(self, options, take_place, caplog):
        encode_corpus(options())
        take_place(1, 2)
        caplog.set_level("INFO", logger="htvae")
        encode_corpus(options())
        assert "Nothing to do" in caplog.text
        assert names_in(options().output_dir) == sorted([*FILES, "latents.json"])

    def test_a_process_uses_a_gpu_of_its_own(self, monkeypatch):
        chosen = []
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
        for local in ("0", "1", "2"):
            monkeypatch.setenv("LOCAL_RANK", local)
            encoding_pool.take_own_gpu()
        assert chosen == [0, 1, 0]


DRIVER = """
import os, signal, sys
from htvae.cli import main as cli
from htvae.inference import corpus, opening, shards
from htvae.utils import processes

killed_at, patience, *argv = sys.argv[1:]
opening.SHARD_FRAMES = shards.SHARD_FRAMES = 200
processes.PATIENCE = corpus.PATIENCE = float(patience)
write, written = shards.ShardFolder.write, []

def write_or_die(self, index, arrays):
    if len(written) == int(killed_at):
        os.kill(os.getpid(), signal.SIGKILL)
    write(self, index, arrays)
    written.append(index)

shards.ShardFolder.write = write_or_die
sys.exit(cli.main(["encode", *argv]))
"""
"""The command with small shards; it kills itself, as the system's memory guard would, at its n-th shard."""


@pytest.mark.parametrize(
    ("num_recordings", "killed_at"), [(60, 2), pytest.param(200, 5, marks=pytest.mark.soak)]
)
def test_a_killed_process_loses_nothing(tmp_path, trained, make_walks, forks, num_recordings, killed_at):
    """Two processes, one of them killed at a shard; then the same again; against a single process."""
    lengths = np.random.default_rng(0).integers(5, 60, size=num_recordings).tolist()
    for i, walk in enumerate(make_walks(lengths)):
        write_pose_csv(tmp_path / "poses" / f"{walk.name}_{i}.csv", walk)

    def start(output, rank, count, killed_at=-1, patience=30):
        flags = ["--output_dir", output, "--checkpoint", str(trained.checkpoint), "--device", "cpu"]
        world = {"RANK": str(rank), "WORLD_SIZE": str(count)}
        return forks.start(DRIVER, str(killed_at), str(patience), "poses", *flags, folder=tmp_path, **world)

    assert start("single", 0, 1).wait()[0] == 0
    first, second = start("shared", 0, 2, patience=2), start("shared", 1, 2, killed_at, patience=2)
    assert second.wait()[0] == -signal.SIGKILL
    code, said = first.wait()
    assert code == 1 and "Traceback" not in said
    assert "shards must be there, but" in said and "the shards of process 2 of 2" in said
    assert f"in one process: htvae encode poses --output_dir shared --checkpoint {trained.checkpoint}" in said
    names = {path.name for path in (tmp_path / "shared").iterdir()}
    assert names == {"shards"}
    again = [start("shared", rank, 2) for rank in (0, 1)]
    assert [process.wait()[0] for process in again] == [0, 0]
    assert read_all(tmp_path / "shared") == read_all(tmp_path / "single")
    assert names_in(tmp_path / "shared") == names_in(tmp_path / "single") == sorted([*FILES, "latents.json"])
    with np.load(tmp_path / "shared" / "latents.npz") as arrays:
        assert len(arrays["names"]) == num_recordings
