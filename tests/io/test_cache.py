import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io import cache as store
from htvae.io.cache import open_store
from htvae.io.folder import read_folder
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import Coordinates, PoseSequence, content_hash
from htvae.utils.lock import hold_lock


@pytest.fixture
def folder(tmp_path, make_sequence):
    data_dir = tmp_path / "poses"
    (data_dir / "more").mkdir(parents=True)
    for name, num_frames in (("walk", 7), ("more/run", 5)):
        write_pose_csv(data_dir / f"{name}.csv", make_sequence(name, num_frames, first_frame=3))
    (data_dir / "manifest.csv").write_text("file,label\nwalk.csv,walking\nmore/run.csv,running\n")
    return data_dir


def open_folder(folder: Path, **settings) -> dict[str, PoseSequence]:
    stored = open_store(DataConfig(data_dir=str(folder), **settings), folder.parent / "cache")
    for sequence in stored.sequences:
        assert stored.content_hashes[sequence.name] == content_hash(sequence)
    return {sequence.name: sequence for sequence in stored.sequences}


def same(sequences, expected):
    assert list(sequences) == [s.name for s in expected]
    for s in expected:
        np.testing.assert_array_equal(sequences[s.name].pose, s.pose)
        assert sequences[s.name].landmarks == s.landmarks
        assert sequences[s.name].first_frame == s.first_frame == 3
        assert sequences[s.name].label == s.label


def entries(folder: Path) -> list[Path]:
    """Return the files in the cache, temporary ones included, except its lock."""
    return [path for path in (folder.parent / "cache").iterdir() if path.name != "cache.lock"]


def change(path: Path, text: str) -> None:
    """Write different content of the same length, with a later time."""
    time = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(time + 10**9, time + 10**9))


def test_the_cache_holds_what_was_read(folder):
    expected = read_folder(folder, DataConfig())
    same(open_folder(folder), expected)
    same(open_folder(folder), expected)


def test_the_cache_knows_the_coordinates_of_the_files(folder):
    settings = {"y_up": False, "image_size": (640, 480)}
    for _ in ("read", "mapped"):
        walk = open_folder(folder, **settings)["walk"]
        assert walk.coordinates == Coordinates(y_up=False, image_size=(640, 480))
        write_pose_csv(folder.parent / "again.csv", walk)
        assert (folder.parent / "again.csv").read_text() == (folder / "walk.csv").read_text()


def test_the_second_time_nothing_is_read(folder, monkeypatch):
    first = open_folder(folder)
    monkeypatch.setattr(store, "read_sources", None)
    same(open_folder(folder), list(first.values()))


def test_the_cache_cannot_be_written_to(folder):
    with pytest.raises(ValueError, match="read-only"):
        open_folder(folder)["walk"].pose[0] = 0


def test_a_changed_file_is_read_again(folder):
    open_folder(folder)
    path = folder / "walk.csv"
    change(path, path.read_text().replace("1.5", "2.5").replace("3.1", "9.1"))
    same(open_folder(folder), read_folder(folder, DataConfig()))
    assert len(entries(folder)) == 2  # the earlier entry is gone


def test_another_file_is_read(folder):
    open_folder(folder)
    (folder / "new.csv").write_text((folder / "walk.csv").read_text())
    assert "new" in open_folder(folder)


def test_reading_settings_have_entries_of_their_own(folder, monkeypatch):
    upright = open_folder(folder)["walk"].pose
    flipped = open_folder(folder, y_up=False)["walk"].pose
    assert not np.array_equal(upright, flipped)
    monkeypatch.setattr(store, "read_sources", None)
    np.testing.assert_array_equal(open_folder(folder)["walk"].pose, upright)
    np.testing.assert_array_equal(open_folder(folder, max_frames=5)["walk"].pose, upright)


def test_the_manifest_is_read_anew(folder, monkeypatch):
    open_folder(folder)
    monkeypatch.setattr(store, "read_sources", None)
    (folder / "manifest.csv").write_text("file,label,subject\nwalk.csv,strolling,anna\n")
    walk = open_folder(folder)["walk"]
    assert (walk.label, walk.subject) == ("strolling", "anna")


@pytest.mark.parametrize("suffix", [".npy", ".json"])
@pytest.mark.parametrize("damage", ["empty", "shortened", "garbled", "removed", "replaced"])
def test_a_broken_cache_is_built_anew(folder, suffix, damage, caplog):
    expected = list(open_folder(folder).values())
    (path,) = (folder.parent / "cache").glob(f"*{suffix}")
    content = path.read_bytes()
    path.unlink()
    if damage != "removed":
        other = {"empty": b"", "shortened": content[:-9], "garbled": content[::-1], "replaced": b"[1, 2]"}
        path.write_bytes(other[damage])
    same(open_folder(folder), expected)
    if (suffix, damage) != (".json", "removed"):
        assert "the recordings are read again" in caplog.text


def test_what_the_manifest_lacks_is_said_once(folder, caplog):
    (folder / "manifest.csv").write_text("file,label\nwalk.csv,walking\n")
    open_folder(folder)
    assert caplog.text.count("have no row in manifest.csv") == 1


def test_where_the_cache_cannot_be_written_it_is_done_without(folder, monkeypatch, caplog):
    expected = list(open_folder(folder).values())

    def fail(file, _):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "disk full")

    monkeypatch.setattr(store, "_write_poses", fail)
    shutil.rmtree(folder.parent / "cache")
    same(open_folder(folder), expected)
    assert "cannot be written (disk full)" in caplog.text
    assert not entries(folder)


def test_two_processes_may_start_at_once(folder):
    script = (
        "import sys; from htvae.io.cache import DataConfig, Path, open_store; print('ready', flush=True); "
        "sys.stdin.readline(); open_store(DataConfig(data_dir=sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(folder), str(folder.parent / "cache")]
    processes = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    same(open_folder(folder), read_folder(folder, DataConfig()))
    assert len(entries(folder)) == 2


def test_what_a_killed_process_left_is_removed(folder):
    cache = folder.parent / "cache"
    cache.mkdir()
    (cache / ".8c5ee8fe-996351df.0123abcd.tmp.npy").write_bytes(b"half")
    open_folder(folder)
    assert len(entries(folder)) == 2


def test_a_process_that_never_ends_is_not_waited_for(folder, monkeypatch, caplog):
    monkeypatch.setattr(store, "LONGEST_WRITING", 0.1)
    (folder.parent / "cache").mkdir()
    with hold_lock(folder.parent / "cache" / "cache.lock"):
        assert list(open_folder(folder)) == ["more/run", "walk"]
    assert f"must not be in use, but process {os.getpid()}" in caplog.text
    assert "so the recordings are parsed at every start" in caplog.text
    assert not entries(folder)


def test_recordings_share_what_they_have_in_common(tmp_path, make_walks):
    """A million names of landmarks would fill the memory; covariates of such names stay what they are."""
    folder = tmp_path / "poses"
    for walk in make_walks([20, 30]):
        write_pose_csv(folder / f"{walk.name}.csv", walk)
    (folder / "manifest.csv").write_text("file,landmarks,y_up\nwalk_00.csv,33,yes\n")
    config = DataConfig(data_dir=str(folder))
    for _ in range(2):
        first, second = open_store(config, tmp_path / "cache").sequences
    assert first.landmarks is second.landmarks and first.coordinates is second.coordinates
    assert first.covariates == {"landmarks": "33", "y_up": "yes"}


def test_poses_are_written_as_numpy_writes_them(tmp_path):
    poses = [np.random.default_rng(i).normal(size=(i + 2, 3, 2)).astype(np.float32) for i in range(3)]
    poses[1] = poses[1][::-1]
    with (tmp_path / "a.npy").open("wb") as file:
        store._write_poses(file, poses)
    np.save(tmp_path / "b.npy", np.concatenate([pose.ravel() for pose in poses]))
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
