"""`PoseStream`: latents of a recording that is still going on, chunk by chunk.

The result for chunk c is exactly what the encoder says of one window: the last chunks up to c + 1, as many as
``max_frames`` holds, encoded alone. c + 1 is the look-ahead. At the end of the recording the last chunks come
without a look-ahead, from the window that ends there.

Axes: ``t`` frames that are pushed, ``T`` model frames, ``L`` landmarks, ``N`` points, ``D`` coordinates,
``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from htvae.data.rates import are_same
from htvae.inference.source import to_source_spans
from htvae.inference.streaming.encoder import ChunkEncoder
from htvae.inference.streaming.normalising import CausalNormaliser
from htvae.inference.streaming.recent import RecentFrames
from htvae.inference.streaming.resampling import CausalResampler
from htvae.models.chunking import ChunkGrid
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.poses.sequence import PoseSequence

Unit = float | Literal["first", "typical"]
"""Torso length (or spread) in the source's unit; "first": of the first chunk that shows the body; "typical":
the median over the training recordings."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StreamedChunk:
    """A finished chunk."""

    index: int
    """Number of the chunk, from 0."""
    frames: tuple[int, int]
    """Source frames, (first, one after the last)."""
    seconds: tuple[float, float] | None
    """Times of these frames, in seconds from source frame 0; None if the frame rate is unknown."""
    sequence_latent: np.ndarray
    """Sequence latent (Z,) of the window that the chunk was seen in."""
    sequence_logvar: np.ndarray
    """Natural logarithm (Z,) of its variance."""
    chunk_latent: np.ndarray
    """Chunk latent (K,)."""
    chunk_logvar: np.ndarray
    """Natural logarithm (K,) of its variance."""


class PoseStream:
    """Takes frames as they come and returns each chunk when the next one is complete.

    Memory and the time per chunk do not grow. Frames are brought into the model's coordinates without looking
    ahead: see `CausalNormaliser` and `CausalResampler`.

    Args:
        model: a `TrainedModel` of the default architecture.
        fps: frames per second of the source. None: the model's.
        landmarks: names of axis L. None: the model's landmarks.
        unit: see `Unit`.
        first_frame: number of the first source frame.
        max_frames: frames of the window. Fewer take less time and tell less about what lasts. None: the
            model's.

    Raises:
        ValueError: an argument is not allowed, or the model is of another architecture.
    """

    def __init__(
        self,
        model: Any,
        fps: float | None = None,
        landmarks: Sequence[str] | None = None,
        unit: Unit = "first",
        first_frame: int = 0,
        max_frames: int | None = None,
    ) -> None:
        if type(model.model) is not HierarchicalTransformerVAE:
            raise ValueError(
                "A stream must have a model of the default architecture, but this one is "
                f"{type(model.model).__name__}. Encode recordings whole with model.encode."
            )
        self.model, self.processor = model, model.processor
        self.grid = self._choose_grid(max_frames)
        """Chunks, and the most that a window has."""
        self.fps = fps if fps is not None else model.processor.fps
        self.landmarks = tuple(landmarks) if landmarks is not None else model.processor.landmarks
        self.first_frame = first_frame
        self.look_ahead = min(1, self.grid.window - 1)
        """Chunks that must follow a chunk: 1, or 0 where a window has one chunk only."""
        self._resampler = CausalResampler(self._find_step())
        self._normaliser = CausalNormaliser(self.processor.normalisation, self._find_unit(unit))
        self._encoder = ChunkEncoder(model.model, self.grid)
        self._pending, self._positions = _empty_frames(self.processor), np.empty(0)
        self._recent = RecentFrames(
            len(self.processor.points), self.processor.num_coordinates, self.grid.num_frames(self.num_kept)
        )
        self._num_chunks = self._num_returned = 0
        self._is_finished = False

    num_kept = 2
    """Chunks whose frames are kept."""

    def push(self, frames: np.ndarray) -> list[StreamedChunk]:
        """Take the next frames and return the chunks that they finish, often none.

        Args:
            frames: (t, L, D), t may be 0, or one frame (L, D), in the source's coordinates, y upwards; NaN
                where missing. A frame that the source has lost is pushed as NaN.

        Raises:
            TypeError: the frames are not real numbers.
            ValueError: the shape is wrong, a number is infinite, no landmark is the model's, or the stream is
                finished.
        """
        if self._is_finished:
            raise ValueError("A stream must not be pushed to once it is finished. Begin another.")
        frames = np.asarray(frames)
        if frames.shape == (0, len(self.landmarks), self.processor.num_coordinates):
            return []  # a source that has nothing new
        sequence = PoseSequence.from_array(
            frames[None] if frames.ndim == 2 else frames, self.landmarks, "stream", self.fps
        )
        if not self._num_chunks and not len(self._positions):
            self.model.check(sequence)
        return self._take(*self._resampler.push(self.processor.select(sequence)))

    def finish(self) -> list[StreamedChunk]:
        """Return the chunks that are left; the last one may be short."""
        if self._is_finished:
            return []
        self._is_finished = True
        found = self._take(*self._resampler.finish())
        if len(self._pending):
            self._add(len(self._pending))
        return found + [self._return(self._num_chunks - 1 - i) for i in reversed(range(self._num_left))]

    @property
    def _num_left(self) -> int:
        """Chunks that were added, but not returned."""
        return self._num_chunks - self._num_returned

    def _take(self, frames: np.ndarray, positions: np.ndarray) -> list[StreamedChunk]:
        """Add model frames and return the chunks that they finish."""
        if len(frames):
            self._pending = np.concatenate([self._pending, frames])
            self._positions = np.concatenate([self._positions, positions])
        found = []
        while len(self._pending) >= (size := self.grid.stride if self._num_chunks else self.grid.chunk_size):
            self._add(size)
            if self._num_left > self.look_ahead:
                found.append(self._return(self._num_returned))
        return found

    def _add(self, size: int) -> None:
        """Bring the next frames into the model's coordinates; they complete the next chunk."""
        block = self._normaliser.apply(self._pending[:size])
        self._recent.add(block, self._positions[:size] + self.first_frame)
        self._pending, self._positions = self._pending[size:], self._positions[size:]
        shared = self.grid.chunk_overlap if self._num_chunks else 0
        self._encoder.add(self._recent.pose[-(size + shared) :])
        self._num_chunks += 1

    def _return(self, index: int) -> StreamedChunk:
        """Return a chunk of the last two, which counts as returned."""
        self._num_returned = index + 1
        sequence, chunk = self._encoder.encode(self._num_chunks - 1 - index)
        ((first, last),) = to_source_spans(self._span(index)[None], self._recent.source_frames).tolist()
        return self._describe(
            StreamedChunk(
                index=index,
                frames=(first, last),
                seconds=None if self.fps is None else (first / self.fps, last / self.fps),
                sequence_latent=sequence.mu.numpy(),
                sequence_logvar=sequence.logvar.numpy(),
                chunk_latent=chunk.mu.numpy(),
                chunk_logvar=chunk.logvar.numpy(),
            )
        )

    def _describe(self, chunk: StreamedChunk) -> StreamedChunk:
        """Add to a chunk what a stream of a higher floor knows."""
        return chunk

    def _span(self, index: int) -> np.ndarray:
        """Return a chunk's frames, (first, one after the last), among the recent ones."""
        start = index * self.grid.stride
        stop = min(start + self.grid.chunk_size, self._recent.num_frames)
        return np.array([start, stop]) - self._recent.first

    def _choose_grid(self, max_frames: int | None) -> ChunkGrid:
        grid: ChunkGrid = self.model.grid
        if max_frames is None:
            return grid
        most = self.model.config.data.max_frames
        if not grid.chunk_size <= max_frames <= most:
            raise ValueError(
                f"max_frames must be in [chunk_size={grid.chunk_size}, {most}] (as in training), but got "
                f"{max_frames}."
            )
        return replace(grid, window=grid.num_chunks(max_frames))

    def _find_step(self) -> float:
        """Return the source frames per model frame."""
        fps, own = self.fps, self.processor.fps
        if fps is not None and not (fps > 0 and math.isfinite(fps)):
            raise ValueError(f"fps must be above 0 and finite, but got {fps}.")
        return 1.0 if fps is None or own is None or are_same(fps, own) else fps / own

    def _find_unit(self, unit: Unit) -> float | None:
        if unit == "first":
            return None
        if unit == "typical":
            return float(self.processor.typical_unit)
        if not isinstance(unit, int | float) or not (unit > 0 and math.isfinite(unit)):
            raise ValueError(f'unit must be "first", "typical" or a number above 0, but got {unit!r}.')
        return float(unit)


def _empty_frames(processor: Any) -> np.ndarray:
    return np.empty((0, len(processor.landmarks), processor.num_coordinates), np.float32)
