"""Latents of any length: windows, what is known, and seeds."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from htvae.config import PriorConfig
from htvae.generation.drawing import draw_labels, draw_latents, make_request
from htvae.models.chunking import ChunkGrid
from htvae.models.prior import Known, LatentPrior

Z, K = 5, 3
GRID = ChunkGrid(chunk_size=8, chunk_overlap=2, window=8)


@pytest.fixture(scope="module")
def prior():
    torch.manual_seed(0)
    sizes = PriorConfig(prior_embed_dim=16, prior_num_heads=2, prior_num_layers=1)
    prior = LatentPrior(sizes, Z, K, num_labels=2).eval()
    for last in (prior.sequence_output, prior.chunk_output):
        torch.nn.init.normal_(last.weight)
    return prior


@given(seed=st.integers(0, 10_000))
def test_labels_come_as_often_as_they_did_in_training(seed):
    shares = (0.1, 0.0, 0.6, 0.3)
    labels = draw_labels(shares, 40, seed)
    counts = torch.bincount(labels, minlength=4)
    assert (counts - 40 * torch.tensor(shares)).abs().max() <= 2  # drawn one by one: off by 3 on average
    assert torch.equal(draw_labels(shares, 7, seed), labels[:7])


def test_the_first_label_is_drawn_by_its_share():
    firsts = torch.stack([draw_labels((0.25, 0.75), 1, seed)[0] for seed in range(400)])
    assert 0.69 < firsts.double().mean() < 0.81  # 0.75; three standard errors


def test_without_shares_labels_are_left_open():
    assert draw_labels((), 3, 0).tolist() == [0, 0, 0]


def make(num_frames, batch=2, label=1):
    return make_request(GRID, (Z, K), num_frames, torch.full((batch,), label))


@pytest.mark.parametrize("num_frames", [1, 8, 50, 51, 200])
def test_any_length(prior, num_frames):
    latents = draw_latents(prior, GRID, make(num_frames), [3, 4])
    assert latents.sequence.shape == (2, Z)
    assert latents.chunks.shape == (2, GRID.num_chunks(num_frames), K)
    assert latents.chunks.isfinite().all() and latents.chunks.any(2).all()


def test_seeds_and_neighbours(prior):
    pair = draw_latents(prior, GRID, make(100), [3, 4])
    again = draw_latents(prior, GRID, make(100), [3, 4])
    alone = draw_latents(prior, GRID, make(100, batch=1), [4])
    assert torch.equal(pair.chunks, again.chunks) and torch.equal(pair.sequence, again.sequence)
    torch.testing.assert_close(alone.chunks[0], pair.chunks[1], rtol=0, atol=1e-4)  # sums in another order
    assert not torch.allclose(pair.chunks[0], pair.chunks[1], atol=0.1)


def test_a_longer_sequence_begins_like_a_shorter_one(prior):
    """The first window is drawn before anything is known of the second."""
    short, long = (draw_latents(prior, GRID, make(n, batch=1), [3]) for n in (50, 62))
    torch.testing.assert_close(short.chunks, long.chunks[:, :8], rtol=0, atol=1e-4)
    torch.testing.assert_close(short.sequence, long.sequence, rtol=0, atol=1e-4)


def test_what_is_known_stays_in_every_window(prior):
    request = make(200)
    known = torch.zeros(2, GRID.num_chunks(200), dtype=torch.bool)
    known[:, ::5] = True
    given_values = request.given._replace(chunks=torch.randn(request.given.chunks.shape))
    request = type(request)(
        **vars(request) | {"known": Known(torch.tensor([True, False]), known), "given": given_values}
    )
    latents = draw_latents(prior, GRID, request, [3, 4])
    assert torch.equal(latents.chunks[known], given_values.chunks[known])
    assert torch.equal(latents.sequence[0], given_values.sequence[0])
    assert not torch.equal(latents.sequence[1], given_values.sequence[1])
    assert not torch.isclose(latents.chunks[~known], given_values.chunks[~known]).any()
