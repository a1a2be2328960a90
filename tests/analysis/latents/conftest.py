"""Latents that are made up, and those of the tiny model."""

from types import SimpleNamespace

import numpy as np
import pytest

import htvae
from htvae.analysis.latents.gather import Level, RecordedLatents, gather_latents
from htvae.models.chunking import ChunkGrid


@pytest.fixture(scope="session")
def make_latents():
    """Return a maker of latents of recordings from sequence latents (n, Z) and more, without a model."""

    def make(z, chunks=None, halves=None, labels=None, subjects=None, covariates=None, frame_labels=None):
        count = len(z)
        chunks = np.zeros((count, 3, 2)) if chunks is None else chunks
        recordings, encodings = [], []
        for i in range(count):
            source = SimpleNamespace(
                label=labels[i] if labels is not None else None,
                subject=subjects[i] if subjects is not None else None,
                covariates={name: cells[i] for name, cells in (covariates or {}).items() if cells[i]},
                frame_labels=frame_labels[i] if frame_labels is not None else (),
            )
            frames = np.arange(len(chunks[i]))[:, None] * 6 + [0, 8]
            pose = np.random.default_rng(i).normal(size=(frames[-1, 1], 4, 2)).astype(np.float32)
            recordings.append(SimpleNamespace(name=f"r{i}", source=source, pose=pose))
            encodings.append(
                SimpleNamespace(
                    sequence_latent=np.asarray(z[i], np.float32),
                    chunk_latents=np.asarray(chunks[i], np.float32),
                    chunk_frames=frames,
                )
            )
        pairs = [None] * count
        if halves is not None:
            zeros = np.zeros((3, chunks[0].shape[1]), np.float32)
            pairs = [
                tuple(SimpleNamespace(sequence_latent=half, chunk_latents=zeros) for half in pair)
                for pair in zip(*halves, strict=True)
            ]
        flat = np.concatenate(chunks)
        levels = (
            Level("sequence", np.asarray(z), np.full(np.shape(z), 0.25), np.ones(np.shape(z))),
            Level("chunk", flat, np.full(flat.shape, 0.25), np.ones(flat.shape)),
        )
        return RecordedLatents(recordings, encodings, pairs, levels, ChunkGrid(8, 2, 10))

    return make


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def prior_model(trained_with_prior):
    return htvae.load(trained_with_prior.checkpoint, "cpu")


@pytest.fixture(scope="module")
def latents(model, trained):
    return gather_latents(model, [model.process(recording) for recording in trained.recordings])
