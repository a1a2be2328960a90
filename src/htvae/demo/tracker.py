"""A tracker's errors on the demo's truth: jitter, spikes, and points that are missing in bursts.

Axes: T frames, L landmarks, D coordinates. Lengths are in the truth's unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """The errors of one recording's tracker."""

    jitter: float
    """Standard deviation of the white noise of each coordinate, as a share of the body's size."""
    depth_jitter: float = 1.5
    """Noise of the third coordinate, where there is one, in multiples of the others'."""
    spike_chance: float = 0.0006
    """Chance per frame (0..1) that a point is wrong by about a tenth of the body's size."""
    burst_interval: float = 9.0
    """Mean time (s) between two losses of a limb."""
    blackout_interval: float = 60.0
    """Mean time (s) between two short losses of the whole body."""
    shadow_chance: float = 0.35
    """Chance (0..1) that a limb behind the body is lost for a while."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Tracker":
        """Return a random tracker."""
        return cls(jitter=rng.uniform(0.0025, 0.006), burst_interval=rng.uniform(6.0, 15.0))

    def record(
        self,
        truth: Array,
        size: float,
        fps: float,
        limbs: Sequence[Sequence[int]],
        shaded: Sequence[tuple[Sequence[int], Array]],
        rng: np.random.Generator,
    ) -> Array:
        """Return the recording (T, L, D) of ``truth``, NaN where a point is missing.

        Args:
            truth: noise-free coordinates (T, L, D), D 2 or 3.
            size: size of the body.
            fps: frame rate (1/s).
            limbs: groups of landmarks that are lost together.
            shaded: limbs that are sometimes behind the body, each with a mask (T,) of these frames.
            rng: source of randomness.
        """
        num_frames, num_landmarks, num_coordinates = truth.shape
        noise = self.jitter * size * np.array([1.0, 1.0, self.depth_jitter])[:num_coordinates]
        steadiness = rng.uniform(0.7, 1.5, size=(num_landmarks, 1))
        recorded = truth + noise * steadiness * rng.normal(size=truth.shape)
        spikes = rng.random((num_frames, num_landmarks)) < self.spike_chance
        recorded[spikes] += 0.1 * size * rng.normal(size=(int(spikes.sum()), num_coordinates))
        missing = np.zeros((num_frames, num_landmarks), dtype=bool)
        for start, stop in _bursts(num_frames, self.burst_interval * fps, 0.1 * fps, 0.8 * fps, rng):
            missing[start:stop, limbs[int(rng.integers(len(limbs)))]] = True
        for start, stop in _bursts(num_frames, self.blackout_interval * fps, 0.1 * fps, 0.4 * fps, rng):
            missing[start:stop] = True
        for limb, behind in shaded:
            lost = np.repeat(rng.random(num_frames) < self.shadow_chance, round(1.5 * fps))[:num_frames]
            missing[np.ix_(behind & lost, limb)] = True
        recorded[missing] = np.nan
        return recorded


def _bursts(
    num_frames: int, interval: float, shortest: float, longest: float, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Return spans of frames at random places, on average one per ``interval`` frames."""
    starts = rng.integers(num_frames, size=rng.poisson(num_frames / interval))
    lengths = rng.uniform(shortest, longest, size=len(starts)).astype(int) + 1
    return list(zip(starts.tolist(), (starts + lengths).tolist(), strict=True))
