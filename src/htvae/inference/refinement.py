"""Refinement of chunk latents, to fit one recording better than the encoder alone can.

- The encoder answers in one pass, which leaves an error (the amortisation gap).
- A few steps on the chunk latents, with all weights fixed, remove this error.
- The decoder is a linear code to which networks add. The code says how steep the error is in each direction
  of a chunk's latents, so that each step is about Newton's.
- Hidden points profit too, from the better fit to the observed points.

Source: Kim et al. 2018, "Semi-Amortized Variational Autoencoders", section 3; here only after training, and
only for the posteriors' means.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates, ``C`` chunks, ``M`` real chunks of the
batch, ``K`` chunk_latent_dim.
"""

from typing import Any

import torch
from torch import Tensor

from htvae.models.chunking import compute_chunk_mask
from htvae.models.latent import Gaussian
from htvae.models.vae import HierarchicalTransformerVAE, VAEOutput
from htvae.utils.listening import tell

STEP_SIZE = 1.5
"""Share of a Newton step that is taken at first. It halves where a step made things worse."""
MOMENTUM = 0.3
"""Share of the last step that is taken again."""


def refine(
    model: Any,
    pose: Tensor,
    observed: Tensor,
    num_frames: Tensor,
    num_steps: int,
    min_scale: float,
    fitted: Tensor | None = None,
    in_bf16: bool = False,
) -> VAEOutput:
    """Reconstruct a batch from its posteriors' modes after ``num_steps`` steps on the chunk latents.

    Each step lowers, window by window, the squared error of fitted points over twice their squared scale plus
    the KL of the chunk latents, in nats. It solves ``(A + P) d = g`` for each chunk: g is the gradient, A the
    curvature of the error as the linear code has it, and P the precision of the chunk's posterior. P keeps a
    chunk with little to fit near its posterior. A step that makes a window worse is taken back. A window that
    does not improve keeps the encoder's result.

    Args:
        model: a `HierarchicalTransformerVAE` in evaluation mode.
        pose: (B, T, L, D) torso lengths; any finite value where not observed.
        observed: (B, T, L) bool.
        num_frames: (B,) frames of each window, without padding.
        num_steps: number of steps; 0 keeps the encoder's result.
        min_scale: `LossConfig.min_scale`, torso lengths.
        fitted: (B, T, L) bool, points to fit. None: all points that the encoder sees.
        in_bf16: whether the networks run in bf16 during the steps; the result is decoded in float32. Where
            ``fitted`` is given, only poses count, and the encoder runs in bf16, too. Without steps the whole
            answer is bf16's.

    Returns:
        The model's output with refined means, KL and reconstruction; spreads and z are the encoder's.

    Source: Nocedal & Wright 2006, "Numerical Optimization", section 10.3, the Gauss-Newton method; Polyak
        1964 for the momentum.
    """
    rough = in_bf16 and (num_steps == 0 or fitted is not None)
    with torch.no_grad(), torch.autocast(pose.device.type, torch.bfloat16, enabled=rough):
        output: VAEOutput = model(pose, observed, num_frames)
    if num_steps == 0 or not output.chunk_posterior.mu.numel():
        return output
    fitted = observed if fitted is None else fitted
    objective = _Objective(model, pose, fitted, num_frames, output, min_scale, in_bf16)
    best, least, last = _descend(objective, output.chunk_posterior, num_steps)
    with torch.no_grad():
        decoded = objective.decode(last)
        worse = objective.score(decoded, objective.kl(last)) > least
        refined = torch.where(worse[:, None, None], best, last)
        if worse.any():
            decoded[worse] = objective.decode(refined, worse)
        kl = objective.kl(refined)
    posterior = output.chunk_posterior._replace(mu=refined)
    return output._replace(reconstruction=decoded, chunk_posterior=posterior, chunk_kl=kl)


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
        in_bf16: bool,
    ) -> None:
        self.model, self.pose, self.num_frames, self.output = model, pose, num_frames, output
        self.in_bf16 = in_bf16
        config = model.config
        self.chunk_mask = compute_chunk_mask(
            num_frames, output.chunk_kl.shape[1], config.chunk_size, config.resolved_chunk_overlap
        )
        real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
        variance = output.scale.square() + min_scale**2
        self.precision = (fitted & real[..., None]) / variance

    def decode(self, chunk_latents: Tensor, rows: Tensor | slice = slice(None)) -> Tensor:
        """Return the poses (b, T, L, D) of all windows, or of b ``rows``, from chunk latents (B, C, K)."""
        frames = self.num_frames[rows]
        count = int(self.chunk_mask[rows].sum(1).max())
        decoded: Tensor = self.model.decode(
            self.output.sequence_posterior.mu[rows], chunk_latents[rows, :count], frames
        )
        return torch.nn.functional.pad(decoded, (0, 0, 0, 0, 0, self.pose.shape[1] - decoded.shape[1]))

    def kl(self, chunk_latents: Tensor) -> Tensor:
        """Return the KL (B, C, K) in nats, with the chunk latents as the posteriors' means."""
        sequence, spread = self.output.sequence_posterior, self.output.chunk_posterior.logvar
        kl: Tensor = self.model.latent_space.kl(sequence, Gaussian(chunk_latents, spread), sequence.mu)[1]
        return kl * self.chunk_mask[..., None]

    def score(self, pose: Tensor, kl: Tensor) -> Tensor:
        """Return the quantity (B,) in nats."""
        error = (pose - self.pose).square() * self.precision[..., None]
        return 0.5 * error.sum((1, 2, 3)) + kl.sum((1, 2))

    def gradient(self, chunk_latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return the quantity (B,) and its gradient (B, C, K); windows do not affect each other."""
        device = self.pose.device.type
        with torch.enable_grad(), torch.autocast(device, torch.bfloat16, enabled=self.in_bf16):
            latents = chunk_latents.detach().requires_grad_()
            score = self.score(self.decode(latents), self.kl(latents))
            return score.detach(), torch.autograd.grad(score.sum(), latents)[0]

    def curvature(self) -> Tensor:
        """Return the matrix (M, K, K) by which gradients of the M real chunks are divided."""
        posterior = torch.diag_embed((-self.output.chunk_posterior.logvar[self.chunk_mask]).exp())
        if not isinstance(self.model, HierarchicalTransformerVAE):
            return posterior
        return posterior + self.model.linear_code.chunk_precision(self.precision, self.chunk_mask)


def _descend(objective: _Objective, posterior: Gaussian, num_steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Take ``num_steps`` steps from the posterior's means.

    Returns:
        The best chunk latents (B, C, K) before the last step, their score (B,), and the latents after it.
    """
    factor, mask = torch.linalg.cholesky(objective.curvature()), objective.chunk_mask
    best, slope = posterior.mu, torch.zeros_like(posterior.mu)
    least = best.new_full((len(best),), torch.inf)
    size, velocity = best.new_full((len(best), 1, 1), STEP_SIZE), torch.zeros_like(best)
    latents = best
    for step in range(num_steps):
        score, gradient = objective.gradient(latents)
        better = (score < least)[:, None, None]
        best, slope = torch.where(better, latents, best), torch.where(better, gradient, slope)
        least = torch.minimum(score, least)
        size = torch.where(better, size, size / 2)
        newton = torch.zeros_like(best)
        newton[mask] = torch.cholesky_solve(slope[mask][..., None], factor).squeeze(-1)
        velocity = torch.where(better, MOMENTUM * velocity, 0) + newton
        latents = best - size * velocity
        tell((step + 1) / num_steps)
    return best, least, latents
