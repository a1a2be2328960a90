"""Recordings given as files and folders."""

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.inputs import read_inputs
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import content_hash


@pytest.fixture
def folder(tmp_path, make_walk):
    for index in (2, 0, 1):
        write_pose_csv(tmp_path / "walks" / f"walk_{index}.csv", make_walk(index, 5 + index))
    (tmp_path / "walks" / "manifest.csv").write_text("file,label\nwalk_1.csv,wave\n")
    return tmp_path / "walks"


def test_files_and_folders_in_the_order_given(folder, tmp_path, make_walk):
    write_pose_csv(tmp_path / "alone.csv", make_walk(7, 4))
    write_pose_csv(tmp_path / "zero.csv", make_walk(8, 4))
    inputs = [tmp_path / "zero.csv", folder, tmp_path / "alone.csv"]
    read = read_inputs(inputs, DataConfig(), tmp_path / "cache")
    assert [s.name for s in read.sequences] == ["zero", "walk_0", "walk_1", "walk_2", "alone"]
    assert read.content_hashes == {s.name: content_hash(s) for s in read.sequences}
    assert read.sequences[2].label == "wave"


def test_a_folder_is_mapped_from_the_cache(folder, tmp_path):
    first = read_inputs([folder], DataConfig(), tmp_path / "cache")
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 1
    assert all(not s.pose.flags.owndata and not s.pose.flags.writeable for s in first.sequences)
    again = read_inputs([folder], DataConfig(), tmp_path / "cache")
    for one, other in zip(first.sequences, again.sequences, strict=True):
        np.testing.assert_array_equal(one.pose, other.pose)


def test_settings_of_reading_are_used(folder, tmp_path):
    up, down = (read_inputs([folder], DataConfig(y_up=y), tmp_path / "cache") for y in (True, False))
    np.testing.assert_array_equal(up.sequences[0].pose[..., 1], -down.sequences[0].pose[..., 1])


def test_two_recordings_of_one_name(folder, tmp_path):
    with pytest.raises(ValueError, match=r"walk_1\.csv: names must differ, but two recordings are walk_1"):
        read_inputs([folder, folder / "walk_1.csv"], DataConfig(), tmp_path / "cache")
