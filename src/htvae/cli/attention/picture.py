"""The picture of ``htvae attention``: timelines of a few recordings."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from htvae.analysis.attention.attention import RecordingAttention
from htvae.data.processing import PoseDataProcessor
from htvae.models.chunking import ChunkGrid
from htvae.plots.attention_timelines import NUM_POSES, AttentionTimeline, draw_attention_timelines
from htvae.plots.drawing import Figure
from htvae.plots.framing import find_sides

NUM_RECORDINGS = 3
"""Recordings drawn."""
MOST_CHUNKS = 400
"""Most chunks of a recording that are drawn, from its beginning."""


def draw_attention_picture(
    processor: PoseDataProcessor, grid: ChunkGrid, recordings: Sequence[RecordingAttention], path: Path
) -> Path:
    """Draw a few recordings, evenly spread over all, and return the path."""
    chosen = np.unique(np.linspace(0, len(recordings) - 1, NUM_RECORDINGS).round().astype(int))
    figure = Figure.from_names(processor.landmarks, processor.edges, processor.sides)
    timelines = [_make_timeline(recordings[i], grid, len(processor.landmarks)) for i in chosen]
    return draw_attention_timelines(
        timelines, figure, path, "What each chunk contributes to the sequence latent z"
    )


def join_maps(recording: RecordingAttention, num_chunks: int) -> np.ndarray:
    """Return the attention (1 + C, 1 + C) between a recording's first chunks; heads averaged, last layer.

    Each chunk's row is that of the window that keeps the chunk; NaN where this window does not reach. The
    sequence token's row has what its windows attend to, as in `RecordingAttention.attention`.
    """
    joined = np.full((1 + num_chunks, 1 + num_chunks), np.nan)
    joined[0, 1:] = recording.attention[:num_chunks]
    for own in recording.windows:
        first, stop = own.window.chunks
        begin, end = own.window.kept_chunks
        rows = own.overall[1 + begin - first : 1 + end - first]
        end, stop = min(end, num_chunks), min(stop, num_chunks)
        if begin < end:
            joined[1 + begin : 1 + end, 0] = rows[: end - begin, 0]
            joined[1 + begin : 1 + end, 1 + first : 1 + stop] = rows[: end - begin, 1 : 1 + stop - first]
    return joined


def _choose_poses(observed: np.ndarray) -> np.ndarray:
    """Return frames to draw, evenly spread: of each part of observed (T, N) the middlemost fullest frame."""
    borders = np.linspace(0, len(observed), min(NUM_POSES, len(observed)) + 1).round().astype(int)
    fullness, chosen = observed.sum(axis=1), []
    for start, stop in pairwise(borders.tolist()):
        off_middle = np.abs(np.arange(start, stop) - (start + stop - 1) / 2) / (2 * (stop - start))
        chosen.append(start + int(np.argmax(fullness[start:stop] - off_middle)))
    return np.array(chosen)


def _make_timeline(recording: RecordingAttention, grid: ChunkGrid, num_landmarks: int) -> AttentionTimeline:
    source, fps = recording.processed.source, recording.processed.source.fps
    count = min(len(recording.attention), MOST_CHUNKS)
    per_unit = fps or 1.0
    frames = np.append(recording.chunk_frames[:count, 0], recording.chunk_frames[count - 1, 1])
    spans = [
        (max(span.start, frames[0]) / per_unit, min(span.stop, frames[-1]) / per_unit, span.label)
        for span in source.frame_labels
        if span.start < frames[-1] and span.stop > frames[0]
    ]
    curves = {
        "chunk left out": recording.left_out,
        "attention, last layer": recording.attention,
        "attention rollout": recording.rollout,
    }
    last = int(grid.spans(len(recording.processed.pose))[count - 1, 1])
    poses = _choose_poses(np.isfinite(recording.processed.pose[:last]).all(-1))
    see = find_sides(recording.processed.pose.shape[-1])[0].see
    return AttentionTimeline(
        title=source.name + (f" ({source.label})" if source.label else ""),
        edges=frames / per_unit,
        curves={name: (values / (values.mean() or 1.0))[:count] for name, values in curves.items()},
        shared=recording.num_windows[:count] > 1,
        spans=spans,
        weights=join_maps(recording, count),
        poses=see(recording.processed.pose[poses, :num_landmarks]),
        pose_times=recording.processed.record.source_frames[poses] / per_unit,
        unit="frames" if fps is None else "seconds",
    )
