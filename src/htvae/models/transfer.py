"""Starting from another model's weights: what fits is copied, landmarks are matched by name."""

from collections.abc import Sequence

import torch
from torch import Tensor

from htvae.models.statistics import NUM_STATISTICS
from htvae.models.vae import HierarchicalTransformerVAE

POINT_STATISTICS = ("pose_mean", "pose_scale")
"""Buffers that belong to the training data, never copied."""
PER_TOKEN = {"encoder.embed.weight": 1, "decoder.output.weight": 0, "decoder.output.bias": 0}
"""Weights with an axis laid out (frame of the token, point, coordinate), and which axis it is."""
PER_STATISTIC = {"statistics.head.weight": 0, "statistics.head.bias": 0}
"""Weights with an axis laid out (statistic, point, coordinate), and which axis it is."""
POINT_AXES = {**PER_TOKEN, **PER_STATISTIC, "log_scale": 1}
"""Weights with an axis of points, and which it is."""


def copy_weights(
    model: HierarchicalTransformerVAE,
    state: dict[str, Tensor],
    points: Sequence[str],
    source_points: Sequence[str],
) -> str:
    """Copy another model's weights into this one.

    Weights whose size depends on the points (the frame embedding, the frame output, the learned scales) are
    copied point by point, by name; points that the source lacks keep their fresh weights.

    Args:
        model: the model to fill, of any number of points.
        state: the other model's ``state_dict``.
        points: names of this model's points.
        source_points: names of the other model's points.

    Returns:
        What was copied, in words.

    Raises:
        ValueError: no point in common, or other sizes than the points' differ.
    """
    shared = [name for name in points if name in source_points]
    if not shared:
        raise ValueError(
            "init_from must be a checkpoint with landmarks of these recordings, but they have none in "
            f"common. There: {', '.join(source_points)}. Here: {', '.join(points)}."
        )
    here = torch.tensor([list(points).index(name) for name in shared])
    there = torch.tensor([list(source_points).index(name) for name in shared])
    own = model.state_dict()
    wrong = [
        name for name in own if name not in state or not _fits(own[name], state[name], points, source_points)
    ]
    if wrong:
        raise ValueError(
            f"init_from must be a model of the same sizes, but differs in {', '.join(wrong[:5])}. "
            "Give the settings that it was trained with."
        )
    with torch.no_grad():
        for name, value in own.items():
            if name in POINT_STATISTICS:
                continue
            if name not in POINT_AXES:
                value.copy_(state[name])
                continue
            groups = _count_groups(name, model.config.frames_per_token)
            own_points, their_points = (
                tensor.unflatten(POINT_AXES[name], (groups, count, -1))
                for tensor, count in ((value, len(points)), (state[name], len(source_points)))
            )
            axis = POINT_AXES[name] + 1
            own_points.index_copy_(axis, here, their_points.index_select(axis, there))
    return f"{len(shared)} of {len(points)} points copied by name, all other weights as they were"


def _count_groups(name: str, frames_per_token: int) -> int:
    """Return how often all points are listed along a weight's axis of points."""
    if name in PER_TOKEN:
        return frames_per_token
    return NUM_STATISTICS if name in PER_STATISTIC else 1


def _fits(own: Tensor, other: Tensor, points: Sequence[str], source_points: Sequence[str]) -> bool:
    if own.dim() != other.dim():
        return False
    ratios = {(a, b) for a, b in zip(own.shape, other.shape, strict=True) if a != b}
    return all(a * len(source_points) == b * len(points) for a, b in ratios) and len(ratios) <= 1
