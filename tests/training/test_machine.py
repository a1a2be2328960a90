"""Precision, and estimates of a run."""

import pytest
import torch
from torch import nn

from htvae.config import Config
from htvae.training import machine
from htvae.training.machine import choose_precision, estimate_run, measure_matrix_rate


@pytest.mark.parametrize(("fast", "name"), [(True, "bf16-mixed"), (False, "32-true")])
def test_auto_is_what_the_hardware_does_fast(monkeypatch, fast, name):
    monkeypatch.setattr(machine, "multiplies_bf16_fast", lambda device: fast)
    assert choose_precision("auto", "cpu") == name


@pytest.mark.parametrize(("wish", "name"), [("bf16", "bf16-mixed"), ("32", "32-true")])
def test_a_wish_is_granted(wish, name):
    assert choose_precision(wish, "cpu") == name


def test_every_device_has_its_accelerator():
    assert machine.ACCELERATORS == {"auto": "auto", "cpu": "cpu", "cuda": "gpu", "mps": "mps"}


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_matrix_rate_is_operations_over_the_median_time(monkeypatch, precision):
    """Clock by hand: three products to warm up, then times of 1, 2 and 9 seconds."""
    monkeypatch.setattr(machine, "MATRIX_SIZES", (4, 3, 5))
    ticks = iter([t for seconds in (50, 50, 50, 1, 9, 2) for t in (0.0, float(seconds))])
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(ticks))
    assert measure_matrix_rate("cpu", precision, repeats=3) == 2 * 4 * 3 * 5 / 2


def test_a_real_rate_is_plausible(monkeypatch):
    monkeypatch.setattr(machine, "MATRIX_SIZES", (64, 64, 64))
    assert 1e6 < measure_matrix_rate("cpu", "32-true") < 1e15


def estimate(monkeypatch, config=None, frames=1000, precision="32-true", rate=1e10):
    monkeypatch.setattr(machine, "measure_matrix_rate", lambda *_: rate)
    return estimate_run(nn.Linear(10, 9), config or Config(), frames, "cpu", precision)


def test_an_estimate_by_hand(monkeypatch):
    config = Config().replace(
        chunk_size=8, chunk_overlap=0, frames_per_token=2, embed_dim=16, num_heads=2, num_layers=3,
        micro_batch_frames=100,
    )  # fmt: skip
    result = estimate(monkeypatch, config)
    tokens = 1 / 2 + 1 / 8  # per frame, a summary a chunk among them
    operations = 1000 * tokens * 6 * (6 * 12 * 16**2)  # 6 layers; 12 E^2 weights, 6 operations each
    assert result.seconds == pytest.approx(operations / (1e10 * machine.EFFICIENCY))
    kept = 100 * tokens * 6 * 16 * machine.ACTIVATION_COPIES * 4
    assert result.memory_bytes == pytest.approx(99 * machine.BYTES_PER_PARAMETER + kept)
    assert result.matrix_rate == 1e10


def test_what_costs_more(monkeypatch):
    plain = estimate(monkeypatch)
    assert estimate(monkeypatch, frames=2000).seconds == pytest.approx(2 * plain.seconds)
    assert estimate(monkeypatch, rate=2e10).seconds == pytest.approx(plain.seconds / 2)
    assert estimate(monkeypatch, precision="bf16-mixed").memory_bytes < plain.memory_bytes
    for change in ({"embed_dim": 512}, {"num_layers": 6}, {"frames_per_token": 1}, {"chunk_overlap": 32}):
        dear = estimate(monkeypatch, Config().replace(**change))
        assert dear.seconds > plain.seconds and dear.memory_bytes > plain.memory_bytes


def test_measuring_leaves_no_gradients():
    measured = measure_matrix_rate("cpu", "32-true", repeats=1)
    assert measured > 0 and torch.is_grad_enabled()
