"""What the latents of a window cost."""

import torch
from torch import Tensor

from htvae.inference.model import TrainedModel
from htvae.inference.windows import WindowOutput
from htvae.models.latent import Gaussian


@torch.no_grad()
def measure_window_kl(model: TrainedModel, window: WindowOutput) -> tuple[Tensor, Tensor]:
    """Return the KL (nats) of each latent number of a window: (1, Z), and (C, K) given the mean of z."""
    sequence, chunks = (
        Gaussian(mu[None].to(model.device), logvar[None].to(model.device))
        for mu, logvar in (window.sequence, window.chunks)
    )
    sequence_kl, chunk_kl = model.model.latent_space.kl(sequence, chunks, sequence.mu)
    return sequence_kl.cpu(), chunk_kl[0].cpu()
