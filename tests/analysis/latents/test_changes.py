"""What a traversal changes, by hand."""

import numpy as np
import pytest

from htvae.analysis.latents.changes import describe_change, measure_change
from htvae.analysis.latents.traversal import STEPS, Traversal
from htvae.poses.body_groups import BodyGroup

MARKS = ("HIP", "KNEE", "HAND")
GROUPS = (BodyGroup("leg", (0, 1)), BodyGroup("arm", (2,)))


def make(poses, is_drawn=False):
    return Traversal("chunk", 1, 0.25, np.asarray(poses, np.float32), "walk", (0, 9), is_drawn)


def test_a_hand_that_rises_and_slows_down():
    """The hand rises by 0.5 a step; it moves by 0.1 a frame at the first step and not at the last."""
    poses = np.zeros((5, 1, 11, 4, 2))
    for step in range(5):
        poses[step, 0, :, 2, 1] += 0.5 * step
        poses[step, 0, :, 2, 0] = 0.025 * (4 - step) * np.arange(11)
        poses[step, 0, :, 3, 0] = 0.01 * step  # the root's velocity
    change = measure_change(make(poses), MARKS, GROUPS, fps=30.0)
    gap = np.hypot(2.0, 0.1 * np.arange(11)).mean()
    np.testing.assert_allclose(change.displacement, [0, 0, gap], rtol=1e-6)
    assert change.parts == (("arm", pytest.approx(gap)), ("leg", 0.0))
    np.testing.assert_allclose(change.speed, 30 / 3 * 0.025 * np.array([4, 3, 2, 1, 0]), rtol=1e-5)
    np.testing.assert_allclose(change.root_speed, 0.3 * np.arange(5), rtol=1e-5)
    assert change.speed_change == pytest.approx(-1) and change.is_speed_clear
    assert describe_change(make(poses), change, 30.0) == (
        f"chunk direction 1 (25% of variance), from {STEPS[0]:g} to {STEPS[-1]:g} sd: poses differ by "
        "0.69 torso lengths; most arm 2.08, leg 0.00 (HAND 2.08); speed 1.00 -> 0.00 torso lengths/s; "
        "body 0.00 -> 1.20."
    )


def test_drawn_motion_is_compared_by_its_mean_pose():
    """Moments differ, mean poses do not: nothing is displaced, and no change of speed is more than chance."""
    rng = np.random.default_rng(0)
    poses = np.repeat(rng.normal(size=(1, 8, 10, 3, 2)), 5, axis=0)
    poses[-1] = poses[-1, :, rng.permutation(10)].transpose(1, 0, 2, 3)
    change = measure_change(make(poses, is_drawn=True), MARKS, GROUPS, fps=None)
    np.testing.assert_allclose(change.displacement, 0, atol=1e-6)
    assert np.isfinite(change.speed_error) and change.root_speed is None
    words = describe_change(make(poses, is_drawn=True), change, None)
    assert "mean poses differ by 0.00" in words and "torso lengths/frame" in words


def test_a_change_within_the_spread_of_draws_is_called_chance():
    poses = np.zeros((5, 4, 2, 3, 2))
    poses[-1, :, 1, :, 0] = np.array([0.1, 1.0, 0.0, 0.2])[:, None]
    change = measure_change(make(poses, is_drawn=True), MARKS, GROUPS, 1.0)
    assert not change.is_speed_clear
    assert "(no more than chance)" in describe_change(make(poses, is_drawn=True), change, 1.0)
    poses[-1, :, 1, :, 0] = 1.0
    assert measure_change(make(poses, is_drawn=True), MARKS, GROUPS, 1.0).is_speed_clear


def test_one_frame_has_no_speed():
    assert measure_change(make(np.ones((5, 1, 1, 3, 2))), MARKS, GROUPS, 30.0).speed.tolist() == [0] * 5
