"""Averaged weights: the same average in fewer updates, soon free of the first weights."""

import pytest
import torch
from torch import nn

from htvae.training.averaging import AveragedWeights, share_of_latest


def walk(steps, every, decay):
    """Average a weight that rises by 1 with each step, and return model and average."""
    model = nn.BatchNorm1d(1)
    averaged = AveragedWeights(model, decay)
    for step in range(1, steps + 1):
        with torch.no_grad():
            model.weight += 1.0
            model.running_mean += 1.0
        if step % every == 0:
            averaged.catch_up(model, step)
    return model, averaged


def test_fewer_updates_give_about_the_same_average():
    """An average of decay d lags d / (1 - d) steps behind, with rarer updates a few steps more or less."""
    model, often = walk(2000, 1, 0.99)
    _, seldom = walk(2000, 4, 0.99)
    lag = (model.weight - often.module.weight).item()
    assert lag == pytest.approx(99, rel=0.01)
    assert (model.weight - seldom.module.weight).item() == pytest.approx(lag, abs=3)


def test_no_decay_keeps_the_latest_weights():
    model, averaged = walk(7, 7, 0.0)
    assert torch.equal(averaged.module.weight, model.weight)


def test_buffers_are_the_models():
    model, averaged = walk(8, 4, 0.99)
    assert torch.equal(averaged.module.running_mean, model.running_mean)


def test_nothing_moves_within_a_step():
    model, averaged = walk(8, 4, 0.9)
    before = averaged.module.weight.clone()
    averaged.catch_up(model, 8)
    assert torch.equal(averaged.module.weight, before)


def test_first_weights_are_soon_forgotten():
    assert share_of_latest(0.999, 1) == pytest.approx(9 / 11)
    assert share_of_latest(0.999, 10**6) == pytest.approx(0.001)
    assert share_of_latest(0.9, 10**6, passed=2) == pytest.approx(0.19)
