"""Fitting the linear code: known codes are found, no worse than principal components, few windows suffice."""

import pytest
import torch

from htvae.models.linear_fit import fit_linear_code
from tests.models.linear_data import (
    fit_code,
    make_coded_poses,
    make_config,
    make_smooth_poses,
    pass_through,
    pca_error,
    root_mean_square,
)


@pytest.mark.parametrize("coordinates", [2, 3])
@pytest.mark.parametrize(("overlap", "share"), [(0, 0.02), (2, 0.15)])
def test_poses_of_a_known_code_come_back(overlap, share, coordinates):
    config = make_config(overlap=overlap, latent_dim=1)
    poses = make_coded_poses(config, (100, 8 + 5 * (8 - overlap), 5, coordinates))
    code = fit_code(config, poses)
    back, _ = pass_through(code, poses)
    assert root_mean_square(back - poses) < share * root_mean_square(poses)


@pytest.mark.parametrize(
    ("chunk_size", "overlap", "numbers", "most"),
    [(16, 0, 6, 1.02), (16, 3, 6, 1.02), (16, 8, 6, 1.02), (16, 11, 6, 1.2), (56, 8, 12, 1.0)],
)
def test_error_is_not_above_that_of_principal_components(chunk_size, overlap, numbers, most):
    """The margin is the pull of the prior on latents, which principal components lack.

    It is strong where a frame belongs to three chunks or more.
    """
    config = make_config(chunk_size, overlap, numbers)
    poses = make_smooth_poses((200, chunk_size + 5 * (chunk_size - overlap), 5, 2))
    code = fit_code(config, poses)
    back, _ = pass_through(code, poses)
    assert root_mean_square(back - poses) <= most * pca_error(code, poses, numbers)


def test_latents_of_training_windows_have_a_variance_of_about_one():
    config = make_config(chunk_size=56, overlap=8, numbers=12)
    poses = make_smooth_poses((200, 200, 5, 2))
    _, latents = pass_through(fit_code(config, poses), poses)
    variance = latents.square().mean((0, 1))
    assert (variance > 0.6).all() and (variance < 1.2).all()  # the prior makes weak ones smaller


def test_body_numbers_of_training_windows_have_a_variance_of_about_one():
    poses = make_smooth_poses((200, 200, 5, 2))
    code = fit_code(make_config(), poses)
    observed, mask = torch.ones(200, 200, 5, dtype=torch.bool), torch.ones(200, 33, dtype=torch.bool)
    variance = code.infer_body(poses, observed, mask).square().mean(0)
    assert (variance > 0.8).all() and (variance < 1.1).all()


def test_rows_are_orthogonal():
    poses, config = make_smooth_poses((100, 50, 5, 2)), make_config()
    code = fit_code(config, poses)
    for rows in (
        (code.chunk_decoder.unflatten(1, (8, 10)) * code.fade[:, None]).flatten(1),
        code.body_decoder,
    ):
        products = rows @ rows.T
        other = products - products.diag().diag()
        assert other.abs().max() < 1e-3 * products.diag().max()


def test_the_error_is_that_of_the_windows():
    poses = make_smooth_poses((100, 200, 5, 2))
    code = fit_code(make_config(56, 8, 12), poses)
    values = fit_linear_code(list(poses), 12, 4, 56, 8)
    back, _ = pass_through(code, poses)
    expected = (back - poses).square().mean((0, 1, 3)).sqrt()
    # the fit measures latents of the round before, and the model shrinks bodies a little
    torch.testing.assert_close(values.point_error, expected, rtol=0.05, atol=0.005)
    assert float(code.error) == pytest.approx(float(values.point_error.square().mean().sqrt()))


def test_missing_values_are_no_error_of_the_code():
    poses = make_smooth_poses((100, 60, 5, 2))
    holes = poses.clone()
    torch.manual_seed(0)
    holes[:, :, 2][torch.rand(100, 60) < 0.9] = torch.nan
    whole, partly = (fit_linear_code(list(x), 4, 4, 8, 2).point_error for x in (poses, holes))
    assert partly[2] > 0.8 * whole[2]  # a third of it, were the filled values counted


@pytest.mark.parametrize("share_missing", [0.1, 0.5])
def test_codes_of_poses_with_holes_are_nearly_those_of_whole_poses(share_missing):
    config = make_config(numbers=6)
    poses, others = make_smooth_poses((250, 60, 5, 2)).split([200, 50])
    torch.manual_seed(0)
    holes = torch.where((torch.rand(200, 60, 5) < share_missing)[..., None], torch.nan, poses)
    errors = [root_mean_square(pass_through(fit_code(config, x), others)[0] - others) for x in (poses, holes)]
    assert errors[1] < 1.3 * errors[0]


def test_a_landmark_never_seen_stays_where_it_is():
    poses = make_smooth_poses((50, 37, 5, 2))
    poses[:, :, 3] = torch.nan
    values = fit_linear_code(list(poses), 3, 4, 8, 2)
    assert all(value.isfinite().all() for value in values)
    assert (values.chunk_decoder.unflatten(2, (5, 2))[:, :, 3].abs() < 1e-6).all()
    assert (values.body_decoder.unflatten(1, (5, 2))[:, 3].abs() < 1e-6).all()
    code = fit_code(make_config(), poses)
    observed = torch.ones(50, 37, 5, dtype=torch.bool)
    observed[:, :, 3] = False
    back, _ = pass_through(code, poses.nan_to_num(), observed)
    assert (back[:, :, 3].abs() < 1e-5).all() and back.isfinite().all()


@pytest.mark.parametrize("lengths", [[3], [8], [5, 37], [1, 1, 1]])
@pytest.mark.parametrize("overlap", [0, 2, 6])
def test_few_and_short_windows_leave_numbers_unused(lengths, overlap):
    windows = [make_smooth_poses((1, length, 5, 2), seed=length)[0] for length in lengths]
    values = fit_linear_code(windows, 40, 9, 8, overlap)
    assert values.chunk_decoder.shape == (40, 8, 10) and values.body_decoder.shape == (9, 10)
    assert all(value.isfinite().all() for value in values)
    assert (values.body_decoder[len(windows) :].abs() < 1e-6).all()


def test_more_numbers_than_a_chunk_has_values():
    poses = make_smooth_poses((40, 30, 1, 2))
    values = fit_linear_code(list(poses), 12, 2, 4, 1)
    assert values.chunk_decoder.shape == (12, 4, 2)
    assert all(value.isfinite().all() for value in values)
    config = make_config(chunk_size=4, overlap=1, numbers=12)
    back, _ = pass_through(fit_code(config, poses), poses)
    assert root_mean_square(back - poses) < 0.1 * root_mean_square(poses)


def test_without_numbers_only_the_body_is_coded():
    config, poses = make_config(numbers=0, latent_dim=20), make_smooth_poses((50, 37, 5, 2))
    code = fit_code(config, poses)
    back, latents = pass_through(code, poses)
    assert latents.shape == (50, 6, 0)
    still = poses.mean(1, keepdim=True).expand_as(poses)
    torch.testing.assert_close(back, still, rtol=0, atol=0.05)
    holes = torch.rand(50, 37, 5) > 0.3
    assert pass_through(code, poses, holes)[0].isfinite().all()
    moved = (poses - still).square().mean().sqrt()
    assert float(code.error) == pytest.approx(float(moved), rel=0.05)


def test_the_same_windows_give_the_same_code_whatever_was_drawn_before():
    windows = list(make_smooth_poses((50, 37, 5, 2)))
    torch.manual_seed(1)
    first = fit_linear_code(windows, 3, 4, 8, 2)
    torch.manual_seed(2)
    expected = torch.rand(3)
    torch.manual_seed(2)
    second = fit_linear_code(windows, 3, 4, 8, 2)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert torch.equal(torch.rand(3), expected)  # the fit leaves torch's own numbers alone
