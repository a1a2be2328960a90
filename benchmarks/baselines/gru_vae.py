"""A variational autoencoder of recurrent networks over windows of 30 frames, which also predicts the future.

- Encoder: two bidirectional layers of GRUs; the last states of all four give the latent's mean and spread.
- Decoder: a bidirectional GRU that starts from the latent and sees it at each frame.
- While training, a second decoder of that kind predicts the 15 frames after the window.
- Loss: squared errors of the window and of the future, summed, plus the KL, averaged over latent numbers and
  windows. The term that flattens the latents' spectrum for k-means is left out: it helps clustering, not
  reconstruction.

Source: Luxem et al. 2022, "Identifying behavioral structure from deep variational embeddings of animal
motion" (VAME), Methods; sizes (256 units, 30 frames, 15 in the future) and the KL's scale as in their
program. Missing points are filled in and do not count; their program has no mask.
"""

import torch
from torch import Tensor, nn

from baselines.interface import Baseline, Task, draw, gaussian_kl

TITLE = "GRU VAE (VAME)"
WINDOW, FUTURE = 30, 15
"""Frames that are encoded, and frames after them that are predicted."""


class RecurrentDecoder(nn.Module):
    """One latent -> frames."""

    def __init__(self, latent_dim: int, hidden: int, num_values: int) -> None:
        super().__init__()
        self.state = nn.Linear(latent_dim, 2 * hidden)
        self.gru = nn.GRU(latent_dim, hidden, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden, num_values)

    def forward(self, latent: Tensor, num_frames: int) -> Tensor:
        """Return frames (B, num_frames, L * D)."""
        state = self.state(latent).unflatten(1, (2, -1)).transpose(0, 1).contiguous()
        inputs = latent[:, None].expand(-1, num_frames, -1).to(state.dtype)
        return self.output(self.gru(inputs, state)[0])


class GRUVAE(Baseline):
    """Bidirectional GRU VAE.

    Args:
        task: what it is built for.
        hidden: units of each direction of each layer.
    """

    window, training_window = WINDOW, WINDOW + FUTURE

    def __init__(self, task: Task, hidden: int = 256) -> None:
        super().__init__(task)
        self.latent_dim = task.smallest_size(WINDOW, lambda size, frames: size)
        values = task.pose_mean.numel()
        self.encoder = nn.GRU(values, hidden, num_layers=2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(4 * hidden, 2 * self.latent_dim)
        self.decoder = RecurrentDecoder(self.latent_dim, hidden, values)
        self.future_decoder = RecurrentDecoder(self.latent_dim, hidden, values)

    def numbers(self, num_frames: int) -> float:
        """Return the size of the latent."""
        return self.latent_dim

    def loss(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return squared errors and KL per observed coordinate."""
        frames = self.standardise(pose)
        mu, logvar = self.encode(frames[:, :WINDOW])
        latent = draw(mu, logvar)
        later = frames.shape[1] - WINDOW
        decoded = [self.decoder(latent, min(WINDOW, frames.shape[1]))]
        decoded += [self.future_decoder(latent, later)] if later > 0 else []
        errors = (torch.cat(decoded, 1).float() - frames).square().unflatten(2, self.pose_mean.shape)
        total = (errors * observed[..., None]).sum() + gaussian_kl(mu, logvar).mean()
        return total / observed.sum().clamp(min=1) / self.pose_mean.shape[1]

    def reconstruct(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return windows (B, T, L, D) from the means of their latents."""
        mu, _ = self.encode(self.standardise(pose))
        return self.restore(self.decoder(mu, pose.shape[1]))

    def encode(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log variance (B, Z) of the latents of frames (B, T, L * D)."""
        states = self.encoder(frames)[1].transpose(0, 1).flatten(1)
        mu, logvar = self.head(states).float().chunk(2, dim=-1)
        return mu, logvar.clamp(-14, 6)


def build_baseline(task: Task) -> GRUVAE:
    """Build the model with the latent's size that the task asks for."""
    return GRUVAE(task)
