"""Running weighted means of named figures, and how they went."""

from collections.abc import Mapping
from typing import Any, SupportsFloat


class MetricsTracker:
    """Aggregates figures over batches and keeps their history.

    One figure's mean is ``sum(weight * value) / sum(weight)``. Give the number of things a value is a mean of
    as its weight, and batches of different sizes add up to the mean over all.

    Example:
        >>> tracker = MetricsTracker()
        >>> tracker.update("mpjpe", 0.2, weight=30)
        >>> tracker.update({"mpjpe": 0.1, "rate": 2.0}, weight=10)
        >>> tracker.record(step=100)
        {'mpjpe': 0.175, 'rate': 2.0}
        >>> tracker.history
        {'mpjpe': [(100, 0.175)], 'rate': [(100, 2.0)]}
    """

    def __init__(self) -> None:
        self._totals: dict[str, tuple[float, float]] = {}
        self.history: dict[str, list[tuple[int, float]]] = {}
        """Per name, (step, mean) of each `record`, oldest first."""

    def update(
        self,
        name: str | Mapping[str, SupportsFloat],
        value: SupportsFloat | None = None,
        weight: SupportsFloat = 1.0,
    ) -> None:
        """Add one value, or several by name.

        A weight of 0 adds nothing, not even a NaN: the mean over no points is no news. With any other weight
        a NaN stays to be seen.

        Args:
            name: the figure's name, or values by name; tensors of one element count as values.
            value: the value where `name` is a name.
            weight: at least 0; the same for all values of a mapping.

        Raises:
            TypeError: neither a name with a value nor a mapping alone.
            ValueError: a negative weight.
        """
        if isinstance(name, Mapping) and value is None:
            values = name
        elif isinstance(name, str) and value is not None:
            values = {name: value}
        else:
            raise TypeError("update must be given a name and a value, or values by name alone.")
        weight = float(weight)
        if not weight >= 0:
            raise ValueError(f"weight must be at least 0, but got {weight}.")
        if weight == 0:
            return
        for key, number in values.items():
            total, weights = self._totals.get(key, (0.0, 0.0))
            self._totals[key] = (total + weight * float(number), weights + weight)

    def compute(self) -> dict[str, float]:
        """Return the means since the last `record`; names that only had a weight of 0 are left out."""
        return {name: total / weights for name, (total, weights) in self._totals.items()}

    def record(self, step: int) -> dict[str, float]:
        """Return the means, add them to the history at this step, and start anew."""
        means = self.compute()
        for name, mean in means.items():
            self.history.setdefault(name, []).append((step, mean))
        self.reset()
        return means

    def reset(self) -> None:
        """Forget the values since the last `record`; the history stays."""
        self._totals = {}

    def state_dict(self) -> dict[str, Any]:
        """Return sums and history as plain values, for a checkpoint."""
        totals = {name: list(pair) for name, pair in self._totals.items()}
        return {
            "totals": totals,
            "history": {name: [list(p) for p in line] for name, line in self.history.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`'s result."""
        self._totals = {name: (total, weights) for name, (total, weights) in state["totals"].items()}
        self.history = {
            name: [(step, mean) for step, mean in line] for name, line in state["history"].items()
        }
