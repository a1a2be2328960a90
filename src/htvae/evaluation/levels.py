"""What each latent level carries: its rate, its active numbers, what happens when it is swapped.

Axes: ``Z`` latent_dim, ``K`` chunk_latent_dim, ``C`` chunks.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from htvae.inference.model import Reconstruction, TrainedModel
from htvae.inference.motion_features import motion_features
from htvae.inference.rates import measure_window_kl
from htvae.inference.windows import WindowLatents
from htvae.metrics.errors import mpjpe_sums
from htvae.metrics.frechet import frechet_excess
from htvae.metrics.rates import active_units, find_largest_kl

SWAPS = ("sequence", "chunks")


@torch.no_grad()
def measure_rates(model: TrainedModel, reconstructions: Sequence[Reconstruction]) -> dict[str, float]:
    """Return what both levels carry: rate (nats per frame), active numbers, largest KL of a number (nats)."""
    windows = [window for r in reconstructions for window in r.windows]
    frames = sum(window.window.num_frames for window in windows)
    sequence_mu = torch.stack([window.sequence.mu for window in windows])
    chunk_mu = torch.cat([window.chunks.mu for window in windows])
    kl = [measure_window_kl(model, window) for window in windows]
    return {
        "sequence_rate": sum(window.sequence_kl for window in windows) / frames,
        "sequence_active_units": float(active_units(sequence_mu)) if len(sequence_mu) > 1 else np.nan,
        "sequence_largest_kl": find_largest_kl(torch.cat([sequence for sequence, _ in kl])),
        "chunk_rate": sum(window.chunk_kl for window in windows) / frames,
        "chunk_active_units": float(active_units(chunk_mu)) if chunk_mu.numel() else 0.0,
        "chunk_largest_kl": find_largest_kl(torch.cat([chunks for _, chunks in kl])),
        "latent_dim": float(sequence_mu.shape[1]),
        "chunk_latent_dim": float(chunk_mu.shape[1]),
    }


def count_numbers(reconstructions: Sequence[Reconstruction]) -> tuple[int, int]:
    """Return all latent numbers of the reconstructions, and the number of frames (each counted once)."""
    numbers = sum(w.sequence[0].numel() + w.chunks[0].numel() for r in reconstructions for w in r.windows)
    return numbers, sum(len(r.pose) for r in reconstructions)


def swap_level(
    model: TrainedModel, reconstructions: Sequence[Reconstruction], level: str
) -> list[np.ndarray]:
    """Decode every recording with one level of latents taken from the one half the list away.

    A neighbour would not do: sorted by name, repeats of the same movement often stand next to each other,
    and a swap between them would look harmless.

    Args:
        model: the model that made the reconstructions.
        reconstructions: at least two.
        level: "sequence" or "chunks". Chunk c gets the latent of the donor's chunk c; chunk latents of a
            shorter recording are repeated.

    Returns:
        (T, N, D) each, torso lengths.
    """
    half = len(reconstructions) // 2
    donors = [*reconstructions[half:], *reconstructions[:half]]
    latents = [_swap(own, donor, level) for own, donor in zip(reconstructions, donors, strict=True)]
    return model.windowed.decode(latents, [len(r.pose) for r in reconstructions])


def measure_level_use(
    model: TrainedModel, reconstructions: Sequence[Reconstruction], fallback: np.ndarray
) -> dict[str, float]:
    """Return Frechet excess as it is, error and excess with each level swapped; empty for one recording.

    Args:
        model: the model that made the reconstructions.
        reconstructions: the scored recordings as the model returns them.
        fallback: (L, D), see `motion_features`.
    """
    if len(reconstructions) < 2:
        return {}
    num_landmarks = len(fallback)
    real = [r.processed.pose[:, :num_landmarks] for r in reconstructions]
    figures = {
        "frechet_reconstruction": _excess(
            real, [r.pose[:, :num_landmarks] for r in reconstructions], fallback
        )
    }
    for level in SWAPS:
        if level == "chunks" and not reconstructions[0].windows[0].chunks[0].numel():
            continue
        swapped = [pose[:, :num_landmarks] for pose in swap_level(model, reconstructions, level)]
        figures[f"swapped_{level}_mpjpe"] = _error(real, swapped)
        figures[f"swapped_{level}_frechet"] = _excess(real, swapped, fallback)
    return figures


def _swap(own: Reconstruction, donor: Reconstruction, level: str) -> list[WindowLatents]:
    """Return the latents of each window, one level taken from the donor."""
    if level == "sequence":
        z = torch.from_numpy(donor.encoding.sequence_latent)
        return [(z, output.chunks.mu) for output in own.windows]
    chunks = torch.from_numpy(donor.encoding.chunk_latents)
    return [
        (output.sequence.mu, chunks[torch.arange(*output.window.chunks) % len(chunks)])
        for output in own.windows
    ]


def _error(real: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> float:
    sums = [
        _sums(torch.from_numpy(a.copy()), torch.from_numpy(b.copy()))
        for a, b in zip(real, other, strict=True)
    ]
    above, below = torch.stack(sums).sum(0)
    return float(above / below)


def _sums(pose: Tensor, other: Tensor) -> Tensor:
    return torch.stack(mpjpe_sums(other, pose, pose.isfinite().all(-1)))


def _excess(real: Sequence[np.ndarray], other: Sequence[np.ndarray], fallback: np.ndarray) -> float:
    reference, drawn = motion_features(real, fallback), motion_features(other, fallback)
    return frechet_excess(reference, drawn).excess if len(reference) >= 4 else np.nan
