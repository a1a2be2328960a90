"""One person beside a small group of controls: where a value lies, and how much of it is chance.

The spread of controls has two parts: between subjects, and between recordings of one subject. A person who
was recorded several times is compared by the mean of the recordings, whose spread is smaller.

Axes: ``n`` recordings, ``m`` measures, ``s`` subjects.

Source: Crawford & Howell 1998, "Comparing an Individual's Test Score Against Norms Derived from Small
    Samples": the controls' mean and spread are estimates, so that limits come from Student's t with s - 1
    degrees of freedom, widened by sqrt(1 + 1 / s).
"""

from dataclasses import dataclass

import numpy as np

LEVEL = 0.9
"""Share of controls that lie in an interval."""
LEAST_SUBJECTS = 3
"""Controls that a measure must have."""
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class ControlSpread:
    """Mean and spread of controls' values, (m,) each; NaN where fewer than `LEAST_SUBJECTS` have a value."""

    mean: np.ndarray
    """Mean of the subjects' means."""
    between: np.ndarray
    """Variance between subjects."""
    within: np.ndarray
    """Variance between recordings of a subject, NaN where no subject has two recordings: ``between`` then
    holds both."""
    num_subjects: np.ndarray
    """Subjects with a value."""

    @classmethod
    def of(cls, values: np.ndarray, subjects: np.ndarray) -> "ControlSpread":
        """Return the spread of controls.

        Args:
            values: (n, m), NaN where missing.
            subjects: (n,) integers.
        """
        known = np.isfinite(values)
        member = (subjects == np.unique(subjects)[:, None]).astype(float)
        size = member @ known
        filled = np.where(known, values, 0.0)
        means = np.where(size > 0, member @ filled / np.maximum(size, 1), np.nan)
        count = (size > 0).sum(axis=0)
        few = count < LEAST_SUBJECTS
        mean = np.where(few, np.nan, np.nansum(means, axis=0) / np.maximum(count, 1))
        of_means = np.nansum(np.square(means - mean), axis=0) / np.maximum(count - 1, 1)
        rest = np.where(known, values - member.T @ np.nan_to_num(means), 0.0)
        free = known.sum(axis=0) - count
        within = np.where(free > 0, np.square(rest).sum(axis=0) / np.maximum(free, 1), np.nan)
        share = (1 / np.maximum(size, 1) * (size > 0)).sum(axis=0) / np.maximum(count, 1)
        between = np.maximum(of_means - np.nan_to_num(within) * share, 0.0)
        return cls(mean, np.where(few, np.nan, between), np.where(few, np.nan, within), count)

    def deviation(self, num_recordings: np.ndarray | int = 1) -> np.ndarray:
        """Return the standard deviation (m,) of the mean of ``num_recordings`` of a new control."""
        variance = self.between + np.nan_to_num(self.within) / np.maximum(num_recordings, 1)
        spread: np.ndarray = np.sqrt(np.where(variance > _ROUNDING**2, variance, np.nan))
        return spread

    def z(self, values: np.ndarray, num_recordings: np.ndarray | int = 1) -> np.ndarray:
        """Return values (m,) in standard deviations from the controls' mean."""
        z: np.ndarray = (values - self.mean) / self.deviation(num_recordings)
        return z

    def percentile(self, values: np.ndarray, num_recordings: np.ndarray | int = 1) -> np.ndarray:
        """Return the percentage (m,) of controls that are expected below values (m,)."""
        from scipy.stats import t

        place = self.z(values, num_recordings) / np.sqrt(1 + 1 / np.maximum(self.num_subjects, 1))
        below: np.ndarray = 100 * t.cdf(place, np.maximum(self.num_subjects - 1, 1))
        return below

    def interval(self, num_recordings: np.ndarray | int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return the limits (m,), (m,) between which a new control lies with 90 %."""
        from scipy.stats import t

        count = np.maximum(self.num_subjects, 2)
        reach = t.ppf((1 + LEVEL) / 2, count - 1) * np.sqrt(1 + 1 / count) * self.deviation(num_recordings)
        return self.mean - reach, self.mean + reach

    @property
    def smallest_real_change(self) -> np.ndarray:
        """Difference (m,) of two recordings of one subject that chance exceeds in 5 % of pairs.

        1.96 sqrt(2) SEM, where SEM is the standard deviation between recordings of a subject.

        Source: Beckerman et al. 2001, "Smallest Real Difference, a Link between Reproducibility and
            Responsiveness".
        """
        change: np.ndarray = 1.96 * np.sqrt(2 * self.within)
        return change
