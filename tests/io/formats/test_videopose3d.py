"""VideoPose3D's archives: takes by subject, action and camera, read without running the pickle."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.inputs import read_file
from htvae.io.tracks import IMAGE
from htvae.poses.layouts_3d import H36M_17, H36M_32
from htvae.poses.sequence import Coordinates
from tests.io.formats.opened import check_damaged, fault_of, open_content
from tests.io.formats.test_arrays import Evil


def make_points(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def write_archive(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **{name: np.array(value, dtype=object) for name, value in arrays.items()})
    return path


def test_two_dimensions(tmp_path: Path) -> None:
    takes = {
        "S1": {"Walking 1": [make_points(37, 17, 2, seed=camera) for camera in range(4)]},
        "S9": {"Eating": [make_points(20, 17, 2, seed=7)]},
    }
    layout = {"layout_name": "h36m", "num_joints": 17, "keypoints_symmetry": [[4, 5], [1, 2]]}
    content = open_content(
        write_archive(tmp_path / "a.npz", positions_2d=takes, metadata=layout), "videopose3d"
    )
    names = [track.individual for track in content.individuals]
    assert names == [*(f"S1/Walking 1_cam{camera}" for camera in range(4)), "S9/Eating"]
    assert content.individuals[0].landmarks == H36M_17
    assert (content.fps, content.coordinates) == (50, IMAGE)
    np.testing.assert_array_equal(content.individuals[2].points, takes["S1"]["Walking 1"][2])


@pytest.mark.parametrize(
    ("num_points", "names"), [(32, H36M_32), (17, H36M_17), (5, tuple(f"POINT_{i}" for i in range(5)))]
)
def test_three_dimensions(tmp_path: Path, num_points: int, names: tuple[str, ...]) -> None:
    takes = {"S1": {"Walking": make_points(37, num_points, 3)}}
    content = open_content(write_archive(tmp_path / "a.npz", positions_3d=takes), "videopose3d")
    (track,) = content.individuals
    assert track.landmarks == names
    assert (content.fps, content.coordinates) == (50, Coordinates(z_up=True))
    np.testing.assert_array_equal(track.points, takes["S1"]["Walking"])


def test_ones_own_videos_have_no_rate(tmp_path: Path) -> None:
    takes = {"a.mp4": {"custom": [make_points(37, 17, 2)]}}
    layout = {"layout_name": "coco", "num_joints": 17, "video_metadata": {"a.mp4": {"w": 1920, "h": 1080}}}
    content = open_content(
        write_archive(tmp_path / "a.npz", positions_2d=takes, metadata=layout), "videopose3d"
    )
    assert content.fps is None
    assert content.individuals[0].landmarks[:2] == ("nose", "left_eye")


def test_the_17_joints_keep_their_names_among_the_32() -> None:
    assert len(set(H36M_32)) == 32
    assert [name for name in H36M_32 if name in H36M_17] == list(H36M_17)


@pytest.mark.parametrize(
    "takes",
    [
        {},
        [1, 2],
        {"S1": [1]},
        {"S1": {"Walking": "text"}},
        {"S1": {"Walking": make_points(37, 17, 3)}},
        {"S1": {"Walking": make_points(0, 17, 2)}},
        {"S1": {"Walking": np.array(["a"])}},
        {"S1": {"Walking": make_points(37, 17, 2)}, "S2": {"Walking": None}},
    ],
)
def test_other_values_end_in_a_sentence(tmp_path: Path, takes: Any) -> None:
    path = tmp_path / "a.npz"
    array = np.empty((), dtype=object)
    array[()] = takes
    np.savez(path, positions_2d=array)
    assert "of subjects' actions" in fault_of(path)


def test_takes_that_share_an_array_allocate_nothing(tmp_path: Path) -> None:
    shared = {str(take): make_points(37, 17, 2) for take in range(2)}
    array = np.empty((), dtype=object)
    array[()] = dict.fromkeys(map(str, range(3000)), shared)
    np.savez(tmp_path / "a.npz", positions_2d=array)
    assert "each take must have its own array, but 1/0 shares one" in fault_of(tmp_path / "a.npz")


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "a.npz", positions_2d={"S1": {"Walking": Evil(tmp_path / "made")}})
    assert "is not run" in fault_of(path)
    assert not (tmp_path / "made").exists()


def test_any_damage_ends_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, positions_2d=np.array({"S1": {"W": [make_points(5, 3, 2)]}}, dtype=object))
    check_damaged(path, seed=10, count=80)


def test_takes_are_sessions_of_their_own(tmp_path: Path) -> None:
    """Cameras of a take stay in one split; a short take is not a bystander of a long one."""
    takes = {
        "S1": {"Walking": [make_points(400, 17, 2, seed=camera) for camera in range(2)]},
        "S9": {"Eating": [make_points(20, 17, 2)], "Sitting": [make_points(30, 17, 2)]},
    }
    path = write_archive(tmp_path / "h36m.npz", positions_2d=takes, metadata={"layout_name": "h36m"})
    found = {r.name: (r.subject, r.covariates["session"]) for r in read_file(path, DataConfig())}
    assert found == {
        "h36m/S1/Walking_cam0": ("S1", "h36m/S1/Walking"),
        "h36m/S1/Walking_cam1": ("S1", "h36m/S1/Walking"),
        "h36m/S9/Eating": ("S9", "h36m/S9/Eating"),
        "h36m/S9/Sitting": ("S9", "h36m/S9/Sitting"),
    }
    main = read_file(path, DataConfig(individual=("main",)))
    assert [r.name.rpartition("/")[2][:7] for r in main] == ["Walking", "Eating", "Sitting"]
