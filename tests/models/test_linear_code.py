"""The linear code at work: ridge by a slow loop, bodies and hidden points by hand, padding without effect."""

import numpy as np
import pytest
import torch

from htvae.models.chunking import merge_chunks
from htvae.models.linear_code import (
    BODY_SPREAD,
    FILL_NOISE_RATIO,
    FILL_WEIGHT,
    LEAST_ERROR,
    NOISE_RATIO,
    LinearCode,
    LinearCodeValues,
    count_body_numbers,
)
from htvae.models.packing import Rows
from htvae.models.ridge import solve_ridge
from tests.models.linear_data import (
    all_chunks,
    fit_code,
    make_coded_poses,
    make_config,
    make_smooth_poses,
    pass_through,
    root_mean_square,
)

SHAPE = 60, 37, 5, 2
"""Windows, frames, points, coordinates."""


@pytest.fixture(scope="module")
def poses():
    return make_smooth_poses(SHAPE)


@pytest.fixture(scope="module")
def code(poses):
    return fit_code(make_config(), poses)


@pytest.mark.parametrize("share_hidden", [0.0, 0.4])
def test_ridge_is_that_of_each_row_alone(share_hidden):
    rng = np.random.default_rng(0)
    decoder, values = rng.normal(size=(3, 7, 2)), rng.normal(size=(6, 7, 2))
    whole = rng.uniform(0.5, 20, size=7)
    weight = (rng.uniform(size=(6, 7)) >= share_hidden) * whole
    weight[0] = whole  # a whole row beside those with holes
    expected = []
    for row, precision in zip(values, weight, strict=True):
        rows, diagonal = decoder.reshape(3, 14), np.diag(np.repeat(precision, 2))
        expected.append(np.linalg.inv(np.eye(3) + rows @ diagonal @ rows.T) @ rows @ diagonal @ row.ravel())
    decoder, values, weight, whole = (torch.from_numpy(x).float() for x in (decoder, values, weight, whole))
    answer = solve_ridge(decoder, values, weight, whole)
    np.testing.assert_allclose(answer, expected, rtol=1e-3, atol=1e-4)  # float32


def test_ridge_where_all_is_hidden_is_the_mean_of_the_prior():
    answer = solve_ridge(torch.randn(3, 7, 2), torch.randn(4, 7, 2), torch.zeros(4, 7), torch.ones(7))
    assert (answer == 0).all()


def test_a_fresh_code_adds_nothing_to_the_last_bit(poses):
    back, latents = pass_through(LinearCode(make_config(), 5, 2), poses)
    assert (back == 0).all() and (latents == 0).all()


@pytest.mark.parametrize(("points", "coordinates", "expected"), [(5, 2, 4), (1, 3, 3), (9, 3, 4)])
def test_half_of_z_at_most_says_the_body(points, coordinates, expected):
    assert count_body_numbers(make_config(latent_dim=8), points, coordinates) == expected
    assert LinearCode(make_config(latent_dim=8), points, coordinates).num_body == expected


def test_body_numbers_give_back_the_mean_pose():
    torch.manual_seed(0)
    config = make_config(latent_dim=20)  # 10 body numbers say any pose of 5 points
    standing = torch.randn(200, 1, 5, 2).expand(-1, 9, -1, -1)
    back, _ = pass_through(fit_code(config, standing), standing)
    shrinkage = BODY_SPREAD**2  # of poses with variance 1
    assert root_mean_square(back - standing) < 10 * shrinkage


def test_body_numbers_of_a_part_are_those_of_its_frames(code, poses):
    observed, mask = torch.ones(60, 37, 5, dtype=torch.bool), all_chunks(code, poses)
    part = mask.clone()
    part[:, 2:] = False  # leaves frames 0 to 13: chunks of 8 frames begin at 0 and 6
    other = poses.clone()
    other[:, 14:] += 5.0
    expected = code.infer_body(poses[:, :14], observed[:, :14], mask[:, :2])
    torch.testing.assert_close(code.infer_body(other, observed, part), expected)
    assert not torch.allclose(code.infer_body(poses, observed, mask), expected, atol=0.01)


def test_body_numbers_ignore_how_often_a_point_is_seen():
    torch.manual_seed(0)
    standing = torch.randn(50, 1, 5, 2).expand(-1, 9, -1, -1)
    code = fit_code(make_config(latent_dim=20), standing)
    observed = torch.rand(50, 9, 5) > 0.5
    observed[:, 0] = True
    mask = all_chunks(code, standing)
    whole = code.infer_body(standing, torch.ones_like(observed), mask)
    torch.testing.assert_close(code.infer_body(standing, observed, mask), whole, rtol=1e-3, atol=1e-4)


def test_latents_of_one_chunk_by_hand():
    code = LinearCode(make_config(chunk_size=4, overlap=0, numbers=1, latent_dim=1), 1, 2)
    decoder = torch.full((1, 4, 2), 0.5)
    code.load(LinearCodeValues(decoder, torch.zeros(0, 2), torch.tensor([0.25])), torch.ones(1))
    pose, observed = torch.full((1, 4, 1, 2), 1.5), torch.ones(1, 4, 1, dtype=torch.bool)
    mask = torch.ones(1, 1, dtype=torch.bool)
    precision, cautious = ((ratio * 0.25) ** -2 for ratio in (NOISE_RATIO, FILL_NOISE_RATIO))
    for hidden in (0, 2):
        observed[:, :hidden] = False
        values = 2 * (4 - hidden)  # each is 1.5 = 3 x 0.5
        guess = 0.5 * values * cautious * 0.5 * 1.5 / (1 + values * cautious * 0.25)
        total = values * 1.5 + 2 * hidden * FILL_WEIGHT * guess
        count = values + 2 * hidden * FILL_WEIGHT
        expected = 0.5 * precision * total / (1 + count * precision * 0.25)
        answer = code.infer_chunks(pose, observed, torch.zeros(1, 2), mask)
        torch.testing.assert_close(answer, torch.full((1, 1, 1), expected))


def test_units_of_the_model_change_no_latent(poses):
    config, scale = make_config(), torch.tensor([0.5, 1.0, 2.0, 0.1, 3.0])
    plain, scaled = fit_code(config, poses), fit_code(config, poses, scale)
    back, latents = pass_through(plain, poses)
    back_scaled, latents_scaled = pass_through(scaled, poses / scale[:, None])
    torch.testing.assert_close(latents_scaled, latents, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(back_scaled * scale[:, None], back, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(scaled.chunk_energy(), plain.chunk_energy(), rtol=1e-4, atol=0)


@pytest.mark.parametrize("coordinates", [2, 3])
@pytest.mark.parametrize(("overlap", "share"), [(0, 0.02), (2, 0.2)])
def test_a_hidden_landmark_that_follows_from_others_is_recovered(overlap, share, coordinates):
    config = make_config(overlap=overlap, latent_dim=1, numbers=4)
    poses = make_coded_poses(config, (80, 38, 5, coordinates))
    poses[:, :, 4] = 0.5 * (poses[:, :, 1] + poses[:, :, 2])
    code = fit_code(config, poses)
    observed = torch.ones(80, 38, 5, dtype=torch.bool)
    observed[:, :, 4] = False
    back, _ = pass_through(code, torch.where(observed[..., None], poses, 77.0), observed)
    error, spread = root_mean_square((back - poses)[:, :, 4]), root_mean_square(poses[:, :, 4])
    assert error < share * spread  # about a tenth where chunks overlap: each knows its own frames alone


def test_padding_and_neighbours_change_nothing(code, poses):
    torch.manual_seed(1)
    observed = torch.rand(4, 37, 5) > 0.2
    observed[1, 20:] = False  # padding
    mask = torch.ones(4, 6, dtype=torch.bool)
    mask[1, 3:] = False  # 20 frames have three chunks
    pose = torch.where(observed[..., None], poses[:4], 9.0)

    def infer(pose, observed, mask):
        numbers = code.infer_body(pose, observed, mask)
        return numbers, code.infer_chunks(pose, observed, code.decode_body(numbers), mask)

    numbers, latents = infer(pose, observed, mask)
    padding = torch.full((4, 7, 5, 2), -3.0)
    more = torch.zeros(4, 7, 5, dtype=torch.bool)
    longer = infer(
        torch.cat([pose, padding], 1), torch.cat([observed, more], 1), torch.nn.functional.pad(mask, (0, 1))
    )
    alone = infer(pose[1:2, :20], observed[1:2, :20], mask[1:2, :3])
    turned = infer(pose.flip(0), observed.flip(0), mask.flip(0))
    same = {"rtol": 1e-4, "atol": 1e-5}
    torch.testing.assert_close(longer[0], numbers, **same)
    torch.testing.assert_close(longer[1][:, :6], latents, **same)
    torch.testing.assert_close(alone[0], numbers[1:2], **same)
    torch.testing.assert_close(alone[1], latents[1:2, :3], **same)
    torch.testing.assert_close(turned[0].flip(0), numbers, **same)
    torch.testing.assert_close(turned[1].flip(0), latents, **same)
    assert (latents[1, 3:] == 0).all()


def test_autocast_rounds_nothing(code, poses):
    observed = torch.rand(60, 37, 5) > 0.1
    back, latents = pass_through(code, poses, observed)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = pass_through(code, poses, observed)
    assert rounded[0].dtype == rounded[1].dtype == torch.float32
    assert torch.equal(rounded[0], back) and torch.equal(rounded[1], latents)


def test_a_code_without_error_has_finite_latents(poses):
    code = LinearCode(make_config(numbers=1, latent_dim=2), 5, 2)
    values = LinearCodeValues(torch.ones(1, 8, 10), torch.ones(1, 10), torch.zeros(5))
    code.load(values, torch.ones(5))
    assert float(code.error) == pytest.approx(LEAST_ERROR)
    observed = torch.rand(60, 37, 5) > 0.5
    back, latents = pass_through(code, poses, observed)
    assert back.isfinite().all() and latents.isfinite().all()


def test_gradients_reach_the_body_through_holes(code, poses):
    observed, mask = torch.rand(60, 37, 5) > 0.3, all_chunks(code, poses)
    body = torch.zeros(60, 10, requires_grad=True)
    code.infer_chunks(poses, observed, body, mask).square().sum().backward()
    assert body.grad is not None and body.grad.isfinite().all() and (body.grad.abs().sum(1) > 0).all()


def test_rebased_chunk_latents_say_the_same_with_another_z(code, poses):
    """Most of a constant pose lies in the span of the chunk code; without rebasing, poses are off by the
    bodies."""
    mask = all_chunks(code, poses)
    seen = torch.ones(poses.shape[:3], dtype=torch.bool)
    own = code.infer_body(poses, seen, mask)
    latents = code.infer_chunks(poses, seen, code.decode_body(own), mask)
    other = own.roll(1, 0)
    moved = latents + code.rebase(own, other)[:, None]
    bodies = (code.decode_body(own) - code.decode_body(other))[:, None]
    errors = [
        root_mean_square(
            code.decode_chunks((given - latents).flatten(0, 1)) - bodies.repeat_interleave(mask.shape[1], 0)
        )
        for given in (moved, latents)
    ]
    assert errors[0] < 0.6 * errors[1]
    assert (code.rebase(own, own) == 0).all()


def test_the_precision_of_known_points_is_the_curvature_of_their_error(code, poses):
    """Second derivative of half the weighted squared error through the cross-fade, chunk by chunk."""
    mask = all_chunks(code, poses[:2])
    weight = torch.rand(poses[:2].shape[:3], generator=torch.Generator().manual_seed(0))
    found = code.chunk_precision(weight, mask)
    unit = code.unit.repeat_interleave(code.num_coordinates)

    def half_error(latent, window, chunk):
        latents = torch.zeros(2, mask.shape[1], len(latent)).index_put((window, chunk), latent)
        movement = Rows.of(mask).unpack(code.decode_chunks(latents[mask]))
        frames = merge_chunks(movement, mask, poses.shape[1], code.chunk_overlap) * unit
        return 0.5 * (frames.square() * weight.repeat_interleave(code.num_coordinates, 2)).sum()

    inner = [(w, c) for w in range(2) for c in range(1, mask.shape[1] - 1)]  # with a neighbour on both sides
    for window, chunk in inner:
        expected = torch.autograd.functional.hessian(
            lambda latent, w=window, c=chunk: half_error(latent, torch.tensor(w), torch.tensor(c)),
            torch.zeros(found.shape[1]),
        )
        own = found.unflatten(0, mask.shape)[window, chunk]
        torch.testing.assert_close(own, expected, rtol=1e-3, atol=1e-4)  # float32
