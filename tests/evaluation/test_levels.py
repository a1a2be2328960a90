"""Rates, active numbers and swapped levels."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import htvae
from htvae.evaluation.levels import count_numbers, measure_level_use, measure_rates, swap_level
from htvae.inference.windows import WindowedModel
from htvae.models.latent import Gaussian
from htvae.models.prior import Latents

CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # sums in another order, float32


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def reconstructions(model, make_walks):
    return model.reconstruct_all([model.process(walk) for walk in make_walks([150, 40, 70])])


@pytest.fixture
def fallback(model):
    return np.array(model.processor.pose_mean, np.float32)[:6]


@pytest.fixture
def toy():
    """A model with the latent space alone, whose chunk prior is N(0, 1)."""
    space = SimpleNamespace(kl=lambda sequence, chunks, z: (sequence.kl(), chunks.kl()))
    return SimpleNamespace(model=SimpleNamespace(latent_space=space), device="cpu")


def recording(num_frames, sequence_mu, chunk_mu, sequence_kl, chunk_kl):
    def posterior(mu):  # of the prior's spread, so that a number's KL is half its square
        return Gaussian(mu, torch.zeros_like(mu))

    window = SimpleNamespace(
        window=SimpleNamespace(num_frames=num_frames),
        sequence=posterior(torch.tensor(sequence_mu)),
        chunks=posterior(torch.tensor(chunk_mu).reshape(-1, 2)),
        sequence_kl=sequence_kl,
        chunk_kl=chunk_kl,
    )
    return SimpleNamespace(windows=[window], pose=np.zeros((num_frames, 1, 2)))


def test_rates_by_hand(toy):
    two = [
        recording(30, [1.0, 0, 5], [[0.0, 1], [0, 2]], sequence_kl=6.0, chunk_kl=1.0),
        recording(10, [2.0, 0, 5], [[0.0, 4]], sequence_kl=2.0, chunk_kl=3.0),
    ]
    assert measure_rates(toy, two) == {
        "sequence_rate": 8 / 40,
        "sequence_active_units": 1,  # of three numbers, one varies
        "sequence_largest_kl": 12.5,
        "chunk_rate": 4 / 40,
        "chunk_active_units": 1,
        "chunk_largest_kl": (1 + 4 + 16) / 2 / 3,
        "latent_dim": 3,
        "chunk_latent_dim": 2,
    }
    assert count_numbers(two) == (3 + 4 + 3 + 2, 40)


def test_one_window_cannot_tell_which_numbers_are_active(toy):
    rates = measure_rates(toy, [recording(30, [1.0], [[0.0, 1]], 6.0, 1.0)])
    assert math.isnan(rates["sequence_active_units"])
    assert rates["sequence_rate"] == 0.2 and rates["sequence_largest_kl"] == 0.5


def test_kl_of_numbers_add_up_to_the_rates(model, reconstructions):
    """The largest lies between the mean over numbers and the sum of all."""
    rates = measure_rates(model, reconstructions)
    windows = [w for r in reconstructions for w in r.windows]
    frames = sum(w.window.num_frames for w in windows)
    for level, counted in (("sequence", len(windows)), ("chunk", sum(len(w.chunks[0]) for w in windows))):
        size = rates["latent_dim" if level == "sequence" else "chunk_latent_dim"]
        total = rates[f"{level}_rate"] * frames / counted
        assert total / size * 0.99 <= rates[f"{level}_largest_kl"] <= total * 1.01 + 1e-6


def test_numbers_of_all_windows_count_but_frames_once(reconstructions):
    numbers, frames = count_numbers(reconstructions[:1])
    assert frames == 150
    # 25 chunks, windows of 11: from chunks 0, 9 and 14.
    assert numbers == 3 * 6 + 3 * (3 * 11)


@pytest.mark.parametrize("level", ["sequence", "chunks"])
def test_swapping_changes_what_it_should(model, reconstructions, level):
    swapped = swap_level(model, reconstructions, level)
    for pose, own in zip(swapped, reconstructions, strict=True):
        assert pose.shape == own.pose.shape and np.isfinite(pose).all()
        assert not np.allclose(pose, own.pose, atol=1e-5)


@pytest.mark.parametrize("level", ["sequence", "chunks"])
def test_swapping_with_oneself_changes_nothing(model, reconstructions, level):
    for r in reconstructions[1:2]:  # of a single window: a longer one's windows have latents of their own
        same = swap_level(model, [r, r], level)
        np.testing.assert_allclose(same[0], r.pose, rtol=1e-4, atol=1e-5)  # sums in another order


@pytest.mark.parametrize("level", ["sequence", "chunks"])
def test_the_donor_stands_half_the_list_away(model, make_walks, level):
    """Each result is decoded from the recording's latents with one level from the donor."""
    five = model.reconstruct_all([model.process(walk) for walk in make_walks([16] * 5)])
    for i, pose in enumerate(swap_level(model, five, level)):
        own, donor = five[i].windows[0], five[(i + 2) % 5].windows[0]
        z = (donor if level == "sequence" else own).sequence.mu
        chunks = (donor if level == "chunks" else own).chunks.mu
        expected = model.decode_all(Latents(z[None], chunks[None]), 16)[0]
        np.testing.assert_allclose(pose, expected, **CLOSE)


def test_donors_chunks_are_repeated_where_they_are_fewer(model, make_walks):
    """The donor has 7 chunks, the other recording 11, in one window."""
    long, short = model.reconstruct_all([model.process(walk) for walk in make_walks([66, 40])])
    donor = torch.from_numpy(short.encoding.chunk_latents)
    chunks = torch.cat([donor, donor[:4]])
    expected = model.decode_all(Latents(long.windows[0].sequence.mu[None], chunks[None]), 66)[0]
    np.testing.assert_allclose(swap_level(model, [long, short], "chunks")[0], expected, **CLOSE)


def test_windows_that_overlap_get_the_same_chunks(model, reconstructions, monkeypatch):
    """Chunk c gets the donor's chunk c, whichever window it stands in."""
    given = []
    monkeypatch.setattr(WindowedModel, "decode", lambda _, latents, lengths: given.extend(latents))
    swap_level(model, reconstructions[:2], "chunks")
    first, second, _ = (chunks for _, chunks in given[0])
    assert torch.equal(first[9:], second[:2])


def test_figures_of_level_use(model, reconstructions, fallback):
    figures = measure_level_use(model, reconstructions, fallback)
    assert set(figures) == {
        "frechet_reconstruction",
        *(f"swapped_{level}_{name}" for level in ("sequence", "chunks") for name in ("mpjpe", "frechet")),
    }
    assert all(math.isfinite(figures[f"swapped_{level}_mpjpe"]) for level in ("sequence", "chunks"))
    expected = swap_level(model, reconstructions, "sequence")
    distances = [
        np.linalg.norm(pose[:, :6] - r.processed.pose[:, :6], axis=-1)
        for pose, r in zip(expected, reconstructions, strict=True)
    ]
    mean = np.nanmean(np.concatenate(distances))
    assert figures["swapped_sequence_mpjpe"] == pytest.approx(mean, rel=1e-5)


def test_one_recording_has_nothing_to_swap_with(model, reconstructions, fallback):
    assert measure_level_use(model, reconstructions[:1], fallback) == {}


def test_too_few_windows_for_a_distance_give_nan(model, reconstructions, fallback):
    figures = measure_level_use(model, reconstructions[1:], fallback)
    assert math.isnan(figures["frechet_reconstruction"]) and figures["swapped_chunks_mpjpe"] > 0
