import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.poses.sequence import FrameLabel, PoseSequence, find_main_label

T, L, D = 7, 3, 2
NAMES = ("a", "b", "c")


def make(**changes: Any) -> PoseSequence:
    values: dict[str, Any] = {"name": "walk", "landmarks": NAMES, "pose": np.zeros((T, L, D), np.float32)}
    return PoseSequence(**(values | changes))


def test_observed_and_num_frames() -> None:
    pose = np.zeros((T, L, D), np.float32)
    pose[2, 1] = np.nan
    sequence = make(pose=pose)
    assert sequence.num_frames == T
    assert sequence.observed.shape == (T, L)
    assert np.argwhere(~sequence.observed).tolist() == [[2, 1]]


def test_memory_maps_are_not_copied(tmp_path: Path) -> None:
    np.save(tmp_path / "poses.npy", np.ones((20, L, D), np.float32))
    poses = np.load(tmp_path / "poses.npy", mmap_mode="r")
    assert np.shares_memory(make(pose=poses[3:10]).pose, poses)


def test_from_array_accepts_other_types_and_dimensions() -> None:
    sequence = PoseSequence.from_array(np.arange(24).reshape(2, 4, 3), fps=25, label="walk")
    assert (sequence.pose.dtype, sequence.pose.shape) == (np.float32, (2, 4, 3))
    assert sequence.landmarks == ("POINT_0", "POINT_1", "POINT_2", "POINT_3")
    assert (sequence.name, sequence.fps, sequence.label) == ("array", 25, "walk")


def test_from_array_makes_points_missing_as_a_whole_and_leaves_its_argument_alone() -> None:
    pose = np.zeros((T, L, D), np.float32)
    pose[1, 2, 0] = np.nan
    sequence = PoseSequence.from_array(pose, NAMES)
    assert np.isnan(sequence.pose[1, 2]).all()
    assert np.isnan(pose).sum() == 1
    whole = np.zeros((T, L, D), np.float32)
    assert PoseSequence.from_array(whole).pose is whole


def test_sequences_survive_pickling() -> None:
    sequence = make(frame_labels=(FrameLabel(0, 3, "step"),), covariates={"camera": "front"})
    copy = pickle.loads(pickle.dumps(sequence))
    assert (copy.name, copy.frame_labels, copy.covariates) == (
        "walk",
        sequence.frame_labels,
        {"camera": "front"},
    )


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"pose": np.zeros((T, L, D))}, TypeError, "walk: pose must be a float32 array, but is float64"),
        ({"pose": [[[0.0]]]}, TypeError, "pose must be a float32 array, but is list"),
        ({"pose": np.zeros((T, L), np.float32)}, ValueError, r"shape \(7, 3\)"),
        ({"pose": np.zeros((0, L, D), np.float32)}, ValueError, "each at least 1"),
        (
            {"pose": np.full((T, L, D), np.inf, np.float32)},
            ValueError,
            "finite.*landmark 0 is infinite in frame 0",
        ),
        ({"landmarks": ("a", "b")}, ValueError, "got 2 names for 3 points"),
        ({"landmarks": ["a", "b", "c"]}, TypeError, "must be a tuple, but is a list"),
        ({"landmarks": ("a", "b", "a")}, ValueError, "found twice: a"),
        ({"landmarks": ("a", "b", "ROOT_VELOCITY")}, ValueError, "reserved"),
        ({"fps": 0.0}, ValueError, "fps must be above 0 and finite, but got 0"),
        ({"fps": float("nan")}, ValueError, "fps must be above 0 and finite, but got nan"),
        ({"first_frame": -1}, ValueError, "first_frame must be at least 0, but got -1"),
        ({"split": "dev"}, ValueError, "one of train, val, test, but got 'dev'"),
    ],
)
def test_wrong_values_are_errors(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(**changes)


def test_points_with_some_coordinates_are_errors() -> None:
    pose = np.zeros((T, L, D), np.float32)
    pose[4, 1, 1] = np.nan
    with pytest.raises(ValueError, match="landmark 1 has some in frame 4"):
        make(pose=pose)


def test_arrays_of_text_are_errors() -> None:
    with pytest.raises(TypeError, match="real numbers"):
        PoseSequence.from_array([[["0", "1"]]])


def test_numbers_beyond_float32_are_errors() -> None:
    with pytest.raises(ValueError, match="must be finite"):
        PoseSequence.from_array([[[1e300, 0.0]]])


@pytest.mark.parametrize(("start", "stop"), [(3, 3), (5, 2), (-1, 4)])
def test_frame_labels_span_frames(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="start must be at least 0 and below stop"):
        FrameLabel(start, stop, "step")


def test_the_label_of_most_frames() -> None:
    spans = (FrameLabel(0, 6, "stand"), FrameLabel(6, 9, "walk"), FrameLabel(12, 14, "walk"))
    assert find_main_label(spans, 2, 13) == "stand"
    assert find_main_label(spans, 3, 14) == "walk"
    assert find_main_label(spans, 20, 30) is None


class TestWithoutReadingPoses:
    def test_metadata_change_and_poses_stay_unread(self, monkeypatch):
        walk = PoseSequence.from_array(np.zeros((4, 2, 2)), ("A", "B"), "walk", 30.0)
        monkeypatch.setattr(PoseSequence, "_check_pose", lambda self: pytest.fail("poses are read"))
        found = walk.with_metadata(label="walk", covariates={"age": "3"})
        assert found.pose is walk.pose and (found.name, found.fps) == ("walk", 30.0)
        assert (found.label, found.covariates, walk.label) == ("walk", {"age": "3"}, None)

    def test_defaults_are_those_of_the_class(self):
        pose = np.zeros((4, 2, 2), np.float32)
        found = PoseSequence.of_checked_poses(name="walk", landmarks=("A", "B"), pose=pose)
        assert vars(found) == vars(PoseSequence(name="walk", landmarks=("A", "B"), pose=pose))

    @pytest.mark.parametrize(
        ("changes", "said"),
        [({"fps": -1.0}, "fps must be above 0"), ({"landmarks": ("A",)}, "landmarks must name each point")],
    )
    def test_all_but_values_is_checked(self, changes, said):
        walk = PoseSequence.from_array(np.zeros((4, 2, 2)), ("A", "B"), "walk")
        with pytest.raises(ValueError, match=said):
            walk.with_metadata(**changes)
