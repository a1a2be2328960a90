"""Intervals that hold a filled-in coordinate with 90 %.

An interval adds three variances: between samples, of the model's error around each sample, and of the
tracker's jitter.

Axes: ``n`` samples, ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

import numpy as np
import torch

from htvae.data.processing import ProcessedSequence
from htvae.generation.filling import REACH, nearness
from htvae.generation.sampler import MotionSampler
from htvae.metrics.errors import measure_jitter

SPREAD_REACH = 60
"""Frames from an observed point beyond which it no longer narrows the spread of hidden points."""
SPREAD_SHARE = 0.5
"""Share of `MotionSampler.point_scale` that counts. It was chosen together with `SPREAD_REACH` for the shape
of intervals (docs/log/2026-11-28.md); their width is calibrated, see `htvae.generation.bands`."""
NORMAL_90 = 1.645
"""Half the width of a normal distribution's middle 90 %, in standard deviations."""


def measure_spread(
    model: MotionSampler, processed: ProcessedSequence, filled: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the model's spread (T, L) and the tracker's jitter (L,) of each landmark, torso lengths.

    Args:
        model: the model.
        processed: the recording, NaN where points are missing.
        filled: (T, N, D), the recording with all points.
    """
    scale = model.point_scale(processed.pose, filled)
    jitter = measure_jitter(torch.from_numpy(processed.pose[:, : scale.shape[1]])).nan_to_num()
    return scale, jitter.numpy()


def spread_between(observed: np.ndarray, scale: np.ndarray, jitter: np.ndarray) -> np.ndarray:
    """Return the spread (T, L) of each hidden point around its place after `meet_observed`; 0 where observed.

    - The model's errors in neighbouring frames are alike. If the error of a hidden point has correlation
      ``r`` with the known error at the nearest observed frame, ``1 - r^2`` of its variance remains once that
      error is taken off; ``r`` is the `nearness` within `SPREAD_REACH`.
    - The tracker's jitter is new in every frame. It counts once for the hidden point itself, and once more,
      faded, because `meet_observed` carries the jitter of the gap's edge into the gap.

    Args:
        observed: (T, L) bool.
        scale: (T, L) or (L,) spread far from any observed frame, see `MotionSampler.point_scale`.
        jitter: (L,) standard deviation of the jitter, see `htvae.metrics.errors.measure_jitter`.
    """
    errors = np.square(SPREAD_SHARE * scale) * (1 - np.square(nearness(observed, SPREAD_REACH)))
    noise = np.square(jitter) * (1 + np.square(nearness(observed, REACH)))
    spread: np.ndarray = np.where(observed, 0, np.sqrt(errors + noise)).astype(np.float32)
    return spread


def compute_interval(samples: np.ndarray, scale: np.ndarray, factor: np.ndarray | float = 1.0) -> np.ndarray:
    """Return the bounds (2, T, L, D) between which each coordinate lies with 90 %.

    Args:
        samples: (n, T, L, D).
        scale: (T, L) spread of a point around each sample, from `spread_between`, in the samples' units.
        factor: (T, L) factor of the half-width, see `MotionSampler.band_factor`.
    """
    count = len(samples)
    variance = samples.var(axis=0, ddof=1) * (1 + 1 / count) + scale[..., None] ** 2
    half = NORMAL_90 * np.sqrt(variance) * np.asarray(factor)[..., None]
    mean = samples.mean(axis=0)
    return np.stack([mean - half, mean + half]).astype(np.float32)
