"""What each chunk of a recording looked at, small enough for a page.

Axes: ``C`` chunks of a recording, ``W`` positions of a window: the sequence token, then its chunks.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from htvae.analysis.attention.maps import AttentionMaps, read_maps
from htvae.app.collect.material import Material
from htvae.app.payload_tabs import Attention
from htvae.inference.source import to_source_spans
from htvae.metrics.attention import roll_out_attention
from htvae.models.chunking import ChunkWindow

STAGES = ("the last layer", "all layers")
"""Heads are averaged; through all layers, weights are rolled out (`roll_out_attention`)."""
STEP = 1 / 16
"""Times an even share that one step of a byte is, unless a weight needs more."""
MOST_WEIGHTS = 2_000_000
"""Weights of all recordings, at most; recordings beyond that have none."""


class _Rows(NamedTuple):
    """The weights of a window's kept chunks."""

    window: ChunkWindow
    stages: np.ndarray
    """(stage, kept chunks, W), each row adds up to 1."""


def collect_attention(material: Material) -> Attention | None:
    """Return what the chunks of recordings looked at; None where the network has no attention."""
    model, recordings = material.model, material.recordings
    if not hasattr(model.model, "compute_attention"):
        return None
    cuts = [model.grid.cut(len(recording.pose)) for recording in recordings]
    kept = _count_kept(cuts)
    found = _read(material, cuts[:kept])
    spans = []
    for recording in recordings[:kept]:
        own = model.grid.spans(len(recording.pose))
        spans.append(to_source_spans(own, recording.record.source_frames))
    counts = [len(own) for own in spans]
    widths = [own[0].stages.shape[-1] for own in found]
    highest = max(float(rows.stages.max()) * rows.stages.shape[-1] for own in found for rows in own)
    step = max(STEP, highest / 255)
    firsts = [
        np.concatenate([np.full(rows.stages.shape[1], rows.window.chunks[0]) for rows in own])
        for own in found
    ]
    words = [
        *(
            np.diff(own[:, 0], prepend=recording.source.first_frame)
            for own, recording in zip(spans, recordings, strict=False)
        ),
        *(own[:, 1] - own[:, 0] for own in spans),
        *firsts,
    ]
    content = np.concatenate(words).astype("<u2").tobytes()
    for windows, width in zip(found, widths, strict=True):
        joined = np.concatenate([rows.stages for rows in windows], axis=1)
        content += np.rint(joined * width / step).astype(np.uint8).tobytes()
    left = len(recordings) - kept
    return {
        "stages": list(STAGES),
        "counts": [*counts, *[0] * left],
        "widths": [*widths, *[0] * left],
        "step": step,
        "block": material.blocks.add(content),
    }


def _count_kept(cuts: Sequence[Sequence[ChunkWindow]]) -> int:
    """Return how many recordings, from the first, have weights that fit; at least one."""
    sizes = []
    for windows in cuts:
        width = 1 + windows[0].chunks[1] - windows[0].chunks[0]
        sizes.append(len(STAGES) * width * windows[-1].chunks[1])
    return max(1, int((np.cumsum(sizes) <= MOST_WEIGHTS).sum()))


@torch.no_grad()
def _read(material: Material, cuts: Sequence[Sequence[ChunkWindow]]) -> list[list[_Rows]]:
    """Return the weights of each recording's windows, in order."""
    model = material.model
    poses = [recording.pose for recording in material.recordings[: len(cuts)]]
    found: dict[tuple[int, int], _Rows] = {}
    for places, batch in model.windowed.batches(poses, cuts):
        windows = [cuts[i][number] for i, number in places]
        maps = read_maps(model.model, batch, windows, model.grid.stride, model.config.model.frames_per_token)
        found.update(zip(places, map(_summarise, maps), strict=True))
    return [[found[i, number] for number in range(len(windows))] for i, windows in enumerate(cuts)]


def _summarise(maps: AttentionMaps) -> _Rows:
    weights = maps.overall.astype(np.float64)
    stages = np.stack([weights[-1].mean(axis=0), roll_out_attention(weights)])
    return _Rows(maps.window, stages[:, 1:][:, maps.window.kept_part])
