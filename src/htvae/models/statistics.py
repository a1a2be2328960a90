"""A task for the sequence latent alone: predict posture, range and speed of every point.

- A decoder that sees chunk latents can do without z. This task cannot: one linear map of z must predict mean,
  spread and speed of every point over the window.
- So z says what a recording is, without labels and in a form that linear methods can read.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates, ``Z`` latent_dim.
"""

import torch
from torch import Tensor, nn

from htvae.models.linear import Linear

NUM_STATISTICS = 3
"""Number of statistics: mean, log spread, log speed."""
SPREAD = 0.2
"""Standard deviation of the statistics around their prediction, in standardised units and natural
logarithms."""
SMALLEST = 0.02
"""Constant added before logarithms are taken, so that points at rest have finite ones."""


class MotionStatistics(nn.Module):
    """Predicts a window's statistics from z and scores the prediction."""

    def __init__(self, latent_dim: int, num_points: int, num_coordinates: int) -> None:
        super().__init__()
        self.shape = (NUM_STATISTICS, num_points, num_coordinates)
        self.head = Linear(latent_dim, NUM_STATISTICS * num_points * num_coordinates)

    def forward(self, sequence_latent: Tensor, pose: Tensor, observed: Tensor) -> Tensor:
        """Return the negative log-likelihood (B,) of a window's statistics, in nats up to a constant.

        Args:
            sequence_latent: (B, Z).
            pose: (B, T, L, D), standardised.
            observed: (B, T, L) bool, False for missing points and padding.
        """
        statistics, known = compute_motion_statistics(pose.float(), observed)
        error = self.head(sequence_latent).float().unflatten(1, self.shape) - statistics
        return (0.5 * (error / SPREAD).square() * known[:, None, :, None]).sum((1, 2, 3))


def compute_motion_statistics(pose: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean, log spread and log speed of every point over the frames in which the point is observed.

    Args:
        pose: (B, T, L, D).
        observed: (B, T, L) bool.

    Returns:
        The statistics (B, 3, L, D), with the spread in units of the pose and the speed in these units per ten
        frames; and a mask (B, L), bool, True for points that are observed in two neighbouring frames.
    """
    weight, pair = observed[..., None], (observed[:, 1:] & observed[:, :-1])[..., None]
    count, pairs = weight.sum(1).clamp(min=1), pair.sum(1)
    mean = (pose * weight).sum(1) / count
    spread = (((pose - mean[:, None]) * weight).square().sum(1) / count + 1e-8).sqrt()
    speed = 10 * (pose.diff(dim=1).abs() * pair).sum(1) / pairs.clamp(min=1)
    statistics = torch.stack([mean, (spread + SMALLEST).log(), (speed + SMALLEST).log()], dim=1)
    return statistics, (pairs > 0).squeeze(-1)
