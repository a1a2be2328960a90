"""The loss: nats by hand, per real frame, indifferent to padding, missing points and micro-batches."""

import dataclasses
import math

import pytest
import torch

from htvae.config import LossConfig
from htvae.models.latent import Gaussian
from htvae.models.vae import VAEOutput
from htvae.training.losses import LossManager, VAELoss

WEIGHTS = {
    "reconstruction": 1.0,
    "kl": 1.0,
    "chunk_kl": 1.0,
    "statistics": 1.0,
    "velocity": 1.0,
    "bone": 1.0,
}


def make_output(batch=2, frames=37, points=5, chunks=3):
    torch.manual_seed(0)
    sequence = Gaussian(torch.randn(batch, 4), torch.randn(batch, 4))
    chunk = Gaussian(torch.randn(batch, chunks, 2), torch.randn(batch, chunks, 2))
    return VAEOutput(
        reconstruction=torch.randn(batch, frames, points, 2),
        scale=torch.rand(batch, frames, points) + 0.5,
        sequence_posterior=sequence,
        chunk_posterior=chunk,
        sequence_kl=sequence.kl(),
        chunk_kl=chunk.kl(),
        statistics_nll=torch.rand(batch),
    )


def test_elbo_by_a_slow_loop():
    output, target = make_output(), torch.randn(2, 37, 5, 2)
    target[0, 3, 2] = torch.nan
    num_frames, floor = torch.tensor([37, 20]), 0.01
    expected = 0.0
    for b in range(2):
        for t in range(int(num_frames[b])):
            for point in range(5):
                for d in range(2):
                    value = float(target[b, t, point, d])
                    if not math.isnan(value):
                        scale = math.hypot(float(output.scale[b, t, point]), floor)
                        error = value - float(output.reconstruction[b, t, point, d])
                        expected += 0.5 * (error / scale) ** 2 + math.log(scale) + 0.5 * math.log(2 * math.pi)
    parts = VAELoss(LossConfig(min_scale=floor))(output, target, num_frames, WEIGHTS)
    assert parts["reconstruction"].item() == pytest.approx(expected / 57, rel=1e-5)
    assert parts["kl"].item() == pytest.approx(output.sequence_kl.sum().item() / 57, rel=1e-5)
    torch.testing.assert_close(parts["total"], sum(v for k, v in parts.items() if k != "total"))


def test_padding_changes_nothing():
    output, target, num_frames = make_output(), torch.randn(2, 37, 5, 2), torch.tensor([37, 20])
    loss = VAELoss(LossConfig(), edges=[(0, 1), (2, 4)])
    before = loss(output, target, num_frames, WEIGHTS)
    padded = output._replace(
        reconstruction=torch.cat([output.reconstruction, torch.full((2, 7, 5, 2), 9.0)], 1),
        scale=torch.cat([output.scale, torch.ones(2, 7, 5)], 1),
    )
    after = loss(padded, torch.cat([target, torch.zeros(2, 7, 5, 2)], 1), num_frames, WEIGHTS)
    for name, value in before.items():
        torch.testing.assert_close(after[name], value)


def test_micro_batches_of_a_step_add_up_to_the_step():
    output, target, num_frames = make_output(), torch.randn(2, 37, 5, 2), torch.tensor([37, 20])
    loss = VAELoss(LossConfig(), edges=[(0, 1)])
    whole = loss(output, target, num_frames, WEIGHTS)["total"]

    def cut(value, part):
        return Gaussian(*(v[part] for v in value)) if isinstance(value, Gaussian) else value[part]

    halves = [VAEOutput(*(cut(v, slice(i, i + 1)) for v in output)) for i in range(2)]
    parts = [
        loss(half, target[i : i + 1], num_frames[i : i + 1], WEIGHTS, step_frames=57)["total"]
        for i, half in enumerate(halves)
    ]
    torch.testing.assert_close(sum(parts), whole)


def test_a_batch_without_any_observed_point_gives_a_finite_loss():
    output, target = make_output(), torch.full((2, 37, 5, 2), torch.nan)
    parts = VAELoss(LossConfig(), edges=[(0, 1)])(output, target, torch.tensor([37, 20]), WEIGHTS)
    assert parts["reconstruction"] == 0 and all(value.isfinite() for value in parts.values())


def test_velocity_and_bones_are_blind_to_what_they_should_be():
    output, weights = make_output(), WEIGHTS
    loss = VAELoss(LossConfig(), edges=[(0, 1), (1, 2)])
    shifted = output.reconstruction + torch.tensor([3.0, -2.0])  # a shift of the whole body
    parts = loss(output, shifted, torch.tensor([37, 37]), weights)
    assert parts["velocity"].item() == pytest.approx(0, abs=1e-6)
    assert parts["bone"].item() == pytest.approx(0, abs=1e-6)
    assert parts["reconstruction"] > 1


def test_velocity_and_bones_do_not_move_the_scale():
    output, target, num_frames = make_output(), torch.randn(2, 37, 5, 2), torch.tensor([37, 20])
    loss, gradients = VAELoss(LossConfig(), edges=[(0, 1)]), []
    for weight in (0.0, 20.0):
        scale = output.scale.clone().requires_grad_()
        weights = WEIGHTS | {"velocity": weight, "bone": weight}
        loss(output._replace(scale=scale), target, num_frames, weights)["total"].backward()
        gradients.append(scale.grad)
    assert gradients[0].abs().sum() > 0 and torch.equal(*gradients)


@pytest.mark.parametrize(
    ("likelihood", "expected"), [("gaussian", 400), ("laplace", 40), ("student", 5 * math.log(101))]
)
def test_an_outlier_costs_the_velocities_what_the_likelihood_says(likelihood, expected):
    """One coordinate of one point is off by 1, that is 20 scales; so are two velocities."""
    output = make_output(batch=1, frames=9)
    output = output._replace(scale=torch.full((1, 9, 5), 0.05))
    target = output.reconstruction.clone()
    target[0, 4, 2, 0] += 1
    loss = VAELoss(LossConfig(likelihood=likelihood, min_scale=1e-6))
    cost = 9 * loss(output, target, torch.tensor([9]), WEIGHTS)["velocity"].item()
    assert cost == pytest.approx(expected, rel=1e-4)


def test_free_bits_hold_the_penalty_up_but_not_the_report():
    output, target, num_frames = make_output(), torch.randn(2, 37, 5, 2), torch.tensor([37, 37])
    plain = VAELoss(LossConfig())(output, target, num_frames, WEIGHTS)
    free = VAELoss(LossConfig(free_bits=50.0))(output, target, num_frames, WEIGHTS)
    torch.testing.assert_close(free["kl"], plain["kl"])
    floors = (50.0 * 4 * 2 + 50.0 * 2 * 6) / 74
    expected = plain["reconstruction"] + plain["statistics"] + floors
    torch.testing.assert_close(free["total"] - free.get("velocity", 0) - free.get("bone", 0), expected)


def test_schedules_of_the_kl_weight():
    def kl(schedule, step, **settings):
        config = LossConfig(kl_schedule=schedule, kl_warmup_steps=10, kl_weight=0.5, **settings)
        return LossManager(config).weights(step)["kl"]

    assert kl("constant", 0) == 0.5
    assert [kl("linear", step) for step in (0, 4, 9, 99)] == pytest.approx([0.05, 0.25, 0.5, 0.5])
    assert [kl("cyclic", step) for step in (0, 4, 9, 10)] == pytest.approx([0.1, 0.5, 0.5, 0.1])


def test_target_rate_raises_the_weight_while_the_rate_is_too_high():
    manager = LossManager(LossConfig(kl_schedule="target_rate", target_rate=1.0))
    before = manager.weights(0)["kl"]
    manager.update({"kl": 2.0, "chunk_kl": 1.0}, num_values=10)
    assert manager.weights(1)["kl"] > before
    resumed = LossManager(manager.config)
    resumed.load_state_dict(manager.state_dict())
    assert resumed.weights(1) == manager.weights(1)
    for _ in range(2):
        manager.update({"kl": 0.1, "chunk_kl": 0.0}, num_values=10)
    assert manager.weights(2)["kl"] < resumed.weights(1)["kl"]


def test_final_weights_are_those_after_warm_up():
    config = dataclasses.replace(LossConfig(), kl_weight=0.7, chunk_kl_weight=0.3)
    final = LossManager(config).final_weights()
    assert (final["kl"], final["chunk_kl"]) == (0.7, 0.3)


def test_velocities_count_half_a_nat_per_coordinate_at_most():
    manager, num_values = LossManager(LossConfig(velocity_weight=20.0)), 30
    assert manager.weights(0)["velocity"] == 1
    for part in (0.3, 6.0):  # of a model that follows velocities closely, and of a tracker that trembles
        for _ in range(300):
            manager.update({"velocity": part}, num_values)
        weight = manager.weights(0)["velocity"]
        assert weight == pytest.approx(min(20, 0.5 * num_values / part), rel=1e-4)
    resumed = LossManager(manager.config)
    resumed.load_state_dict(manager.state_dict())
    assert resumed.weights(0) == manager.weights(0)
    off = LossManager(LossConfig(velocity_weight=0.0))
    assert off.weights(0)["velocity"] == 0


def test_validation_does_not_weigh_velocities():
    assert "velocity" not in LossManager(LossConfig()).final_weights()
