"""Made motion stands on the floor, which follows the feet but no jump; a recording's floor holds still."""

from typing import Any

import numpy as np
import pytest

from tests.app.page.made_up import PLACES

pytestmark = pytest.mark.browser

RATE, SCALE = 10, 1 / 256
FLOORS = """async ([points, count, isMade, scale, perFrame]) => {
  const { cameraOf, floorAt } = await import(new URL('page/camera.js', location.href));
  const values = Int16Array.from(points);
  const clip = { count, landmarks: 13, coordinates: 2, scale, first: 0, perFrame,
    reconstruction: values, recording: isMade ? null : values, seen: null };
  const camera = cameraOf(clip);
  return Array.from({ length: count }, (_, i) => floorAt(camera, i));
}"""


def make_climb(jump: slice) -> np.ndarray:
    """Return poses (60, L, 2) that rise by a torso length, and jump as high once."""
    poses = np.repeat(PLACES[None, :, :2], 60, axis=0)
    poses[..., 1] += np.linspace(0, 1, 60)[:, None]
    poses[jump, :, 1] += 1
    return poses


@pytest.mark.parametrize("is_made", [True, False])
def test_the_floor_is_where_the_feet_of_made_motion_are(open_live: Any, is_made: bool) -> None:
    jump = slice(30, 35)
    poses = make_climb(jump)
    page = open_live()
    points = np.rint(poses / SCALE).astype(int).ravel().tolist()
    floor = np.array(page.evaluate(FLOORS, [points, len(poses), is_made, SCALE, RATE / 30]))
    if not is_made:
        assert np.ptp(floor) == 0
        return
    feet = poses[..., 1].min(axis=1)
    stands = np.ones(60, bool)
    stands[jump] = False
    assert (
        np.abs(feet - floor)[stands].max() < 0.15
    )  # a steep path, and the last second leans on what came before
    assert ((feet - floor)[jump] > 0.85).all()
