"""Precision, and estimates of a run."""

import pytest
import torch
from torch import nn

from htvae.config import Config
from htvae.data.batching import collate
from htvae.data.dataset import WindowSample
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.training import machine
from htvae.training.losses import VAELoss
from htvae.training.machine import choose_precision, estimate_memory, measure_frame_seconds


@pytest.mark.parametrize(("fast", "name"), [(True, "bf16"), (False, "32")])
def test_auto_is_what_the_hardware_does_fast(monkeypatch, fast, name):
    monkeypatch.setattr(machine, "multiplies_bf16_fast", lambda device: fast)
    assert choose_precision("auto", "cpu") == name


@pytest.mark.parametrize("wish", ["bf16", "32"])
def test_a_wish_is_granted(wish):
    assert choose_precision(wish, "cpu") == wish


def test_memory_by_hand():
    config = Config().replace(
        chunk_size=8, chunk_overlap=0, frames_per_token=2, embed_dim=16, num_heads=2, num_layers=3,
        micro_batch_frames=100,
    )  # fmt: skip
    tokens = 1 / 2 + 1 / 8  # per frame, a summary a chunk among them
    kept = 100 * tokens * 6 * 16 * machine.ACTIVATION_COPIES * 4
    expected = 99 * machine.BYTES_PER_PARAMETER + kept
    assert estimate_memory(nn.Linear(10, 9), config, "32") == pytest.approx(expected)


@pytest.mark.parametrize(
    "change", [{"embed_dim": 512}, {"num_layers": 6}, {"frames_per_token": 1}, {"chunk_overlap": 32}]
)
def test_what_takes_more_memory(change):
    model = nn.Linear(10, 9)
    plain = estimate_memory(model, Config(), "32")
    assert estimate_memory(model, Config().replace(**change), "32") > plain
    assert estimate_memory(model, Config(), "bf16") < plain


def test_the_time_of_real_steps_leaves_the_model_alone(tiny_config, monkeypatch):
    """The clock moves by a second each time it is read, twice a step; the first step does not count."""
    ticks = iter(range(100))
    monkeypatch.setattr(machine.time, "perf_counter", lambda: float(next(ticks)))
    torch.manual_seed(0)
    model = HierarchicalTransformerVAE(tiny_config.model, 5, 2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    pose = torch.randn(20, 5, 2).numpy()
    step = [collate([WindowSample(pose, pose[..., 0] == pose[..., 0], pose)])]
    seconds = measure_frame_seconds(model, VAELoss(tiny_config.loss), [step] * 3, tiny_config, "cpu", "32")
    assert seconds == pytest.approx(2 * 1 / (2 * 20))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
