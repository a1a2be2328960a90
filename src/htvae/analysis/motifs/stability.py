"""How far motifs depend on chance: on the seed, on which recordings there were, and on the model.

Windows stand for their frames. Fits to other seeds and to halves use the features that all recordings gave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.motifs.segmenter import Segmenter, fit_features
from htvae.analysis.motion_series import scale_points
from htvae.analysis.series_source import SeriesSource
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.metrics.agreement import NOTHING, adjusted_rand
from htvae.utils.progress import Progress

NUM_SEEDS = 5
"""Fits whose agreement is reported, the first among them."""
NUM_HALVINGS = 3
"""Ways in which recordings are halved."""
MOST_REFITTED = 10_000
"""Windows that a fit which only checks another one sees, at most: three quarters of an hour."""


@dataclass(frozen=True)
class Stability:
    """How far motifs depend on chance: mean adjusted Rand indices on all recordings."""

    seeds: float
    """Between fits that differ by their seed alone (and, of many recordings, by the windows they see)."""
    halves: float
    """Between two fits to half of the subjects each; NaN where there is one recording."""
    windows: float
    """With motifs of interpolated poses, without the model."""


def measure_stability(
    model: TrainedModel,
    recordings: Sequence[ProcessedSequence],
    motifs: Motifs,
    bout_seconds: float,
    seed: int = 0,
) -> Stability:
    """Fit motifs again, with other seeds, to halves of the recordings, and without the model."""
    fps, count, vectors, features = motifs.fps, motifs.num_motifs, motifs.vectors, motifs.segmenter.features
    halvings = deal_halves(recordings, seed)
    progress = Progress("Fitting again", NUM_SEEDS + 2 * len(halvings), unit="fits")

    def fit(
        chosen: Sequence[np.ndarray], own_seed: int = seed, most: int = MOST_REFITTED
    ) -> list[np.ndarray]:
        fitted = Segmenter.fit_vectors(features, chosen, fps, count, bout_seconds, own_seed, most=most)
        labels = fitted.label_windows(vectors)
        progress.update(progress.done + 1)
        return labels

    own = motifs.segmenter.label_windows(vectors)
    labels = [own, *(fit(vectors, seed + other) for other in range(1, NUM_SEEDS))]
    seeds = np.mean([agree(a, b) for a, b in combinations(labels, 2)])
    halves = [
        agree(*(fit([vectors[i] for i in part], most=MOST_REFITTED // 2) for part in parts))
        for parts in halvings
    ]
    poses = SeriesSource(model, recordings, "pose")
    features = fit_features(poses, scale_points(model, "pose"), fps)
    vectors = [features.transform(one) for one in poses]
    windows = agree(own, fit(vectors))
    progress.close()
    return Stability(float(seeds), float(np.mean(halves)) if halves else float("nan"), windows)


def agree(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> float:
    """Return the adjusted Rand index over windows that both fits label; 0 where they share none.

    A fit to one recording may take everything in another one for none of its motifs.
    """
    pairs = zip(first, second, strict=True)
    if not any(((a != NOTHING) & (b != NOTHING)).any() for a, b in pairs):
        return 0.0
    return adjusted_rand(first, second)


def deal_halves(
    recordings: Sequence[ProcessedSequence], seed: int, count: int = NUM_HALVINGS
) -> list[tuple[list[int], list[int]]]:
    """Return random halves of recordings by their indices: whole subjects, as many of each label as may be.

    Subjects that have one label alone are dealt label by label. A recording without a subject counts as a
    subject; so does each recording where all are of one subject.

    Args:
        recordings: at least two; of fewer there are no halves.
        seed: seed of the order.
        count: number of halvings.
    """
    if len(recordings) < 2:
        return []
    sources = [p.source for p in recordings]
    owners = [s.subject or f"recording {i}" for i, s in enumerate(sources)]
    if len(set(owners)) == 1:
        owners = [str(i) for i in range(len(sources))]
    groups = {owner: [i for i, other in enumerate(owners) if other == owner] for owner in sorted(set(owners))}
    found = {owner: {sources[i].label or "" for i in own} for owner, own in groups.items()}
    labels = {owner: own.pop() if len(own) == 1 else "" for owner, own in found.items()}
    rng, halvings = np.random.default_rng(seed), []
    for _ in range(count):
        order = [list(groups)[i] for i in rng.permutation(len(groups))]
        order.sort(key=lambda owner: labels[owner])
        first, second = (sorted(i for owner in order[side::2] for i in groups[owner]) for side in (0, 1))
        halvings.append((first, second))
    return halvings
