"""Filters over the frames of a decoded pose.

- A decoder of tokens leaves jitter with a period of a few frames, which costs little likelihood but is
  visible.
- `smooth_frames` fits a parabola to every seven frames: it keeps the movement and removes most of the jitter.
- The jitter that is left shows where people stand still; `hold_still` removes it with a second, wider filter.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates.
"""

import torch
from torch import Tensor

JITTER = 0.001
"""Size (torso lengths) of fast movement, the part that the wider filter removes, of which half is kept."""
POWER_FRAMES = 9
"""Frames over which the size of fast movement is averaged."""


def savitzky_golay(width: int) -> list[float]:
    """Return the weights of a filter that fits a parabola to ``width`` frames and takes its middle value.

    With m frames on either side, the weight of frame k is
    ``3 (3 m^2 + 3 m - 1 - 5 k^2) / ((2 m - 1)(2 m + 1)(2 m + 3))``.

    Source: Savitzky & Golay 1964, "Smoothing and Differentiation of Data by Simplified Least Squares
        Procedures", table I, as a formula.
    """
    m = width // 2
    norm = (2 * m - 1) * (2 * m + 1) * (2 * m + 3) / 3
    return [(3 * m * m + 3 * m - 1 - 5 * k * k) / norm for k in range(-m, m + 1)]


def smooth_frames(frames: Tensor, num_frames: Tensor, width: int) -> Tensor:
    """Filter frames along time. Beyond each end the movement continues as its point reflection in that end.

    Args:
        frames: (B, T, ...).
        num_frames: (B,) real frames; later frames do not influence real ones.
        width: frames that the filter covers, odd. 1 returns the frames as they are.
    """
    if width == 1:
        return frames
    return _filter(frames, num_frames, savitzky_golay(width))


def hold_still(pose: Tensor, num_frames: Tensor, width: int) -> Tensor:
    """Remove the jitter that is left from points that rest or move slowly.

    A parabola through ``2 * width - 1`` frames separates slow movement from fast. The share
    ``p / (p + JITTER^2)`` of the fast part is kept, where ``p`` is its mean square over neighbouring frames.

    Args:
        pose: (B, T, L, D) torso lengths, after `smooth_frames`.
        num_frames: (B,) real frames; later frames do not influence real ones.
        width: the width that `smooth_frames` had. 1 returns the pose as it is.

    Source: the shrinkage of Wiener 1949, "Extrapolation, Interpolation, and Smoothing of Stationary Time
        Series", with ``p + JITTER^2`` in place of the power of signal plus noise.
    """
    if width == 1:
        return pose
    slow = _filter(pose, num_frames, savitzky_golay(2 * width - 1))
    fast = pose - slow
    power = _filter(fast.square().sum(-1, keepdim=True), num_frames, [1 / POWER_FRAMES] * POWER_FRAMES)
    power = power.clamp(min=0)
    return slow + fast * power / (power + JITTER**2)


def _filter(frames: Tensor, num_frames: Tensor, weights: list[float]) -> Tensor:
    half, length = len(weights) // 2, frames.shape[1]
    place = torch.arange(-half, length + half, device=frames.device)
    last = (num_frames - 1)[:, None]
    inside = torch.minimum(place.clamp(min=0), last)
    mirrored = torch.minimum((2 * inside - place).clamp(min=0), last)
    extended = 2 * _pick(frames, inside) - _pick(frames, mirrored)
    first, *others = weights
    filtered = first * extended[:, :length]
    for k, weight in enumerate(others, start=1):  # a stack of all shifted frames would take much memory
        filtered = torch.add(filtered, extended[:, k : k + length], alpha=weight)
    return filtered


def _pick(frames: Tensor, places: Tensor) -> Tensor:
    """Return the frames (B, P, ...) at places (B, P) of frames (B, T, ...).

    Not ``frames[rows, places]``, whose gradient takes a CPU six times as long.
    """
    starts = torch.arange(len(frames), device=frames.device)[:, None] * frames.shape[1]
    return frames.flatten(0, 1).index_select(0, (starts + places).flatten()).unflatten(0, places.shape)
