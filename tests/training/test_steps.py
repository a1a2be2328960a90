"""A step's loss and gradients: equal to a slow reference, and whatever way the step is cut."""

import numpy as np
import pytest
import torch

from htvae.config import LossConfig, ModelConfig
from htvae.data.batching import collate, collate_step, share_windows
from htvae.data.dataset import WindowSample
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.training.losses import VAELoss
from tests.training.reference_loss import reference_loss

LENGTHS = [37, 1, 20, 64, 9, 33, 8, 51]
EDGES = [(0, 1), (2, 4)]
WEIGHTS = {
    "reconstruction": 1.0, "kl": 0.7, "chunk_kl": 0.3, "statistics": 1.0, "velocity": 0.5, "bone": 2.0
}  # fmt: skip
SMALL = ModelConfig(
    chunk_size=8, chunk_overlap=2, frames_per_token=2, embed_dim=16, num_heads=2, num_layers=1, latent_dim=6,
    chunk_latent_dim=3, latent_span_dropout=0.3, sequence_span_probability=0.5,
)  # fmt: skip


def make_window(index, length):
    """Return a window with unobserved points, and others that are scored though hidden."""
    rng = np.random.default_rng(index)
    target = rng.normal(size=(length, 5, 2)).astype(np.float32)
    observed = rng.random((length, 5)) > 0.3
    pose = np.where(observed[..., None], target, np.float32(0))
    target[rng.random((length, 5)) > 0.8] = np.nan
    return WindowSample(pose, observed, target, seed=100 + index)


@pytest.fixture(scope="module")
def windows():
    return [make_window(i, length) for i, length in enumerate(LENGTHS)]


def build_model():
    """Return a model in training, none of whose weights is at a special place."""
    torch.manual_seed(0)
    model = HierarchicalTransformerVAE(SMALL, 5, 2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    return model.train()


def padded(batch, frames):
    """Return a batch with that many more frames of padding, which hold nonsense."""
    pose, observed, target = (
        torch.cat([x, torch.full_like(x[:, :1], value).expand(-1, frames, *x.shape[2:])], dim=1)
        for x, value in ((batch.pose, 9.0), (batch.observed, True), (batch.target, 7.0))
    )
    return type(batch)(pose, observed, target, batch.num_frames, batch.seeds)


def take_step(batches, **settings):
    """Return the parts of the loss, and all gradients in a row, of a step that is cut into these batches."""
    model, loss = build_model(), VAELoss(LossConfig(**settings), EDGES)
    frames = sum(int(batch.num_frames.sum()) for batch in batches)
    totals = {}
    for batch in batches:
        output = model(batch.pose, batch.observed, batch.num_frames, batch.seeds)
        parts = loss(output, batch.target, batch.num_frames, WEIGHTS, frames)
        parts["total"].backward()
        totals = {name: totals.get(name, 0.0) + value.item() for name, value in parts.items()}
    return totals, torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize(
    "settings",
    [{}, {"likelihood": "laplace"}, {"likelihood": "student", "free_bits": 0.4}, {"min_scale": 0.5}],
)
def test_the_loss_equals_the_reference(windows, settings):
    batch, model, config = collate(windows), build_model(), LossConfig(**settings)
    output = model(batch.pose, batch.observed, batch.num_frames, batch.seeds)
    parts = VAELoss(config, EDGES)(output, batch.target, batch.num_frames, WEIGHTS)
    output = type(output)(*(t if isinstance(t, tuple) else t.detach() for t in output))
    expected = reference_loss(output, batch.target, LENGTHS, config, EDGES, WEIGHTS, 8, 2)
    assert parts.keys() == expected.keys()
    for name, value in parts.items():  # float32 sums of some thousand numbers
        assert value.item() == pytest.approx(expected[name], rel=2e-6), name


CUTS = {
    "4 micro-batches of 2": lambda w: [collate(w[i : i + 2]) for i in range(0, 8, 2)],
    "8 micro-batches of 1": lambda w: [collate([x]) for x in w],
    "the loader's micro-batches": lambda w: collate_step(w, micro_batch_frames=70),
    "2 processes with 4 each": lambda w: [collate(w[rank::2]) for rank in range(2)],
    "3 processes, shared out by frames": lambda w: [
        collate([w[i] for i in share]) for share in share_windows(np.array(LENGTHS), 3)
    ],
    "another order": lambda w: [collate(w[::-1])],
    "7 frames of padding": lambda w: [padded(collate(w), 7)],
}


@pytest.mark.parametrize("cut", CUTS)
def test_the_cut_of_a_step_changes_neither_loss_nor_gradients(windows, cut):
    """In training, with noise and hidden spans. What is left is float32 sums in another order."""
    whole, gradients = take_step([collate(windows)])
    parts, others = take_step(CUTS[cut](windows))
    for name, value in whole.items():
        assert parts[name] == pytest.approx(value, rel=2e-6), name
    assert (others - gradients).norm() < 2e-6 * gradients.norm()


def test_the_noise_matters_here(windows):
    """Else the tests above would hold without seeds."""
    whole, gradients = take_step([collate(windows)])
    parts, others = take_step([collate([w._replace(seed=w.seed + 8) for w in windows])])
    assert abs(parts["total"] / whole["total"] - 1) > 1e-3
    assert (others - gradients).norm() > 1e-2 * gradients.norm()
