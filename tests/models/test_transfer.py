"""Starting from another model: landmarks by name."""

import dataclasses

import pytest
import torch

from htvae.config import ModelConfig
from htvae.models.linear_fit import fit_linear_code
from htvae.models.transfer import copy_weights
from htvae.models.vae import HierarchicalTransformerVAE
from tests.models.linear_data import make_smooth_poses

SMALL = ModelConfig(embed_dim=16, num_heads=2, num_layers=1, latent_dim=6, chunk_latent_dim=3)


def build(points, config=SMALL, seed=0):
    torch.manual_seed(seed)
    return HierarchicalTransformerVAE(config, points).eval()


def test_the_same_landmarks_in_another_order_give_the_same_poses():
    source, model = build(3), build(3, seed=1)
    copy_weights(model, source.state_dict(), ["C", "A", "B"], ["A", "B", "C"])
    pose, observed, frames = (
        torch.randn(1, 70, 3, 2),
        torch.ones(1, 70, 3, dtype=torch.bool),
        torch.tensor([70]),
    )
    expected = source(pose, observed, frames).reconstruction
    actual = model(pose[:, :, [2, 0, 1]], observed, frames).reconstruction
    torch.testing.assert_close(actual[:, :, [1, 2, 0]], expected, rtol=1e-4, atol=1e-5)


def test_landmarks_that_the_source_lacks_keep_fresh_weights():
    source, model = build(2), build(3, seed=1)
    fresh = model.encoder.embed.weight.detach().clone().view(16, 4, 3, 3)
    words = copy_weights(model, source.state_dict(), ["A", "X", "B"], ["A", "B"])
    assert words.startswith("2 of 3 points")
    after = model.encoder.embed.weight.view(16, 4, 3, 3)
    assert torch.equal(after[:, :, 1], fresh[:, :, 1])
    assert torch.equal(after[:, :, [0, 2]], source.encoder.embed.weight.view(16, 4, 2, 3))


def test_nothing_in_common_or_other_sizes_are_errors():
    state = build(2).state_dict()
    with pytest.raises(ValueError, match="none in common"):
        copy_weights(build(2), state, ["A", "B"], ["C", "D"])
    wider = build(2, dataclasses.replace(SMALL, embed_dim=32))
    with pytest.raises(ValueError, match="same sizes"):
        copy_weights(wider, state, ["A", "B"], ["A", "B"])


def started(points, latent_dim=6, seed=0):
    """Return a model that starts from a linear code."""
    model = build(points, dataclasses.replace(SMALL, latent_dim=latent_dim), seed)
    windows = list(make_smooth_poses((30, 120, points, 2), seed=seed))
    model.start_from(fit_linear_code(windows, 3, model.linear_code.num_body, 56, 8))
    return model


def test_the_linear_code_is_copied_by_landmark():
    source, model = started(3), build(4, seed=1)
    copy_weights(model, source.state_dict(), ["C", "X", "A", "B"], ["A", "B", "C"])
    own, other = (m.linear_code.chunk_decoder.unflatten(1, (56, -1, 2)) for m in (model, source))
    assert torch.equal(own[:, :, [2, 3, 0]], other) and other.abs().sum() > 0
    assert (own[:, :, 1] == 0).all()
    own, other = (m.linear_code.body_decoder.unflatten(1, (-1, 2)) for m in (model, source))
    assert torch.equal(own[:, [2, 3, 0]], other) and other.abs().sum() > 0
    assert torch.equal(model.linear_code.error, source.linear_code.error)
    assert torch.equal(model.linear_code.unit[[2, 3, 0]], source.linear_code.unit)


@pytest.mark.parametrize(("points", "source_points", "numbers"), [("ABC", "AB", 4), ("AB", "ABC", 4)])
def test_bodies_with_fewer_numbers_than_z_has_room_for(points, source_points, numbers):
    """Two points have four body numbers, three points have six, where half of z has room for ten."""
    source, model = started(len(source_points), latent_dim=20), started(len(points), 20, seed=1)
    assert model.linear_code.num_body == 2 * len(points)
    copy_weights(model, source.state_dict(), list(points), list(source_points))
    own, other = (m.linear_code.body_decoder.unflatten(1, (-1, 2)) for m in (model, source))
    assert torch.equal(own[:numbers, :2], other[:numbers, :2])
    assert (own[numbers:, :2] == 0).all()
