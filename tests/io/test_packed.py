"""Packed recordings: what is written is what is read, and what a user sees where that cannot be."""

import json
import pickle

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io import pose_store
from htvae.io.cache import open_store
from htvae.io.packed import INDEX, is_packed, open_recordings, pack_folder
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence
from tests.buckets import BUCKET, serve, upload

pytest.importorskip("litdata")


@pytest.fixture
def folder(tmp_path, make_walk):
    """Recordings of several lengths and landmarks, with all tables."""
    poses = tmp_path / "poses"
    walks = [make_walk(i, n, first_frame=i) for i, n in enumerate([40, 7, 90])]
    few = walks[2]
    walks.append(PoseSequence.from_array(few.pose[:20, 1:4], few.landmarks[1:4], "sub/few"))
    for walk in walks:
        write_pose_csv(poses / f"{walk.name}.csv", walk)
    lines = ["file,label,subject,split,place", "walk_00.csv,a,s0,val,home", "walk_01.csv,b,s1,train,"]
    (poses / "manifest.csv").write_text("\n".join(lines) + "\n")
    (poses / "frame_labels.csv").write_text("file,start,stop,label\nwalk_02.csv,10,20,wave\n")
    (poses / "skeleton.csv").write_text("from,to\nNOSE,LEFT_HIP\n")
    return poses


@pytest.fixture
def packed(folder, tmp_path):
    pack_folder(folder, tmp_path / "packed", DataConfig(), tmp_path / "cache")
    return tmp_path / "packed"


def reopen(address, tmp_path, **settings):
    return open_recordings(DataConfig(data_dir=str(address), **settings), tmp_path / "other")


def test_recordings_come_back_as_they_were(folder, packed, tmp_path):
    expected = open_store(DataConfig(data_dir=str(folder)), tmp_path / "cache")
    found = reopen(packed, tmp_path)
    assert is_packed(str(packed)) and not is_packed(str(folder))
    assert found.content_hashes == expected.content_hashes
    assert found.skeleton == [("NOSE", "LEFT_HIP")]
    own = {sequence.name: sequence for sequence in found.sequences}
    assert own.keys() == {sequence.name for sequence in expected.sequences}
    for sequence in expected.sequences:
        read = own[sequence.name]
        assert {k: v for k, v in vars(read).items() if k != "pose"} == {
            k: v for k, v in vars(sequence).items() if k != "pose"
        }
        assert read.pose.shape == sequence.pose.shape
        for key in (slice(None), slice(3, 5), slice(5, 3), slice(-2, None), slice(0, 9, 4), (slice(2), 1)):
            np.testing.assert_array_equal(read.pose[key], sequence.pose[key])
        np.testing.assert_array_equal(np.asarray(read.pose), sequence.pose)


def test_no_pickle_is_run_whatever_the_index_says(packed, tmp_path, monkeypatch):
    index = json.loads((packed / "index.json").read_text())
    index["config"]["data_format"] = ["pickle"]
    (packed / "index.json").write_text(json.dumps(index))

    def refuse(*_, **__):
        raise AssertionError("a pickle was run")

    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "load", refuse)
    assert all(np.asarray(sequence.pose).size for sequence in reopen(packed, tmp_path).sequences)


def test_settings_of_reading_are_those_of_the_packing(packed, tmp_path):
    with pytest.raises(ValueError, match=r"differ: dimensions \(packed with None, now 2\)\. Give them"):
        reopen(packed, tmp_path, dimensions=2)


def test_nothing_is_overwritten(folder, packed, tmp_path):
    before = {path.name: path.read_bytes() for path in packed.iterdir()}
    with pytest.raises(FileExistsError, match="must be an empty folder or a new one"):
        pack_folder(folder, packed, DataConfig(), tmp_path / "cache")
    with pytest.raises(ValueError, match="must lie outside of"):
        pack_folder(folder, folder / "packed", DataConfig(), tmp_path / "cache")
    assert {path.name: path.read_bytes() for path in packed.iterdir()} == before


def test_what_a_killed_packing_left_is_removed(folder, tmp_path):
    unfinished = tmp_path / ".packed.tmp"
    unfinished.mkdir()
    (unfinished / "chunk-0-7.bin").write_bytes(b"half")
    pack_folder(folder, tmp_path / "packed", DataConfig(), tmp_path / "cache")
    assert not unfinished.exists()
    assert not (tmp_path / "packed/chunk-0-7.bin").exists()


@pytest.mark.parametrize("name", [INDEX, "index.json"])
@pytest.mark.parametrize("content", ["{", "{}", "[]", '{"format": 1}', '{"chunks": [], "config": {}}'])
def test_a_damaged_index_is_refused(packed, tmp_path, name, content):
    (packed / name).write_text(content)
    with pytest.raises(ValueError, match=f"{name}: must be .* damaged"):
        reopen(packed, tmp_path)


def test_chunks_of_another_packing_are_refused(packed, tmp_path):
    index = json.loads((packed / INDEX).read_text())
    index["recordings"].pop()
    (packed / INDEX).write_text(json.dumps(index))
    with pytest.raises(ValueError, match="not those of the chunks"):
        reopen(packed, tmp_path)


def test_without_litdata_the_message_says_what_to_install(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(pose_store.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r'pip install "ht-vae\[streaming\]"'):
        pack_folder(folder, tmp_path / "packed", DataConfig(), tmp_path / "cache")


def test_a_bucket_that_cannot_be_read(packed, tmp_path, monkeypatch):
    with serve(monkeypatch) as client:
        address = upload(client, packed, "v1")
        assert len(reopen(address, tmp_path).sequences) == 4
        assert len(reopen(address.replace("//", "/"), tmp_path).sequences) == 4  # as a path has it
        with pytest.raises(OSError, match="the bucket must exist"):
            reopen("s3://nobody/v1", tmp_path)
        with pytest.raises(OSError, match="must be there, but is not"):
            reopen(f"s3://{BUCKET}/v2", tmp_path)
        with monkeypatch.context() as patch:
            patch.delenv("AWS_ACCESS_KEY_ID")
            with pytest.raises(OSError, match="credentials are missing"):
                reopen(address, tmp_path)
    with pytest.raises(OSError, match=r"must be reachable, but 4 tries failed"):
        reopen(address, tmp_path)
