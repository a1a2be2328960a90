"""Cutting sequences into overlapping chunks, and joining chunks again.

Unusual here: a chunk grid depends on the frames of the sequence alone, never on the padding of its batch. The
last chunk is padded and masked, never dropped, so that any number of frames works.

Axes: ``B`` batch, ``T`` frames, ``C`` chunks, ``S`` frames per chunk (``chunk_size``), ``Q`` labels per
chunk.
"""

from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

Count = TypeVar("Count", int, Tensor)
LABELS_PER_CHUNK = 4
"""Places of a chunk at which it is told what happens. At one place alone, where one thing ends and the next
begins is known to no more than a chunk."""


def compute_num_chunks(num_frames: Count, chunk_size: int, chunk_overlap: int) -> Count:
    """Return how many chunks cover the frames: ``1 + ceil((T - S) / (S - overlap))``, at least 1."""
    stride = chunk_size - chunk_overlap
    extra = (num_frames - chunk_size + stride - 1) // stride
    return extra.clamp(min=0) + 1 if isinstance(extra, Tensor) else max(extra, 0) + 1


def split_into_chunks(frames: Tensor, chunk_size: int, chunk_overlap: int) -> Tensor:
    """Cut frames into chunks that share ``chunk_overlap`` frames with their neighbours.

    Args:
        frames: (B, T, ...).
        chunk_size: S, frames per chunk.
        chunk_overlap: frames shared by neighbours, in [0, S).

    Returns:
        (B, C, S, ...); beyond the last frame, zeros.
    """
    num_frames, stride = frames.shape[1], chunk_size - chunk_overlap
    num_chunks = compute_num_chunks(num_frames, chunk_size, chunk_overlap)
    padding = (num_chunks - 1) * stride + chunk_size - num_frames
    padded = F.pad(frames, [0, 0] * (frames.dim() - 2) + [0, padding])
    return padded.unfold(1, chunk_size, stride).movedim(-1, 2)


def merge_chunks(chunks: Tensor, chunk_mask: Tensor, num_frames: int, chunk_overlap: int) -> Tensor:
    """Join overlapping chunks by overlap-add, the inverse of `split_into_chunks` on real frames.

    Where chunks overlap they are cross-faded linearly; the weights at each frame are divided by their sum, so
    that frames covered once are copied and a constant stays constant.

    Args:
        chunks: (B, C, S, F).
        chunk_mask: (B, C) bool, True for chunks that hold real frames; others get no weight.
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
    rise = torch.arange(1, chunk_size + 1) / (chunk_overlap + 1)
    return torch.minimum(rise, rise.flip(0)).clamp(max=1.0)


def compute_chunk_mask(num_frames: Tensor, num_chunks: int, chunk_size: int, chunk_overlap: int) -> Tensor:
    """Return (B, C) bool, True for chunks that hold a real frame of sequences of ``num_frames`` (B,)."""
    count = compute_num_chunks(num_frames, chunk_size, chunk_overlap)
    return torch.arange(num_chunks, device=num_frames.device) < count[:, None]


def label_places(num_frames: int, chunk_size: int, chunk_overlap: int) -> Tensor:
    """Return the frames (C, Q) whose labels a sequence's chunks have: the middles of each chunk's quarters.

    Those beyond the last frame count as the last one.
    """
    count, stride = compute_num_chunks(num_frames, chunk_size, chunk_overlap), chunk_size - chunk_overlap
    middles = (2 * torch.arange(LABELS_PER_CHUNK) + 1) * chunk_size // (2 * LABELS_PER_CHUNK)
    return (torch.arange(count)[:, None] * stride + middles).clamp(max=num_frames - 1)
