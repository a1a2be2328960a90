"""The graphs for ONNX give what the network gives, for any length, padding and missing points."""

import pytest
import torch

import htvae
from htvae.config import ModelConfig
from htvae.inference.export.graphs import DecoderGraph, EncoderGraph, overlap_add, solve_positive
from htvae.models.chunking import merge_chunks

TOLERANCE = 1e-4
"""What the export allows; it is about 1e-6 here."""


@pytest.fixture(scope="module")
def network(trained):
    return htvae.load(trained.checkpoint, "cpu").model.requires_grad_(False)


def draw(batch, length, points, seed=0):
    generator = torch.Generator().manual_seed(seed)
    pose = torch.randn(batch, length, points, 2, generator=generator)
    observed = torch.rand(batch, length, points, generator=generator) > 0.2
    observed[:, length // 2 :, 0] = False
    num_frames = torch.full((batch,), length)
    num_frames[-1] = max(length // 2, 1)
    return pose, observed, num_frames


@pytest.mark.parametrize(("batch", "length"), [(1, 3), (1, 8), (2, 9), (2, 37), (3, 64), (1, 65)])
def test_graphs_are_the_network(network, batch, length):
    pose, observed, num_frames = draw(batch, length, len(network.pose_mean))
    if batch > 1:
        observed[0] = True
    found = network.encode(pose, observed, num_frames)
    mask = found.chunk_mask[..., None]
    wanted = (*found.sequence, *(part * mask for part in found.chunks))
    for got, part in zip(EncoderGraph(network)(pose, observed, num_frames), wanted, strict=True):
        torch.testing.assert_close(got, part, atol=TOLERANCE, rtol=0)
    latents = found.sequence.mu, found.chunks.mu, num_frames
    poses, decoded = DecoderGraph(network)(*latents), network.decode(*latents)
    assert poses.shape[1] == 2 + 6 * found.chunks.mu.shape[1]
    for row, frames in enumerate(num_frames.tolist()):
        torch.testing.assert_close(poses[row, :frames], decoded[row, :frames], atol=TOLERANCE, rtol=0)


def test_poses_that_are_not_observed_do_not_matter(network):
    pose, observed, num_frames = draw(2, 20, len(network.pose_mean))
    graph = EncoderGraph(network)
    other = torch.where(observed[..., None], pose, 77.0)
    for a, b in zip(graph(pose, observed, num_frames), graph(other, observed, num_frames), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(("size", "overlap"), [(8, 0), (8, 2), (8, 4), (8, 6), (9, 7)])
def test_overlap_add_is_merging(size, overlap):
    chunks = torch.randn(2, 5, size, 3)
    mask = torch.arange(5) < torch.tensor([[5], [3]])
    length = 4 * (size - overlap) + size
    torch.testing.assert_close(
        overlap_add(chunks, mask, overlap), merge_chunks(chunks, mask, length, overlap)
    )


@pytest.mark.parametrize("size", [1, 2, 17])
def test_solving(size):
    root, right = torch.randn(3, size, size + 4), torch.randn(3, size)
    matrix = root @ root.mT + torch.eye(size)
    found = solve_positive(matrix, right)
    torch.testing.assert_close(matrix @ found[..., None], right[..., None], atol=1e-3, rtol=1e-3)


def test_a_network_with_a_prior_over_the_body_of_no_numbers():
    """A latent of one number leaves none to the body."""
    from htvae.models.vae import HierarchicalTransformerVAE

    config = ModelConfig(
        chunk_size=8, chunk_overlap=2, frames_per_token=2, embed_dim=16, num_heads=2, num_layers=1,
        latent_dim=2, chunk_latent_dim=1,
    )  # fmt: skip
    network = HierarchicalTransformerVAE(config, 5, 2).eval().requires_grad_(False)
    inputs = draw(1, 20, 5)
    found = network.encode(*inputs)
    torch.testing.assert_close(EncoderGraph(network)(*inputs)[0], found.sequence.mu, atol=TOLERANCE, rtol=0)
