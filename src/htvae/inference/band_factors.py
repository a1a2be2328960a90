"""What makes 90 % intervals hold nine in ten points of people whom the model does not know.

Completion's intervals have a shape of their own, see `htvae.generation.intervals`. Their half-width is
multiplied by a factor that depends on the kind of hole and on the length of the gap. The factors are fitted
to validation recordings, see `htvae.generation.bands`.

Axes: ``T`` frames, ``L`` landmarks.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from htvae.poses.geometry import runs_of


@dataclass(frozen=True, kw_only=True)
class BandFactors:
    """Factors of the half-widths of 90 % intervals. Between two lengths, they are linear in the logarithm."""

    gaps: tuple[int, ...]
    """Lengths of gaps (frames), ascending. Shorter gaps have the first's factors, longer ones the last's."""
    frames: tuple[float, ...]
    """Factor for each length, where all landmarks are hidden."""
    points: tuple[float, ...]
    """Factor for each length, where some landmarks are hidden while others are seen."""
    never: float
    """Factor of a landmark that is never seen in the recording."""

    def __post_init__(self) -> None:
        factors = (*self.frames, *self.points, self.never)
        ascending = all(a < b for a, b in zip(self.gaps, self.gaps[1:], strict=False))
        if not (self.gaps and ascending and self.gaps[0] > 0):
            raise ValueError(f"its intervals have gaps of {self.gaps} frames")
        if not len(self.gaps) == len(self.frames) == len(self.points):
            raise ValueError(f"its intervals have {len(self.gaps)} gaps, but another number of factors")
        if not all(math.isfinite(factor) and factor > 0 for factor in factors):
            raise ValueError(f"its intervals have factors that are not above 0: {factors}")

    def find(self, observed: np.ndarray, frame_ratio: float = 1.0) -> np.ndarray:
        """Return the factor (T, L) of each point; 1 where it is observed.

        Args:
            observed: (T, L) bool.
            frame_ratio: the model's frames per frame of ``observed``, where rates differ.
        """
        lengths = measure_gaps(observed)
        known = np.log(self.gaps)
        asked = np.log(np.maximum(lengths * frame_ratio, 1))
        whole = ~observed.any(axis=1, keepdims=True)
        factor = np.where(whole, np.interp(asked, known, self.frames), np.interp(asked, known, self.points))
        factor = np.where(observed.any(axis=0), factor, self.never)
        found: np.ndarray = np.where(observed, 1.0, factor).astype(np.float32)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for a model file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | None) -> "BandFactors | None":
        """Return the factors in a model file's values, None where the file has none.

        Raises:
            ValueError: the values contradict each other.
        """
        if not values:
            return None
        return cls(
            gaps=tuple(map(int, values["gaps"])),
            frames=tuple(map(float, values["frames"])),
            points=tuple(map(float, values["points"])),
            never=float(values["never"]),
        )


def measure_gaps(observed: np.ndarray) -> np.ndarray:
    """Return (T, L), the number of frames of the gap that each hidden point lies in; 0 where it is observed.

    Args:
        observed: (T, L) bool.
    """
    lengths = np.zeros(observed.shape, int)
    for landmark in range(observed.shape[1]):
        for start, stop in runs_of(~observed[:, landmark]):
            lengths[start:stop, landmark] = stop - start
    return lengths
