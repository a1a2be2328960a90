"""The same, on a GPU: run where there is one, skipped elsewhere."""

import dataclasses

import numpy as np
import pytest
import torch

import htvae
from htvae.data.batching import collate
from htvae.data.dataset import WindowSample
from htvae.training.loop import Callback
from htvae.training.trainer import HTVAETrainer
from htvae.utils.files import read_tensors

DEVICE = "cuda"
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
]


@pytest.fixture
def config(tiny_config, no_measuring):
    return tiny_config.replace(device=DEVICE, precision="auto", latent_span_dropout=0.2, dropout=0.1)


@pytest.fixture
def walks(make_walks):
    return make_walks([40, 60, 51, 70, 33, 90, 150, 45, 52, 61])


@pytest.mark.filterwarnings("ignore")  # those that torch raises at itself while it compiles
@pytest.mark.parametrize("compile_model", [False, True])
def test_a_run_on_the_gpu_gives_a_model_for_any_device(config, walks, compile_model):
    result = HTVAETrainer(config.replace(compile_model=compile_model), walks).fit()
    assert np.isfinite(result.figures["loss"])
    here, there = (htvae.load(result.best_model, device) for device in ("cpu", DEVICE))
    for walk in walks[:3]:
        first, second = (model.encode(walk).sequence_latent for model in (here, there))
        np.testing.assert_allclose(first, second, atol=0.05)  # bf16 keeps 8 bits


class InterruptAt(Callback):
    """Presses Ctrl-C after a step."""

    def __init__(self, step):
        self.step = step

    def on_step_end(self, loop):
        if loop.step == self.step:
            raise KeyboardInterrupt


def test_a_resumed_run_equals_an_uninterrupted_one(config, walks):
    config = config.replace(num_epochs=4, precision="32")
    whole = HTVAETrainer(config.replace(experiment_name="whole"), walks).fit()
    with pytest.raises(KeyboardInterrupt):
        HTVAETrainer(config, walks, callbacks=[InterruptAt(5)]).fit()
    resumed = HTVAETrainer(config.replace(resume=True), walks).fit()
    first, second = (
        read_tensors(result.best_model.with_name("last_model.pt"))["model"] for result in (whole, resumed)
    )
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], atol=1e-5, rtol=1e-4)  # atomics add in any order


def test_a_batch_is_copied_beside_other_work():
    pose = np.random.default_rng(0).normal(size=(7, 5, 2)).astype(np.float32)
    batch = collate([WindowSample(pose, np.ones((7, 5), bool), pose)]).pin_memory()
    moved = batch.to("cuda", non_blocking=True)
    torch.cuda.synchronize()
    for field in dataclasses.fields(batch):
        value = getattr(batch, field.name)
        assert value.is_pinned()
        assert torch.equal(getattr(moved, field.name).cpu(), value)


def test_padding_and_neighbours_change_nothing_on_the_gpu(config, walks):
    result = HTVAETrainer(config, walks).fit()
    model = htvae.load(result.best_model, DEVICE)
    alone = model.encode(walks[0]).sequence_latent
    together = model.encode_all([model.process(walk) for walk in walks])[0].sequence_latent
    np.testing.assert_allclose(alone, together, atol=0.05)  # bf16 keeps 8 bits
