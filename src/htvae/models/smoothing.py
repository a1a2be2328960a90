"""A short filter over the frames of a decoded pose.

A decoder of tokens leaves a tremble of a few frames' period, which costs little likelihood and is plain to
see. A parabola through every seven frames follows the movement and leaves the tremble out.

Axes: ``B`` batch, ``T`` frames.
"""

import torch
from torch import Tensor


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
    half, length = width // 2, frames.shape[1]
    place = torch.arange(-half, length + half, device=frames.device)
    last = (num_frames - 1)[:, None]
    inside = torch.minimum(place.clamp(min=0), last)
    mirrored = torch.minimum((2 * inside - place).clamp(min=0), last)
    rows = torch.arange(len(frames), device=frames.device)[:, None]
    extended = 2 * frames[rows, inside] - frames[rows, mirrored]
    filtered = [weight * extended[:, k : k + length] for k, weight in enumerate(savitzky_golay(width))]
    return torch.stack(filtered).sum(0)
