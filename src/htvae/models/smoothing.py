"""Filters over the frames of a decoded pose.

A decoder of tokens leaves a tremble of a few frames' period, which costs little likelihood and is plain to
see. A parabola through every seven frames follows the movement and leaves most of the tremble out; what it
leaves shows where people stand, and is taken off there by a second, wider one.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates.
"""

import torch
from torch import Tensor

TREMBLE = 0.001
"""Torso lengths: movement of this size, faster than the wider filter, counts half as tremble."""
POWER_FRAMES = 9
"""Frames over which its size is measured."""


def savitzky_golay(width: int) -> list[float]:
    """Return the weights of a filter that fits a parabola to ``width`` frames and takes its middle.

    With m frames on either side, frame k has ``3 (3 m^2 + 3 m - 1 - 5 k^2) / ((2 m - 1)(2 m + 1)(2 m + 3))``.

    Source: Savitzky & Golay 1964, "Smoothing and Differentiation of Data by Simplified Least Squares
        Procedures", table I, as a formula.
    """
    m = width // 2
    norm = (2 * m - 1) * (2 * m + 1) * (2 * m + 3) / 3
    return [(3 * m * m + 3 * m - 1 - 5 * k * k) / norm for k in range(-m, m + 1)]


def smooth_frames(frames: Tensor, num_frames: Tensor, width: int) -> Tensor:
    """Filter frames along time; beyond both ends the movement goes on mirrored through the last frame.

    Args:
        frames: (B, T, ...).
        num_frames: (B,) real frames; what lies beyond has no influence on these.
        width: frames that the filter covers, odd. 1 returns the frames as they are.
    """
    if width == 1:
        return frames
    return _filter(frames, num_frames, savitzky_golay(width))


def hold_still(pose: Tensor, num_frames: Tensor, width: int) -> Tensor:
    """Take what is left of a tremble off points that rest or move slowly.

    A parabola through ``2 * width - 1`` frames tells slow movement from fast. Of the fast part the share
    ``p / (p + TREMBLE^2)`` stays, ``p`` being its mean square over neighbouring frames.

    Args:
        pose: (B, T, L, D) torso lengths, after `smooth_frames`.
        num_frames: (B,) real frames; what lies beyond has no influence on these.
        width: that of `smooth_frames`. 1 returns the pose as it is.

    Source: the shrinkage of Wiener 1949, "Extrapolation, Interpolation, and Smoothing of Stationary Time
        Series", by ``(p + TREMBLE^2)`` in place of the power of signal and noise together.
    """
    if width == 1:
        return pose
    slow = _filter(pose, num_frames, savitzky_golay(2 * width - 1))
    fast = pose - slow
    power = _filter(fast.square().sum(-1, keepdim=True), num_frames, [1 / POWER_FRAMES] * POWER_FRAMES)
    power = power.clamp(min=0)
    return slow + fast * power / (power + TREMBLE**2)


def _filter(frames: Tensor, num_frames: Tensor, weights: list[float]) -> Tensor:
    half, length = len(weights) // 2, frames.shape[1]
    place = torch.arange(-half, length + half, device=frames.device)
    last = (num_frames - 1)[:, None]
    inside = torch.minimum(place.clamp(min=0), last)
    mirrored = torch.minimum((2 * inside - place).clamp(min=0), last)
    rows = torch.arange(len(frames), device=frames.device)[:, None]
    extended = 2 * frames[rows, inside] - frames[rows, mirrored]
    first, *others = weights
    filtered = first * extended[:, :length]
    for k, weight in enumerate(others, start=1):  # no stack of all of them in memory
        filtered = torch.add(filtered, extended[:, k : k + length], alpha=weight)
    return filtered
