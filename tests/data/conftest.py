"""Recordings by formula, for the tests of this folder."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from htvae.data.sequence import PoseSequence

BODY = ("NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP")
PLACES = np.array([[0, 1.5], [-0.4, 1], [0.4, 1], [-0.2, 0], [0.2, 0]])
"""A body at rest: mid-hip at the origin, a torso of length 1, y up."""

MakeSequence = Callable[..., PoseSequence]


@pytest.fixture
def make_sequence() -> MakeSequence:
    """Return a maker of recordings: a body of any size that nods, and walks along x at a constant speed."""

    def make(
        name: str = "walk",
        num_frames: int = 37,
        *,
        size: float = 2.0,
        origin: float = 3.0,
        speed: float = 0.1,
        num_coordinates: int = 2,
        **metadata: Any,
    ) -> PoseSequence:
        frames = np.arange(num_frames)
        pose = np.zeros((num_frames, len(BODY), num_coordinates), np.float32)
        pose[..., :2] = size * PLACES
        pose[:, 0, 1] += size * 0.1 * np.sin(0.3 * frames + len(name))
        pose[..., 0] += (origin + speed * frames)[:, None]
        return PoseSequence(name=name, landmarks=BODY, pose=pose, **metadata)

    return make
