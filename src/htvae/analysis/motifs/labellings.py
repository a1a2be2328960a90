"""Two labellings of the same recordings compared, beside the same with one of them moved in time.

Axes: ``T`` frames, ``A`` and ``B`` labels of the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.metrics.agreement import NOTHING, count_pairs, match_labels, measure_agreement

NUM_SHIFTS = 20
"""Shifts of the control."""


@dataclass(frozen=True, eq=False)
class LabelComparison:
    """How far two labellings agree."""

    figures: Mapping[str, float]
    """See `measure_agreement`; the second labelling is the reference."""
    shifted: Mapping[str, float]
    """The same, mean over random shifts in time of the first: what labels of the same lengths reach alone."""
    table: np.ndarray
    """(A, B) frames with label a in the first and b in the second."""
    matches: list[tuple[int, int]]
    """Pairs of labels that were matched."""


def compare_labellings(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], tolerance: float, seed: int = 0
) -> LabelComparison:
    """Compare labellings (T,) of recordings; frames without a label in one of them are left out.

    Args:
        first: label of each frame, `NOTHING` where there is none.
        second: the reference, of the same recordings.
        tolerance: frames by which boundaries may differ.
        seed: seed of the shifts, which are a tenth of a recording at least.

    Raises:
        ValueError: no frame has a label in both.
    """
    figures = measure_agreement(first, second, tolerance)
    rng = np.random.default_rng(seed)
    controls = [measure_agreement(_shift(first, rng), second, tolerance) for _ in range(NUM_SHIFTS)]
    shifted = {name: _mean_known([one[name] for one in controls]) for name in figures}
    a, b = np.concatenate(first), np.concatenate(second)
    known = (a != NOTHING) & (b != NOTHING)
    table = count_pairs(a[known], b[known])
    return LabelComparison(figures, shifted, table, list(zip(*map(list, match_labels(table)), strict=True)))


def _mean_known(values: Sequence[float]) -> float:
    """Return the mean of values that are not NaN; NaN where none is."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _shift(labels: Sequence[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    return [np.roll(x, int(len(x) * rng.uniform(0.1, 0.9))) for x in labels]
