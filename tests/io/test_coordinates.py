"""Coordinates of files: values by hand, and round trips."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.io.coordinates import coordinates_of, to_file, to_pose
from htvae.io.inputs import read_recording
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import Coordinates, PoseSequence

HEADER = "frame#,landmark_name,x,y\n"
DEEP = HEADER.replace("\n", ",z\n")
SIZES = st.none() | st.tuples(st.integers(1, 4000), st.integers(1, 4000))


@pytest.mark.parametrize(
    ("coordinates", "expected"),
    [
        (Coordinates(), (0.5, 0.25)),
        (Coordinates(y_up=False), (0.5, -0.25)),
        (Coordinates(image_size=(200, 100)), (100, 25)),
        (Coordinates(y_up=False, image_size=(200, 100)), (100, -25)),
    ],
)
def test_a_point_by_hand(coordinates: Coordinates, expected: tuple[float, float]) -> None:
    point = np.array([[0.5, 0.25]])
    np.testing.assert_array_equal(to_pose(point, coordinates), [expected])
    np.testing.assert_array_equal(to_file(to_pose(point, coordinates), coordinates), point)


@pytest.mark.parametrize(
    ("coordinates", "expected"),
    [
        (Coordinates(), (0.5, 0.25, 2)),
        (Coordinates(y_up=False), (0.5, -0.25, -2)),
        (Coordinates(z_up=True), (0.5, 2, -0.25)),
        (Coordinates(y_up=False, z_up=True), (0.5, 2, -0.25)),
        (Coordinates(y_up=False, image_size=(200, 100)), (100, -25, -400)),
    ],
)
def test_a_point_in_space_by_hand(coordinates: Coordinates, expected: tuple[float, float, float]) -> None:
    point = np.array([[0.5, 0.25, 2]])
    np.testing.assert_array_equal(to_pose(point, coordinates), [expected])
    np.testing.assert_array_equal(to_file(to_pose(point, coordinates), coordinates), point)
    axes = to_pose(np.eye(3), coordinates)
    assert np.linalg.det(axes) > 0  # turned, not mirrored


def test_the_settings_give_the_coordinates() -> None:
    config = DataConfig(y_up=False, image_size=(640, 480))
    assert coordinates_of(config) == Coordinates(y_up=False, image_size=(640, 480))
    assert coordinates_of(DataConfig()) == Coordinates()
    assert PoseSequence.from_array(np.zeros((2, 3, 2))).coordinates == Coordinates()


@settings(max_examples=50, deadline=None)
@given(data=st.data(), y_up=st.booleans(), image_size=SIZES, z_up=st.none() | st.booleans())
def test_a_file_is_written_as_it_was_read(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    y_up: bool,
    image_size: tuple[int, int] | None,
    z_up: bool | None,
) -> None:
    """Exact to the fifth decimal, for numbers up to 10: float32 holds seven digits. ``z_up`` None: 2-D."""
    number = st.integers(-(10**6), 10**6).map(lambda value: f"{value / 1e5:.5f}")
    header, num_coordinates = (HEADER, 2) if z_up is None else (DEEP, 3)
    points = data.draw(st.lists(st.tuples(*[number] * num_coordinates), min_size=1, max_size=5))
    text = header + "".join(f"{frame},A,{','.join(point)}\n" for frame, point in enumerate(points))
    folder: Path = tmp_path_factory.mktemp("coordinates")
    (folder / "read.csv").write_text(text)
    sequence = read_recording(
        folder / "read.csv", DataConfig(y_up=y_up and not z_up, z_up=z_up, image_size=image_size)
    )
    write_pose_csv(folder / "written.csv", sequence)
    assert (folder / "written.csv").read_text() == text
