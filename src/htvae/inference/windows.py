"""Recordings of any length through a model that sees a limited number of chunks at once.

- This file alone cuts recordings into windows (`ChunkGrid`), batches the windows of all recordings by length,
  runs the network, and joins its outputs.
- A window's output does not depend on other windows. Batching changes only its last digits.
- Latents of a recording: z is the precision-weighted mean over its windows; each chunk latent comes from the
  window that keeps the chunk.
- Poses of a recording: windows are cross-faded in the middle of their overlaps, where both windows see many
  frames on either side.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates, ``C`` chunks, ``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from htvae.data.batching import PoseBatch, collate, cut_micro_batches
from htvae.data.dataset import make_sample
from htvae.inference.refinement import refine
from htvae.models.chunking import ChunkGrid, ChunkWindow
from htvae.models.latent import Gaussian
from htvae.models.vae import HierarchicalTransformerVAE, VAEOutput
from htvae.utils.device import multiplies_bf16_fast
from htvae.utils.listening import part_of

Place = tuple[int, int]
"""Index of a recording, and the number of a window in it."""
WindowLatents = tuple[Tensor, Tensor]
"""Latents of one window, (Z,) and (C, K)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowOutput:
    """The model's output for one window."""

    window: ChunkWindow
    """Frames and chunks of the window."""
    sequence: Gaussian
    """Posterior of the sequence latent, (Z,)."""
    chunks: Gaussian
    """Posteriors of the chunk latents, (C, K)."""
    sequence_kl: float = 0.0
    """KL of the sequence latent, nats; 0 where only the encoder was run."""
    chunk_kl: float = 0.0
    """KL of the chunk latents, nats; 0 where only the encoder was run."""


@dataclass(frozen=True)
class WindowedModel:
    """A network for recordings of any length, in the model's coordinates."""

    network: Any
    """A `HierarchicalTransformerVAE`, or a user's own, in evaluation mode."""
    grid: ChunkGrid
    device: str
    batch_frames: int
    """Frames that pass through the network at once."""

    @torch.no_grad()
    def encode(self, poses: Sequence[np.ndarray]) -> list[list[WindowOutput]]:
        """Return the encoder's output for each window of each recording, in order.

        Args:
            poses: (T, N, D) in torso lengths, NaN where missing.
        """
        windows = [self.grid.cut(len(pose)) for pose in poses]
        outputs: dict[Place, WindowOutput] = {}
        for places, batch in self.batches(poses, windows):
            for (i, number), (sequence, chunks) in zip(places, self.encode_batch(batch), strict=True):
                outputs[i, number] = WindowOutput(window=windows[i][number], sequence=sequence, chunks=chunks)
        return _in_order(outputs, windows)

    def reconstruct(
        self,
        poses: Sequence[np.ndarray],
        refine_steps: int,
        min_scale: float,
        fitted: Sequence[np.ndarray] | None = None,
    ) -> tuple[list[np.ndarray], list[list[WindowOutput]]]:
        """Return the reconstruction (T, N, D) of each recording, and the output for each of its windows.

        Args:
            poses: (T, N, D) in torso lengths, NaN where missing.
            refine_steps: steps on the chunk latents; see `htvae.inference.refinement`.
            min_scale: `LossConfig.min_scale`, torso lengths.
            fitted: the same recordings with only the points to fit. None: all observed points are fitted.
                With it, answers without refinement are rough: the networks run in bf16 where that is fast.
        """
        windows = [self.grid.cut(len(pose)) for pose in poses]
        joined, outputs = [PoseJoin(cuts) for cuts in windows], {}
        points = repeat(None) if fitted is None else (b.observed for _, b in self.batches(fitted, windows))
        count = sum(1 for _ in self._group(windows))
        batches = zip(self.batches(poses, windows), points, strict=False)
        for done, ((places, batch), fit) in enumerate(batches):
            with part_of(done, count):
                found = self.reconstruct_batch(batch, refine_steps, min_scale, fit)
            posteriors = self._split(found.sequence_posterior, found.chunk_posterior, batch.num_frames)
            answers = found.reconstruction.float().cpu().numpy()
            for row, ((i, number), (sequence, chunks)) in enumerate(zip(places, posteriors, strict=True)):
                joined[i].add(number, answers[row])
                outputs[i, number] = WindowOutput(
                    window=windows[i][number],
                    sequence=sequence,
                    chunks=chunks,
                    sequence_kl=float(found.sequence_kl[row].sum()),
                    chunk_kl=float(found.chunk_kl[row].sum()),
                )
        return [join.pose for join in joined], _in_order(outputs, windows)

    def reconstruct_batch(
        self, batch: PoseBatch, refine_steps: int, min_scale: float, fitted: Tensor | None = None
    ) -> VAEOutput:
        """Return the reconstruction of each window of a batch; see `reconstruct`."""
        in_bf16 = (refine_steps > 0 or fitted is not None) and multiplies_bf16_fast(self.device)
        given = batch.pose, batch.observed, batch.num_frames
        return refine(self.network, *given, refine_steps, min_scale, fitted, in_bf16)

    @torch.no_grad()
    def decode(self, latents: Sequence[Sequence[WindowLatents]], lengths: Sequence[int]) -> list[np.ndarray]:
        """Decode recordings from the latents of their windows into poses (T, N, D), torso lengths.

        Args:
            latents: latents of each window of each recording, in order.
            lengths: frames of each recording.
        """
        windows = [self.grid.cut(length) for length in lengths]
        joined = [PoseJoin(cuts) for cuts in windows]
        for places in self._group(windows):
            given = [latents[i][number] for i, number in places]
            frames = torch.tensor([windows[i][number].num_frames for i, number in places])
            sequence, chunks = torch.stack([z for z, _ in given]), pad_sequence([c for _, c in given], True)
            answers = self.network.decode(*(part.to(self.device) for part in (sequence, chunks, frames)))
            for (i, number), pose in zip(places, answers.float().cpu().numpy(), strict=True):
                joined[i].add(number, pose)
        return [join.pose for join in joined]

    def encode_batch(self, batch: PoseBatch) -> list[tuple[Gaussian, Gaussian]]:
        """Return the posteriors of each window of a batch, (Z,) and (C, K), on the CPU."""
        found = self.network.encode(batch.pose, batch.observed, batch.num_frames)
        return self._split(found.sequence, found.chunks, batch.num_frames)

    def _split(
        self, sequence: Gaussian, chunks: Gaussian, num_frames: Tensor
    ) -> list[tuple[Gaussian, Gaussian]]:
        """Return each window's own posteriors, without the chunks of padding."""
        sequence, chunks = (Gaussian(level.mu.cpu(), level.logvar.cpu()) for level in (sequence, chunks))
        counts = [self.grid.num_chunks(length) for length in num_frames.tolist()]
        return [
            (
                Gaussian(sequence.mu[row], sequence.logvar[row]),
                Gaussian(chunks.mu[row, :count], chunks.logvar[row, :count]),
            )
            for row, count in enumerate(counts)
        ]

    def batches(
        self, poses: Sequence[np.ndarray], windows: Sequence[Sequence[ChunkWindow]]
    ) -> Iterator[tuple[list[Place], PoseBatch]]:
        """Yield the windows of all recordings in batches of similar lengths."""
        for places in self._group(windows):
            cuts = [poses[i][windows[i][number].start : windows[i][number].stop] for i, number in places]
            yield places, collate([make_sample(cut, cut) for cut in cuts]).to(self.device)

    def _group(self, windows: Sequence[Sequence[ChunkWindow]]) -> Iterator[list[Place]]:
        """Yield the places of all windows, the shortest first, in batches of ``batch_frames`` frames."""
        places = [(i, number) for i, cuts in enumerate(windows) for number in range(len(cuts))]
        places.sort(key=lambda place: windows[place[0]][place[1]].num_frames)
        lengths = [windows[i][number].num_frames for i, number in places]
        for cut in cut_micro_batches(lengths, self.batch_frames):
            yield places[cut]


class PoseJoin:
    """The poses of one recording, joined from its windows in any order."""

    def __init__(self, windows: Sequence[ChunkWindow]) -> None:
        self.windows = windows
        self.weights = fade_windows(windows)
        self.pose = np.empty(0, np.float32)
        """Poses (T, N, D), complete once every window was added."""

    def add(self, number: int, pose: np.ndarray) -> None:
        """Add the poses (T, N, D) of the window of this number; they may be padded."""
        window = self.windows[number]
        if not self.pose.size:
            self.pose = np.zeros((self.windows[-1].stop, *pose.shape[1:]), np.float32)
        weight = self.weights[number][:, None, None]
        self.pose[window.start : window.stop] += weight * pose[: window.num_frames]


def fade_windows(windows: Sequence[ChunkWindow]) -> list[np.ndarray]:
    """Return the weight (T,) of each window's frames; the weights of a frame add up to 1.

    Weights rise and fall linearly over the middle half of the frames that two windows share.
    """
    total = np.zeros(windows[-1].stop)
    fades = []
    for number, window in enumerate(windows):
        frames = np.arange(window.num_frames) + 0.5
        before = windows[number - 1].stop - window.start if number else 0
        after = window.stop - windows[number + 1].start if number + 1 < len(windows) else 0
        fades.append(_ramp(frames, before) * _ramp(window.num_frames - frames, after))
        total[window.start : window.stop] += fades[-1]
    return [
        (fade / total[window.start : window.stop]).astype(np.float32)
        for fade, window in zip(fades, windows, strict=True)
    ]


def _ramp(distance: np.ndarray, shared: int) -> np.ndarray:
    """Return weights of frames at a distance (frames) from the end of a window that shares frames there."""
    return np.clip(2 * distance / shared - 0.5, 0, 1) if shared else np.ones(len(distance))


def join_latents(network: Any, outputs: Sequence[WindowOutput]) -> tuple[Gaussian, Gaussian]:
    """Return the posteriors of a recording, (Z,) and (C, K), from its windows' posteriors.

    z is the precision-weighted mean over the windows, and its variance the inverse of the summed precision.
    Each window's chunk latents are changed so that they say with this z what they say with the window's own.
    """
    precision = torch.stack([(-output.sequence.logvar).exp() for output in outputs])
    total = precision.sum(0)
    mu = (precision * torch.stack([output.sequence.mu for output in outputs])).sum(0) / total
    parts = [output.window.kept_part for output in outputs]
    means = [output.chunks.mu[part] for output, part in zip(outputs, parts, strict=True)]
    if len(outputs) > 1 and isinstance(network, HierarchicalTransformerVAE):
        own = torch.stack([output.sequence.mu for output in outputs]).to(network.pose_mean.device)
        changes = network.linear_code.rebase(own, mu.to(own).expand_as(own)).cpu()
        means = [mean + change for mean, change in zip(means, changes, strict=True)]
    logvars = [output.chunks.logvar[part] for output, part in zip(outputs, parts, strict=True)]
    return Gaussian(mu, -total.log()), Gaussian(torch.cat(means), torch.cat(logvars))


def _in_order(
    outputs: dict[Place, WindowOutput], windows: Sequence[Sequence[ChunkWindow]]
) -> list[list[WindowOutput]]:
    return [[outputs[i, number] for number in range(len(cuts))] for i, cuts in enumerate(windows)]
