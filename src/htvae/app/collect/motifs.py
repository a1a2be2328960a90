"""Motifs as the page gets them: how long, how often, beside which labels, and a typical clip of each.

Axes: ``T`` model frames, ``K`` motifs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from htvae.analysis.groups.motif_measures import NamedMotifs
from htvae.analysis.motifs.motifs import NUM_MOTIFS, Bout, Motifs, apply_motifs, find_motifs, motif_ids
from htvae.analysis.motifs.segmenter import STRIDE_SECONDS, Segmentation
from htvae.app.collect.labels import LabelBook
from htvae.app.collect.material import Material
from htvae.app.payload import Motif
from htvae.data.processing import ProcessedSequence
from htvae.inference.source import to_source_spans

LEAST_WINDOWS = 20
"""Windows per motif below which fewer motifs are looked for."""
LEAST_SHARE = 0.2
"""Share of a motif's frames that a label must fill to be named beside it."""


@dataclass(frozen=True, eq=False)
class ReportMotifs:
    """The motifs of the report's recordings, and their users' names."""

    motifs: Motifs
    names: Sequence[str]
    """Name of each motif; its id where nobody named it."""

    def to_named(self) -> NamedMotifs:
        """Return what finds these motifs again, and their names."""
        return NamedMotifs(self.motifs.segmenter, self.motifs.kind, tuple(self.names))


def fit_motifs(material: Material) -> ReportMotifs | None:
    """Return motifs as `find_motifs` does; None where recordings are too short for two of them."""
    model, recordings = material.model, material.recordings
    rate = model.processor.fps or 30.0
    windows = sum(len(recording.pose) for recording in recordings) / (rate * STRIDE_SECONDS)
    count = min(NUM_MOTIFS, int(windows / LEAST_WINDOWS))
    if count < 2:
        return None
    return ReportMotifs(find_motifs(model, recordings, count, seed=material.seed), motif_ids(count))


def take_motifs(material: Material, known: NamedMotifs) -> ReportMotifs:
    """Return motifs that were fitted before, in the report's recordings."""
    found = apply_motifs(material.model, material.recordings, known.segmenter, known.kind)
    return ReportMotifs(found, known.names or motif_ids(found.num_motifs))


def describe_motifs(named: ReportMotifs, material: Material) -> list[Motif]:
    """Return usage, lift and a typical clip of each motif."""
    motifs, bouts, recordings = named.motifs, named.motifs.bouts, material.recordings
    table = count_labels(motifs.segmentations, motifs.num_motifs, recordings, material.book)
    lengths = np.array([len(one.labels) for one in motifs.segmentations])
    shares = (motifs.usage() * lengths[:, None]).sum(axis=0) / lengths.sum()
    clips = [own[0] if own else None for own in motifs.typical_bouts(1)]
    found: list[Motif] = []
    for k, (own_id, name) in enumerate(zip(motif_ids(motifs.num_motifs), named.names, strict=True)):
        own = [bout for bout in bouts if bout.motif == k]
        median = float(np.median([bout.stop - bout.start for bout in own])) if own else 0.0
        found.append(
            {
                "id": own_id,
                "name": name,
                "share": round(float(shares[k]), 4),
                "bouts": len(own),
                "recordings": len({bout.recording for bout in own}),
                "medianSeconds": round(material.clock.measure(median), 2),
                "lift": find_lift(table, k),
                "clip": place_clip(clips[k], recordings),
            }
        )
    return found


def count_labels(
    segmentations: Sequence[Segmentation],
    num_motifs: int,
    recordings: Sequence[ProcessedSequence],
    book: LabelBook,
) -> np.ndarray:
    """Return (K + 1, labels + 1): model frames of each motif and label; the last row and column are none."""
    table = np.zeros((num_motifs + 1, len(book.names) + 1), int)
    for one, recording in zip(segmentations, recordings, strict=True):
        frames = np.rint(recording.record.source_frames).astype(int) - recording.source.first_frame
        np.add.at(table, (one.labels, book.of_frames(recording)[frames]), 1)
    return table


def find_lift(table: np.ndarray, motif: int) -> list[Any] | None:
    """Return the label that is more frequent in a motif than elsewhere by the largest factor, and the factor.

    Labels that fill less than `LEAST_SHARE` of the motif do not count. Frames without a label count as
    others.

    Args:
        table: from `count_labels`.
        motif: index of the motif.
    """
    own, all_frames = table[motif], table.sum(axis=0)
    if not own.sum() or table.shape[1] == 1:
        return None
    shares, usual = own[:-1] / own.sum(), all_frames[:-1] / all_frames.sum()
    lift = np.where(shares >= LEAST_SHARE, shares / np.maximum(usual, 1e-12), 0)
    best = int(lift.argmax())
    return [best, round(float(lift[best]), 2)] if lift[best] > 1 else None


def find_transitions(motifs: Motifs) -> list[list[float]]:
    """Return (K, K): the probability that a stay in a motif is followed at once by one in another."""
    counts = motifs.transitions().astype(float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return [[round(float(share), 3) for share in row] for row in shares]


def place_clip(clip: Bout | None, recordings: Sequence[ProcessedSequence]) -> list[int] | None:
    """Return the recording of a clip, its first source frame, and the frame after the last one."""
    if clip is None:
        return None
    frames = recordings[clip.recording].record.source_frames
    ((start, stop),) = to_source_spans(np.array([[clip.start, clip.stop]]), frames).tolist()
    return [clip.recording, start, stop]
