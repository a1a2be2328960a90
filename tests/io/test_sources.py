"""Which files of a folder are read: by content, the newest of several versions; what is said of the rest."""

import os
from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.cache import open_store
from htvae.io.faults import DataError
from htvae.io.folder import read_folder, read_sources
from htvae.io.inputs import read_inputs, read_recording
from htvae.io.pose_csv import write_pose_csv
from htvae.io.versions import video_name
from htvae.poses.sequence import PoseSequence
from tests.io.formats.tables import make_points, write_deeplabcut

PARTS = ("nose", "tail")
RAW = "mouseDLC_resnet50_cageshuffle1_30000"


def age(path: Path, seconds: float) -> Path:
    """Let a file look that many seconds old."""
    os.utime(path, (1e9 - seconds, 1e9 - seconds))
    return path


def write(path: Path, seed: int = 0) -> Path:
    return write_deeplabcut(path, {"": make_points(9, 2, seed)}, PARTS)


@pytest.mark.parametrize(
    ("name", "video"),
    [
        (RAW, "mouse"),
        (f"day1/{RAW}_filtered", "day1/mouse"),
        ("trial_0-100_filt_butterworth_LSTM", "trial_0-100"),
        ("walk_el", "walk"),
        ("labels.v001.000_mouse.analysis", "mouse"),
        ("day1/mouse.mp4.predictions", "day1/mouse"),
        ("mouse.predictions.analysis", "mouse"),
        ("trial.001_mouse", "trial.001_mouse"),
        ("walk", "walk"),
        ("_el", "_el"),
        ("rec/output_data/mediapipe_body_3d_xyz", "rec/"),
        ("rec/rec_by_trajectory", "rec/"),
        ("output_data/mediapipe_skeleton_3d", "/"),
    ],
)
def test_the_video_s_name_is_found(name: str, video: str) -> None:
    assert video_name(name) == video


def test_the_newest_version_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    age(write(tmp_path / f"{RAW}.csv"), 900)
    age(write(tmp_path / f"{RAW}_filtered.csv"), 800)
    age(write(tmp_path / f"{RAW.replace('30000', '50000')}.csv"), 100)
    read = read_sources(tmp_path, DataConfig())
    assert [s.name for s in read.sequences] == [RAW.replace("30000", "50000")]
    (said,) = read.passed_over
    assert said == (
        f"Of several files of one video the newest is read (1 video, such as {read.sequences[0].name}.csv). "
        f"Not read: {RAW}.csv, {RAW}_filtered.csv."
    )


def test_of_equally_new_versions_the_filtered_one_is_read(tmp_path: Path) -> None:
    """Copying a folder gives all files almost the same time, in any order."""
    age(write(tmp_path / f"{RAW}_filtered.csv"), 3)
    age(write(tmp_path / f"{RAW}.csv"), 0)
    (mouse,) = read_folder(tmp_path, DataConfig())
    assert mouse.name == f"{RAW}_filtered"


def test_files_that_are_no_recordings_are_passed_over_beside_recordings(tmp_path: Path) -> None:
    write(tmp_path / f"{RAW}.csv")
    labels = "scorer,s,s\nbodyparts,a,a\ncoords,x,y\nlabeled-data/v/img0.png,1,2\n"
    (tmp_path / "CollectedData_me.csv").write_text(labels)
    (tmp_path / f"{RAW}_meta.pickle").write_bytes(b"\x80\x04.")
    read = read_sources(tmp_path, DataConfig())
    assert [s.name for s in read.sequences] == [RAW] and not read.all_faults
    assert read.listing.others == [f"{RAW}_meta.pickle"]
    (said,) = read.passed_over
    assert said.startswith("CollectedData_me.csv: hand labels of DeepLabCut")
    (tmp_path / f"{RAW}.csv").unlink()
    with pytest.raises(DataError, match=r"CollectedData_me\.csv: hand labels"):
        read_folder(tmp_path, DataConfig())


def test_a_source_can_be_forced(tmp_path: Path) -> None:
    write(tmp_path / "mouse.csv")
    for name in ("deeplabcut", "lightningpose"):
        assert len(read_folder(tmp_path, DataConfig(source=name))) == 1
    with pytest.raises(DataError, match=r"the header must have frame#"):
        read_folder(tmp_path, DataConfig(source="htvae"))
    with pytest.raises(ValueError, match=r"source must be one of auto, .*, but got dlc"):
        read_folder(tmp_path, DataConfig(source="dlc"))


def test_the_manifest_may_name_the_file_or_the_video_of_several_individuals(tmp_path: Path) -> None:
    points = {"black": make_points(9, 2, 1), "white": make_points(9, 2, 2)}
    write_deeplabcut(tmp_path / "lab" / f"{RAW}.csv", points, PARTS)
    for cell in (f"lab/{RAW}.csv", f"lab/{RAW}.h5", f"lab/{RAW}", "lab/mouse"):
        (tmp_path / "manifest.csv").write_text(f"file,label,fps,cage\n{cell},rest,25,7\n")
        recordings = read_folder(tmp_path, DataConfig())
        assert [(s.label, s.fps, s.covariates["cage"]) for s in recordings] == [("rest", 25, "7")] * 2
        assert {s.covariates["session"] for s in recordings} == {f"lab/{RAW}"}
    (tmp_path / "manifest.csv").write_text(f"file,subject\nlab/{RAW}/black,ann\nlab/{RAW}/white,bob\n")
    assert [s.subject for s in read_folder(tmp_path, DataConfig())] == ["ann", "bob"]


def test_the_manifest_may_name_the_file_of_several_takes(tmp_path: Path) -> None:
    takes = np.array({"S1": {"run": make_points(20, 17), "walk": make_points(20, 17, 1)}}, dtype=object)
    (tmp_path / "poses").mkdir()
    np.savez(
        tmp_path / "poses/h36m.npz", positions_2d=takes, metadata=np.array({"layout_name": "coco"}, object)
    )
    (tmp_path / "poses/manifest.csv").write_text("file,label\nh36m.npz,gait\n")
    config = DataConfig(data_dir=str(tmp_path / "poses"))
    for _ in range(2):  # the second time from the cache
        found = open_store(config, tmp_path / "cache").sequences
        assert [(s.name, s.label) for s in found] == [("h36m/S1/run", "gait"), ("h36m/S1/walk", "gait")]


def test_a_recording_does_not_take_another_s_row(tmp_path: Path) -> None:
    for name in ("kurs", "kurs_el", "other_el"):
        write_pose_csv(tmp_path / f"{name}.csv", PoseSequence.from_array(make_points(9, 2), PARTS, name))
    (tmp_path / "manifest.csv").write_text("file,label\nkurs.csv,walk\nother.csv,run\n")
    labels = {s.name: s.label for s in read_folder(tmp_path, DataConfig())}
    assert labels == {"kurs": "walk", "kurs_el": None, "other_el": "run"}


def test_recordings_of_one_name_are_a_fault(tmp_path: Path) -> None:
    points = {"m1": make_points(9, 2, 1), "m2": make_points(9, 2, 2)}
    write_deeplabcut(tmp_path / "v.csv", points, PARTS)
    write(tmp_path / "v" / "m1.csv")
    with pytest.raises(DataError, match=r"2 of v\.csv, v/m1\.csv are called v/m1\. Rename"):
        read_folder(tmp_path, DataConfig())


def test_a_file_by_itself_keeps_what_the_manifest_above_says(tmp_path: Path) -> None:
    path = write(tmp_path / "lab" / f"{RAW}.csv")
    assert read_recording(path, DataConfig()).fps is None
    assert read_recording(path, DataConfig(fps=30)).fps == 30
    (tmp_path / "manifest.csv").write_text("file,label,fps\nlab/mouse,rest,25\n")
    alone = read_recording(path, DataConfig(fps=30))
    assert (alone.name, alone.label, alone.fps) == (RAW, "rest", 25)


def test_the_cache_keeps_what_files_say(tmp_path: Path) -> None:
    points = {"black": make_points(9, 2, 1), "white": make_points(9, 2, 2)}
    write_deeplabcut(tmp_path / "poses" / "cage.csv", points, PARTS)
    config = DataConfig(data_dir=str(tmp_path / "poses"))
    first, second = (open_store(config, tmp_path / "cache").sequences for _ in range(2))
    assert len(list((tmp_path / "cache").glob("*.json"))) == 1
    for fresh, cached in zip(first, second, strict=True):
        np.testing.assert_array_equal(fresh.pose, cached.pose)
        for name in ("name", "subject", "fps", "first_frame", "landmarks", "coordinates"):
            assert getattr(fresh, name) == getattr(cached, name)
        assert dict(fresh.covariates) == dict(cached.covariates) and fresh.covariates["session"] == "cage"


def test_inputs_may_be_any_mix(tmp_path: Path) -> None:
    write(tmp_path / "a" / "one.csv")
    write_deeplabcut(tmp_path / "two.csv", {"x": make_points(9, 2), "y": make_points(9, 2)}, PARTS)
    found = read_inputs([tmp_path / "a", tmp_path / "two.csv"], DataConfig(), tmp_path / "cache")
    assert [s.name for s in found.sequences] == ["one", "two/x", "two/y"]
    with pytest.raises(DataError, match="must hold one individual here, but holds 2: two/x, two/y"):
        read_recording(tmp_path / "two.csv", DataConfig())
