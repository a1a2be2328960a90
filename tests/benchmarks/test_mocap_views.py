"""Public motion capture becomes views of 15 landmarks."""

from pathlib import Path

import numpy as np
import pytest

from htvae.poses.sequence import PoseSequence

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def make_body(names, yaw=0.0, num_frames=8):
    """Return a standing body whose left is at x = 1 before it is turned; feet point to the viewer (z)."""
    places = {"NOSE": (0, 3, 0)}
    heights = {"SHOULDER": 2, "ELBOW": 1.5, "WRIST": 1, "HIP": 0, "KNEE": -1, "ANKLE": -2, "FOOT_INDEX": -2}
    for part, height in heights.items():
        for side, x in (("LEFT", 1), ("RIGHT", -1)):
            places[f"{side}_{part}"] = (x, height, 0.5 * (part == "FOOT_INDEX"))
    pose = np.array([places[landmark] for landmark in names], float)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    pose = np.repeat((pose @ turn.T)[None], num_frames, axis=0) + np.array([10, 20, 30])
    return pose.astype(np.float32)


@pytest.mark.parametrize("yaw", [0.0, 0.7, 2.5])
def test_views_are_the_body_s_own(yaw):
    from mocap_views import BANDAI, view_of

    pose = make_body(BANDAI, yaw)
    source = PoseSequence.from_array(
        pose, tuple(BANDAI.values()), "data/dataset-2_walk-turn-left_active_001", fps=30.0
    )
    front, side = (view_of(source, view) for view in ("front", "side"))
    assert front.label == "walk-turn-left" and front.covariates == {"style": "active"}
    assert front.name == "dataset-2_walk-turn-left_active_001_front" and len(front.pose) == 8
    at = {name: front.landmarks.index(name) for name in ("NOSE", "LEFT_HIP", "LEFT_FOOT_INDEX")}
    np.testing.assert_allclose(front.pose[0, at["NOSE"]], (0, 1.5), atol=1e-5)  # float32
    np.testing.assert_allclose(front.pose[0, at["LEFT_HIP"]], (0.5, 0), atol=1e-5)
    np.testing.assert_allclose(side.pose[0, at["LEFT_FOOT_INDEX"]], (0.25, -1), atol=1e-5)


def test_the_t_pose_is_left_out_and_frames_are_thinned():
    from mocap_views import CMU, view_of

    pose = make_body(CMU, num_frames=9)
    pose[0] += 100
    found = view_of(PoseSequence.from_array(pose, tuple(CMU.values()), "07_11", fps=120.0), "front")
    assert len(found.pose) == 2 and found.fps == 30 and found.subject == "007"


def test_each_fifth_take_of_bandai2_is_left_out():
    from mocap_views import is_fifth_take

    taken = [n for n in range(1, 11) if not is_fifth_take(f"data/dataset-2_run_old_{n:03d}")]
    assert taken == [1, 2, 3, 5, 6, 7, 8, 10] and not is_fifth_take("07_04")


def test_other_skeletons_are_refused():
    from mocap_views import view_of

    with pytest.raises(ValueError, match="must have the joints of bandai2 or of cmu"):
        view_of(PoseSequence.from_array(np.zeros((3, 2, 3)), ("hip", "knee"), "x", fps=30.0), "front")
