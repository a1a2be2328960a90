"""Features of motion, seen through the filter that the model's output has gone through.

Decoded motion has no tracker noise. Next to recordings as they are, most of its distance from them would be
that noise, however well it moves.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates, ``n`` windows, ``F`` features.
"""

from collections.abc import Sequence

import numpy as np
import torch

from htvae.config import ModelConfig
from htvae.metrics.frechet import pose_features
from htvae.models.smoothing import smooth_frames
from htvae.poses.geometry import fill_gaps

SMOOTHING = ModelConfig.output_smoothing
"""Frames of the filter: the default of the model's own output, the same whatever a model has, so that figures
of several models compare."""


def smooth_pose(pose: np.ndarray) -> np.ndarray:
    """Return the pose (T, L, D), NaN where missing, filtered; inner gaps filled by straight lines."""
    filled = fill_gaps(pose, np.isfinite(pose).all(-1))
    smoothed = smooth_frames(torch.from_numpy(filled)[None], torch.tensor([len(pose)]), SMOOTHING)
    return smoothed[0].numpy()


def motion_features(poses: Sequence[np.ndarray], fallback: np.ndarray) -> np.ndarray:
    """Return the features (n, F) of all windows of filtered poses (T, L, D), see `pose_features`.

    Args:
        poses: torso lengths, NaN where missing.
        fallback: (L, D), where a landmark that is missing throughout stands.
    """
    return pose_features([smooth_pose(pose) for pose in poses], fallback)
