"""Muon: equal to PyTorch's where every matrix moves every step; turns; the same in both precisions."""

import pytest
import torch
from torch import nn

from htvae.training import muon
from htvae.training.muon import Muon, orthogonalise


def singular(matrix):
    return torch.linalg.svdvals(matrix.float())


def iterate_exactly(x):
    """The iteration as Jordan et al. write it, in float64."""
    a, b, c = muon.COEFFICIENTS
    x = x.double() / x.double().norm()
    for _ in range(muon.NUM_ITERATIONS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


@pytest.mark.parametrize("shape", [(24, 24), (16, 100)])
def test_both_precisions_are_the_same_iteration(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    exact = iterate_exactly(matrix)
    torch.testing.assert_close(orthogonalise(matrix).double(), exact, rtol=0, atol=1e-4)  # float32, 5 rounds
    in_bf16 = orthogonalise(matrix, in_bf16=True)
    torch.testing.assert_close(in_bf16.double(), exact, rtol=0, atol=0.03)  # 8 bits, 5 rounds


@pytest.mark.parametrize("shape", [(64, 64), (64, 256), (256, 64)])
def test_gradients_of_few_directions_stay_bounded_in_bf16(shape):
    """Singular values fall by five orders, as those of real gradients do."""
    torch.manual_seed(0)
    left, _, right = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    matrix = left @ torch.logspace(0, -5, 64).diag() @ right
    result, wide = orthogonalise(matrix, in_bf16=True), shape[0] <= shape[1]
    exact = iterate_exactly(matrix) if wide else iterate_exactly(matrix.mT).mT
    assert singular(result).max() < 1.3  # 1.2 exactly
    alike = (result * exact).sum() / result.norm() / exact.norm()
    assert alike > 0.97


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("shape", [(12, 40), (40, 12)])
def test_singular_values_come_near_one_and_vectors_stay(shape, scale):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    result = muon.orthogonalise(scale * matrix)
    assert result.shape == matrix.shape
    assert singular(result).min() > 0.6 and singular(result).max() < 1.25  # where the polynomial wanders
    inner = left.mT @ result @ right.mT
    assert (inner - inner.diagonal().diag()).abs().max() < 0.03  # bf16 on some machines


def test_autocast_does_not_reach_it():
    torch.manual_seed(0)
    matrix = torch.randn(16, 64) @ torch.logspace(0, -3, 64).diag()
    with torch.autocast("cpu", torch.bfloat16):
        under = muon.orthogonalise(matrix)
    assert torch.equal(under, muon.orthogonalise(matrix))


def test_a_matrix_of_zeros_stays():
    assert not orthogonalise(torch.zeros(3, 5)).any()
    assert not orthogonalise(torch.zeros(3, 5), in_bf16=True).any()


def test_with_one_turn_it_is_pytorchs():
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(torch.randn(80, 200)) for _ in range(2))
    theirs.data.copy_(ours.data)
    start = ours.detach().clone()
    optimizers = (
        Muon([ours], 0.01, 0.1, in_bf16=True, num_turns=1),
        torch.optim.Muon([theirs], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
    )
    for _ in range(3):
        ours.grad = torch.randn(80, 200)
        theirs.grad = ours.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    difference = (ours - theirs).norm() / (ours - start).norm()
    assert difference < 0.06  # bf16 rounds elsewhere


@pytest.mark.parametrize("turns", [4, 16])
def test_matrices_take_turns_and_then_move_so_much_farther(turns):
    matrices = [nn.Parameter(torch.eye(6)) for _ in range(turns + 1)]
    optimizer, single = Muon(matrices, 0.01, 0.0, num_turns=turns), nn.Parameter(torch.eye(6))
    moves = []
    for _ in range(turns):
        before = [m.detach().clone() for m in matrices]
        for m in matrices:
            m.grad = torch.eye(6)
        optimizer.step()
        moves.append([float((m.detach() - b).norm()) for m, b in zip(matrices, before, strict=True)])
    assert [[move > 0 for move in row].count(True) for row in moves].count(1) == turns - 1
    assert all(sum(row[i] > 0 for row in moves) == 1 for i in range(len(matrices)))
    every_step = Muon([single], 0.01, 0.0)
    single.grad = torch.eye(6)
    every_step.step()
    move = max(moves[0])
    assert move == pytest.approx(turns * float((single.detach() - torch.eye(6)).norm()), rel=0.02)  # bf16
