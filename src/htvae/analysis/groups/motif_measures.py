"""Measures of motifs: how much of them a recording shows, how long they last, and what follows what.

Which motifs and which transitions are measured is chosen once, from all recordings together and without their
groups, so that the choice says nothing of the groups and every half of a recording has the same measures.

Axes: ``n`` recordings, ``m`` measures, ``K`` motifs.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from htvae.analysis.measures import Measure, MeasureTable
from htvae.analysis.motifs.motifs import Bout, Motifs, apply_motifs
from htvae.analysis.motifs.segmenter import Segmenter
from htvae.analysis.motion_series import SeriesKind
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel

TRANSITION_SHARE = 0.25
"""Share of the recordings that must show a transition for it to be measured."""
TRANSITIONS_PER_MOTIF = 2
"""Transitions that are measured, at most, for each motif; the commonest of all motifs are taken."""
LEAST_EXITS = 2
"""Changes from a motif that a recording must show for its transitions to be measured."""
FAMILIES = ("usage", "duration", "rate", "transition")
"""Families of the measures."""


@dataclass(frozen=True, eq=False)
class NamedMotifs:
    """Fitted motifs, and what users call them."""

    segmenter: Segmenter
    kind: SeriesKind
    """What motifs are found in."""
    names: tuple[str, ...] = ()
    """Names (K,); empty: m01, m02, ..."""

    @classmethod
    def of(cls, motifs: "Motifs | NamedMotifs | None") -> "NamedMotifs | None":
        """Return motifs as comparisons take them; found ones have no names."""
        return cls(motifs.segmenter, motifs.kind) if isinstance(motifs, Motifs) else motifs

    @property
    def titles(self) -> list[str]:
        """Names (K,) that differ; those that occur twice have their number added."""
        count = len(self.segmenter.states)
        ids = [f"m{i + 1:0{max(2, len(str(count)))}d}" for i in range(count)]
        names = list(self.names) or ids
        own = Counter(names[i] for i in self.kept)
        return [name if own[name] < 2 else f"{name} ({m})" for name, m in zip(names, ids, strict=True)]

    @property
    def kept(self) -> list[int]:
        """Motifs that are not merged into others."""
        return [int(i) for i in np.unique(self.segmenter.groups)]

    def find(self, model: TrainedModel, recordings: Sequence[ProcessedSequence]) -> Motifs:
        """Return the motifs of recordings."""
        return apply_motifs(model, recordings, self.segmenter, self.kind)


@dataclass(frozen=True, eq=False)
class MotifMeasures:
    """What is measured of motifs."""

    motifs: NamedMotifs
    pairs: tuple[tuple[int, int], ...]
    """Transitions, from a motif to another."""

    @classmethod
    def choose(cls, motifs: NamedMotifs, found: Motifs) -> "MotifMeasures":
        """Return what is measured: every motif, and transitions that are frequent in ``found``.

        A transition counts if `TRANSITION_SHARE` of the recordings show it; at most `TRANSITIONS_PER_MOTIF`
        for each motif are kept, the commonest first, so that the number of tests grows with the motifs, not
        with their square.
        """
        tables = count_transitions(found)
        shown = (tables > 0).mean(axis=0) >= TRANSITION_SHARE
        total = np.where(shown, tables.sum(axis=0), 0)
        order = np.argsort(-total, axis=None, kind="stable")[: TRANSITIONS_PER_MOTIF * len(motifs.kept)]
        pairs = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, total.shape), strict=True)]
        return cls(motifs, tuple(sorted(pair for pair in pairs if total[pair])))

    def measure(self, found: Motifs) -> MeasureTable:
        """Return the measures of recordings.

        - Usage: share of all frames, of each motif and of none.
        - Duration: median of the bouts that begin and end within the recording, seconds; frames where no
          frame rate is known. A recording without such a bout does not show it.
        - Rate: bouts per minute; per 1,000 frames where no frame rate is known.
        - Transition: share of the changes from a motif to another motif that lead to one motif. A recording
          with fewer than `LEAST_EXITS` changes from the motif does not show it.
        """
        kept = self.motifs.kept
        usage = found.usage()
        counts = _count_bouts(found)
        lengths = np.array([len(s.labels) for s in found.segmentations])
        minutes = lengths / (60 * found.fps if found.fps else 1e3)
        changes = [_share_changes(count_transitions(found), *pair) for pair in self.pairs]
        columns = [
            *(usage[:, i] for i in kept),
            1 - usage.sum(axis=1),
            *_median_durations(found)[:, kept].T,
            *(counts / minutes[:, None])[:, kept].T,
            *changes,
        ]
        return MeasureTable(self.describe(found.fps is not None), np.stack(columns, axis=1))

    def describe(self, knows_rate: bool) -> tuple[Measure, ...]:
        """Return what the columns of `measure` mean."""
        names = self.motifs.titles
        kept = [names[i] for i in self.motifs.kept]
        rate = "bouts/min" if knows_rate else "bouts/1000 frames"
        seconds = "s" if knows_rate else "frames"
        return (
            *(Measure(f"usage of {name}", "share of frames", "usage", motif=name) for name in kept),
            Measure("usage of no motif", "share of frames", "usage"),
            *(Measure(f"duration of {name}", seconds, "duration", motif=name) for name in kept),
            *(Measure(f"rate of {name}", rate, "rate", motif=name) for name in kept),
            *(
                Measure(
                    f"transition {names[i]} to {names[j]}",
                    f"share of changes from {names[i]}",
                    "transition",
                    motif=f"{names[i]} to {names[j]}",
                )
                for i, j in self.pairs
            ),
        )

    def motifs_of(self, measure: Measure) -> tuple[int, ...]:
        """Return the motif that is measured, or the two of a transition; empty for other measures."""
        names = self.motifs.titles
        of_pairs = {f"{names[i]} to {names[j]}": (i, j) for i, j in self.pairs}
        if measure.family == "transition":
            return of_pairs.get(measure.motif, ())
        if measure.family not in FAMILIES:
            return ()
        return tuple(i for i in self.motifs.kept if names[i] == measure.motif)


def count_transitions(found: Motifs) -> np.ndarray:
    """Return (n, K, K): how often, in each recording, a motif is followed at once by another."""
    tables = np.zeros((len(found.segmentations), found.num_motifs, found.num_motifs), int)
    for a, b in pairwise(found.bouts):
        if a.recording == b.recording and a.stop == b.start:
            tables[a.recording, a.motif, b.motif] += 1
    return tables


def _share_changes(tables: np.ndarray, first: int, second: int) -> np.ndarray:
    """Return (n,): the share of changes from a motif that lead to another, NaN where they are few."""
    exits = tables[:, first].sum(axis=1)
    shares: np.ndarray = np.where(
        exits >= LEAST_EXITS, tables[:, first, second] / np.maximum(exits, 1), np.nan
    )
    return shares


def _count_bouts(found: Motifs) -> np.ndarray:
    """Return (n, K): the number of bouts."""
    counts = np.zeros((len(found.segmentations), found.num_motifs), int)
    for bout in found.bouts:
        counts[bout.recording, bout.motif] += 1
    return counts


def _median_durations(found: Motifs) -> np.ndarray:
    """Return (n, K): the median length of complete bouts, NaN where there is none."""
    durations = np.full((len(found.segmentations), found.num_motifs), np.nan)
    lengths: dict[tuple[int, int], list[int]] = {}
    for bout in found.bouts:
        if _is_complete(bout, len(found.segmentations[bout.recording].labels)):
            lengths.setdefault((bout.recording, bout.motif), []).append(bout.stop - bout.start)
    for place, own in lengths.items():
        durations[place] = np.median(own) / (found.fps or 1.0)
    return durations


def _is_complete(bout: Bout, num_frames: int) -> bool:
    """Return whether a bout begins and ends within its recording."""
    return bout.start > 0 and bout.stop < num_frames
