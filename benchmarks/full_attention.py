"""The yardstick: a plain transformer VAE, in which every layer attends over all tokens of a window.

- Width, heads, depth (twice ``num_layers`` in the encoder and in the decoder) and loss equal the two-level
  model's.
- There is no hierarchy: each token has a latent, as each chunk has in the two-level model.

Axes: ``B`` batch, ``T`` frames, ``L`` points, ``D`` coordinates, ``P`` frames per token, ``N`` tokens,
``E`` embed_dim.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from htvae.config import ModelConfig
from htvae.models.latent import Gaussian
from htvae.models.statistics import MotionStatistics
from htvae.models.transformer import Transformer
from htvae.models.vae import VAEOutput


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
        condition = self.sequence_input(z)
        hidden = self.decoder(self.token_input(drawn) + condition[:, None], mask, condition)
        frames = self.output(hidden).float().unflatten(2, (self.patch, -1)).flatten(1, 2)
        return VAEOutput(
            reconstruction=frames[:, : pose.shape[1]].unflatten(2, self.shape),
            scale=self.log_scale.exp().expand(*pose.shape[:3]),
            sequence_posterior=sequence,
            chunk_posterior=tokens,
            sequence_kl=sequence.kl(),
            chunk_kl=tokens.kl() * mask[..., None],
            statistics_nll=self.statistics(z, pose, observed),
        )

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
