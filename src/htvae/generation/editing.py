"""Editing a recording in the latent space: towards a label, or into another recording's style.

- A direction has a part for each level: one for z, from the recordings' sequence latents, and one for every
  chunk latent, from the means over the recordings' chunks.
- Results have the recording's own coordinates and its own path.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates, ``C`` chunks, ``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from htvae.data.processing import ProcessedSequence
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import Encoding, Recording
from htvae.inference.source import to_source
from htvae.io.writing import fit_name
from htvae.models.latent import LatentSpace
from htvae.models.prior import Latents
from htvae.poses.sequence import PoseSequence

LEAST_CHANGE = 0.5
"""Smallest movement of the result by another recording's sequence latent, in errors of reconstruction, at
which style is taken from that recording."""


class Direction(NamedTuple):
    """A direction in both levels of latents."""

    sequence: Tensor
    """Direction (Z,) of the sequence latent."""
    chunks: Tensor
    """Direction (K,) of every chunk latent."""


def find_direction(encodings: Sequence[Encoding], towards: str) -> Direction:
    """Return the direction from all other recordings to the recordings of a label.

    Args:
        encodings: encodings of the training recordings.
        towards: the label, or ``COLUMN=VALUE`` of the manifest.

    Raises:
        ValueError: no recording is of this label, or all are; the message names the known labels.
    """
    column, equals, value = towards.rpartition("=")
    column = column if equals else "label"
    values = [_value(encoding, column) for encoding in encodings]
    members = torch.tensor([own == value for own in values])
    if members.all() or not members.any():
        known = ", ".join(sorted({own for own in values if own is not None})) or "none"
        raise ValueError(
            f"towards must name some of the training recordings, but {towards!r} names "
            f"{int(members.sum())} of {len(members)}. Known for {column}: {known}."
        )
    sequences = torch.tensor(np.stack([e.sequence_latent for e in encodings]))
    chunks = torch.tensor(np.stack([e.chunk_latents.mean(axis=0) for e in encodings]))
    return Direction(LatentSpace.direction(sequences, members), LatentSpace.direction(chunks, members))


def edit_towards(
    model: MotionSampler, recording: Recording, direction: Direction, strength: float = 1.0
) -> PoseSequence:
    """Return a recording moved along a direction.

    Args:
        model: the model whose encodings gave the direction.
        recording: a file, a sequence or an array.
        direction: from `find_direction`.
        strength: distance to move. 0 decodes the recording's own latents; 1 is the distance between the means
            of both groups of recordings.
    """
    processed, latents = _encode(model, recording)
    moved = Latents(
        LatentSpace.move(latents.sequence, direction.sequence, strength),
        LatentSpace.move(latents.chunks, direction.chunks, strength),
    )
    pose = model.decode_all(moved, len(processed.pose))[0]
    return to_source(model.processor, processed, pose, name=fit_name(processed.name, "_edited"))


def take_style(model: MotionSampler, recording: Recording, style_from: Recording) -> PoseSequence:
    """Return a recording's chunk latents decoded with the sequence latent of another recording.

    Raises:
        ValueError: the model's decoder hardly uses the sequence latent, so that the result would hardly
            change.
    """
    processed, latents = _encode(model, recording)
    _, other = _encode(model, style_from)
    length = len(processed.pose)
    own = model.decode_all(latents, length)[0]
    pose = model.decode_all(Latents(other.sequence, latents.chunks), length)[0]
    change = float(np.linalg.norm(pose - own, axis=-1).mean())
    error = float(np.nanmean(np.linalg.norm(own - processed.pose, axis=-1)))
    if change <= LEAST_CHANGE * error:
        raise ValueError(
            "style_from needs a model whose decoder uses the sequence latent, but with the other recording's "
            f"the result moves by {change:.4f} {model.processor.unit_words}, less than half the error "
            f"({error:.4f}). Train with a higher --latent_span_dropout."
        )
    return to_source(model.processor, processed, pose, name=fit_name(processed.name, "_restyled"))


def _encode(model: MotionSampler, recording: Recording) -> tuple[ProcessedSequence, Latents]:
    processed = model.process(recording)
    sequence, chunks = model.encode_sequence(processed.pose)
    return processed, Latents(sequence.mode(), chunks.mode())


def _value(encoding: Encoding, column: str) -> str | None:
    own = {"label": encoding.label, "subject": encoding.subject, **encoding.covariates}
    return own.get(column)
