"""Latents of recordings, with halves, KL and what is known of moments."""

import numpy as np
import torch

from htvae.analysis.latents.gather import spread_evenly
from htvae.metrics.rates import kl_divergence
from htvae.poses.sequence import FrameLabel


def test_latents_are_those_of_encode(model, latents, trained):
    for encoding, recording in zip(latents.encodings, trained.recordings, strict=True):
        own = model.encode(recording)
        np.testing.assert_allclose(encoding.sequence_latent, own.sequence_latent, atol=1e-5)  # float32
        np.testing.assert_allclose(encoding.chunk_latents, own.chunk_latents, atol=1e-5)
    assert len(latents.owner) == len(latents.moments) == len(latents.spans) == len(latents.moment_labels)
    assert latents.owner[-1] == len(trained.recordings) - 1


def test_levels_have_every_window_and_every_chunk_once(latents):
    sequence, chunk = latents.levels
    assert (sequence.name, chunk.name) == ("sequence", "chunk")
    assert len(sequence.mu) == sum(len(e.window_latents) for e in latents.encodings) > len(latents.encodings)
    assert chunk.mu.shape == chunk.kl.shape == latents.moments.shape
    logvar = torch.from_numpy(np.log(sequence.variance))
    expected = kl_divergence(torch.from_numpy(sequence.mu), logvar).numpy()
    np.testing.assert_allclose(sequence.kl, expected, rtol=1e-4, atol=1e-5)  # float32 and exp(log)
    assert (chunk.kl > -1e-5).all()


def test_halves_are_encoded_by_themselves(model, latents, trained):
    """A half needs two chunks of eight frames."""
    lengths = [r.num_frames for r in trained.recordings]
    assert [pair is not None for pair in latents.halves] == [length >= 32 for length in lengths]
    recording = latents.recordings[3]
    first = model.windowed.encode([recording.pose[:35]])[0][0]
    np.testing.assert_allclose(latents.halves[3][0].sequence_latent, first.sequence.mu.numpy(), atol=1e-5)


def test_what_is_known(make_latents):
    spans = [(FrameLabel(0, 9, "walk"), FrameLabel(9, 20, "stand")), ()]
    made = make_latents(
        np.zeros((2, 3)), subjects=["s", None], covariates={"site": [None, "x"]}, frame_labels=spans
    )
    assert made.moment_labels == ["walk", "stand", "stand", None, None, None]
    assert made.main_labels == ["stand", None]
    assert made.columns == {"subject": ["s", None], "site": [None, "x"]}
    assert made.subjects.tolist() == ["subject s", "recording r1"] and made.labels.tolist() == ["", ""]


def test_places_are_spread_evenly():
    assert spread_evenly(3, 5).tolist() == [0, 1, 2]
    assert spread_evenly(101, 5).tolist() == [0, 25, 50, 75, 100]
