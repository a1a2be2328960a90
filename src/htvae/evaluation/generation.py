"""How real generated motion is: reconstruction, posterior sample and prior sample side by side, and controls.

Everything is measured on fixed features of short windows (`htvae.metrics.frechet.pose_features`), in the
principal components of real windows' standardised features. Real windows are split at random into two halves,
A and B, and each kind of motion is compared with A, as is B, in sets of one size: what B differs from A by is
the *floor*, and what other motion differs by beyond that is its *excess*. Reconstructions and posterior
samples are of the recordings themselves; of them, the windows at B's places are taken. So a perfect
reconstruction has an excess of exactly 0.

There are two references. Figures without an ending compare with the **scored** recordings (held out, unless
another split is asked for): sequences as long and with the same labels are drawn, one for each. Figures that
end in ``_train`` compare with **training** recordings: many sequences of some seconds are drawn, labels in
the proportion that training has them, and once more after scripts, that is, with the chunk labels of parts of
recordings; elsewhere scripts are drawn, as `GenerativeModel.generate` draws them. A handful of held-out
recordings differs from everything by chance; where there are few, look at ``_train``.

Axes: ``n`` and ``m`` windows, ``F`` features, ``P`` components, ``Z`` latent_dim, ``T`` frames, ``L``
landmarks, ``D`` coordinates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.evaluation.generation_labels import measure_labels
from htvae.evaluation.generation_table import PAIRED, compute_ratios
from htvae.evaluation.motion_sets import (
    MotionSet,
    NormalLatents,
    draw_from,
    draw_from_prior,
    draw_set,
    sample_posteriors,
    take_modes,
)
from htvae.evaluation.plans import Wanted, choose_evenly, plan_like, plan_parts
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import Reconstruction
from htvae.metrics.feature_space import FeatureSpace
from htvae.metrics.frechet import frechet_distance, pose_features
from htvae.metrics.neighbours import (
    NUM_NEIGHBOURS,
    find_nearest_distances,
    measure_copying,
    measure_density_coverage,
)
from htvae.utils.progress import track

SEEDS = (1, 2, 3)
"""Everything that is drawn is drawn so often; figures are means, with ``_min`` and ``_max`` beside them."""
NUM_SPLITS = 5
"""Random halves per draw."""
LEAST_WINDOWS = 32
"""Real windows below which a Frechet distance would mean nothing."""
MOST_REAL_FRAMES = 200_000
"""Real recordings that are compared with, each reference; more would hardly change a figure."""
MOST_LIKE_SCORED = 30_000
"""Frames drawn after scored recordings, each draw of each kind."""
LIKE_TRAINING = 61_440
"""Frames drawn after training recordings, each draw of each kind; but no more than a quarter of what they are
compared with, so that a small folder is scored in seconds. With a third of it one seed said 12 and another
29 of the same prior."""
PART = 512
"""Frames per sequence of those."""
Draws = Mapping[str, MotionSet]
"""By kind of motion, of one seed."""


@dataclass(frozen=True, eq=False)
class Real:
    """Recordings that are compared with."""

    reconstructions: Sequence[Reconstruction]
    features: np.ndarray
    """(n, F) of all their windows."""
    groups: np.ndarray
    """(n,) int, the recording that a window is of."""
    fallback: np.ndarray
    """(L, D), see `pose_features`."""

    @classmethod
    def of(cls, reconstructions: Sequence[Reconstruction], fallback: np.ndarray) -> "Real":
        """Return the recordings with their features."""
        parts = [pose_features([r.processed.pose[:, : len(fallback)]], fallback) for r in reconstructions]
        groups = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return cls(reconstructions, np.concatenate(parts), groups, fallback)

    @property
    def processed(self) -> list[ProcessedSequence]:
        """The recordings themselves."""
        return [r.processed for r in self.reconstructions]


def measure_generation(
    model: MotionSampler,
    scored: Sequence[Reconstruction],
    training: Sequence[ProcessedSequence],
    fallback: np.ndarray,
    held_out: bool = True,
) -> dict[str, float]:
    """Return all figures of generated motion; none where the model has no prior.

    Names as in `htvae.evaluation.generation_table.GENERATION_FIGURES`. Those that cannot be measured, for
    want of windows, labels or training recordings, are left out.

    Args:
        model: with a prior.
        scored: reconstructions of the recordings to score.
        training: recordings that the model was trained on; none where they are not at hand.
        fallback: (L, D), see `pose_features`.
        held_out: whether the scored recordings are not among the training ones.
    """
    if not model.has_prior:
        return {}
    kept = {p.name for p in choose_evenly([r.processed for r in scored], MOST_REAL_FRAMES)}
    test = Real.of([r for r in scored if r.processed.name in kept], fallback)
    known = choose_evenly(training, MOST_REAL_FRAMES)
    train = Real.of(model.reconstruct_all(known), fallback) if known else None
    controls = _build_controls(model, train or test)
    figures: dict[str, float] = {}
    if len(test.features) >= LEAST_WINDOWS:
        plan = plan_like(test.processed, MOST_LIKE_SCORED)
        draws = [
            draw_kinds(model, test, plan, controls, seed, scripts=False)
            for seed in track("Generating", SEEDS)
        ]
        figures |= compare(test, draws, "")
        figures |= compute_ratios(figures, "")
    if train is not None and len(train.features) >= LEAST_WINDOWS:
        figures |= _measure_like_training(model, train, test if held_out else None, controls)
    return figures


def _measure_like_training(
    model: MotionSampler, train: Real, test: Real | None, controls: Mapping[str, NormalLatents]
) -> dict[str, float]:
    """Return what is measured against training recordings; ``test`` are recordings held out, if there are."""
    frames = sum(len(p.pose) for p in train.processed) // 4
    plan = plan_parts(train.processed, PART, min(LIKE_TRAINING, frames))
    draws = [
        draw_kinds(model, train, plan, controls, seed) for seed in track("Generating like training", SEEDS)
    ]
    figures = compare(train, draws, "_train")
    if test is not None and len(test.features) >= LEAST_WINDOWS:
        figures |= compare_held_out(model, train, test)
    figures |= compute_ratios(figures, "_train")
    figures |= measure_variety(train, draws)
    figures |= measure_nearest(model, train, test, draws)
    return figures | measure_labels(train.processed, plan, draws, train.fallback)


def _build_controls(model: MotionSampler, real: Real) -> dict[str, NormalLatents]:
    windows = list(chain.from_iterable(r.windows for r in real.reconstructions))
    return {
        "fitted_gaussian": NormalLatents.fit(windows),
        "standard_normal": NormalLatents.standard(*model.latent_dims),
    }


def draw_kinds(
    model: MotionSampler,
    real: Real,
    plan: Sequence[Wanted],
    controls: Mapping[str, NormalLatents],
    seed: int,
    scripts: bool = True,
) -> dict[str, MotionSet]:
    """Return motion of every kind, see `htvae.evaluation.generation_table.MOTION_KINDS`.

    Kinds that ask for labels are left out where the prior knows none of the plan's, that which asks for chunk
    labels also where ``scripts`` is False.
    """
    sets = {
        "reconstruction": take_modes(real.reconstructions, len(real.fallback)),
        "posterior_sample": sample_posteriors(model, real.reconstructions, seed),
        "prior_sample": draw_set(model, draw_from_prior(model, False, False), plan, seed),
    }
    if any(w.label in model.labels for w in plan):
        sets["prior_sample_labels"] = draw_set(model, draw_from_prior(model, True, False), plan, seed)
    if scripts and any(np.isin(w.frame_labels, model.chunk_labels).any() for w in plan):
        sets["prior_sample_scripts"] = draw_set(model, draw_from_prior(model, True, True), plan, seed)
    for name, latents in controls.items():
        sets[name] = draw_set(model, draw_from(model, latents), plan, seed)
    return sets


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
    """Return the excess of each kind (features squared) over real against real, and that as ``floor``.

    All sets have one size: half of the real windows, or as many as the smallest kind has.

    Args:
        real: (n, P) windows, in the components.
        others: (m, P) by kind; those of `PAIRED` have the n windows of the recordings themselves.
        seed: of the halves.
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

    As excess, like `compare`. Other takes (or people) differ from those of training even if they are alike in
    kind; what is drawn from the prior differs so too, but reconstructions of the training recordings do not.
    """
    space = FeatureSpace.fit(train.features)
    found: dict[str, list[float]] = {}
    for seed in SEEDS:
        sampled = pose_features(sample_posteriors(model, test.reconstructions, seed).poses, test.fallback)
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


def measure_variety(real: Real, draws: Sequence[Draws]) -> dict[str, float]:
    """Return density and coverage of each kind among real windows, and those of other real windows."""
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
                density, coverage = measure_density_coverage(rows[first], query)
                found.setdefault(f"density_{kind}", []).append(density)
                found.setdefault(f"coverage_{kind}", []).append(coverage)
    return {name: float(np.mean(values)) for name, values in found.items()}


def measure_nearest(
    model: MotionSampler, train: Real, test: Real | None, draws: Sequence[Draws]
) -> dict[str, float]:
    """Return how far motion is from the nearest training window, and its z from the nearest training z.

    Medians over windows, and over sequence latents; and ``copied_<kind>``, see `measure_copying`. Generated
    motion that is nearer than held-out recordings are may be copied, or calmer: calm windows lie close
    together. Then ``copied`` is no higher than theirs. A held-out recording's z is drawn from its posterior,
    as the prior learned its own. Windows: distances in the components. z: spreads of training z's, root mean
    square over its numbers.
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
                note(kind, pose_features(drawn.poses, train.fallback), drawn.sequence_latents)
        if test is not None:
            sampled = sample_posteriors(model, test.reconstructions, seed)
            note("real", test.features, sampled.sequence_latents)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _project(space: FeatureSpace, sets: Draws, fallback: np.ndarray) -> dict[str, np.ndarray]:
    return {kind: space.project(pose_features(drawn.poses, fallback)) for kind, drawn in sets.items()}


def _halves(rng: np.random.Generator, total: int, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    orders = [rng.permutation(total) for _ in range(NUM_SPLITS)]
    return [(order[:size], order[size : 2 * size]) for order in orders]


def _take(kind: str, rows: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return as many rows as the second half has: at its places, or any."""
    return rows[second] if kind in PAIRED else rows[rng.permutation(len(rows))[: len(second)]]
