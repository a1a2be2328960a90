"""A plain transformer VAE, in which every layer attends over all tokens of a window.

- Width, heads, depth (twice ``num_layers`` in the encoder and in the decoder) and loss equal the two-level
  model's.
- There is no hierarchy: each token has a latent, as each chunk has in the two-level model. Few numbers need
  longer tokens: of 8, 16 or 32 frames.
- `FullAttentionVAE` is the yardstick of speed (`throughput.py`); `FullAttention` trains it for `quality.py`.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates, ``P`` frames per token, ``N`` tokens,
``E`` embed_dim.
"""

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.interface import Baseline, Task, real_frames
from htvae.config import LossConfig, ModelConfig
from htvae.models.latent import Gaussian
from htvae.models.statistics import MotionStatistics
from htvae.models.transformer import Transformer
from htvae.models.vae import SCALE_GAIN, VAEOutput
from htvae.training.losses import LossManager, VAELoss

TITLE = "full attention"
WINDOW = 4096
PATCHES = (4, 8, 16, 32)
"""Frames of a token that may be chosen."""


class FullAttentionVAE(nn.Module):
    """Frames -> tokens -> full attention -> one z and a latent per token -> full attention -> frames."""

    def __init__(self, config: ModelConfig, num_points: int, num_coordinates: int = 2) -> None:
        super().__init__()
        dim, patch = config.embed_dim, config.frames_per_token
        depth = 2 * config.num_layers
        self.patch, self.shape = patch, (num_points, num_coordinates)
        self.embed = nn.Linear(patch * num_points * (num_coordinates + 1), dim)
        self.encoder = Transformer(dim, config.num_heads, depth)
        self.sequence_head = nn.Linear(dim, 2 * config.latent_dim)
        self.token_head = nn.Linear(dim, 2 * config.chunk_latent_dim)
        self.sequence_input = nn.Linear(config.latent_dim, dim)
        self.token_input = nn.Linear(config.chunk_latent_dim, dim)
        self.decoder = Transformer(dim, config.num_heads, depth, adaptive=True)
        self.output = nn.Linear(dim, patch * num_points * num_coordinates)
        self.statistics = MotionStatistics(config.latent_dim, num_points, num_coordinates)
        self.log_scale = nn.Parameter(torch.zeros(num_points))

    def forward(self, pose: Tensor, observed: Tensor, num_frames: Tensor) -> VAEOutput:
        """Encode, draw latents and decode, like `HierarchicalTransformerVAE.forward`."""
        sequence, tokens, mask = self.encode(pose, observed, num_frames)
        z, drawn = sequence.sample(), tokens.sample()
        return VAEOutput(
            reconstruction=self.decode(z, drawn, mask, pose.shape[1]),
            scale=(SCALE_GAIN * self.log_scale).exp().expand(*pose.shape[:3]),
            sequence_posterior=sequence,
            chunk_posterior=tokens,
            sequence_kl=sequence.kl(),
            chunk_kl=tokens.kl() * mask[..., None],
            statistics_nll=self.statistics(z, pose, observed),
        )

    def decode(self, sequence: Tensor, tokens: Tensor, mask: Tensor, num_frames: int) -> Tensor:
        """Return poses (B, T, L, D) from latents (B, Z) and (B, N, K)."""
        condition = self.sequence_input(sequence)
        hidden = self.decoder(self.token_input(tokens) + condition[:, None], mask, condition)
        frames = self.output(hidden).float().unflatten(2, (self.patch, -1)).flatten(1, 2)
        return frames[:, :num_frames].unflatten(2, self.shape)

    def encode(self, pose: Tensor, observed: Tensor, num_frames: Tensor) -> tuple[Gaussian, Gaussian, Tensor]:
        """Return the posteriors of the sequence (B, Z) and of the tokens (B, N, K), and the tokens' mask."""
        real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
        seen = (observed & real[..., None])[..., None]
        frames = torch.cat([pose * seen, seen.to(pose.dtype)], dim=-1).flatten(2)
        padding = -frames.shape[1] % self.patch
        tokens = self.embed(F.pad(frames, (0, 0, 0, padding)).unflatten(1, (-1, self.patch)).flatten(2))
        mask = F.pad(real, (0, padding)).unflatten(1, (-1, self.patch)).any(-1)
        tokens = self.encoder(tokens, mask)
        mean = (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        sequence = Gaussian.from_features(self.sequence_head(mean))
        return sequence, Gaussian.from_features(self.token_head(tokens)), mask


class FullAttention(Baseline):
    """The same model behind the interface of `quality.py`, with the loss of the two-level model.

    Args:
        task: what it is built for.
        sizes: settings of width and depth other than the defaults.
    """

    window = training_window = WINDOW
    is_fixed = False

    def __init__(self, task: Task, **sizes: int) -> None:
        super().__init__(task)
        self.config = choose_sizes(task, ModelConfig(**sizes))
        self.network = FullAttentionVAE(self.config, *task.pose_mean.shape)
        with torch.no_grad():
            self.network.log_scale.copy_((0.5 * self.pose_scale).log() / SCALE_GAIN)
        self.objective, self.schedule = VAELoss(LossConfig()), LossManager(LossConfig())
        self.step = 0

    def numbers(self, num_frames: int) -> float:
        """Return the size of z and of all tokens' latents."""
        tokens = -(-num_frames // self.config.frames_per_token)
        return self.config.latent_dim + tokens * self.config.chunk_latent_dim

    def loss(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return `VAELoss` at the weights of this step; the loss counts the steps itself."""
        standardised, num_frames = self._prepare(pose, observed)
        target = pose.masked_fill(~observed[..., None], torch.nan)
        output = self.network(standardised, observed, num_frames)
        output = output._replace(reconstruction=self.restore(output.reconstruction.flatten(2)))
        parts = self.objective(output, target, num_frames, self.schedule.weights(self.step))
        self.schedule.update({n: float(v.detach()) for n, v in parts.items()}, self.pose_mean.numel())
        self.step += 1
        return parts["total"]

    def reconstruct(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return windows (B, T, L, D) from the means of their latents."""
        standardised, num_frames = self._prepare(pose, observed)
        sequence, tokens, mask = self.network.encode(standardised, observed, num_frames)
        return self.restore(self.network.decode(sequence.mu, tokens.mu, mask, pose.shape[1]).flatten(2))

    def _prepare(self, pose: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
        standardised = self.standardise(pose).unflatten(2, self.pose_mean.shape)
        return standardised, real_frames(observed).sum(1).clamp(min=1)


def choose_sizes(task: Task, config: ModelConfig) -> ModelConfig:
    """Return settings whose numbers are those asked for: z takes at most half, and what remains to be filled.

    Tokens have as few frames as leave each of them at least two numbers.
    """
    windows = task.count(WINDOW, lambda frames: 1, is_fixed=False)
    for patch in PATCHES:
        tokens = task.count(WINDOW, lambda frames, patch=patch: -(-frames // patch), is_fixed=False)
        half = min(config.latent_dim, max(1, int(task.numbers / 2 / windows)))
        size = max(1, int((task.numbers - half * windows) / tokens))
        if size >= 2:
            break
    latent_dim = max(1, math.ceil((task.least_numbers - size * tokens) / windows))
    return replace(
        config, frames_per_token=patch, chunk_size=2 * patch, latent_dim=latent_dim, chunk_latent_dim=size
    )


def build_baseline(task: Task) -> FullAttention:
    """Build the model with the latents that the task asks for."""
    return FullAttention(task)
