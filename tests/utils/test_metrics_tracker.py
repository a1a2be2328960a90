"""MetricsTracker: means that add up over batches, and their history."""

import math

import numpy as np
import pytest
import torch

from htvae.utils.metrics_tracker import MetricsTracker


def test_mean_is_weighted():
    tracker = MetricsTracker()
    tracker.update("mpjpe", 1.0, weight=3)
    tracker.update("mpjpe", torch.tensor(5.0), weight=torch.tensor(1))
    assert tracker.compute() == {"mpjpe": 2.0}


def test_batches_of_different_sizes_give_the_mean_over_all():
    values = np.arange(17.0)
    tracker = MetricsTracker()
    for part in np.split(values, [2, 7, 8]):
        tracker.update({"value": part.mean()}, weight=len(part))
    assert tracker.compute() == pytest.approx({"value": values.mean()})


def test_a_weight_of_zero_adds_nothing_and_a_nan_is_not_hidden():
    tracker = MetricsTracker()
    tracker.update({"seen": 1.0, "unseen": math.nan}, weight=1)
    tracker.update("seen", math.nan, weight=0)
    tracker.update("never", math.nan, weight=0)
    means = tracker.compute()
    assert means["seen"] == 1.0
    assert math.isnan(means["unseen"])
    assert "never" not in means


def test_record_keeps_history_and_starts_anew():
    tracker = MetricsTracker()
    for step, value in ((10, 1.0), (20, 3.0)):
        tracker.update("loss", value)
        assert tracker.record(step) == {"loss": value}
    assert tracker.history == {"loss": [(10, 1.0), (20, 3.0)]}
    assert tracker.compute() == {}
    assert tracker.record(30) == {}


def test_state_round_trip():
    tracker = MetricsTracker()
    tracker.update("loss", 2.0)
    tracker.record(1)
    tracker.update("loss", 4.0, weight=3)
    restored = MetricsTracker()
    restored.load_state_dict(tracker.state_dict())
    assert restored.history == tracker.history
    for each in (tracker, restored):
        each.update("loss", 0.0)
    assert restored.compute() == tracker.compute() == {"loss": 3.0}


def test_misuse_is_said():
    tracker = MetricsTracker()
    with pytest.raises(TypeError, match="a name and a value, or values by name alone"):
        tracker.update("loss")
    with pytest.raises(TypeError, match="a name and a value, or values by name alone"):
        tracker.update({"loss": 1.0}, 2.0)
    for weight in (-1.0, math.nan):
        with pytest.raises(ValueError, match="weight must be at least 0"):
            tracker.update("loss", 1.0, weight=weight)
