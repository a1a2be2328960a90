from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig, ReadingConfig
from htvae.io.faults import DataError
from htvae.io.inputs import read_recording
from htvae.io.pose_csv import write_pose_csv
from htvae.io.recordings import build_recordings
from htvae.io.tracks import Content, Track
from htvae.poses.sequence import PoseSequence

NAMES = ("NOSE", "LEFT_HIP", "RIGHT_HIP")


def make_pose(num_frames: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(num_frames, 3, 2)).round(4)


def write(path: Path, pose: np.ndarray, numbers: list[str]) -> Path:
    write_pose_csv(path, PoseSequence.from_array(pose, NAMES))
    header, *rows = path.read_text().splitlines()
    cells = [row.split(",", 1) for row in rows]
    path.write_text("\n".join([header, *(f"{numbers[int(frame)]},{rest}" for frame, rest in cells)]) + "\n")
    return path


@pytest.mark.parametrize(
    ("unit", "factor", "digits", "fps"),
    [("ms", 1000 / 30, 0, 30), ("s", 1 / 30, 4, 30), ("us", 1e6 / 29.97, 0, 29.97), ("step", 5, 0, None)],
)
def test_pose_csvs_numbered_in_another_way(
    unit: str, factor: float, digits: int, fps: float | None, tmp_path: Path
) -> None:
    pose = make_pose(37)
    numbers = [f"{20 * factor + t * factor:.{digits}f}" for t in range(37)]
    config = DataConfig(time_unit=unit)  # type: ignore[arg-type]
    sequence = read_recording(write(tmp_path / "walk.csv", pose, numbers), config)
    assert np.allclose(sequence.pose, pose, atol=1e-6)
    assert sequence.fps == fps
    assert sequence.first_frame == (20 if unit == "step" else 0)


def test_cells_that_are_no_time_are_named(tmp_path: Path) -> None:
    numbers = [f"{t / 30:.3f}" for t in range(37)]
    numbers[5] = "soon"
    path = write(tmp_path / "walk.csv", make_pose(37), numbers)
    with pytest.raises(DataError, match=r'frame# must be a time, a number, but line 17 has "soon"'):
        read_recording(path, DataConfig(time_unit="s"))
    with pytest.raises(
        DataError, match=r"If these are seconds \(30\.3 frames per second\), add --time_unit s"
    ):
        read_recording(path, DataConfig())


def test_a_fraction_is_no_step(tmp_path: Path) -> None:
    path = write(tmp_path / "walk.csv", make_pose(5), ["0", "5", "10", "15.5", "20"])
    with pytest.raises(DataError, match=r'frame# must be a whole number .*, but line 11 has "15.5"'):
        read_recording(path, DataConfig(time_unit="step"))


def test_microseconds_as_frame_numbers_name_the_flag(tmp_path: Path) -> None:
    path = write(tmp_path / "walk.csv", make_pose(37), [str(33_333 * t) for t in range(37)])
    with pytest.raises(DataError, match=r"If these are microseconds \(30 .*\), add --time_unit us"):
        read_recording(path, DataConfig())


def test_any_format_is_closed_up() -> None:
    pose = np.full((100, 3, 2), np.nan)
    pose[1::4] = make_pose(25)
    tracks = [
        Track(landmarks=NAMES, points=pose[:60], individual="a"),
        Track(landmarks=NAMES, points=pose[60:], individual="b", first_frame=60),
    ]
    content = Content(individuals=tracks, fps=100.0)
    found, _ = build_recordings(content, ReadingConfig(time_unit="step"), "walk", "walk.csv")
    assert [(s.first_frame, s.num_frames, s.fps) for s in found] == [(0, 15, 25.0), (15, 10, 25.0)]
    assert np.allclose(np.concatenate([s.pose for s in found]), make_pose(25), atol=1e-6)
    same, _ = build_recordings(content, ReadingConfig(), "walk", "walk.csv")
    assert [(s.first_frame, s.fps) for s in same] == [(1, 100.0), (61, 100.0)]
