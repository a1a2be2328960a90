"""The latents of recordings at both levels, with what is known of each recording and each moment.

A moment is a chunk of a recording. Axes: ``n`` recordings, ``w`` windows of all recordings, ``m`` moments of
all recordings, ``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from htvae.analysis.groups.comparison import read_columns
from htvae.analysis.groups.halves import LEAST_HALF_CHUNKS, cut_half
from htvae.analysis.groups.study import Cells
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import Encoding, TrainedModel
from htvae.inference.rates import measure_window_kl
from htvae.inference.windows import WindowOutput
from htvae.models.chunking import ChunkGrid
from htvae.poses.sequence import find_main_label
from htvae.utils.progress import Progress

FRAME_LABEL = "frame_label"
"""Name of the column that says what happens in a moment."""
MOST_MOMENTS = 3_000
"""Moments that are probed and searched for neighbours, evenly spread over all."""
BATCH_RECORDINGS = 16
"""Recordings that pass through the model between two reports of progress."""


@dataclass(frozen=True, eq=False)
class Level:
    """The posteriors of one level over inputs: windows for the sequence latent, moments for chunk latents."""

    name: str
    """``sequence`` or ``chunk``."""
    mu: np.ndarray
    """Means (inputs, Z or K) of the posteriors."""
    variance: np.ndarray
    """Variances (inputs, Z or K) of the posteriors."""
    kl: np.ndarray
    """KL (inputs, Z or K) from the prior, nats; of chunk latents, from p(chunk given z)."""


@dataclass(frozen=True, eq=False)
class RecordedLatents:
    """Latents of recordings."""

    recordings: Sequence[ProcessedSequence]
    """Recordings (n,) in the model's coordinates."""
    encodings: Sequence[Encoding]
    """Latents (n,) of the recordings."""
    halves: Sequence[tuple[Encoding, Encoding] | None]
    """Latents (n,) of each recording's first and second half, encoded each by itself; None where a recording
    is too short."""
    levels: tuple[Level, ...]
    """Both levels, or the sequence latent alone where the model has no chunk latents."""
    grid: ChunkGrid
    """The model's chunks."""

    @cached_property
    def sequences(self) -> np.ndarray:
        """Sequence latents (n, Z)."""
        return np.stack([e.sequence_latent for e in self.encodings]).astype(np.float64)

    @cached_property
    def moments(self) -> np.ndarray:
        """Chunk latents (m, K)."""
        return np.concatenate([e.chunk_latents for e in self.encodings]).astype(np.float64)

    @cached_property
    def spans(self) -> np.ndarray:
        """Model frames (m, 2) of each moment in its recording, (first, one after the last)."""
        return np.concatenate([self.grid.spans(len(p.pose)) for p in self.recordings])

    @cached_property
    def owner(self) -> np.ndarray:
        """Index (m,) of each moment's recording."""
        return np.repeat(np.arange(len(self.encodings)), [len(e.chunk_frames) for e in self.encodings])

    @cached_property
    def columns(self) -> dict[str, Cells]:
        """Label, subject and columns of the manifest (n,), by name; columns that say nothing are left out."""
        known = read_columns(self.recordings)
        return {name: cells for name, cells in known.items() if any(cells)}

    @cached_property
    def moment_labels(self) -> list[str | None]:
        """Label (m,) of most of a moment's frames, None where no frame has one."""
        return [
            find_main_label(p.source.frame_labels, start, stop)
            for p, e in zip(self.recordings, self.encodings, strict=True)
            for start, stop in e.chunk_frames.tolist()
        ]

    @cached_property
    def main_labels(self) -> list[str | None]:
        """Label (n,) of most of a recording's frames, None where no frame has one."""
        return [
            find_main_label(p.source.frame_labels, int(e.chunk_frames[0, 0]), int(e.chunk_frames[-1, 1]))
            for p, e in zip(self.recordings, self.encodings, strict=True)
        ]

    @cached_property
    def labels(self) -> np.ndarray:
        """Label (n,) of each recording, empty where unknown."""
        return np.array([p.source.label or "" for p in self.recordings])

    @cached_property
    def subjects(self) -> np.ndarray:
        """Name (n,) of each recording's subject; a recording without one is a subject of its own."""
        return np.array(
            [
                f"subject {p.source.subject}" if p.source.subject else f"recording {p.name}"
                for p in self.recordings
            ]
        )


def gather_latents(model: TrainedModel, recordings: Sequence[ProcessedSequence]) -> RecordedLatents:
    """Encode recordings and their halves.

    Args:
        model: the trained model.
        recordings: in the model's coordinates, at least one.
    """
    halves = _cut_halves(model, recordings)
    progress = Progress("Encoding", len(recordings) + len(halves), unit="recordings")
    encodings: list[Encoding] = []
    windows: list[WindowOutput] = []
    parts: list[Encoding] = []
    for start in range(0, len(recordings), BATCH_RECORDINGS):
        for encoding, own in model.encode_windows(recordings[start : start + BATCH_RECORDINGS]):
            encodings.append(encoding)
            windows += own
        progress.update(len(encodings))
    cuts = [half for pair in halves.values() for half in pair]
    for start in range(0, len(cuts), BATCH_RECORDINGS):
        parts += model.encode_all(cuts[start : start + BATCH_RECORDINGS])
        progress.update(len(recordings) + len(parts) // 2)
    progress.close()
    found = dict(zip(halves, zip(parts[::2], parts[1::2], strict=True), strict=True))
    return RecordedLatents(
        recordings=recordings,
        encodings=encodings,
        halves=[found.get(i) for i in range(len(recordings))],
        levels=_collect_levels(model, windows),
        grid=model.grid,
    )


def spread_evenly(count: int, most: int) -> np.ndarray:
    """Return all of ``count`` places, or ``most`` of them, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def _cut_halves(
    model: TrainedModel, recordings: Sequence[ProcessedSequence]
) -> dict[int, tuple[ProcessedSequence, ProcessedSequence]]:
    """Return both halves of each recording that is long enough, by its index."""
    least = 2 * LEAST_HALF_CHUNKS * model.config.model.chunk_size
    return {
        i: (cut_half(recording, False), cut_half(recording, True))
        for i, recording in enumerate(recordings)
        if len(recording.pose) >= least
    }


def _collect_levels(model: TrainedModel, windows: Sequence[WindowOutput]) -> tuple[Level, ...]:
    """Return the posteriors of all windows; each chunk once, as the window that keeps it has it."""
    kl = [measure_window_kl(model, window) for window in windows]
    kept = [window.window.kept_part for window in windows]
    sequence = Level(
        "sequence",
        np.stack([w.sequence.mu.numpy() for w in windows]),
        np.exp([w.sequence.logvar.numpy() for w in windows]),
        np.concatenate([own.numpy() for own, _ in kl]),
    )
    if not windows[0].chunks.mu.shape[1]:
        return (sequence,)
    chunk = Level(
        "chunk",
        np.concatenate([w.chunks.mu[part].numpy() for w, part in zip(windows, kept, strict=True)]),
        np.exp(
            np.concatenate([w.chunks.logvar[part].numpy() for w, part in zip(windows, kept, strict=True)])
        ),
        np.concatenate([own[part].numpy() for (_, own), part in zip(kl, kept, strict=True)]),
    )
    return sequence, chunk
