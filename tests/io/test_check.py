from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.check import FolderReport, check_folder, format_report
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence

NAMES = ("NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP")
PLACES = np.array([(0, 1.5), (0.4, 1), (-0.4, 1), (0.3, 0), (-0.3, 0)])
T = 101


def sway() -> np.ndarray:
    time, pace = np.arange(T)[:, None] / 30, np.linspace(2, 4, len(NAMES))
    return PLACES + 0.2 * np.stack((np.sin(pace * time), np.cos(pace * time)), axis=-1)


def check(tmp_path: Path, *poses: np.ndarray, config: DataConfig | None = None) -> FolderReport:
    for index, pose in enumerate(poses):
        path = tmp_path / f"walk_{index:02}.csv"
        write_pose_csv(path, PoseSequence.from_array(pose, NAMES))
        header, *rows = path.read_text().splitlines()
        path.write_text("\n".join([f"{header},score", *(f"{row},0.9" for row in rows)]))
    return check_folder(tmp_path, config or DataConfig())


def test_sound_folders_are_praised(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("file,label,subject,fps\nwalk_00,walk,ann,30\nwalk_01,,,\n")
    report = check(tmp_path, sway(), sway())
    assert report.faults == report.notes == report.advice == []
    text = format_report(report)
    assert text.startswith(f"2 recordings, {2 * T} frames, 1 subjects")
    assert [line.split() for line in text.splitlines()[2:5]] == [
        [
            "recording",
            "frames",
            "landmarks",
            "missing",
            "fps",
            "label",
            "subject",
            "spikes",
            "swaps",
            "still",
        ],
        ["walk_00", "101", "5", "0.0%", "30", "walk", "ann", "0.00%", "0", "0"],
        ["walk_01", "101", "5", "0.0%", "-", "-", "-", "0.00%", "0", "0"],
    ]
    assert text.endswith("Nothing looks wrong.")


def test_coordinates_of_an_image_get_the_settings_that_mend_them(tmp_path: Path) -> None:
    image = sway() * (0.1, -0.1) + 0.5
    advice = check(tmp_path, image, image).advice
    assert len(advice) == 2
    assert advice[0].endswith("in 2 of 2 recordings (walk_00, walk_01). Add --no_y_up.")
    assert "Add --image_size W H" in advice[1]
    assert check(tmp_path, config=DataConfig(y_up=False, image_size=(640, 480))).advice == []


def test_settings_that_make_it_worse_are_named(tmp_path: Path) -> None:
    advice = check(tmp_path, sway() * 100 + 300, config=DataConfig(y_up=False, image_size=(640, 480))).advice
    assert "Add --y_up." in advice[0]
    assert "Leave --image_size out." in advice[1]


def test_single_recordings_that_stand_on_their_head(tmp_path: Path) -> None:
    (advice,) = check(tmp_path, sway(), sway() * (1, -1), sway()).advice
    assert "y must grow one way in all files" in advice
    assert "1 of 3 recordings (walk_01)" in advice


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({}, "--confidence_column COLUMN"),
        ({"confidence_column": "score"}, "raise --min_confidence above 0.5"),
    ],
)
def test_faults_of_the_tracker(tmp_path: Path, settings: dict[str, str], remedy: str) -> None:
    pose = sway()
    spiked, swapped, still = pose.copy(), pose.copy(), pose.copy()
    spiked[30, :2] += 3
    swapped[40:60] = swapped[40:60][:, [0, 2, 1, 4, 3]]
    still[:, 0] = still[0, 0]
    report = check(tmp_path, pose, spiked, swapped, still, config=DataConfig(**settings))
    assert [advice.split(",")[0] for advice in report.advice] == [
        "Points should move smoothly",
        "Left and right should keep their sides",
        "Landmarks should move",
    ]
    assert "0.4% (the most) are far off the path in 1 of 4 recordings (walk_01)" in report.advice[0]
    assert "up to 2 frames in 1 of 4 recordings (walk_02)" in report.advice[1]
    assert "NOSE never do in 1 of 4 recordings (walk_03)" in report.advice[2]
    assert all(remedy in advice for advice in report.advice[:2])
    assert format_report(report).splitlines()[3].startswith("walk_01")  # findings first


def test_lost_points_at_the_origin(tmp_path: Path) -> None:
    pose = sway() * 100 + 300
    pose[:50, 1] = 0
    advice = check(tmp_path, pose).advice
    assert any("exactly 0,0 in 1 of 1 recordings" in line for line in advice)


def test_faulty_and_unusual_files_are_listed(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "manifest.csv").write_text("file,fps\nempty,30\nwalk_00,fast\n")
    report = check(tmp_path, sway()[:1])
    assert [fault.split(",")[0] for fault in report.faults] == [
        "manifest.csv",
        "empty.csv: must have a header and rows",
    ]
    assert report.notes == ["1 of 2 recordings: it has one frame only."]
    text = format_report(report)
    assert "Faults:\n  manifest.csv, line 3" in text
    assert "Accepted:\n  1 of 2 recordings" in text
    assert "Nothing looks wrong" not in text


def test_folders_without_a_sound_file_have_a_report(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    assert format_report(check(tmp_path)).startswith("0 recordings, 0 frames, unknown subjects\n\nFaults:")


def test_long_tables_are_cut(tmp_path: Path) -> None:
    report = check(tmp_path, *[sway()[:2]] * 40)
    assert "... and 10 more" in format_report(report)
    assert len(format_report(report).splitlines()) < 40
