"""The loss: negative ELBO in nats per real frame, in named parts, and the schedules of its weights.

- Every part is a *sum* over observed coordinates or latent numbers, divided by the real frames of the whole
  optimiser step. So padding, missing points and the cut of a step into micro-batches change nothing.
- With ``free_bits`` the penalty, not the parts, has a floor, which is an average over each micro-batch.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates, ``C`` chunks, ``Z`` latent_dim, ``K``
chunk_latent_dim.
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from htvae.config import LossConfig
from htvae.metrics.likelihoods import LIKELIHOODS
from htvae.models.vae import VAEOutput

RATE_GAIN = 0.01
"""How fast ``target_rate`` steers: log weight per step and unit of relative error."""
EXCESS_WEIGHT = 10.0
"""What validation charges for a nat of rate beyond ``target_rate``; below it, rate is free."""
VELOCITY_GAIN = 0.05
"""Share of the last step in the running mean of the velocities' error."""


class VAELoss(nn.Module):
    """Negative ELBO and its additions, in nats per real frame.

    ``total = reconstruction + kl_weight * kl + chunk_kl_weight * chunk_kl + statistics_weight * statistics
    + velocity_weight * velocity + bone_weight * bone``. ``statistics`` is what the sequence latent alone
    predicts, see `htvae.models.statistics`. ``velocity`` is the negative log-likelihood of frame differences
    minus its value without error; ``bone`` is the squared error of bone lengths over twice the squared scale.
    Both are in nats and leave the scale, which belongs to places, unmoved.

    Args:
        config: likelihood, floor of the scale, free bits.
        edges: pairs of points that a bone joins.

    Source: Kingma & Welling 2014, eq. 3 (their ``-L``); free bits as in Kingma et al. 2016, eq. 15, per
        number.
    """

    def __init__(self, config: LossConfig, edges: Sequence[tuple[int, int]] = ()) -> None:
        super().__init__()
        self.config = config
        self.nll = LIKELIHOODS[config.likelihood]
        self.edges = torch.tensor(list(edges), dtype=torch.long).reshape(-1, 2)

    def forward(
        self,
        output: VAEOutput,
        target: Tensor,
        num_frames: Tensor,
        weights: dict[str, float],
        step_frames: int | None = None,
    ) -> dict[str, Tensor]:
        """Compute the parts and their weighted ``"total"``.

        Args:
            output: the model's output.
            target: (B, T, L, D) torso lengths, NaN where a point is not scored.
            num_frames: (B,) real frames.
            weights: from `LossManager.weights`; the total leaves out parts without a weight.
            step_frames: real frames of the whole optimiser step, where this batch is only a part of it. None:
                the frames of this batch.

        Returns:
            Scalars (float32) by name, in nats per frame.
        """
        frames = float(num_frames.sum() if step_frames is None else step_frames)
        real = torch.arange(target.shape[1], device=target.device) < num_frames[:, None]
        mask = target.isfinite().all(-1) & real[..., None]
        target = torch.where(mask[..., None], target, 0.0)
        scale = self._floored(output.scale)
        sums = {
            "reconstruction": self._reconstruction(output.reconstruction, target, mask, scale),
            "kl": output.sequence_kl.sum(),
            "chunk_kl": output.chunk_kl.sum(),
            "statistics": output.statistics_nll.sum(),
        }
        if weights.get("velocity", 0):
            sums["velocity"] = self._velocity(output.reconstruction, target, mask, scale.detach())
        if weights.get("bone", 0):
            sums["bone"] = _bone_error(output.reconstruction, target, mask, scale.detach(), self.edges)
        parts = {name: value / frames for name, value in sums.items()}
        penalised = parts | self._free(output, parts, frames)
        total = torch.stack([weights[name] * penalised[name] for name in parts if name in weights]).sum()
        return {"total": total, **parts}

    def _floored(self, scale: Tensor) -> Tensor:
        return (scale.float().square() + self.config.min_scale**2).sqrt()

    def _reconstruction(self, pose: Tensor, target: Tensor, mask: Tensor, scale: Tensor) -> Tensor:
        nll = self.nll(pose.float() - target, scale[..., None])
        return (nll * mask[..., None]).sum()

    def _velocity(self, pose: Tensor, target: Tensor, mask: Tensor, scale: Tensor) -> Tensor:
        error, scale = (pose.float() - target).diff(dim=1), scale[:, 1:, :, None]
        nll = self.nll(error, scale) - self.nll(torch.zeros_like(error), scale)
        return (nll * (mask[:, 1:] & mask[:, :-1])[..., None]).sum()

    def _free(self, output: VAEOutput, parts: dict[str, Tensor], frames: float) -> dict[str, Tensor]:
        """Return the KL parts with each latent number charged at least ``free_bits`` on average."""
        if not self.config.free_bits:
            return {}
        floor = self.config.free_bits
        chunks = output.chunk_kl.flatten(0, 1)
        used = (chunks.sum(-1, keepdim=True) > 0).sum().clamp(min=1)
        sequence = output.sequence_kl.mean(0).clamp(min=floor).sum() * len(output.sequence_kl)
        chunk = (chunks.sum(0) / used).clamp(min=floor).sum() * used
        return {"kl": sequence / frames, "chunk_kl": chunk / frames}


def _bone_error(pose: Tensor, target: Tensor, mask: Tensor, scale: Tensor, edges: Tensor) -> Tensor:
    first, second = edges.to(pose.device).unbind(1)

    def length(points: Tensor) -> Tensor:
        return ((points[:, :, first] - points[:, :, second]).square().sum(-1) + 1e-8).sqrt()

    both = mask[:, :, first] & mask[:, :, second]
    return (0.5 * ((length(pose.float()) - length(target)) / scale[:, :, first]).square() * both).sum()


class LossManager:
    """Owns the weights of the loss and moves them along their schedule.

    Velocities count half a nat per coordinate at most: their value under a Gaussian whose scale is fitted to
    their errors. So a trembling tracker does not drown what can be learned.

    Args:
        config: weights, schedule and its length.
    """

    def __init__(self, config: LossConfig) -> None:
        self.config = config
        self.log_factor = 0.0
        self.velocity_ratio = 1.0
        """Running mean of the velocities' error: twice its nats per coordinate, unweighted."""

    def weights(self, step: int) -> dict[str, float]:
        """Return the weight of each part at an optimiser step (counted from 0)."""
        factor, config = self._kl_factor(step), self.config
        return self._constant() | {
            "kl": factor * config.kl_weight,
            "chunk_kl": factor * config.chunk_kl_weight,
            "velocity": min(config.velocity_weight, 1 / self.velocity_ratio),
        }

    def final_weights(self) -> dict[str, float]:
        """Return the weights that validation uses: constant over a run, so that steps can be compared.

        They are the weights after warm-up, without velocities, whose weight follows their error. With
        ``target_rate`` the KL has none, see `follow`.
        """
        steered = self.config.target_rate is not None
        return self._constant() | {
            "kl": 0.0 if steered else self.config.kl_weight,
            "chunk_kl": 0.0 if steered else self.config.chunk_kl_weight,
        }

    def follow(self, figures: Mapping[str, float]) -> float:
        """Return what best model and patience follow: the total at `final_weights`.

        With ``target_rate`` a nat of rate beyond the target is charged `EXCESS_WEIGHT`.

        Args:
            figures: means of a validation by name, ``"total"`` among them.
        """
        if self.config.target_rate is None:
            return figures["total"]
        rate = figures.get("kl", 0.0) + figures.get("chunk_kl", 0.0)
        return figures["total"] + EXCESS_WEIGHT * max(0.0, rate - self.config.target_rate)

    def update(self, parts: dict[str, float], num_values: int) -> None:
        """Steer by the last step: by the rate of both levels (for ``target_rate``) and the velocities' error.

        Args:
            parts: of the loss, nats per frame.
            num_values: coordinates of all points of a frame.
        """
        if "velocity" in parts:
            ratio = max(2 * parts["velocity"] / num_values, 1e-6)
            self.velocity_ratio += VELOCITY_GAIN * (ratio - self.velocity_ratio)
        if self.config.target_rate is not None:
            rate = parts.get("kl", 0.0) + parts.get("chunk_kl", 0.0)
            error = (rate - self.config.target_rate) / max(self.config.target_rate, 1e-6)
            self.log_factor += RATE_GAIN * max(-1.0, min(1.0, error))

    def state_dict(self) -> dict[str, float]:
        """Return what resuming needs."""
        return {"log_factor": self.log_factor, "velocity_ratio": self.velocity_ratio}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Restore a saved state."""
        self.log_factor, self.velocity_ratio = state["log_factor"], state["velocity_ratio"]

    def _constant(self) -> dict[str, float]:
        config = self.config
        return {
            "reconstruction": 1.0,
            "statistics": config.statistics_weight,
            "bone": config.bone_weight,
        }

    def _kl_factor(self, step: int) -> float:
        length = self.config.kl_warmup_steps
        if self.config.kl_schedule == "target_rate":
            return math.exp(self.log_factor)
        if self.config.kl_schedule == "constant" or length == 0:
            return 1.0
        if self.config.kl_schedule == "cyclic":
            return min(1.0, 2 * (step % length + 1) / length)
        return min(1.0, (step + 1) / length)
