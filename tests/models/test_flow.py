"""The solver of the flow: known solutions, order, both ways; lines; the direction of normal latents."""

import itertools
import math

import pytest
import torch

from htvae.models.flow import Latents, follow_flow, mix, normal_direction, time_grid

RATE = 1.3


def make_latents(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Latents(
        torch.randn(2, 5, generator=generator, dtype=torch.float64),
        torch.randn(2, 7, 3, generator=generator, dtype=torch.float64),
    )


def grow(latents, time):
    """The field ``dx/dt = a x``, whose solution is ``x(0) exp(a t)``."""
    return Latents(RATE * latents.sequence, RATE * latents.chunks)


def bend(latents, time):
    """A field that depends on place and time."""
    return Latents(latents.sequence.sin() + 2 * time, (latents.chunks - time).cos())


def largest_error(found, expected):
    return max(float((a - b).abs().max()) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("end_with_euler", [False, True])
def test_the_error_of_a_known_solution_falls_with_the_square_of_the_step(backwards, end_with_euler):
    start = make_latents()
    factor = math.exp(-RATE if backwards else RATE)
    expected = Latents(*(factor * part for part in start))
    errors = [
        largest_error(follow_flow(grow, start, time_grid(steps, backwards), end_with_euler), expected)
        for steps in (16, 32, 64)
    ]
    assert errors[0] < 0.05
    for coarse, fine in itertools.pairwise(errors):
        assert 3.3 < coarse / fine < 4.8  # 4 in the limit; an Euler solver has 2


def test_one_step_by_hand():
    start, times = make_latents(), [0.5, 0.3]
    h = -0.2 * RATE
    for end_with_euler, factor in ((False, 1 + h + h * h / 2), (True, 1 + h)):
        found = follow_flow(grow, start, times, end_with_euler)
        torch.testing.assert_close(found, Latents(*(factor * part for part in start)))


@pytest.mark.parametrize("backwards", [False, True])
def test_there_and_back_returns_the_start(backwards):
    start, errors = make_latents(), []
    for steps in (8, 32):
        there = follow_flow(bend, start, time_grid(steps, backwards))
        assert largest_error(there, start) > 0.5
        back = follow_flow(bend, there, time_grid(steps, not backwards))
        errors.append(largest_error(back, start))
    assert errors[1] < min(2e-3, errors[0] / 8)  # the error falls with the square of the step or faster


def test_an_euler_step_at_the_end_leaves_the_last_time_out():
    asked = []

    def direction(latents, time):
        asked.append(time)
        return latents

    follow_flow(direction, make_latents(), time_grid(4), end_with_euler=True)
    assert max(asked) == 0.75
    follow_flow(direction, make_latents(), time_grid(4, backwards=True))
    assert min(asked) == 0.0


def test_the_grid_runs_both_ways():
    assert time_grid(4) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert time_grid(4, backwards=True) == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_lines_run_from_noise_to_latents():
    latents, noise = make_latents(0), make_latents(1)
    found = mix(latents, noise, torch.tensor([0.0, 1.0], dtype=torch.float64))
    for place, first, last in zip(found, noise, latents, strict=True):
        torch.testing.assert_close(place, torch.stack([first[0], last[1]]))


def test_the_normal_direction_is_the_regression_of_the_true_one():
    """Least squares of ``x - e`` on ``(1 - t) e + t x`` over 200,000 standard normal pairs."""
    generator = torch.Generator().manual_seed(0)
    x, e = torch.randn(2, 200_000, generator=generator, dtype=torch.float64)
    for time in (0.0, 0.3, 0.5, 0.9):
        y = (1 - time) * e + time * x
        slope = (y @ (x - e) / (y @ y)).item()
        one = Latents(torch.ones(1, 1), torch.ones(1, 1, 1))
        found = normal_direction(one, torch.tensor([time]))
        assert found.sequence.item() == pytest.approx(slope, abs=0.02)  # four standard errors are 0.013
        assert found.chunks.item() == found.sequence.item()
