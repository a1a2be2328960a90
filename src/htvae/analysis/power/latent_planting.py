"""Planting an effect along the direction between two values of a column, through the decoder.

- The direction has a part for each level of latents, as in `htvae.generation.editing`.
- What the decoder changes between both latents is added to the recording. Its noise, and what the latents do
  not hold, stay.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates, ``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from htvae.analysis.groups.study import Cells
from htvae.analysis.groups.study_columns import find_column
from htvae.analysis.measures import Measure, MeasureTable
from htvae.analysis.power.effects import Effect
from htvae.analysis.power.planting import centre_landmarks
from htvae.data.limbs import Limbs
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import Encoding, TrainedModel
from htvae.models.prior import Latents
from htvae.utils.text import list_names


@dataclass(frozen=True, eq=False)
class LatentDirection:
    """The way from one value of a column to another."""

    name: str
    """Name of the measure along the way."""
    start: np.ndarray
    """Mean sequence latent (Z,) of the first value."""
    sequence: np.ndarray
    """(Z,) from the first mean to the second."""
    chunks: np.ndarray
    """(K,) the same for the means of chunk latents."""

    def measure(self, encodings: Sequence[Encoding]) -> MeasureTable:
        """Return how far recordings are along the way: 0 at the first value's mean, 1 at the second's."""
        latents = np.stack([encoding.sequence_latent for encoding in encodings]).astype(np.float64)
        place = (latents - self.start) @ self.sequence / np.square(self.sequence).sum()
        return MeasureTable((Measure(self.name, "share of the way", "direction"),), place[:, None])


@dataclass(frozen=True, eq=False)
class LatentPlanter:
    """Moves recordings along a direction."""

    model: TrainedModel
    direction: LatentDirection
    limbs: Limbs

    def plant(self, recording: ProcessedSequence, strength: float) -> ProcessedSequence:
        """Return a recording moved by ``strength`` of the way."""
        (encoding,) = self.model.encode_all([recording])
        own = Latents(
            torch.tensor(encoding.sequence_latent)[None], torch.tensor(encoding.chunk_latents)[None]
        )
        step = (strength * torch.tensor(part, dtype=torch.float32) for part in self._parts)
        moved = Latents(*(latent + change for latent, change in zip(own, step, strict=True)))
        before, after = (self.model.decode_all(latents, len(recording.pose))[0] for latents in (own, moved))
        change = centre_landmarks(after - before, self.limbs).astype(np.float32)
        return replace(recording, pose=recording.pose + change)

    @property
    def _parts(self) -> tuple[np.ndarray, np.ndarray]:
        return self.direction.sequence, self.direction.chunks


def find_latent_direction(
    effect: Effect, columns: dict[str, Cells], encodings: Sequence[Encoding]
) -> LatentDirection:
    """Return the direction of an effect between the means of recordings of both values.

    Raises:
        ValueError: there is no such column, or no recording has one of the values.
    """
    cells = find_column(columns, effect.column, "--effect")
    known = sorted({cell for cell in cells if cell})
    means = []
    for value in (effect.start, effect.end):
        own = [e for e, cell in zip(encodings, cells, strict=True) if cell == value]
        if not own:
            raise ValueError(
                f"effect must lead between two values of {effect.column} in the recordings of controls, but "
                f"none has {value!r}. Known: {list_names(known) or 'none'}."
            )
        means.append(
            (
                np.stack([e.sequence_latent for e in own]).astype(np.float64).mean(axis=0),
                np.stack([e.chunk_latents.mean(axis=0) for e in own]).astype(np.float64).mean(axis=0),
            )
        )
    (start, start_chunks), (end, end_chunks) = means
    name = f"way from {effect.start} to {effect.end} ({effect.column})"
    return LatentDirection(name, start, end - start, end_chunks - start_chunks)
