"""Cutting sequences into overlapping chunks, and joining chunks again.

- A recording has one chunk grid: chunk c begins at frame ``c * stride``, for any length and any padding of
  the batch. The last chunk is padded and masked, never dropped, so that any number of frames works.
- A window is a run of whole chunks of this grid (`ChunkGrid`). A recording therefore has the same chunks
  in one window as in many.

Axes: ``B`` batch, ``T`` frames, ``C`` chunks, ``M`` chunks of the batch that are real, ``S`` frames per chunk
(``chunk_size``), ``Q`` labels per chunk.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from htvae.config import Config
from htvae.models.packing import Rows

Count = TypeVar("Count", int, Tensor)
LABELS_PER_CHUNK = 4
"""Places of a chunk that have a label each. With one label per chunk, the frame where one action ends and the
next begins would be known only to the chunk."""


def compute_num_chunks(num_frames: Count, chunk_size: int, chunk_overlap: int) -> Count:
    """Return how many chunks cover the frames: ``1 + ceil((T - S) / (S - overlap))``, at least 1."""
    stride = chunk_size - chunk_overlap
    extra = (num_frames - chunk_size + stride - 1) // stride
    return extra.clamp(min=0) + 1 if isinstance(extra, Tensor) else max(extra, 0) + 1


def split_into_chunks(frames: Tensor, rows: Rows, chunk_size: int, chunk_overlap: int) -> Tensor:
    """Cut frames into chunks that share ``chunk_overlap`` frames with their neighbours.

    Args:
        frames: (B, T, ...).
        rows: the chunks to cut out, M of the batch's B x C.
        chunk_size: S, frames per chunk.
        chunk_overlap: frames shared by neighbours, in [0, S).

    Returns:
        (M, S, ...); zeros beyond the last frame.
    """
    num_chunks, stride = rows.shape[1], chunk_size - chunk_overlap
    length = (num_chunks - 1) * stride + chunk_size
    padded = F.pad(frames, [0, 0] * (frames.dim() - 2) + [0, length - frames.shape[1]])
    starts = rows.places // num_chunks * length + rows.places % num_chunks * stride
    places = starts[:, None] + torch.arange(chunk_size, device=starts.device)
    return padded.flatten(0, 1).index_select(0, places.flatten()).unflatten(0, places.shape)


def merge_chunks(chunks: Tensor, chunk_mask: Tensor, num_frames: int, chunk_overlap: int) -> Tensor:
    """Join overlapping chunks by overlap-add, the inverse of `split_into_chunks` on real frames.

    Overlapping chunks are cross-faded linearly. The weights at each frame are divided by their sum, so that
    frames covered once are copied and a constant stays constant.

    Args:
        chunks: (B, C, S, F).
        chunk_mask: (B, C) bool, True for chunks that hold real frames; other chunks get no weight.
        num_frames: T, frames to return.
        chunk_overlap: frames shared by neighbours.

    Returns:
        (B, T, F); zero where no valid chunk reaches.
    """
    batch, num_chunks, chunk_size, features = chunks.shape
    stride = chunk_size - chunk_overlap
    weight = cross_fade(chunk_size, chunk_overlap).to(chunks) * chunk_mask.to(chunks)[:, :, None]
    starts = torch.arange(num_chunks, device=chunks.device) * stride
    frame_index = (starts[:, None] + torch.arange(chunk_size, device=chunks.device)).flatten()
    length = (num_chunks - 1) * stride + chunk_size
    weighted = (chunks * weight[..., None]).flatten(1, 2)
    total = chunks.new_zeros(batch, length, features).index_add(1, frame_index, weighted)
    norm = chunks.new_zeros(batch, length).index_add(1, frame_index, weight.flatten(1))
    return (total / norm.clamp(min=torch.finfo(norm.dtype).tiny)[..., None])[:, :num_frames]


def cross_fade(chunk_size: int, chunk_overlap: int) -> Tensor:
    """Return the weight (S,) of each frame of a chunk: 1 inside, a linear ramp above 0 over each overlap."""
    rise = torch.arange(1, chunk_size + 1, device="cpu") / (chunk_overlap + 1)
    return torch.minimum(rise, rise.flip(0)).clamp(max=1.0)


def compute_chunk_mask(num_frames: Tensor, num_chunks: int, chunk_size: int, chunk_overlap: int) -> Tensor:
    """Return a mask (B, C), True for chunks that hold a real frame of sequences of ``num_frames`` (B,)."""
    count = compute_num_chunks(num_frames, chunk_size, chunk_overlap)
    return torch.arange(num_chunks, device=num_frames.device) < count[:, None]


def label_places(num_frames: int, chunk_size: int, chunk_overlap: int) -> Tensor:
    """Return the frames (C, Q) whose labels a sequence's chunks have: the middles of each chunk's quarters.

    A middle beyond the last frame is replaced by the last frame.
    """
    count, stride = compute_num_chunks(num_frames, chunk_size, chunk_overlap), chunk_size - chunk_overlap
    middles = (2 * torch.arange(LABELS_PER_CHUNK) + 1) * chunk_size // (2 * LABELS_PER_CHUNK)
    return (torch.arange(count)[:, None] * stride + middles).clamp(max=num_frames - 1)


class ChunkWindow(NamedTuple):
    """A run of whole chunks that the model sees at once, and its part that is kept.

    Chunks and frames are counted from the beginning of the recording.
    """

    start: int
    """First frame."""
    stop: int
    """Frame after the last one."""
    keep_start: int
    """First frame that is kept (and scored)."""
    keep_stop: int
    """Frame after the last one that is kept."""
    chunks: tuple[int, int]
    """All chunks of the window, (first, one after the last)."""
    kept_chunks: tuple[int, int]
    """Chunks that are kept, (first, one after the last)."""

    @property
    def num_frames(self) -> int:
        """Frames that the model sees."""
        return self.stop - self.start

    @property
    def kept_part(self) -> slice:
        """Places of the kept chunks among the window's chunks."""
        first = self.chunks[0]
        return slice(self.kept_chunks[0] - first, self.kept_chunks[1] - first)


@dataclass(frozen=True)
class ChunkGrid:
    """The chunks of recordings, and the windows of long recordings.

    - Neighbouring windows share a quarter of their chunks, and at least one chunk if a window has several.
      The last window is moved back so that it is full.
    - The kept parts meet in the middle of the shared chunks: every chunk and every frame is kept by exactly
      one window.
    - All windows of a recording but the last are also windows of every longer recording.
    """

    chunk_size: int
    """Frames of a chunk."""
    chunk_overlap: int
    """Frames that neighbouring chunks share."""
    window: int
    """Most chunks that the model sees at once."""

    @classmethod
    def of(cls, config: Config) -> "ChunkGrid":
        """Return the grid of a model with these settings; a window covers ``max_frames`` frames."""
        size, overlap = config.model.chunk_size, config.model.resolved_chunk_overlap
        return cls(size, overlap, compute_num_chunks(config.data.max_frames, size, overlap))

    @property
    def stride(self) -> int:
        """Frames from the start of a chunk to the start of the next."""
        return self.chunk_size - self.chunk_overlap

    def num_chunks(self, num_frames: int) -> int:
        """Return how many chunks cover the frames."""
        return compute_num_chunks(num_frames, self.chunk_size, self.chunk_overlap)

    def num_frames(self, num_chunks: int) -> int:
        """Return how many frames full chunks cover."""
        return (num_chunks - 1) * self.stride + self.chunk_size

    def spans(self, num_frames: int) -> np.ndarray:
        """Return the frames (C, 2) of each chunk, (first, one after the last)."""
        starts = np.arange(self.num_chunks(num_frames)) * self.stride
        return np.stack([starts, np.minimum(starts + self.chunk_size, num_frames)], axis=1)

    def label_places(self, num_frames: int) -> Tensor:
        """Return the frames (C, Q) whose labels the chunks have; see `label_places`."""
        return label_places(num_frames, self.chunk_size, self.chunk_overlap)

    def windows(self, num_chunks: int) -> list[tuple[int, int]]:
        """Return the windows of a recording as (first chunk, one after the last)."""
        shared = max(self.window // 4, min(self.window - 1, 1))
        last = max(num_chunks - self.window, 0)
        starts = [*range(0, last, self.window - shared), last]
        return [(start, min(start + self.window, num_chunks)) for start in starts]

    def cut(self, num_frames: int) -> list[ChunkWindow]:
        """Return the windows of a recording of ``num_frames`` frames, at least 1."""
        windows = self.windows(self.num_chunks(num_frames))
        inner = [(start + stop) // 2 for (_, stop), (start, _) in pairwise(windows)]
        chunk_borders = [0, *inner, windows[-1][1]]
        # Two chunks share the frames from c * stride on; their border lies in the middle of these.
        frame_borders = [0, *(c * self.stride + self.chunk_overlap // 2 for c in inner), num_frames]
        return [
            ChunkWindow(
                start=first * self.stride,
                stop=min(self.num_frames(stop), num_frames),
                keep_start=frames[0],
                keep_stop=frames[1],
                chunks=(first, stop),
                kept_chunks=chunks,
            )
            for (first, stop), chunks, frames in zip(
                windows, pairwise(chunk_borders), pairwise(frame_borders), strict=True
            )
        ]
