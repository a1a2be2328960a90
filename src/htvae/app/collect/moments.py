"""Moments: short spans of recordings, as points of a map, and the features in which the page searches.

A moment is described as `htvae find` describes a span: what is near on the map is found as similar. In the
demo, nine of ten nearest moments of other people show the same action; of the nearest chunk latents, seven.

Axes: ``n`` moments, ``w`` windows, ``K`` features, ``V`` features of a span.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.motion_series import scale_points
from htvae.analysis.search.search import observed_shares
from htvae.analysis.search.span_index import LEAST_OBSERVED, SpanIndex
from htvae.analysis.series_source import SeriesSource
from htvae.app.collect.labels import NO_LABEL, commonest
from htvae.app.collect.maps import place_by_pca, place_by_tsne
from htvae.app.collect.material import Material
from htvae.app.packing import Moments, pack_windows
from htvae.app.payload import MomentsInfo, Windows
from htvae.data.processing import ProcessedSequence
from htvae.inference.source import to_source_spans

MOMENT_WINDOWS = 8
"""Windows of a moment, one every 0.2 seconds."""
MOST_MOMENTS = 50_000
"""Moments of a report, about; they lie farther apart in more recordings."""


@dataclass(frozen=True, eq=False)
class MomentSet:
    """The moments of a report."""

    recording: np.ndarray
    """Index (n,) of the recording."""
    model_spans: np.ndarray
    """Model frames (n, 2), first and one after the last."""
    source_spans: np.ndarray
    """Source frames (n, 2)."""
    vectors: np.ndarray
    """Features (n, V)."""
    num_frames: int
    """Model frames of a moment."""


def index_recordings(material: Material) -> SpanIndex:
    """Return recordings prepared for search, with one recording in memory at a time."""
    model, recordings = material.model, material.recordings
    series, shares = SeriesSource(model, recordings, "filled"), observed_shares(recordings)
    return SpanIndex.fit(series, shares, scale_points(model, "filled"), model.processor.fps)


def cut_moments(index: SpanIndex, recordings: Sequence[ProcessedSequence]) -> MomentSet:
    """Return the moments of recordings, one after the other.

    A recording that is shorter than a moment is one moment. Spans with hardly any point are left out.
    """
    stride = index.features.grid.stride
    counts = [index.features.grid.count(int(length)) for length in index.lengths]
    hop = max(MOMENT_WINDOWS, -(-sum(counts) // MOST_MOMENTS))
    owners, spans, vectors = [], [], []
    first = 0
    for own, (recording, count) in enumerate(zip(recordings, counts, strict=True)):
        length = min(MOMENT_WINDOWS, count)
        starts = np.arange(0, count - length + 1, hop)
        frames = np.stack([starts, starts + length], axis=1) * stride
        frames = frames.clip(max=len(recording.pose))
        seen = [np.isfinite(recording.pose[a:b]).mean() >= LEAST_OBSERVED for a, b in frames]
        owners.append(np.full(sum(seen), own))
        spans.append(frames[seen])
        vectors.append(index.vectors(first + starts[seen], length))
        first += count + 1  # each recording's sums begin with a row of zeros
    sources = [
        to_source_spans(part, recording.record.source_frames)
        for part, recording in zip(spans, recordings, strict=True)
    ]
    return MomentSet(
        recording=np.concatenate(owners),
        model_spans=np.concatenate(spans),
        source_spans=np.concatenate(sources),
        vectors=np.concatenate(vectors),
        num_frames=MOMENT_WINDOWS * stride,
    )


def collect_moments(
    material: Material, index: SpanIndex, motifs: Motifs | None, surprise: Sequence[np.ndarray], top: float
) -> MomentsInfo:
    """Place the moments on maps, and pack them.

    Args:
        material: of the report.
        index: from `index_recordings`.
        motifs: of the recordings.
        surprise: (T,) of each recording.
        top: surprise of byte 255.
    """
    own = cut_moments(index, material.recordings)
    labels, classes, peaks = [np.empty(0, int)], [np.empty(0, int)], [np.empty(0)]
    for i, recording in enumerate(material.recordings):
        mine = own.recording == i
        spans = own.model_spans[mine]
        sources = own.source_spans[mine] - recording.source.first_frame
        labels.append(commonest(material.book.of_frames(recording), sources))
        none = np.full(len(recording.pose), NO_LABEL)
        classes.append(commonest(motifs.segmentations[i].labels if motifs else none, spans))
        peaks.append(np.array([surprise[i][a:b].max() for a, b in spans]))
    block = Moments(
        recording=own.recording,
        start=own.source_spans[:, 0],
        stop=own.source_spans[:, 1],
        maps=(place_by_tsne(own.vectors, material.seed), place_by_pca(own.vectors)),
        label=np.concatenate(labels),
        motif=np.concatenate(classes),
        surprise=np.concatenate(peaks) / top,
    )
    return {
        "count": len(own.recording),
        "seconds": round(material.clock.measure(own.num_frames), 3),
        "maps": ["tsne", "pca"],
        "block": material.blocks.add(block.pack()),
    }


def collect_windows(material: Material, index: SpanIndex) -> Windows:
    """Pack the features of all windows, by which the page searches."""
    grid = index.features.grid
    content, step = pack_windows(index.values)
    return {
        "every": material.clock.measure(grid.stride),
        "length": material.clock.measure(grid.width),
        "features": index.values.shape[1],
        "counts": [grid.count(int(length)) for length in index.lengths],
        "step": step,
        "block": material.blocks.add(content),
    }


def describe_whole(index: SpanIndex) -> np.ndarray:
    """Return the mean and the spread (recordings, 2 K) of the features over each whole recording."""
    num, first, found = index.values.shape[1], 0, []
    for length in index.lengths:
        count = index.features.grid.count(int(length))
        found.append(index.vectors(np.array([first]), count)[0, : 2 * num])
        first += count + 1
    return np.stack(found)
