"""Refinement of chunk latents, to fit one recording better than the encoder alone can.

- The encoder answers in one pass, which leaves an error (the amortisation gap).
- A few gradient steps on the chunk latents, with all weights fixed, remove this error.
- Hidden points profit too, from the better fit to the observed points.

Source: Kim et al. 2018, "Semi-Amortized Variational Autoencoders", section 3; here only after training, and
only for the posteriors' means.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates, ``C`` chunks, ``K`` chunk_latent_dim.
"""

import math
from typing import Any

import torch
from torch import Tensor

from htvae.models.chunking import compute_chunk_mask
from htvae.models.latent import Gaussian
from htvae.models.vae import VAEOutput
from htvae.utils.listening import tell

STEP_SIZE = 1.0
"""Size of the first step, in standard deviations of each latent's posterior; later steps shrink along half a
cosine."""
MOMENTUM, SQUARE_MOMENTUM = 0.8, 0.95
"""Decay rates of the running means of the gradients and of their squares."""


def refine(
    model: Any,
    pose: Tensor,
    observed: Tensor,
    num_frames: Tensor,
    num_steps: int,
    min_scale: float,
    fitted: Tensor | None = None,
) -> VAEOutput:
    """Reconstruct a batch from its posteriors' modes after ``num_steps`` gradient steps on the chunk latents.

    Each step lowers, window by window, the squared error of fitted points over twice their squared scale plus
    the KL of the chunk latents, in nats. Latents are measured in standard deviations of their posteriors, in
    which all of them matter about equally. Gradients are divided by the root of their mean square over the
    window (Adam's rule, Kingma & Ba 2015, algorithm 1, with one scale for the window), so that a chunk with
    nothing to fit hardly moves. A window that does not improve keeps the encoder's result.

    Args:
        model: a `HierarchicalTransformerVAE` in evaluation mode.
        pose: (B, T, L, D) torso lengths; any finite value where not observed.
        observed: (B, T, L) bool.
        num_frames: (B,) frames of each window, without padding.
        num_steps: number of steps; 0 keeps the encoder's result.
        min_scale: `LossConfig.min_scale`, torso lengths.
        fitted: (B, T, L) bool, points to fit. None: all points that the encoder sees.

    Returns:
        The model's output with refined means, KL and reconstruction; spreads and z are the encoder's.
    """
    with torch.no_grad():
        output: VAEOutput = model(pose, observed, num_frames)
    if num_steps == 0 or not output.chunk_posterior.mu.numel():
        return output
    fitted = observed if fitted is None else fitted
    objective = _Objective(model, pose, fitted, num_frames, output, min_scale)
    refined = _descend(objective, output.chunk_posterior, num_steps)
    with torch.no_grad():
        reconstruction, kl = objective.decode(refined), objective.kl(refined)
        before = objective.score(output.reconstruction, output.chunk_kl)
        better = objective.score(reconstruction, kl) < before
    return _choose(better, output, refined, reconstruction, kl)


class _Objective:
    """The quantity that the steps lower, as a function of the chunk latents (B, C, K)."""

    def __init__(
        self,
        model: Any,
        pose: Tensor,
        fitted: Tensor,
        num_frames: Tensor,
        output: VAEOutput,
        min_scale: float,
    ) -> None:
        self.model, self.pose, self.num_frames, self.output = model, pose, num_frames, output
        config = model.config
        self.chunk_mask = compute_chunk_mask(
            num_frames, output.chunk_kl.shape[1], config.chunk_size, config.resolved_chunk_overlap
        )
        real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
        variance = output.scale.square() + min_scale**2
        self.weight = ((fitted & real[..., None]) / (2 * variance))[..., None]

    def decode(self, chunk_latents: Tensor) -> Tensor:
        """Return the pose (B, T, L, D)."""
        decoded: Tensor = self.model.decode(self.output.sequence_posterior.mu, chunk_latents, self.num_frames)
        return torch.nn.functional.pad(decoded, (0, 0, 0, 0, 0, self.pose.shape[1] - decoded.shape[1]))

    def kl(self, chunk_latents: Tensor) -> Tensor:
        """Return the KL (B, C, K) in nats, with the chunk latents as the posteriors' means."""
        sequence, spread = self.output.sequence_posterior, self.output.chunk_posterior.logvar
        kl: Tensor = self.model.latent_space.kl(sequence, Gaussian(chunk_latents, spread), sequence.mu)[1]
        return kl * self.chunk_mask[..., None]

    def score(self, pose: Tensor, kl: Tensor) -> Tensor:
        """Return the quantity (B,) in nats."""
        return ((pose - self.pose).square() * self.weight).sum((1, 2, 3)) + kl.sum((1, 2))

    def gradient(self, chunk_latents: Tensor) -> Tensor:
        """Return the gradient (B, C, K); windows do not affect each other."""
        with torch.enable_grad():
            latents = chunk_latents.detach().requires_grad_()
            total = self.score(self.decode(latents), self.kl(latents)).sum()
            return torch.autograd.grad(total, latents)[0]


def _descend(objective: _Objective, posterior: Gaussian, num_steps: int) -> Tensor:
    """Return chunk latents (B, C, K) after ``num_steps`` steps from the posterior's means."""
    start, spread = posterior.mu, (0.5 * posterior.logvar).exp()
    count = objective.chunk_mask.sum(1)[:, None, None] * start.shape[2]
    latents, mean, square = start, torch.zeros_like(start), torch.zeros_like(start[:, :1, :1])
    for step in range(num_steps):
        gradient = objective.gradient(latents) * spread
        mean = torch.lerp(gradient, mean, MOMENTUM)
        square = torch.lerp(gradient.square().sum((1, 2), keepdim=True) / count, square, SQUARE_MOMENTUM)
        size = STEP_SIZE * 0.5 * (1 + math.cos(math.pi * step / num_steps))
        typical = (square / (1 - SQUARE_MOMENTUM ** (step + 1))).sqrt().clamp(min=1e-12)
        latents = latents - size * spread * mean / (1 - MOMENTUM ** (step + 1)) / typical
        tell((step + 1) / num_steps)
    return latents


def _choose(
    better: Tensor, output: VAEOutput, chunk_latents: Tensor, reconstruction: Tensor, kl: Tensor
) -> VAEOutput:
    """Return the output with the given values in the windows where ``better`` (B,) is True."""
    wide = better[:, None, None]
    posterior = output.chunk_posterior
    return output._replace(
        reconstruction=torch.where(wide[..., None], reconstruction, output.reconstruction),
        chunk_posterior=posterior._replace(mu=torch.where(wide, chunk_latents, posterior.mu)),
        chunk_kl=torch.where(wide, kl, output.chunk_kl),
    )
