"""How far two labellings of the same frames agree, whatever names they use.

Labels are integers from 0, and `NOTHING` where a frame has none; such frames are left out.

Axes: ``T`` frames.
"""

from collections.abc import Sequence

import numpy as np

NOTHING = -1
"""Label of frames without one."""


def measure_agreement(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], tolerance: Sequence[float] | float
) -> dict[str, float]:
    """Return how far two labellings of recordings agree; all figures are 1 where they agree in full.

    - ``nmi``: normalised mutual information, arithmetic mean of the two entropies; 0 for independent ones.
    - ``ari``: adjusted Rand index; 0 on average for independent ones.
    - ``accuracy``: share of frames that agree once each label of one is matched with one of the other, so
      that the most frames agree.
    - ``f1``: mean over matched labels of the harmonic mean of precision and recall, weighted by the frames
      of ``second``.
    - ``boundary_f1``: see `match_boundaries`.

    Args:
        first: (T,) int for each recording.
        second: the same recordings; the reference, for ``f1``.
        tolerance: frames by which boundaries may differ, for each recording or for all.

    Raises:
        ValueError: no frame has a label in both.

    Source: Vinh, Epps & Bailey 2010, "Information Theoretic Measures for Clusterings Comparison"; Hubert &
    Arabie 1985, "Comparing Partitions"; Kuhn 1955 for the matching.
    """
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    a, b = _join_known(first, second)
    table = count_pairs(a, b)
    rows, columns = match_labels(table)
    matched = table[rows, columns]
    f1 = 2 * matched / np.maximum(table.sum(1)[rows] + table.sum(0)[columns], 1)
    return {
        "nmi": float(normalized_mutual_info_score(a, b)),
        "ari": float(adjusted_rand_score(a, b)),
        "accuracy": float(matched.sum() / len(a)),
        "f1": float((f1 * table.sum(0)[columns]).sum() / len(b)),
        "boundary_f1": match_boundaries(first, second, tolerance),
    }


def adjusted_rand(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> float:
    """Return the adjusted Rand index of two labellings (T,) of recordings, see `measure_agreement`.

    Raises:
        ValueError: no frame has a label in both.
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(*_join_known(first, second)))


def _join_known(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of all frames that both label."""
    a, b = np.concatenate(first), np.concatenate(second)
    known = (a != NOTHING) & (b != NOTHING)
    if not known.any():
        raise ValueError(
            "Two labellings must share labelled frames, but share none. Compare the same recordings."
        )
    return a[known], b[known]


def count_pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (A, B) int: the frames that have label a in ``first`` (T,) and label b in ``second`` (T,)."""
    table = np.zeros((first.max() + 1, second.max() + 1), int)
    np.add.at(table, (first, second), 1)
    return table


def match_labels(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs (rows, columns) of a table (A, B), each row and column once, with the largest sum."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(table, maximize=True)
    return rows, columns


def match_boundaries(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], tolerance: Sequence[float] | float
) -> float:
    """Return the F1 of boundaries: the harmonic mean of the shares of each that the other has nearby.

    A boundary lies between two frames of different labels, both known in both labellings. Each may be matched
    once; pairs are taken in time order, which finds the most. NaN where neither has a boundary.

    Args:
        first: (T,) int for each recording.
        second: the same recordings.
        tolerance: frames by which two boundaries may differ, for each recording or for all.
    """
    matched = total = 0
    allowed = np.broadcast_to(np.asarray(tolerance, float), len(first))
    for a, b, limit in zip(first, second, allowed, strict=True):
        known = (a != NOTHING) & (b != NOTHING)
        cuts_a, cuts_b = (find_boundaries(x, known) for x in (a, b))
        matched += _count_matches(cuts_a, cuts_b, limit)
        total += len(cuts_a) + len(cuts_b)
    return 2 * matched / total if total else float("nan")


def find_boundaries(labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the frames at which a new label begins; frames that are not ``known`` (T,) begin none."""
    changes = (labels[1:] != labels[:-1]) & known[1:] & known[:-1]
    return np.flatnonzero(changes) + 1


def _count_matches(first: np.ndarray, second: np.ndarray, limit: float) -> int:
    i = j = count = 0
    while i < len(first) and j < len(second):
        if abs(first[i] - second[j]) <= limit:
            i, j, count = i + 1, j + 1, count + 1
        elif first[i] < second[j]:
            i += 1
        else:
            j += 1
    return count
