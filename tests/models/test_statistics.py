"""What z alone has to tell: by hand, blind to padding, readable by a linear map."""

import math

import torch

from htvae.models.statistics import SMALLEST, SPREAD, MotionStatistics, compute_motion_statistics


def test_uniform_motion_by_hand():
    pose = (torch.arange(5.0) * 0.1)[None, :, None, None].expand(1, 5, 2, 2)
    observed = torch.ones(1, 5, 2, dtype=torch.bool)
    statistics, known = compute_motion_statistics(pose, observed)
    assert known.all()
    spread = math.sqrt(0.01 * 2)  # variance of 0..4 is 2
    expected = torch.tensor([0.2, math.log(spread + SMALLEST), math.log(10 * 0.1 + SMALLEST)])
    torch.testing.assert_close(
        statistics, expected[None, :, None, None].expand(1, 3, 2, 2), rtol=1e-5, atol=1e-5
    )


def test_hidden_points_and_padding_change_nothing():
    torch.manual_seed(0)
    pose, observed = torch.randn(2, 37, 5, 2), torch.rand(2, 37, 5) > 0.2
    before = compute_motion_statistics(pose, observed)
    other = torch.cat([torch.where(observed[..., None], pose, 99.0), torch.full((2, 7, 5, 2), 9.0)], dim=1)
    after = compute_motion_statistics(other, torch.cat([observed, torch.zeros(2, 7, 5, dtype=torch.bool)], 1))
    for first, second in zip(before, after, strict=True):
        torch.testing.assert_close(first, second)


def test_points_never_seen_cost_nothing():
    module, z = MotionStatistics(4, 3, 2), torch.randn(2, 4)
    assert module(z, torch.randn(2, 9, 3, 2), torch.zeros(2, 9, 3, dtype=torch.bool)).tolist() == [0, 0]
    assert module(z, torch.randn(2, 1, 3, 2), torch.ones(2, 1, 3, dtype=torch.bool)).tolist() == [0, 0]


def test_likelihood_of_a_prediction_that_is_off_by_one_spread():
    module, pose = MotionStatistics(4, 3, 2), torch.randn(1, 9, 3, 2)
    observed = torch.ones(1, 9, 3, dtype=torch.bool)
    statistics, _ = compute_motion_statistics(pose, observed)
    torch.nn.init.zeros_(module.head.weight)
    module.head.bias.data = statistics.flatten() + SPREAD
    torch.testing.assert_close(module(torch.randn(1, 4), pose, observed), torch.tensor([0.5 * 18]))
