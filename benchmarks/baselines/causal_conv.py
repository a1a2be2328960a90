"""A variational autoencoder of causal convolutions with one latent every four frames.

- No latent and no decoded frame sees a later one, so that motion can be encoded and decoded while it happens.
- Loss: Gaussian likelihood at the best scale of the batch, which is the root of its mean squared error, plus
  the KL. As in their program the likelihood is summed over the batch and the KL averaged over its windows.
  The further weight for the root's values is left out: our root, if it moves, is one point among others.
- Fewer than about 24 numbers per 48 frames need fewer latents: one every 8 or 16 frames, by further stages,
  where that comes closer to the numbers asked for.

Source: Xiao et al. 2025, "MotionStreamer: Streaming Motion Generation via Diffusion-based Autoregressive
Model in Causal Latent Space", section 3.2 (Causal TAE); the likelihood after Rybkin et al. 2021, "Simple and
Effective VAE Training with Calibrated Decoders". Their width is 1,024; 384 comes near our model's size.
"""

import torch
from torch import Tensor

from baselines.convolutions import build_decoder, build_encoder, hold_last_frame
from baselines.interface import Baseline, Task, draw, gaussian_kl, observed_mean

TITLE = "causal convolutions (MotionStreamer)"
HALVINGS = (2, 3, 4)
EXCESS = 1.2
"""How far the numbers may be above those asked for before latents become rarer."""
LEAST_LOG_SCALE = -6.0


class CausalConvVAE(Baseline):
    """Frames -> a latent every 4, 8 or 16 frames -> frames.

    Args:
        task: what it is built for.
        width: channels of the convolutions.
    """

    window, training_window = 1 << 20, 64
    is_fixed = False

    def __init__(self, task: Task, width: int = 384) -> None:
        super().__init__(task)
        self.num_halvings, self.latent_dim = choose_grid(task)
        values = task.pose_mean.numel()
        self.encoder = build_encoder(values, width, 2 * self.latent_dim, self.num_halvings, causal=True)
        self.decoder = build_decoder(self.latent_dim, width, values, self.num_halvings, causal=True)

    def numbers(self, num_frames: int) -> float:
        """Return the size of all latents of the frames."""
        return count_latents(num_frames, self.num_halvings) * self.latent_dim

    def loss(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return likelihood and KL per observed coordinate, nats."""
        mu, logvar = self.encode(pose)
        decoded = self.decode(draw(mu, logvar), pose.shape[1])
        error = observed_mean((decoded - self.standardise(pose)).square(), observed)
        log_scale = 0.5 * (error + 1e-12).log()
        log_scale = LEAST_LOG_SCALE + torch.nn.functional.softplus(log_scale - LEAST_LOG_SCALE)
        likelihood = 0.5 * error / (2 * log_scale).exp() + log_scale
        count = observed.sum().clamp(min=1) * self.pose_mean.shape[1]
        return likelihood + gaussian_kl(mu, logvar).sum() / len(pose) / count

    def reconstruct(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return windows (B, T, L, D) from the means of their latents."""
        return self.restore(self.decode(self.encode(pose)[0], pose.shape[1]))

    def encode(self, pose: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance (B, latents, K)."""
        frames = hold_last_frame(self.standardise(pose), 2**self.num_halvings)
        mu, logvar = self.encoder(frames.mT).mT.float().chunk(2, dim=-1)
        return mu, logvar.clamp(-30, 20)

    def decode(self, latents: Tensor, num_frames: int) -> Tensor:
        """Return standardised frames (B, T, L * D)."""
        return self.decoder(latents.mT).mT.float()[:, :num_frames]


def count_latents(num_frames: int, num_halvings: int) -> int:
    """Return how many latents so many frames have."""
    return -(-num_frames // 2**num_halvings)


def choose_grid(task: Task) -> tuple[int, int]:
    """Return halvings and size of a latent: the most frequent latents near the numbers asked for."""
    for halvings in HALVINGS:
        window = CausalConvVAE.window

        def numbers_of(size: int, frames: int, halvings: int = halvings) -> float:
            return size * count_latents(frames, halvings)

        size = task.smallest_size(window, numbers_of, is_fixed=False)
        found = task.count(window, lambda frames, size=size, of=numbers_of: of(size, frames), is_fixed=False)
        if found <= EXCESS * task.numbers:
            break
    return halvings, size


def build_baseline(task: Task) -> CausalConvVAE:
    """Build the model with the latents that the task asks for."""
    return CausalConvVAE(task)
