"""How like real motion other motion is: Frechet distance, coverage, nearest training windows.

Everything is measured on fixed features of short windows (`htvae.inference.motion_features`), in the
principal components of real windows' standardised features. Real windows are split at random into two halves,
A and B. Each kind of motion is compared with A, as is B, in sets of one size. The distance of B from A is the
*floor*; what another kind has beyond the floor is its *excess*. Reconstructions and posterior samples show
the recordings themselves, so that their windows at B's places are taken: a perfect reconstruction has an
excess of exactly 0.

Axes: ``n`` and ``m`` windows, ``F`` features, ``P`` components, ``Z`` latent_dim, ``L`` landmarks, ``D``
coordinates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.evaluation.figures import PAIRED
from htvae.evaluation.motion_sets import MotionSet, sample_posteriors, take_modes
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import Reconstruction
from htvae.inference.motion_features import motion_features
from htvae.metrics.feature_space import FeatureSpace
from htvae.metrics.frechet import frechet_distance
from htvae.metrics.neighbours import (
    NUM_NEIGHBOURS,
    find_nearest_distances,
    measure_copying,
    measure_coverage,
)

SEEDS = (1, 2, 3)
"""Seeds of the draws; figures are means over them, with ``_min`` and ``_max`` beside."""
NUM_SPLITS = 5
"""Random halves per draw."""
Draws = Mapping[str, MotionSet]
"""By kind of motion, of one seed."""


@dataclass(frozen=True, eq=False)
class Real:
    """Real recordings, which other motion is compared with."""

    reconstructions: Sequence[Reconstruction]
    features: np.ndarray
    """(n, F) of all their windows."""
    groups: np.ndarray
    """(n,) int, the recording of each window."""
    fallback: np.ndarray
    """(L, D), see `motion_features`."""
    samples: dict[int, MotionSet] = field(default_factory=dict)
    """What was drawn from their posteriors, by seed."""

    @classmethod
    def of(cls, reconstructions: Sequence[Reconstruction], fallback: np.ndarray) -> "Real":
        """Return the recordings with their features."""
        parts = [motion_features([r.processed.pose[:, : len(fallback)]], fallback) for r in reconstructions]
        groups = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return cls(reconstructions, np.concatenate(parts), groups, fallback)

    @property
    def processed(self) -> list[ProcessedSequence]:
        """The recordings themselves."""
        return [r.processed for r in self.reconstructions]

    def sample(self, model: MotionSampler, seed: int) -> MotionSet:
        """Return what `sample_posteriors` draws with a seed; asked again, it returns the same set."""
        if seed not in self.samples:
            self.samples[seed] = sample_posteriors(model, self.reconstructions, seed)
        return self.samples[seed]


def compare(real: Real, draws: Sequence[Draws], ending: str) -> dict[str, float]:
    """Return the Frechet distance of every kind as excess over the floor, with range."""
    space = FeatureSpace.fit(real.features)
    rows = space.project(real.features)
    found: dict[str, list[float]] = {}
    for seed, sets in zip(SEEDS, draws, strict=True):
        projected = _project(space, sets, real.fallback)
        for name, value in measure_excess(rows, projected, seed).items():
            found.setdefault(name, []).append(value)
    figures = {f"frechet_floor{ending}": float(np.mean(found.pop("floor")))}
    return figures | _with_range({f"frechet_{kind}{ending}": values for kind, values in found.items()})


def measure_excess(real: np.ndarray, others: Mapping[str, np.ndarray], seed: int) -> dict[str, float]:
    """Return the excess of each kind (features squared) over real against real, and the ``floor`` itself.

    All sets have one size: half of the real windows, or as many as the smallest kind has.

    Args:
        real: (n, P) windows, in the components.
        others: (m, P) by kind; kinds in `PAIRED` have the n windows of the recordings themselves.
        seed: seed of the halves.
    """
    rng = np.random.default_rng(seed)
    size = min(len(real) // 2, *map(len, others.values()))
    sums = dict.fromkeys(("floor", *others), 0.0)
    for first, second in _halves(rng, len(real), size):
        floor = frechet_distance(real[first], real[second])
        sums["floor"] += floor
        for kind, rows in others.items():
            sums[kind] += frechet_distance(real[first], _take(kind, rows, second, rng)) - floor
    return {kind: total / NUM_SPLITS for kind, total in sums.items()}


def compare_held_out(model: MotionSampler, train: Real, test: Real) -> dict[str, float]:
    """Return how far held-out recordings, and samples from their posteriors, are from training recordings.

    The figures are excess, as in `compare`. Other takes (or people) differ from training even where they are
    alike in kind. So does what is drawn from the prior; reconstructions of the training recordings do not.
    """
    space = FeatureSpace.fit(train.features)
    found: dict[str, list[float]] = {}
    for seed in SEEDS:
        sampled = motion_features(test.sample(model, seed).poses, test.fallback)
        others = {"real": test.features, "posterior_sample_held_out": sampled}
        rows = {kind: space.project(features) for kind, features in others.items()}
        excess = measure_excess(space.project(train.features), rows, seed)
        for kind in others:
            found.setdefault(f"frechet_{kind}_train", []).append(excess[kind])
    return _with_range(found)


def _with_range(found: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return mean, least and greatest value of each figure."""
    figures: dict[str, float] = {}
    for name, values in found.items():
        figures |= {name: float(np.mean(values)), f"{name}_min": min(values), f"{name}_max": max(values)}
    return figures


def compare_variety(real: Real, draws: Sequence[Draws]) -> dict[str, float]:
    """Return the coverage of real windows by each kind, and by other real windows."""
    space = FeatureSpace.fit(real.features)
    rows = space.project(real.features)
    found: dict[str, list[float]] = {}
    for seed, sets in zip(SEEDS, draws, strict=True):
        others, rng = _project(space, sets, real.fallback), np.random.default_rng(seed)
        size = min(len(rows) // 2, *map(len, others.values()))
        if size <= NUM_NEIGHBOURS:
            return {}
        for first, second in _halves(rng, len(rows), size):
            queries = {"real": rows[second]} | {k: _take(k, o, second, rng) for k, o in others.items()}
            for kind, query in queries.items():
                found.setdefault(f"coverage_{kind}", []).append(measure_coverage(rows[first], query))
    return {name: float(np.mean(values)) for name, values in found.items()}


def compare_nearest(
    model: MotionSampler, train: Real, test: Real | None, draws: Sequence[Draws]
) -> dict[str, float]:
    """Return how far motion is from the nearest training window, and its z from the nearest training z.

    Medians over windows, and over sequence latents; and ``copied_<kind>``, see `measure_copying`. Generated
    motion that is nearer to training than held-out recordings are is a copy, or calm: calm windows lie close
    together. Where it is merely calm, ``copied`` is no higher than the held-out recordings'. A held-out
    recording's z is drawn from its posterior, as the prior learned its own. Distances of windows are in the
    components; those of z in spreads of training z's, root mean square over its numbers.
    """
    space = FeatureSpace.fit(train.features)
    rows = space.project(train.features)
    latents = take_modes(train.reconstructions, len(train.fallback)).sequence_latents
    spread = np.maximum(latents.std(axis=0), 1e-6)
    found: dict[str, list[float]] = {}

    def note(kind: str, features: np.ndarray, z: np.ndarray) -> None:
        projected = space.project(features)
        window = find_nearest_distances(projected, rows)
        latent = find_nearest_distances(z / spread, latents / spread) / np.sqrt(z.shape[1])
        found.setdefault(f"nearest_window_{kind}", []).append(float(np.median(window)))
        found.setdefault(f"nearest_latent_{kind}", []).append(float(np.median(latent)))
        if train.groups[-1] > 0:
            copied = measure_copying(projected, rows, train.groups)
            found.setdefault(f"copied_{kind}", []).append(copied)

    for seed, sets in zip(SEEDS, draws, strict=True):
        for kind, drawn in sets.items():
            if kind not in PAIRED:
                note(kind, motion_features(drawn.poses, train.fallback), drawn.sequence_latents)
        if test is not None:
            note("real", test.features, test.sample(model, seed).sequence_latents)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _project(space: FeatureSpace, sets: Draws, fallback: np.ndarray) -> dict[str, np.ndarray]:
    return {kind: space.project(motion_features(drawn.poses, fallback)) for kind, drawn in sets.items()}


def _halves(rng: np.random.Generator, total: int, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    orders = [rng.permutation(total) for _ in range(NUM_SPLITS)]
    return [(order[:size], order[size : 2 * size]) for order in orders]


def _take(kind: str, rows: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return as many rows as the second half has: at its places, or any."""
    return rows[second] if kind in PAIRED else rows[rng.permutation(len(rows))[: len(second)]]
