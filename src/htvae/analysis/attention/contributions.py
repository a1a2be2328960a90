"""What each chunk contributes to the sequence latent z, measured in two ways, and whether the two agree.

- By attention: the share of the sequence token's attention that falls on the chunk.
- By leaving out: how far the mean of z moves when z is read off all other chunks. The encoder does exactly
  this in training. All sources of z count: the sequence token, mean and spread of the chunks' features, and
  the mean pose.

A recording's z is the precision-weighted mean over its windows, and so are its chunks' shares. A chunk that
two windows hold counts in both. So whether the two measures agree is judged inside windows.

Axes: ``C`` chunks of a recording or window, ``W`` windows, ``Z`` latent_dim.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from htvae.models.chunking import ChunkWindow

NUM_RESAMPLES = 2000
"""Resamples of the recordings for the interval of a mean correlation."""
LEAST_CHUNKS = 3
"""Fewest chunks of a window whose two contributions are compared."""
VERDICTS = (
    (0.7, "The shares rank chunks much as leaving them out does"),
    (0.3, "The shares rank chunks only roughly as leaving them out does"),
    (-1.0, "The shares hardly tell which chunks z depends on"),
)
"""Least mean correlation, and what it shows."""


class PartLatents(NamedTuple):
    """Posteriors of a window's z, read off all of its chunks and off all but one."""

    mu: np.ndarray
    """Means (1 + C, Z): of all chunks, then without each chunk in turn."""
    precision: np.ndarray
    """Inverse variances (1 + C, Z)."""

    def beyond(self, count: int) -> "PartLatents":
        """Return the posteriors without the first ``count`` numbers of z."""
        return PartLatents(self.mu[:, count:], self.precision[:, count:])


class Agreement(NamedTuple):
    """Spearman's rank correlation of contributions by attention and by leaving out, inside windows."""

    recordings: list[float]
    """Each recording's: the mean over its windows; NaN without a window of three chunks."""
    mean: float
    """Their mean; NaN without any."""
    interval: tuple[float, float]
    """95 % bootstrap interval of the mean over recordings; NaN for fewer than two."""


def share_windows(parts: Sequence[PartLatents]) -> np.ndarray:
    """Return the weight (W,) of each window's z in the recording's: its share of the precision."""
    precision = np.stack([part.precision[0] for part in parts])
    weights: np.ndarray = (precision / precision.sum(0)).mean(-1)
    return weights


def join_shares(
    windows: Sequence[ChunkWindow], shares: Sequence[np.ndarray], weights: np.ndarray
) -> np.ndarray:
    """Return each chunk's share (C,), added up over the windows that hold it; all shares add up to 1.

    Args:
        windows: the windows of a recording.
        shares: for each window, what its chunks (C,) get of the sequence token's attention.
        weights: (W,), from `share_windows`.
    """
    total = np.zeros(windows[-1].chunks[1])
    for window, share, weight in zip(windows, shares, weights, strict=True):
        total[slice(*window.chunks)] += weight * share
    return total / total.sum()


def leave_each_out(windows: Sequence[ChunkWindow], parts: Sequence[PartLatents]) -> np.ndarray:
    """Return how far the mean of a recording's z moves (C,) when each chunk is left out of all windows.

    ``sqrt(sum_z ((mu - mu without the chunk) / sigma)^2)``, with the posterior's sigma from all chunks: a
    length in posterior standard deviations. A window without any other chunk is left out whole; NaN for the
    only chunk of a recording.
    """
    mu, precision = (np.stack([part[i][0] for part in parts]) for i in (0, 1))
    total = precision.sum(0)
    whole = (precision * mu).sum(0) / total
    moved = np.full(windows[-1].chunks[1], np.nan)
    for chunk in range(len(moved)):
        changed_mu, changed = mu.copy(), precision.copy()
        for number, window in enumerate(windows):
            first, stop = window.chunks
            if first <= chunk < stop:
                row = 1 + chunk - first
                changed_mu[number] = parts[number].mu[row]
                changed[number] = parts[number].precision[row] if stop - first > 1 else 0
        left = changed.sum(0)
        if left.all():
            change = (changed * changed_mu).sum(0) / left - whole
            moved[chunk] = np.sqrt((change**2 * total).sum())
    return moved


def leave_each_out_of_window(parts: PartLatents) -> np.ndarray:
    """Return how far the mean of a window's own z moves (C,) without each chunk; see `leave_each_out`."""
    change = parts.mu[1:] - parts.mu[0]
    moved: np.ndarray = np.sqrt((change**2 * parts.precision[0]).sum(-1))
    return moved if len(moved) > 1 else np.full(1, np.nan)


def compare(
    shares: Sequence[Sequence[np.ndarray]], left_out: Sequence[Sequence[np.ndarray]], seed: int
) -> Agreement:
    """Compare contributions by attention and by leaving out.

    Args:
        shares: for each recording and window, (C,).
        left_out: for each recording and window, (C,).
        seed: of the bootstrap.
    """
    own = [
        _mean([rank_correlation(*pair) for pair in zip(*windows, strict=True)])
        for windows in zip(shares, left_out, strict=True)
    ]
    known = np.array([rho for rho in own if np.isfinite(rho)])
    interval = (float("nan"), float("nan"))
    if len(known) > 1:
        chosen = np.random.default_rng(seed).integers(len(known), size=(NUM_RESAMPLES, len(known)))
        low, high = np.quantile(known[chosen].mean(axis=1), [0.025, 0.975])
        interval = (float(low), float(high))
    return Agreement(own, _mean(own), interval)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's rank correlation; NaN for fewer than three values, or if all are equal."""
    from scipy.stats import spearmanr

    if len(first) < LEAST_CHUNKS or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(spearmanr(first, second).statistic)


def describe_agreement(agreement: Agreement) -> str:
    """Return in one sentence what a comparison shows."""
    if not np.isfinite(agreement.mean):
        return "Attention and leaving-out cannot be compared: no window has three chunks."
    low, high = agreement.interval
    spread = f" ({low:.2f} to {high:.2f})" if np.isfinite(low) else ""
    verdict = next(text for least, text in VERDICTS if agreement.mean >= least)
    return f"{verdict}: Spearman correlation {agreement.mean:.2f}{spread}, mean over recordings."


def _mean(values: Sequence[float]) -> float:
    """Return the mean of the values that are numbers, NaN without any."""
    known = [value for value in values if np.isfinite(value)]
    return sum(known) / len(known) if known else float("nan")
