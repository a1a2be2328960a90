"""One optimiser of two: who goes where, one state, schedulers reach both."""

from copy import deepcopy

import torch
from torch import nn

from htvae.config import ModelConfig
from htvae.models.vae import HierarchicalTransformerVAE
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
    optimizer = build_optimizer(model, 1e-3, 0.01)
    names = {id(p): name for name, p in model.named_parameters()}
    muon, adamw = ([names[id(p)] for g in part.param_groups for p in g["params"]] for part in optimizer.parts)
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


def test_a_saved_state_goes_on_where_it_stood():
    matrices, others = make_parameters()
    optimizer = MuonWithAdamW(matrices, others, 0.01, 0.1)
    step(optimizer, matrices + others)
    copies = [[nn.Parameter(p.detach().clone()) for p in part] for part in (matrices, others)]
    resumed = MuonWithAdamW(*copies, 0.5, 0.1)
    resumed.load_state_dict(deepcopy(optimizer.state_dict()))
    for o, parameters in ((optimizer, matrices + others), (resumed, copies[0] + copies[1])):
        step(o, parameters)
    for actual, expected in zip(copies[0] + copies[1], matrices + others, strict=True):
        torch.testing.assert_close(actual, expected, rtol=0, atol=0)


def test_a_schedule_reaches_both_parts():
    matrices, others = make_parameters()
    optimizer = MuonWithAdamW(matrices, others, 0.01, 0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    step(optimizer, matrices + others)
    schedule.step()
    assert [g["lr"] for part in optimizer.parts for g in part.param_groups] == [0.005] * 3
