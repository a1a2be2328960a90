"""Copy another model's weights into a new model, matching landmarks by name."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from htvae.config import ModelConfig
from htvae.models.statistics import NUM_STATISTICS
from htvae.models.vae import HierarchicalTransformerVAE

POINT_STATISTICS = ("pose_mean", "pose_scale")
"""Buffers that describe the training data; they are never copied."""
PER_TOKEN = {"encoder.embed.weight": 1, "decoder.output.weight": 0, "decoder.output.bias": 0}
"""Weights with an axis laid out (frame of the token, point, coordinate), and the number of that axis."""
PER_STATISTIC = {"statistics.head.weight": 0, "statistics.head.bias": 0}
"""Weights with an axis laid out (statistic, point, coordinate), and the number of that axis."""
PER_CHUNK = {"linear_code.chunk_decoder": 1}
"""Weights with an axis laid out (frame of the chunk, point, coordinate), and the number of that axis."""
BODY_DECODER = "linear_code.body_decoder"
"""Rows of a body code, the most important first; bodies of few points have fewer of them."""
PER_POINT = {"log_scale": 1, BODY_DECODER: 1, "linear_code.unit": 0}
"""Weights with an axis laid out (point) or (point, coordinate), and the number of that axis."""
POINT_AXES = {**PER_TOKEN, **PER_STATISTIC, **PER_CHUNK, **PER_POINT}
"""Weights with an axis of points, and the number of that axis."""


def copy_weights(
    model: HierarchicalTransformerVAE,
    state: dict[str, Tensor],
    points: Sequence[str],
    source_points: Sequence[str],
) -> str:
    """Copy another model's weights into this one.

    Weights whose size depends on the points (the frame embedding, the frame output, the head of the
    statistics, the learned scales) are copied point by point, by name. Points that the source lacks keep
    their fresh weights.

    Args:
        model: the model to fill, with any number of points.
        state: the other model's ``state_dict``.
        points: names of this model's points.
        source_points: names of the other model's points.

    Returns:
        What was copied, in words.

    Raises:
        ValueError: the models share no point, or differ in other sizes than the number of points.
    """
    shared = [name for name in points if name in source_points]
    if not shared:
        raise ValueError(
            "init_from must be a checkpoint with landmarks of these recordings, but they have none in "
            f"common. There: {', '.join(source_points)}. Here: {', '.join(points)}."
        )
    own = model.state_dict()
    if BODY_DECODER in state:
        state = {**state, BODY_DECODER: _resize(state[BODY_DECODER], len(own[BODY_DECODER]))}
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
            if name in POINT_AXES:
                groups = _count_groups(name, model.config)
                _copy_points(value, state[name], points, source_points, POINT_AXES[name], groups)
            elif name not in POINT_STATISTICS:
                value.copy_(state[name])
    return f"{len(shared)} of {len(points)} points copied by name, all other weights as they were"


def _copy_points(
    own: Tensor, other: Tensor, points: Sequence[str], source_points: Sequence[str], axis: int, groups: int
) -> None:
    """Copy the shared points along an axis that lists all points ``groups`` times."""
    shared = [name for name in points if name in source_points]
    here = torch.tensor([list(points).index(name) for name in shared])
    there = torch.tensor([list(source_points).index(name) for name in shared])
    own_points = own.unflatten(axis, (groups, len(points), -1))
    other_points = other.unflatten(axis, (groups, len(source_points), -1))
    own_points.index_copy_(axis + 1, here, other_points.index_select(axis + 1, there))


def _resize(rows: Tensor, count: int) -> Tensor:
    """Return the first ``count`` rows, and zeros below where there are fewer."""
    return F.pad(rows[:count], (0, 0, 0, max(count - len(rows), 0)))


def _count_groups(name: str, config: ModelConfig) -> int:
    """Return how often a weight's axis of points lists all points."""
    if name in PER_TOKEN:
        return config.frames_per_token
    if name in PER_CHUNK:
        return config.chunk_size
    return NUM_STATISTICS if name in PER_STATISTIC else 1


def _fits(own: Tensor, other: Tensor, points: Sequence[str], source_points: Sequence[str]) -> bool:
    """Return whether two weights have the same shape but for the number of points."""
    if own.dim() != other.dim():
        return False
    ratios = {(a, b) for a, b in zip(own.shape, other.shape, strict=True) if a != b}
    return all(a * len(source_points) == b * len(points) for a, b in ratios) and len(ratios) <= 1
