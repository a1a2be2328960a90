"""Figures of windows at several places of the same sequences, beside training and held-out recordings.

Axes: ``n`` sequences or windows, ``P`` places, ``W`` frames per window, ``L`` landmarks, ``D`` coordinates,
``B`` bones, ``F`` features, ``G`` batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.evaluation.generation import MOST_OF_ONE, MOST_REAL_FRAMES
from htvae.evaluation.likeness import SEEDS, measure_excess
from htvae.evaluation.plans import choose_evenly
from htvae.inference.motion_features import motion_features, smooth_pose
from htvae.metrics.feature_space import FeatureSpace
from htvae.metrics.windows import cut_windows, fill_gaps

FIGURES = ("distance", "speed", "still", "bones", "bone_spread", "body")
"""What is measured, in the order of the table; the last three only where bones are known."""
STILL = 0.1
"""Quantile of the speeds of training frames; slower frames are still."""


@dataclass(frozen=True, eq=False)
class Traits:
    """What is measured of each window."""

    speed: np.ndarray
    """(n, W - 1) mean over landmarks, torso lengths per frame."""
    bones: np.ndarray
    """(n, B) mean lengths, torso lengths."""
    bone_spread: np.ndarray
    """(n, B) standard deviations of the lengths over the means."""

    @classmethod
    def of(cls, windows: np.ndarray, edges: Sequence[tuple[int, int]]) -> "Traits":
        """Measure windows (n, W, L, D) without gaps."""
        speed = np.linalg.norm(np.diff(windows, axis=1), axis=-1).mean(-1)
        tails, heads = [a for a, _ in edges], [b for _, b in edges]
        lengths = np.linalg.norm(windows[:, :, tails] - windows[:, :, heads], axis=-1)
        means = np.maximum(lengths.mean(1), 1e-6)
        return cls(speed, means, lengths.std(1) / means)


@dataclass(frozen=True, eq=False)
class Real:
    """Training recordings, with which motion is compared, and held-out recordings beside them."""

    space: FeatureSpace
    features: np.ndarray
    """(n, F) of training windows, in the space."""
    held_out_features: np.ndarray
    training: Traits
    held_out: Traits
    held_out_body: float
    """As ``body`` of `measure_drift`: windows of a recording beside its first."""
    fallback: np.ndarray
    edges: Sequence[tuple[int, int]]

    @classmethod
    def of(
        cls,
        training: Sequence[ProcessedSequence],
        held_out: Sequence[ProcessedSequence],
        fallback: np.ndarray,
        edges: Sequence[tuple[int, int]],
        window: int,
    ) -> "Real":
        """Measure recordings.

        Args:
            training: recordings that the model was trained on.
            held_out: recordings that it was not trained on.
            fallback: (L, D), where a landmark stands that a recording never shows.
            edges: pairs of landmarks that a bone joins.
            window: W of the traits; recordings that are shorter have no part in them.

        Raises:
            ValueError: there are too few training or held-out recordings.
        """
        poses, parts = {}, {}
        for name, recordings in (("training", training), ("held-out", held_out)):
            chosen = choose_evenly(recordings, MOST_REAL_FRAMES, MOST_OF_ONE) if recordings else []
            poses[name] = [p.pose[:, : len(fallback)] for p in chosen]
            parts[name] = [_cut(pose, fallback, window) for pose in poses[name] if len(pose) >= window]
            if not parts[name]:
                raise ValueError(
                    f"The folder must hold {name} recordings of {window} frames at least, but has none "
                    f"among {len(chosen)}. Give the folder that the model was trained on."
                )
        rows = {name: motion_features(own, fallback) for name, own in poses.items()}
        space = FeatureSpace.fit(rows["training"])
        bones = [Traits.of(part, edges).bones for part in parts["held-out"] if len(part) > 1]
        changes = [_change(own[1:], own[:1]) for own in bones]
        return cls(
            space,
            space.project(rows["training"]),
            space.project(rows["held-out"]),
            Traits.of(np.concatenate(parts["training"]), edges),
            Traits.of(np.concatenate(parts["held-out"]), edges),
            float(np.mean(np.concatenate(changes))) if changes else float("nan"),
            fallback,
            edges,
        )


def _cut(pose: np.ndarray, fallback: np.ndarray, window: int) -> np.ndarray:
    """Return the windows (n, W, L, D) of a recording, filtered, one after the other."""
    starts = np.arange(0, len(pose) - window + 1, window)
    return cut_windows(fill_gaps(smooth_pose(pose), fallback), starts, window)


def _change(bones: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the mean over bones (n,) of the absolute logarithm of lengths (n, B) over those at first."""
    return np.abs(np.log(bones / first)).mean(-1) if bones.shape[-1] else np.full(len(bones), np.nan)


def measure_drift(windows: np.ndarray, batch: int, real: Real) -> dict[str, Any]:
    """Return the figures at each place, their errors, the change from first to last, and held-out figures.

    Args:
        windows: (P, n, W, L, D) torso lengths, the same sequences at each place.
        batch: sequences of a batch; n is a multiple.
        real: recordings to compare with.
    """
    places, count = windows.shape[:2]
    traits = [Traits.of(own, real.edges) for own in windows]
    features = [real.space.project(motion_features(own, real.fallback)) for own in windows]
    rows = [own.reshape(count, -1, own.shape[-1]) for own in features]
    groups = np.arange(count) // batch

    def measure(chosen: np.ndarray) -> dict[str, np.ndarray]:
        return _measure([own[chosen] for own in rows], traits, chosen, real)

    whole = measure(np.ones(count, bool))
    parts = [measure(groups != group) for group in np.unique(groups)]
    found: dict[str, Any] = {"figures": {}, "errors": {}, "change": {}, "change_errors": {}, "held_out": {}}
    for name, values in whole.items():
        left_out = np.stack([part[name] for part in parts])
        found["held_out"][name] = float(values[-1])
        found["figures"][name] = values[:places].tolist()
        found["errors"][name] = _jackknife(left_out[:, :places]).tolist()
        found["change"][name] = float(values[places - 1] - values[0])
        found["change_errors"][name] = float(_jackknife(left_out[:, places - 1] - left_out[:, 0]))
    return found


def _jackknife(values: np.ndarray) -> np.ndarray:
    """Return the standard error of a figure from its values (G, ...) with one batch left out each."""
    count = len(values)
    error: np.ndarray = np.sqrt((count - 1) / count * np.square(values - values.mean(0)).sum(0))
    return error


def _measure(
    rows: Sequence[np.ndarray], traits: Sequence[Traits], chosen: np.ndarray, real: Real
) -> dict[str, np.ndarray]:
    """Return each figure (P + 1,) of the chosen sequences, that of held-out recordings last."""
    kinds = {str(place): np.concatenate(list(own)) for place, own in enumerate(rows)}
    kinds["held_out"] = real.held_out_features
    excess = [measure_excess(real.features, kinds, seed) for seed in SEEDS]
    found = {"distance": np.array([np.mean([e[kind] for e in excess]) for kind in kinds])}
    usual, slow = real.training, np.quantile(real.training.speed, STILL)
    own = [Traits(t.speed[chosen], t.bones[chosen], t.bone_spread[chosen]) for t in traits]
    everyone = [*own, real.held_out]
    found["speed"] = np.array([t.speed.mean() for t in everyone]) / usual.speed.mean()
    found["still"] = np.array([(t.speed < slow).mean() for t in everyone])
    if real.edges:
        found["bones"] = np.array([(t.bones.mean(0) / usual.bones.mean(0)).mean() for t in everyone])
        found["bone_spread"] = np.array([t.bone_spread.mean() for t in everyone]) / usual.bone_spread.mean()
        found["body"] = np.array([_change(t.bones, own[0].bones).mean() for t in own] + [real.held_out_body])
    return found
