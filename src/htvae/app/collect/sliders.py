"""What changes along the main directions of the latents, decoded beforehand so that the page needs no model.

- Directions are principal components of the chunk latents: along them the decoded motion changes far more
  than along those of the sequence latent. A model without chunk latents has those of the sequence latent.
- They begin at a real moment, the one nearest to the mean: the mean itself, over bodies and cameras, is
  nobody's.

Axes: ``n`` latents, ``K`` latent numbers, ``s`` steps, ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from htvae.app.collect.generated import to_torso_lengths
from htvae.app.collect.material import Material
from htvae.app.packing import choose_scale, pack_motion
from htvae.app.payload_tabs import Direction, Sliders
from htvae.app.remembering import RememberingModel
from htvae.inference.model import Encoding
from htvae.models.prior import Latents
from htvae.utils.text import list_names

NUM_DIRECTIONS = 5
STEPS = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)
"""Steps along a direction, in spreads of the recordings' latents."""
POSES_PER_SECOND = 10.0
NUM_NAMED = 3
"""Landmarks that are named."""


class _Base(NamedTuple):
    """The moment that directions begin at."""

    sequence: np.ndarray
    """Sequence latent (Z,) of its recording."""
    latent: np.ndarray
    """(K,)."""
    words: str
    """Where it is."""


def collect_sliders(material: Material) -> Sliders | None:
    """Decode one chunk for each step along each direction; None where latents do not differ."""
    model, clock = material.model, material.clock
    encodings = model.encode_all(material.recordings)
    uses_chunks = model.config.model.chunk_latent_dim > 0
    latents = [own.chunk_latents if uses_chunks else own.sequence_latent[None] for own in encodings]
    steps, shares = find_directions(np.concatenate(latents))
    if not len(steps):
        return None
    base = _choose_base(encodings, latents, steps)
    stride = max(1, int((clock.rate or 30.0) / POSES_PER_SECOND + 1e-6))
    clips = _decode(model, base, steps, uses_chunks)
    packed = clips[:, :, ::stride]
    scale = choose_scale(packed)
    content = b"".join(pack_motion(clip, scale, material.parents) for row in packed for clip in row)
    landmarks = model.processor.landmarks
    directions: list[Direction] = [
        {
            "name": f"Direction {k + 1}",
            "text": f"{describe_change(row, landmarks, model.processor.unit_words)}; around {base.words}",
            "share": round(float(share), 4),
        }
        for k, (row, share) in enumerate(zip(clips, shares, strict=True))
    ]
    return {
        "directions": directions,
        "steps": list(STEPS),
        "rate": 1 / stride if clock.rate is None else clock.rate / stride,
        "count": packed.shape[2],
        "scale": scale,
        "block": material.blocks.add(content),
    }


def find_directions(latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the principal directions (directions, K) of latents (n, K), and their shares of the variance.

    Each direction is as long as the latents' spread along it.
    """
    centred = (latents - latents.mean(axis=0)).astype(np.float64)
    variances, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    order = np.argsort(variances)[::-1][:NUM_DIRECTIONS]
    order = order[variances[order] > 1e-12]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(vectors))])
    steps = (vectors * signs)[:, order].T * np.sqrt(variances[order])[:, None]
    return steps, variances[order] / max(float(variances.sum()), 1e-12)


def describe_change(clips: np.ndarray, landmarks: Sequence[str], unit: str) -> str:
    """Return in words what differs between the first and the last of clips (s, T, L, D).

    A change is one of posture, where mean places differ, or of movement, where distances from the mean places
    do; the larger is named, with the landmarks that change most.
    """
    first, last = clips[0], clips[-1]
    posture = np.linalg.norm(last.mean(axis=0) - first.mean(axis=0), axis=-1)
    extent = [np.sqrt(np.square(own - own.mean(axis=0)).sum(axis=-1).mean(axis=0)) for own in (first, last)]
    movement = np.abs(extent[1] - extent[0])
    kind, change = ("posture", posture) if posture.max() >= movement.max() else ("movement", movement)
    names = [landmarks[i] for i in np.argsort(-change, kind="stable")[:NUM_NAMED]]
    return f"{kind} of {list_names(names)}: up to {change.max():.2f} {unit}"


def _choose_base(encodings: Sequence[Encoding], latents: Sequence[np.ndarray], steps: np.ndarray) -> _Base:
    """Return the moment whose latent is nearest to the mean, distances measured in spreads."""
    everything = np.concatenate(latents)
    scaled = (everything - everything.mean(axis=0)) @ (steps / np.square(steps).sum(axis=1, keepdims=True)).T
    place = int(np.square(scaled).sum(axis=1).argmin())
    owners = np.repeat(np.arange(len(latents)), [len(own) for own in latents])
    own = encodings[owners[place]]
    chunk = place - int((owners < owners[place]).sum())
    start = int(own.chunk_frames[chunk, 0])
    return _Base(own.sequence_latent, everything[place], f"frame {start} of {own.name}")


def _decode(model: RememberingModel, base: _Base, steps: np.ndarray, uses_chunks: bool) -> np.ndarray:
    """Return poses (directions, s, T, L, D)."""
    points = base.latent + steps[:, None] * np.array(STEPS)[None, :, None]
    flat = torch.from_numpy(points.reshape(-1, points.shape[-1]).astype(np.float32))
    frames = model.config.model.chunk_size
    num_chunks = model.grid.num_chunks(frames)
    if uses_chunks:
        z = torch.from_numpy(base.sequence.astype(np.float32)).expand(len(flat), -1)
        latents = Latents(z, flat[:, None].expand(-1, num_chunks, -1))
    else:
        latents = Latents(flat, torch.zeros(len(flat), num_chunks, 0))
    poses = model.decode_all(latents, frames)
    clips = np.stack([to_torso_lengths(model, model.to_sequence(pose, "step")) for pose in poses])
    return clips.reshape(*points.shape[:2], *clips.shape[1:])
