"""A transformer variational autoencoder with one latent for a whole sequence of at most 196 frames.

- Encoder: two learned tokens before the sequence; their outputs are the latent's mean and spread.
- Decoder: one query per place, which is its sinusoidal position; all see the latent in every layer. (With
  one latent, cross-attention adds the same vector everywhere; here it scales and shifts every layer norm.)
- Longer recordings are cut into equal parts.
- Loss: smooth L1, plus the KL with weight 1e-4, both means, as MLD; ACTOR has L2 and 1e-5.
- A token has four frames, as in our model. One frame, as in the papers, would see a quarter of the frames in
  the same time. Blocks, width and depth (12 layers in all) are also ours; MLD's skips are left out.

Source: Petrovich et al. 2021, "Action-Conditioned 3D Human Motion Synthesis with Transformer VAE" (ACTOR),
section 3; Chen et al. 2023, "Executing your Commands via Motion Diffusion in Latent Space" (MLD), section
3.1.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.interface import Baseline, Task, draw, gaussian_kl, observed_mean, real_frames
from htvae.models.transformer import Transformer

TITLE = "one latent (ACTOR, MLD)"
WINDOW, FRAMES_PER_TOKEN = 196, 4
KL_WEIGHT = 1e-4


class OneLatentVAE(Baseline):
    """Frames -> tokens -> one latent -> tokens -> frames.

    Args:
        task: what it is built for.
        embed_dim: width.
        num_heads: attention heads.
        num_layers: layers of the encoder, and of the decoder.
    """

    window = training_window = WINDOW
    is_fixed = False

    def __init__(self, task: Task, embed_dim: int = 256, num_heads: int = 8, num_layers: int = 6) -> None:
        super().__init__(task)
        self.latent_dim = task.smallest_size(WINDOW, lambda size, frames: size, self.is_fixed)
        values = FRAMES_PER_TOKEN * task.pose_mean.numel()
        self.embed = nn.Linear(values, embed_dim)
        self.distribution = nn.Parameter(nn.init.normal_(torch.empty(2, embed_dim), std=0.02))
        self.encoder = Transformer(embed_dim, num_heads, num_layers)
        self.mean_head = nn.Linear(embed_dim, self.latent_dim)
        self.spread_head = nn.Linear(embed_dim, self.latent_dim)
        self.latent_input = nn.Linear(self.latent_dim, embed_dim)
        self.decoder = Transformer(embed_dim, num_heads, num_layers, adaptive=True)
        self.output = nn.Linear(embed_dim, values)

    def numbers(self, num_frames: int) -> float:
        """Return the size of the latent."""
        return self.latent_dim

    def loss(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return smooth L1 error and weighted KL."""
        mu, logvar = self.encode(pose, observed)
        decoded = self.decode(draw(mu, logvar), observed)
        errors = F.smooth_l1_loss(decoded.float(), self.standardise(pose), reduction="none")
        return observed_mean(errors, observed) + KL_WEIGHT * gaussian_kl(mu, logvar).mean()

    def reconstruct(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return windows (B, T, L, D) from the means of their latents."""
        return self.restore(self.decode(self.encode(pose, observed)[0], observed))

    def encode(self, pose: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance (B, Z)."""
        mask = real_frames(observed)
        frames = self.standardise(pose) * mask[..., None]
        padding = -frames.shape[1] % FRAMES_PER_TOKEN
        tokens = self.embed(F.pad(frames, (0, 0, 0, padding)).unflatten(1, (-1, FRAMES_PER_TOKEN)).flatten(2))
        asked = self.distribution.to(tokens.dtype).expand(len(tokens), -1, -1)
        mask = F.pad(token_mask(mask), (2, 0), value=True)
        found = self.encoder(torch.cat([asked, tokens], 1), mask)
        return self.mean_head(found[:, 0]).float(), self.spread_head(found[:, 1]).float().clamp(-14, 6)

    def decode(self, latent: Tensor, observed: Tensor) -> Tensor:
        """Return standardised frames (B, T, L * D) from latents (B, Z)."""
        mask = token_mask(real_frames(observed))
        condition = self.latent_input(latent)
        queries = positions(mask.shape[1], condition.shape[1]).to(condition) + condition[:, None]
        hidden = self.decoder(queries, mask, condition)
        return self.output(hidden).unflatten(2, (FRAMES_PER_TOKEN, -1)).flatten(1, 2)[:, : observed.shape[1]]


def token_mask(real: Tensor) -> Tensor:
    """Return the mask (B, N) of tokens that hold a real frame; the first always counts."""
    padded = F.pad(real, (0, -real.shape[1] % FRAMES_PER_TOKEN)).unflatten(1, (-1, FRAMES_PER_TOKEN)).any(-1)
    padded[:, 0] = True
    return padded


def positions(count: int, dim: int) -> Tensor:
    """Return sinusoidal positions (count, dim) (Vaswani et al. 2017, section 3.5)."""
    rates = 10_000 ** (-torch.arange(0, dim, 2) / dim)
    angles = torch.arange(count)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


def build_baseline(task: Task) -> OneLatentVAE:
    """Build the model with the latent's size that the task asks for."""
    return OneLatentVAE(task)
