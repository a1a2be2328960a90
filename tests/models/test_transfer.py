"""Starting from another model: landmarks by name."""

import dataclasses

import pytest
import torch

from htvae.config import ModelConfig
from htvae.models.transfer import copy_weights
from htvae.models.vae import HierarchicalTransformerVAE

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
