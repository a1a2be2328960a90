"""A corpus cut into shards, and what an output folder may hold."""

import json
from dataclasses import replace

import numpy as np
import pytest

from htvae.inference import shards
from htvae.inference.latent_files import FILES
from htvae.inference.shards import Origin, ShardFolder, cut_shards

ORIGIN = Origin(
    checkpoint="c0ffee",
    settings={"device": "cpu", "batch_frames": 16},
    recordings=[["walk_0", "a"], ["walk_1", "b"], ["walk_2", "c"]],
)


def part(*names):
    """Return the latents of recordings with one chunk each."""
    texts = np.full(len(names), "")
    number = np.arange(len(names), dtype=np.float32)[:, None]
    return {
        "names": np.array(names), "splits": texts, "labels": texts, "subjects": texts,
        "sequence_latents": number, "sequence_logvars": number, "chunk_recording": np.arange(len(names)),
        "chunk_latents": number, "chunk_logvars": number,
        "chunk_frames": np.tile([0, 8], (len(names), 1)), "chunk_seconds": np.full((len(names), 2), np.nan),
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A folder in which two shards have been begun."""
    folder = ShardFolder(tmp_path / "latents", ORIGIN, 2)
    folder.begin()
    return folder


@pytest.fixture
def finished(folder):
    folder.write(0, part("walk_0", "walk_1"))
    folder.write(1, part("walk_2"))
    folder.join()
    return folder


def files(path):
    return sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())


class TestCutting:
    @pytest.mark.parametrize(
        "lengths", [[5], [10] * 30, [1] * 7, [3, 500, 3], [200, 1, 1, 1, 1], [99, 101, 100]]
    )
    def test_every_recording_once_in_order(self, monkeypatch, lengths):
        monkeypatch.setattr(shards, "SHARD_FRAMES", 100)
        cuts = cut_shards(lengths)
        assert [i for cut in cuts for i in range(len(lengths))[cut]] == list(range(len(lengths)))
        assert all(sum(lengths[cut]) <= 100 + max(lengths) for cut in cuts)
        assert all(lengths[cut] for cut in cuts)

    def test_shards_are_about_equally_long(self, monkeypatch):
        monkeypatch.setattr(shards, "SHARD_FRAMES", 100)
        assert [cut.stop - cut.start for cut in cut_shards([10] * 21)] == [7, 7, 7]  # not 10, 10 and 1

    def test_nothing_gives_no_shard(self):
        assert cut_shards([]) == []


class TestWork:
    def test_missing_shards(self, folder):
        assert folder.missing() == [0, 1]
        folder.write(1, part("walk_2"))
        assert folder.missing() == [0] and not folder.is_finished()

    def test_the_result(self, finished):
        assert finished.is_finished()
        assert files(finished.output_dir) == sorted([*FILES, "latents.json"])
        with np.load(finished.results[0]) as arrays:
            assert arrays["names"].tolist() == ["walk_0", "walk_1", "walk_2"]
            assert arrays["chunk_recording"].tolist() == [0, 1, 2]
        index = json.loads((finished.output_dir / "latents.json").read_text())
        assert index["recordings"] == ORIGIN.recordings and index["checkpoint"] == "c0ffee"

    def test_what_killed_processes_left_is_removed_and_nothing_else(self, folder):
        for name in (f".00001-{ORIGIN.digest}.77-ab.npz", ".origin.77-ab.json", "process-3.alive"):
            (folder.shards / name).write_text("")
        (folder.shards / "mine.npz").write_text("")
        folder.write(0, part("walk_0", "walk_1"))
        folder.write(1, part("walk_2"))
        folder.join()
        assert files(folder.shards) == ["mine.npz"]

    def test_two_may_join_at_once(self, folder, monkeypatch):
        """The other is quicker, and removes the shards while this one reads them, or before it writes."""
        folder.write(0, part("walk_0", "walk_1"))
        folder.write(1, part("walk_2"))
        read, write, moments = shards._open_arrays, shards.write_latents, []

        def other_is_quicker(function):
            def after_the_other(*given):
                if not moments:
                    moments.append(function)
                    ShardFolder(folder.output_dir, ORIGIN, 2).join()
                return function(*given)

            return after_the_other

        for name, function in (("_open_arrays", read), ("write_latents", write)):
            moments.clear()
            with monkeypatch.context() as patch:
                patch.setattr(shards, name, other_is_quicker(function))
                folder.join()
            assert moments and folder.is_finished()
            results = [path.read_bytes() for path in folder.results]
            folder.write(0, part("walk_0", "walk_1"))
            folder.write(1, part("walk_2"))
        folder.join()
        assert [path.read_bytes() for path in folder.results] == results

    def test_a_shard_that_vanished_is_no_result(self, folder):
        folder.write(0, part("walk_0", "walk_1"))
        with pytest.raises(FileNotFoundError):
            folder.join()

    @pytest.mark.parametrize("content", [b"", b"PK", b"nonsense"])
    def test_a_damaged_shard(self, folder, content):
        folder.write(0, part("walk_0", "walk_1"))
        (folder.shards / f"00001-{ORIGIN.digest}.npz").write_bytes(content)
        with pytest.raises(
            ValueError, match=r"00001-\w+\.npz: must be a complete shard.*damaged.*Remove it and run"
        ):
            folder.join()

    def test_the_newest_is_the_one_written_last(self, folder, monkeypatch):
        import os

        folder.write(0, part("walk_0", "walk_1"))
        assert folder.newest() == []  # one is not there
        folder.write(1, part("walk_2"))
        for index, time in ((0, 50), (1, 40)):
            os.utime(folder.shards / f"{index:05d}-{ORIGIN.digest}.npz", (time, time))
        assert folder.newest() == [0]


class TestWhatIsThere:
    def test_the_same_may_go_on(self, folder, tmp_path):
        folder.check()
        ShardFolder(tmp_path / "empty", ORIGIN, 2).check()

    def test_the_same_may_be_there_complete(self, finished):
        finished.check()

    @pytest.mark.parametrize("state", ["folder", "finished"])
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"checkpoint": "beef"}, "the checkpoint differs"),
            ({"settings": {"device": "cuda", "batch_frames": 16}}, "device was cpu and is now cuda"),
            ({"settings": {"device": "cpu"}}, "batch_frames was 16 and is now None"),
            ({"format": 2}, "format was 1 and is now 2"),
            (
                {"recordings": [["walk_0", "a"], ["walk_1", "x"], ["new", "d"]]},
                r"1 new \(first: new\), 1 gone \(first: walk_2\), 1 changed \(first: walk_1\)",
            ),
            ({"recordings": ORIGIN.recordings[::-1]}, "the recordings are in another order"),
        ],
    )
    def test_others_are_refused_in_words(self, request, state, changes, said):
        before = request.getfixturevalue(state)
        kept = {path: path.read_bytes() for path in before.output_dir.rglob("*") if path.is_file()}
        other = ShardFolder(before.output_dir, replace(ORIGIN, **changes), 2)
        with pytest.raises(
            ValueError, match=rf"but the folder holds .*: .*{said}\. Give another --output_dir"
        ):
            other.check()
        assert not other.is_finished() or state == "finished"
        assert {path: path.read_bytes() for path in kept} == kept

    def test_results_of_unknown_origin_are_refused(self, tmp_path):
        (tmp_path / "sequence_latents.csv").write_text("precious")
        with pytest.raises(ValueError, match=r"sequence_latents\.csv: must not be overwritten.*Move it away"):
            ShardFolder(tmp_path, ORIGIN, 2).check()

    def test_half_a_result_of_ones_own_is_not_unknown(self, folder):
        """A process was killed while it joined."""
        folder.results[0].write_text("")
        folder.check()

    @pytest.mark.parametrize(
        "text",
        ["", "[]", "{}", "nonsense", '{"format": 1, "checkpoint": "", "settings": {}, "recordings": [1]}'],
    )
    def test_a_file_of_ours_that_is_something_else(self, tmp_path, text):
        (tmp_path / "latents.json").write_text(text)
        with pytest.raises(ValueError, match=r"latents\.json: .*the file does not say what was encoded"):
            ShardFolder(tmp_path, ORIGIN, 2).check()
