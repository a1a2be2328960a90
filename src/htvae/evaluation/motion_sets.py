"""Kinds of motion that are scored side by side: made from posteriors, from the prior, and by controls.

All of it is drawn and decoded in bf16 where that is fast: its rounding changes no figure by more than another
seed would (docs/log/2026-11-29.md).

Axes: ``n`` sequences, ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks, ``Z``
latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from htvae.evaluation.plans import NO_NAME, Wanted
from htvae.generation.drawing import SCRIPT_GUIDANCE, make_request
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import Reconstruction
from htvae.inference.windows import WindowLatents, WindowOutput
from htvae.models.prior import NO_LABEL, Latents
from htvae.utils.device import fast_bf16

GROUPS_PER_SEED = 10_000
"""Distance between the seeds of two draws; each group of sequences drawn together has its own seed."""
LENGTH_RATIO = 1.5
"""Ratio of the longest to the shortest of long sequences that are drawn together, at most."""

DrawLatents = Callable[[Sequence[Wanted], int], Latents]
"""From sequences of one length and a seed to their latents, (n, Z) and (n, C, K)."""


@dataclass(frozen=True, eq=False)
class MotionSet:
    """Motion of one kind."""

    poses: list[np.ndarray]
    """(T, L, D) each, torso lengths."""
    sequence_latents: np.ndarray
    """(n, Z): of each drawn sequence, or of each window of the recordings."""


@dataclass(frozen=True, eq=False)
class NormalLatents:
    """The latents of controls: both levels Gaussian, each chunk on its own."""

    sequence: tuple[Tensor, Tensor]
    """Mean (Z,) and root of the covariance (Z, Z)."""
    chunks: tuple[Tensor, Tensor]
    """Mean (K,) and root of the covariance (K, K)."""

    @classmethod
    def standard(cls, latent_dim: int, chunk_latent_dim: int) -> "NormalLatents":
        """Return N(0, I) at both levels."""
        return cls(
            (torch.zeros(latent_dim), torch.eye(latent_dim)),
            (torch.zeros(chunk_latent_dim), torch.eye(chunk_latent_dim)),
        )

    @classmethod
    def fit(cls, windows: Sequence[WindowOutput]) -> "NormalLatents":
        """Return Gaussians of full covariance with the moments of samples from the posteriors of windows.

        The covariance is the covariance of the posteriors' means plus the mean of their variances.
        """
        sequence = _fit([w.sequence[0][None] for w in windows], [w.sequence[1][None] for w in windows])
        return cls(sequence, _fit([w.chunks[0] for w in windows], [w.chunks[1] for w in windows]))

    def draw(self, num_sequences: int, num_chunks: int, seed: int) -> Latents:
        """Return latents (n, Z) and (n, C, K)."""
        generator = torch.Generator().manual_seed(seed)
        shapes = (num_sequences,), (num_sequences, num_chunks)
        parts = [
            mean + torch.randn(*shape, len(mean), generator=generator) @ root
            for shape, (mean, root) in zip(shapes, (self.sequence, self.chunks), strict=True)
        ]
        return Latents(*parts)


def _fit(means: Sequence[Tensor], logvars: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    mu, variance = torch.cat(list(means)).double(), torch.cat(list(logvars)).double().exp().mean(0)
    offset = mu - mu.mean(0)
    values, vectors = torch.linalg.eigh(offset.T @ offset / len(mu) + variance.diag())
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return mu.mean(0).float(), root.float()


def draw_from_prior(model: MotionSampler, with_label: bool, with_chunk_labels: bool) -> DrawLatents:
    """Return how latents are drawn from the prior: with the plan's labels and chunk labels, or without.

    Labels and scripts that are not given are drawn, as `GenerativeModel.generate` does, with its guidance.
    """
    guidance = SCRIPT_GUIDANCE if with_chunk_labels else 1.0

    def draw(wanted: Sequence[Wanted], seed: int) -> Latents:
        asked = torch.tensor([_index(model.labels, w.label) for w in wanted])
        num_frames = wanted[0].num_frames
        labels = asked if with_label else model.draw_labels(len(wanted), num_frames, seed)
        frame_labels = (
            [w.frame_labels.tolist() for w in wanted]
            if with_chunk_labels
            else [s.label_frames(num_frames) for s in model.draw_scripts(labels, num_frames, seed)]
        )
        chunk_labels = torch.stack([model.label_chunks(names) for names in frame_labels])
        request = make_request(model.grid, model.latent_dims, num_frames, labels, chunk_labels, guidance)
        with fast_bf16(model.device):
            return model.draw(request, seed)

    return draw


def draw_from(model: MotionSampler, latents: NormalLatents) -> DrawLatents:
    """Return how latents of a control are drawn."""
    return lambda wanted, seed: latents.draw(len(wanted), model.grid.num_chunks(wanted[0].num_frames), seed)


def _index(names: Sequence[str], name: str | None) -> int:
    return names.index(name) + 1 if name in names else NO_LABEL


def draw_set(model: MotionSampler, draw: DrawLatents, plan: Sequence[Wanted], seed: int) -> MotionSet:
    """Draw and decode the sequences of a plan; poses come in its order.

    Sequences of similar length are drawn together. Sequences longer than one window are drawn at the group's
    greatest length and cut: their start does not depend on the length.
    """
    poses: list[np.ndarray] = [np.empty(0)] * len(plan)
    latents = np.empty((len(plan), model.latent_dims[0]), np.float32)
    num_landmarks = len(model.processor.landmarks)
    for group, index in enumerate(_group(plan, model.config.data.max_frames)):
        length = max(plan[i].num_frames for i in index)
        drawn = draw([_lengthen(plan[i], length) for i in index], seed * GROUPS_PER_SEED + group)
        with fast_bf16(model.device):
            decoded = model.decode_all(drawn, length)
        for i, pose in zip(index, decoded, strict=True):
            poses[i] = pose[: plan[i].num_frames, :num_landmarks]
        latents[index] = drawn.sequence.cpu().numpy()
    return MotionSet(poses, latents)


def _group(plan: Sequence[Wanted], max_frames: int) -> list[list[int]]:
    """Return the places of sequences that are drawn together."""
    groups: dict[tuple[bool, int], list[int]] = {}
    for i, w in enumerate(plan):
        long = w.num_frames > max_frames
        size = int(np.log(w.num_frames / max_frames) / np.log(LENGTH_RATIO)) if long else w.num_frames
        groups.setdefault((long, size), []).append(i)
    return [groups[key] for key in sorted(groups)]


def _lengthen(wanted: Wanted, num_frames: int) -> Wanted:
    labels = np.full(num_frames, NO_NAME, dtype=wanted.frame_labels.dtype)
    labels[: wanted.num_frames] = wanted.frame_labels
    return Wanted(num_frames, wanted.label, labels)


def take_modes(reconstructions: Sequence[Reconstruction], num_landmarks: int) -> MotionSet:
    """Return the reconstructions from the most probable latents."""
    return MotionSet(
        [r.pose[:, :num_landmarks] for r in reconstructions],
        np.stack([w.sequence[0].numpy() for r in reconstructions for w in r.windows]),
    )


def sample_posteriors(
    model: MotionSampler, reconstructions: Sequence[Reconstruction], seed: int
) -> MotionSet:
    """Decode latents drawn from the posteriors, both levels, of every window.

    A chunk that two windows share is drawn with the same random numbers in both, so that they fit together.
    """
    generator = torch.Generator().manual_seed(seed)
    latents = [_sample_windows(r, generator) for r in reconstructions]
    with fast_bf16(model.device):
        poses = model.windowed.decode(latents, [len(r.pose) for r in reconstructions])
    num_landmarks = len(model.processor.landmarks)
    return MotionSet(
        [pose[:, :num_landmarks] for pose in poses],
        np.stack([sequence.numpy() for own in latents for sequence, _ in own]),
    )


def _sample_windows(reconstruction: Reconstruction, generator: torch.Generator) -> list[WindowLatents]:
    noise = torch.randn(reconstruction.encoding.chunk_latents.shape, generator=generator)
    return [
        (
            output.sequence.sample(torch.randn(output.sequence.mu.shape, generator=generator)),
            output.chunks.sample(noise[slice(*output.window.chunks)]),
        )
        for output in reconstruction.windows
    ]
