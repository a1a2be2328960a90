"""NWB with ndx-pose."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.formats import nwb
from htvae.io.formats.times import COUNTED, UNORDERED, frames_of_times
from htvae.io.inputs import read_file
from htvae.io.opening import Source
from htvae.io.tracks import Content
from htvae.poses.sequence import PoseSequence
from tests.io.formats.hdf5_files import write_nwb
from tests.io.formats.tables import make_points

PARTS = ("snout", "left_ear", "Tail.base")


def read(path: Path, **settings: object) -> list[PoseSequence]:
    return read_file(path, DataConfig(**settings))  # type: ignore[arg-type]


def content(path: Path) -> Content:
    return nwb.FORMAT.read(Source(path, path.name), DataConfig())


def series(points: np.ndarray) -> dict[str, np.ndarray]:
    return {part: points[:, index] for index, part in enumerate(PARTS)}


def test_one_group_with_a_rate(tmp_path: Path) -> None:
    points = make_points(37, 3)
    points[4, 1] = np.nan
    (mouse,) = read(write_nwb(tmp_path / "a.nwb", {"PoseEstimation": series(points)}))
    assert (mouse.name, mouse.landmarks, mouse.fps) == ("a", PARTS, 30)  # in the order of nodes
    assert not mouse.coordinates.y_up
    np.testing.assert_array_equal(mouse.pose, np.float32(points * [1, -1]))


def test_low_confidence_counts_as_missing(tmp_path: Path) -> None:
    path = write_nwb(tmp_path / "a.nwb", {"PoseEstimation": series(make_points(37, 3))})
    with h5py.File(path, "r+") as file:
        file["processing/behavior/PoseEstimation/snout/confidence"][3] = 0.1
    (mouse,) = read(path)
    assert np.argwhere(~mouse.observed).tolist() == [[3, 0]]


def test_each_group_is_an_individual(tmp_path: Path) -> None:
    points = {name: make_points(37, 3, index) for index, name in enumerate(("camera1", "camera2"))}
    path = write_nwb(tmp_path / "a.nwb", {name: series(own) for name, own in points.items()}, confidence=None)
    first, second = read(path)
    assert (first.name, second.name) == ("a/camera1", "a/camera2")
    np.testing.assert_array_equal(second.pose, np.float32(points["camera2"] * [1, -1]))


def test_three_dimensions_keep_their_axes(tmp_path: Path) -> None:
    points = make_points(37, 3, dimensions=3)
    (mouse,) = read(write_nwb(tmp_path / "a.nwb", {"PoseEstimation": series(points)}))
    np.testing.assert_array_equal(mouse.pose, np.float32(points))


def test_points_in_3d_are_read_without_the_views_of_cameras(tmp_path: Path) -> None:
    path = write_nwb(
        tmp_path / "a.nwb", {"Rat": series(make_points(9, 3, dimensions=3))}, kind="MultiCameraPoseEstimation"
    )
    write_nwb(tmp_path / "b.nwb", {"camera1": series(make_points(9, 3))})
    with h5py.File(path, "r+") as file, h5py.File(tmp_path / "b.nwb") as other:
        other.copy("processing/behavior/camera1", file["processing/behavior/Rat"])
    found = content(path)
    assert len(found.individuals) == 1  # type: ignore[arg-type]
    assert found.notes == ("views of single cameras are left out: camera1",)


def test_stored_units_are_multiplied(tmp_path: Path) -> None:
    path = write_nwb(tmp_path / "a.nwb", {"PoseEstimation": series(make_points(9, 3))})
    with h5py.File(path, "r+") as file:
        file["processing/behavior/PoseEstimation/snout/data"][...] = 500.0
        file["processing/behavior/PoseEstimation/snout/data"].attrs["conversion"] = 0.5
    assert read(path)[0].pose[0, 0].tolist() == [250, -250]


class TestTimes:
    def test_dropped_frames_leave_a_gap(self, tmp_path: Path) -> None:
        kept = np.array([0, 1, 2, 5, 6, 7, 8, 9])
        jitter = np.random.default_rng(0).normal(0, 1e-4, len(kept))
        times = 1234.5 + kept / 25 + jitter
        points = make_points(8, 3)
        (mouse,) = read(write_nwb(tmp_path / "a.nwb", {"PoseEstimation": series(points)}, times))
        assert mouse.fps == pytest.approx(25, rel=1e-3) and mouse.num_frames == 10 and mouse.first_frame == 0
        np.testing.assert_array_equal(mouse.pose[kept], np.float32(points * [1, -1]))
        assert not mouse.observed[3:5].any()

    def test_counts_are_no_seconds(self, tmp_path: Path) -> None:
        """DLC2NWB writes 0, 1, 2, ... where it has no video: not one frame per second."""
        points = series(make_points(9, 3))
        found = content(write_nwb(tmp_path / "a.nwb", {"PoseEstimation": points}, np.arange(5.0, 14.0)))
        assert found.fps is None and found.notes == (COUNTED,)
        assert found.individuals[0].first_frame == 5  # type: ignore[index]

    def test_a_rate_of_1_stands_for_none(self, tmp_path: Path) -> None:
        points = series(make_points(9, 3))
        assert content(write_nwb(tmp_path / "a.nwb", {"PoseEstimation": points}, 1.0)).fps is None

    def test_the_rate_is_found_in_rounded_times(self) -> None:
        times = np.round(np.arange(1000) / 29.97, 3)
        assert frames_of_times(times).fps == pytest.approx(29.97, rel=1e-4)
        np.testing.assert_array_equal(frames_of_times(times).frames, np.arange(1000))

    @pytest.mark.parametrize(
        "times", [[0.0, 0.1, np.nan], [0.2, 0.1, 0.3], [0.0, 1.0, np.inf], [-1e308, 0.0, 1e308]]
    )
    def test_times_that_do_not_grow_are_left_out(self, times: list[float]) -> None:
        found = frames_of_times(np.array(times))
        assert found.fps is None and found.note == UNORDERED and found.frames.tolist() == [0, 1, 2]

    @pytest.mark.parametrize("times", [[0.0, 1e-300, 2e-300], [0.0, 1e-300, 1e15], [0.0, 1e9, 2e9]])
    def test_rates_that_cannot_be_are_left_out(self, times: list[float]) -> None:
        found = frames_of_times(np.array(times))
        assert found.fps is None and "which cannot be" in found.note

    def test_groups_of_different_rates_are_refused(self, tmp_path: Path) -> None:
        path = write_nwb(tmp_path / "a.nwb", {name: series(make_points(9, 3)) for name in ("a", "b")})
        with h5py.File(path, "r+") as file:
            for part in PARTS:
                file[f"processing/behavior/b/{part}/starting_time"].attrs["rate"] = 60.0
        with pytest.raises(DataError, match=r"must have one frame rate, but have 30\.0, 60\.0"):
            read(path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "snout/data",
            np.ones((9, 3)),
            r"must be of one length, with 2 or 3 coordinates, but have snout \(9, 3\)",
        ),
        (
            "snout/data",
            np.ones((8, 2)),
            r"must be of one length, with 2 or 3 coordinates, but have snout \(8, 2\)",
        ),
        ("snout/data", np.ones(9), "must be of one length"),
        ("snout/timestamps", np.arange(4), r"a time for each of 9 frames, but has \(4,\)"),
        ("snout/data", np.full((9, 2), b"x"), "snout/data must hold numbers"),
    ],
)
def test_damaged_series(tmp_path: Path, name: str, value: np.ndarray, message: str) -> None:
    path = write_nwb(tmp_path / "a.nwb", {"PoseEstimation": series(make_points(9, 3))})
    with h5py.File(path, "r+") as file:
        group = file["processing/behavior/PoseEstimation"]
        if name in group:
            del group[name]
        group[name] = value
    with pytest.raises(DataError, match=message):
        read(path)


def test_other_nwb_files_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nwb", "w") as file:
        file.create_group("units").attrs["neurodata_type"] = "Units"
    with pytest.raises(DataError, match="its content is none of them"):
        read(tmp_path / "a.nwb")
    with pytest.raises(DataError, match="must hold a PoseEstimation of ndx-pose"):
        read(tmp_path / "a.nwb", source="nwb")
