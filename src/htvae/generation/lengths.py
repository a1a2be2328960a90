"""How much each training recording counts for a sequence of a given length.

A recording of 2 seconds and one of a minute often show different things. Therefore labels and scripts that
are drawn follow the recordings whose length is near the asked one.

Axes: ``n`` recordings.
"""

from collections.abc import Sequence

import numpy as np

from htvae.inference.checkpoint import RecordedScript

LENGTH_WIDTH = 0.25
"""Standard deviation of the kernel over lengths, octaves. In three sets of recordings the labels of subjects
left out were likelier than with half an octave or more."""
OVERALL_WEIGHT = 2.0
"""Weight of all recordings together, whatever their length, beside a weight of 1 for each recording of just
the asked length. 0.5 to 4 gave labels left out about the same likelihood."""


def weigh_recordings(recorded: Sequence[RecordedScript], num_frames: int) -> np.ndarray:
    """Return the weight (n,) of each recording for a sequence of ``num_frames`` frames; weights add up to 1.

    A recording's weight is its Gaussian kernel over log length, plus its share of all frames times
    `OVERALL_WEIGHT`. Where no recording is about as long, only the shares of frames count.
    """
    lengths = _measure_lengths(recorded)
    weights = _near(lengths, num_frames) + OVERALL_WEIGHT * lengths / lengths.sum()
    return weights / weights.sum()


def shares_at_length(
    shares: Sequence[float], recorded: Sequence[RecordedScript], num_frames: int
) -> tuple[float, ...]:
    """Return how often each label has a recording of about ``num_frames`` frames.

    Args:
        shares: share of "any", then of each label, over all lengths; they add up to 1. Empty: stays empty.
        recorded: training recordings.
        num_frames: asked length.

    Returns:
        As ``shares``: the recordings' kernels by label, and ``shares`` times `OVERALL_WEIGHT`.
    """
    if not recorded or not shares:
        return tuple(shares)
    near = _near(_measure_lengths(recorded), num_frames)
    counts = np.bincount([label for label, _ in recorded], near, len(shares))
    mixed = counts + OVERALL_WEIGHT * np.asarray(shares)
    return tuple((mixed / mixed.sum()).tolist())


def _measure_lengths(recorded: Sequence[RecordedScript]) -> np.ndarray:
    """Return the frames (n,) of each recording, float."""
    return np.array([sum(frames for _, frames in parts) for _, parts in recorded], dtype=float)


def _near(lengths: np.ndarray, num_frames: int) -> np.ndarray:
    """Return the kernel (n,) of lengths around ``num_frames``, 1 where they are equal."""
    return np.exp(-0.5 * (np.log2(lengths / num_frames) / LENGTH_WIDTH) ** 2)
