"""One optimiser of two: who goes where, one state, schedulers reach both."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from htvae.config import ModelConfig
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.training import optimizer
from htvae.training.muon import Muon
from htvae.training.optimizer import MuonWithAdamW, build_optimizer

SMALL = ModelConfig(embed_dim=16, num_heads=2, num_layers=1, latent_dim=6, chunk_latent_dim=3)


def make_parameters():
    torch.manual_seed(0)
    return [nn.Parameter(torch.randn(4, 6))], [nn.Parameter(torch.randn(3, 2)), nn.Parameter(torch.randn(5))]


def step(optimizer, parameters):
    generator = torch.Generator().manual_seed(1)
    for p in parameters:
        p.grad = torch.randn(p.shape, generator=generator)
    optimizer.step()


def test_every_parameter_is_optimised_once_and_hidden_matrices_by_muon():
    model = HierarchicalTransformerVAE(SMALL, 5)
    both = build_optimizer(model, 1e-3, 0.01)
    names = {id(p): name for name, p in model.named_parameters()}
    muon, adamw = ([names[id(p)] for g in part.param_groups for p in g["params"]] for part in both.parts)
    assert sorted(muon + adamw) == sorted(names.values())
    assert "encoder.attention.pool.weight" in muon and "decoder.unpool.weight" in muon
    assert all(model.get_parameter(name).dim() == 2 for name in muon)
    assert {"encoder.embed.weight", "decoder.output.weight", "log_scale"} <= set(adamw)


def test_steps_equal_those_of_the_two_optimisers_alone():
    matrices, others = make_parameters()
    reference_matrices, reference_others = make_parameters()
    step(MuonWithAdamW(matrices, others, 0.01, 0.1), matrices + others)
    muon = Muon(reference_matrices, 0.01, 0.1)
    adamw = torch.optim.AdamW(
        [
            {"params": reference_others[:1], "weight_decay": 0.1},
            {"params": reference_others[1:], "weight_decay": 0.0},
        ],
        lr=0.01,
        betas=(0.9, 0.98),
    )
    generator = torch.Generator().manual_seed(1)
    for p in reference_matrices + reference_others:
        p.grad = torch.randn(p.shape, generator=generator)
    muon.step()
    adamw.step()
    for actual, expected in zip(matrices + others, reference_matrices + reference_others, strict=True):
        torch.testing.assert_close(actual, expected)


def test_a_network_without_hidden_matrices_is_optimised_by_adamw():
    model = nn.Linear(3, 3)
    before = model.weight.detach().clone()
    step(build_optimizer(model, 1e-3, 0.0), list(model.parameters()))
    assert not torch.equal(before, model.weight)


def test_a_loaded_state_continues_where_it_was_saved():
    matrices, others = make_parameters()
    own = MuonWithAdamW(matrices, others, 0.01, 0.1)
    step(own, matrices + others)
    copies = [[nn.Parameter(p.detach().clone()) for p in part] for part in (matrices, others)]
    resumed = MuonWithAdamW(*copies, 0.5, 0.1)
    resumed.load_state_dict(deepcopy(own.state_dict()))
    for o, parameters in ((own, matrices + others), (resumed, copies[0] + copies[1])):
        step(o, parameters)
    for actual, expected in zip(copies[0] + copies[1], matrices + others, strict=True):
        torch.testing.assert_close(actual, expected, rtol=0, atol=0)


def test_the_learning_rate_reaches_both_parts():
    matrices, others = make_parameters()
    both = MuonWithAdamW(matrices, others, 0.01, 0.1)
    both.set_learning_rate(0.005)
    assert [g["lr"] for part in both.parts for g in part.param_groups] == [0.005] * 3
    before = [p.detach().clone() for p in matrices + others]
    both.set_learning_rate(0.0)
    for _ in range(4):
        step(both, matrices + others)
    assert all(torch.equal(p, q) for p, q in zip(before, matrices + others, strict=True))


@pytest.mark.parametrize(
    ("precision", "fast", "expected"), [("32", True, False), ("bf16", True, True), ("bf16", False, False)]
)
def test_the_precision_of_a_run_reaches_muon(monkeypatch, precision, fast, expected):
    """With precision 32 Muon multiplies in float32, whatever the hardware does fast."""
    monkeypatch.setattr(optimizer, "multiplies_bf16_fast", lambda device: fast)
    muon, _ = build_optimizer(HierarchicalTransformerVAE(SMALL, 5), 1e-3, 0.01, precision).parts
    assert muon.in_bf16 is expected
