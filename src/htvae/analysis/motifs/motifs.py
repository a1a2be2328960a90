"""Motifs: what recurs in recordings, when, for how long, and how sure that is.

Axes: ``T`` frames, ``K`` motifs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from htvae.analysis.motifs.merge_hmm import NUM_STARTS, Join, merge_states
from htvae.analysis.motifs.segmenter import Segmentation, Segmenter, fit_features
from htvae.analysis.motion_series import SeriesKind, scale_points
from htvae.analysis.series_source import SeriesSource
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.metrics.agreement import NOTHING
from htvae.utils.progress import Progress

BOUT_SECONDS = 3.0
"""Length of a bout that is looked for."""
NUM_MOTIFS = 10
CLIP_SECONDS = 4.0
"""Length of a typical clip, at most."""


@dataclass(frozen=True)
class Bout:
    """A stay in one motif."""

    recording: int
    """Index of the recording."""
    motif: int
    start: int
    """First model frame."""
    stop: int
    """Model frame after the last one."""
    confidence: float
    """Mean over its frames, 0..1."""


@dataclass(frozen=True, eq=False)
class Motifs:
    """The motifs of a set of recordings."""

    segmenter: Segmenter
    kind: SeriesKind
    fps: float | None
    segmentations: list[Segmentation]
    """One for each recording."""
    vectors: Sequence[np.ndarray] = ()
    """(n, F) features of the windows of each recording."""

    @property
    def num_motifs(self) -> int:
        """K."""
        return len(self.segmenter.states)

    @cached_property
    def bouts(self) -> list[Bout]:
        """All stays of all recordings in order; frames of no motif are in none."""
        return [bout for i, one in enumerate(self.segmentations) for bout in cut_bouts(i, one)]

    def usage(self) -> np.ndarray:
        """Return (recordings, K): the share of frames of each motif; what is left over fits none."""
        counts = [np.bincount(s.labels[s.labels >= 0], minlength=self.num_motifs) for s in self.segmentations]
        lengths = np.array([len(s.labels) for s in self.segmentations])
        return np.array(counts) / lengths[:, None]

    def transitions(self) -> np.ndarray:
        """Return (K, K): how often bouts of a motif are followed at once by bouts of another."""
        table = np.zeros((self.num_motifs, self.num_motifs), int)
        bouts = self.bouts
        for a, b in pairwise(bouts):
            if a.recording == b.recording and a.stop == b.start:
                table[a.motif, b.motif] += 1
        return table

    def typical_bouts(self, count: int = 1) -> list[list[Bout]]:
        """Return each motif's most typical clips, the best first, from as many recordings as possible.

        A clip is the middle of a bout, `CLIP_SECONDS` long at most, whose windows are the likeliest in the
        motif. Bouts shorter than the motif's median are left out.
        """
        groups: list[list[Bout]] = [[] for _ in range(self.num_motifs)]
        for bout in self.bouts:
            groups[bout.motif].append(bout)
        return [self._choose_typical(bouts, count) for bouts in groups]

    def hierarchy(self) -> list[Join]:
        """Return the order in which motifs are alike: K - 1 joins, and what each costs (nats)."""
        return merge_states(self.segmenter.states, 1)[1]

    def _choose_typical(self, bouts: Sequence[Bout], count: int) -> list[Bout]:
        if not bouts:
            return []
        median = np.median([bout.stop - bout.start for bout in bouts])
        clips = [self._middle(bout) for bout in bouts if bout.stop - bout.start >= median]
        scores = [float(self.segmentations[c.recording].likelihood[c.start : c.stop].mean()) for c in clips]
        order = [clips[i] for i in np.argsort(scores)[::-1]]
        firsts: dict[int, Bout] = {}
        for clip in order:
            firsts.setdefault(clip.recording, clip)
        rest = [clip for clip in order if clip not in firsts.values()]
        return [*firsts.values(), *rest][:count]

    def _middle(self, bout: Bout) -> Bout:
        most = round(CLIP_SECONDS * (self.fps or 30.0))
        cut = max(0, bout.stop - bout.start - most) // 2
        return replace(bout, start=bout.start + cut, stop=min(bout.stop, bout.start + cut + most))


def motif_ids(count: int) -> list[str]:
    """Return the ids m01, m02, ... of motifs."""
    width = max(2, len(str(count)))
    return [f"m{i + 1:0{width}d}" for i in range(count)]


def find_motifs(
    model: TrainedModel,
    recordings: Sequence[ProcessedSequence],
    num_motifs: int = NUM_MOTIFS,
    bout_seconds: float = BOUT_SECONDS,
    kind: SeriesKind = "filled",
    seed: int = 0,
) -> Motifs:
    """Fit motifs to recordings and return them with each frame's motif.

    Args:
        model: model that fills in or encodes the recordings.
        recordings: in the model's coordinates.
        num_motifs: K. No criterion finds the right number; `Motifs.hierarchy` shows what fewer would join.
        bout_seconds: length of a stay that is looked for.
        kind: what is looked at, see `make_series`.
        seed: seed of the random numbers.

    Raises:
        ValueError: a number is too small, or the recordings are too short for so many motifs.
    """
    _check(num_motifs, bout_seconds)
    source, fps = SeriesSource(model, recordings, kind), model.processor.fps
    features = fit_features(source, scale_points(model, kind), fps)
    vectors = [features.transform(one) for one in source]
    progress = Progress("Fitting motifs", NUM_STARTS, unit="starts")
    segmenter = Segmenter.fit_vectors(features, vectors, fps, num_motifs, bout_seconds, seed, progress.update)
    return _segment(segmenter, kind, fps, vectors, recordings)


def apply_motifs(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], segmenter: Segmenter, kind: SeriesKind
) -> Motifs:
    """Return the motifs of recordings by a segmenter that was fitted before."""
    vectors = [segmenter.features.transform(one) for one in SeriesSource(model, recordings, kind)]
    return _segment(segmenter, kind, model.processor.fps, vectors, recordings)


def _segment(
    segmenter: Segmenter,
    kind: SeriesKind,
    fps: float | None,
    vectors: Sequence[np.ndarray],
    recordings: Sequence[ProcessedSequence],
) -> Motifs:
    lengths = [len(p.pose) for p in recordings]
    return Motifs(segmenter, kind, fps, segmenter.apply_vectors(vectors, lengths), vectors)


def cut_bouts(index: int, one: Segmentation) -> list[Bout]:
    """Return the stays of recording ``index`` in order; frames of no motif are in none."""
    edges = [0, *(np.flatnonzero(np.diff(one.labels)) + 1), len(one.labels)]
    return [
        Bout(index, int(one.labels[a]), int(a), int(b), float(one.confidence[a:b].mean()))
        for a, b in pairwise(edges)
        if one.labels[a] != NOTHING
    ]


def _check(num_motifs: int, bout_seconds: float) -> None:
    if num_motifs < 1:
        raise ValueError(f"num_motifs must be at least 1, but got {num_motifs}.")
    if not bout_seconds > 0:
        raise ValueError(f"bout_seconds must be above 0, but got {bout_seconds}.")
