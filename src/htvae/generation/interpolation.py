"""From one recording to another in even steps, each of which is motion.

- The path leads through the prior's noise. A mean of two chunk latents would be a mean of two movements at
  different places of their cycles, which is nobody's movement.
- The prior's flow turns the latents of both recordings back into noise, the noise is interpolated, and the
  flow turns it into latents again. The prior might have drawn any of these.
- Equal steps in the noise are unequal steps in the motion, so the results' places on the path are chosen by
  the decoded motion.

Axes: ``n`` sequences, ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks, ``Z``
latent_dim, ``K`` chunk_latent_dim.

Source: Song et al. 2021, "Denoising Diffusion Implicit Models", section 5.3, with a flow in place of a
diffusion model.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np
import torch
from torch import Tensor

from htvae.config import Level, PathKind
from htvae.generation.sampler import MotionSampler, Place
from htvae.inference.model import Recording
from htvae.models.chunking import LABELS_PER_CHUNK, ChunkGrid
from htvae.models.flow import follow_flow, move_along, time_grid
from htvae.models.latent import LatentSpace
from htvae.models.prior import NO_LABEL, Condition, Known, LatentPrior, Latents
from htvae.poses.sequence import PoseSequence
from htvae.utils.listening import part, part_of

logger = logging.getLogger(__name__)

LatentPath = Callable[[Tensor], Latents]
"""A path of latents (n, Z) and (n, C, K), as a function of shares (n,) of the path in [0, 1]."""

NUM_STEPS = 8
"""Steps of Heun's method along the flow, in either direction."""
MAX_ROUNDS = 8
"""Greatest number of rounds in which results are moved along the path to be evenly spaced."""
EVEN_ENOUGH = 1.4
"""Ratio of the largest to the smallest step at which the rounds stop."""


def interpolate_recordings(
    model: MotionSampler,
    first: Recording,
    second: Recording,
    steps: int = 7,
    level: Level = "both",
    kind: PathKind = "spherical",
) -> list[PoseSequence]:
    """Return motion at even steps from one recording to another.

    - Results have the first recording's unit and coordinates. They begin where the first recording
      begins and, with a heading, in its direction.
    - A step is the mean distance of points between two results, frame by frame.
    - All results have the length of the shorter recording: frame t of a result lies between frames t of both.
    - The first and the last result are the recordings' reconstructions, on level ground (see
      `MotionSampler.level_path`).
    - A model without a prior interpolates the latents themselves, and logs a warning.

    Args:
        model: a model with a prior, or (with worse results) without one.
        first: a file, a sequence or an array.
        second: a file, a sequence or an array.
        steps: number of results, at least 2.
        level: latents that change. "sequence": the chunk latents stay the first recording's, so that the last
            result has only the second's sequence latent. "chunks": the other way round.
        kind: path in the noise, see `LatentSpace.interpolate`. In the middle of a linear path the noise is
            too short for the prior.

    Raises:
        ValueError: there are fewer than two steps, level or kind is unknown, or a recording has no landmark
            of the model.
    """
    if steps < 2:
        raise ValueError(f"steps must be at least 2, both ends included, but got {steps}.")
    for name, value, known in (("level", level, get_args(Level)), ("kind", kind, get_args(PathKind))):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, but got {value!r}.")
    processed = [model.process(recording) for recording in (first, second)]
    poses = [recording.pose for recording in processed]
    length = min(map(len, poses))
    ends, drawn = _encode_ends(model, [pose[:length] for pose in poses], level)
    with part(0, 1 / (MAX_ROUNDS + 2)):
        path = _find_path(model, ends, drawn, length, level, kind)
    with part(1 / (MAX_ROUNDS + 2), 1):
        found = _space_evenly(lambda shares: model.decode_all(path(shares), length), steps)
    width = len(str(steps - 1))
    record, coordinates = processed[0].record, processed[0].source.coordinates
    turn = 0.0 if record.rotation is None else -float(record.rotation[0])
    place = Place(record.unit, record.anchor[0], coordinates, turn)
    return [model.to_sequence(pose, f"between_{i:0{width}d}", place=place) for i, pose in enumerate(found)]


def _encode_ends(model: MotionSampler, poses: list[np.ndarray], level: Level) -> tuple[Latents, Tensor]:
    """Return the latents (2, Z) and (2, C, K) of both ends, and sequence latents (2, Z) drawn for them.

    - The same random numbers draw both sequence latents, so that like recordings get like draws.
    - A level that does not change is the first recording's at both ends.
    """
    found = [model.encode_sequence(pose) for pose in poses]
    chunks = torch.cat([posterior.mode() for _, posterior in found])
    posteriors = [sequence for sequence, _ in found]
    if level == "sequence":
        chunks = chunks[:1].expand_as(chunks)
    elif level == "chunks":
        posteriors = [posteriors[0], posteriors[0]]
    noise = torch.randn(posteriors[0].mu.shape, generator=torch.Generator().manual_seed(0))
    ends = Latents(torch.cat([z.mode() for z in posteriors]), chunks)
    return ends, torch.cat([z.sample(noise) for z in posteriors])


def _find_path(
    model: MotionSampler, ends: Latents, drawn: Tensor, length: int, level: Level, kind: PathKind
) -> LatentPath:
    """Return the path between the ends; it leads through the noise if the model has a prior.

    The noise comes from sequence latents ``drawn`` (2, Z) from their posteriors, since the prior has learned
    such draws. The ends are posterior modes, and draws hardly ever lie near a mode.
    """
    if not model.has_prior:
        logger.warning(
            "Without a prior the latents themselves are interpolated, and the steps between may not look "
            "like motion. Add a prior: htvae train-prior --checkpoint FILE."
        )
        return partial(_interpolate, ends, kind=kind)
    prior = model.prior
    flow = _Flow(prior, model.grid, length, level == "chunks", level == "sequence")
    clean, start = (
        prior.standardise(Latents(*(part.to(model.device) for part in latents)))
        for latents in (ends, ends._replace(sequence=drawn))
    )
    noise = flow.travel(start, backwards=True)
    errors = move_along(clean, flow.travel(noise, backwards=False), -1)

    def path(shares: Tensor) -> Latents:
        """Add each end's round-trip error, weighted by nearness, so that the path starts and ends there."""
        shares = shares.to(model.device)
        found = flow.travel(_interpolate(noise, shares, kind), backwards=False)
        return prior.restore(move_along(found, _interpolate(errors, shares, "linear"), 1))

    return path


def _interpolate(ends: Latents, shares: Tensor, kind: PathKind) -> Latents:
    """Return latents between the two entries of ``ends``; each chunk is interpolated by itself."""
    return Latents(
        LatentSpace.interpolate(ends.sequence[:1], ends.sequence[1:], shares[:, None], kind),
        LatentSpace.interpolate(ends.chunks[:1], ends.chunks[1:], shares[:, None, None], kind),
    )


@dataclass(frozen=True)
class _Flow:
    """Follows the prior's flow with sequences of any length, in the same windows as `draw_latents`."""

    prior: LatentPrior
    grid: ChunkGrid
    num_frames: int
    keep_sequence: bool
    """Whether z is known to the flow and stays unchanged."""
    keep_chunks: bool
    """Whether the chunk latents are known to the flow and stay unchanged."""

    @torch.no_grad()
    def travel(self, latents: Latents, backwards: bool) -> Latents:
        """Turn latents (n, Z) and (n, C, K) into noise (backwards), or noise into latents; all standardised.

        In each window after the first, z and the chunks shared with the window before are known. Backwards,
        their known values are the given latents; forwards, the latents found so far.
        """
        result = Latents(latents.sequence.clone(), latents.chunks.clone())
        given = latents if backwards else result
        done = torch.full(latents.chunks.shape[:2], self.keep_chunks, device=latents.chunks.device)
        know_sequence, times = self.keep_sequence, time_grid(NUM_STEPS, backwards)
        for start, stop in self.grid.windows(done.shape[1]):
            part = slice(start, stop)
            known = Known(torch.full_like(done[:, 0], know_sequence), done[:, part])
            direction = self.prior.direction_field(
                Latents(given.sequence, given.chunks[:, part]), known, self._condition(start, stop, known)
            )
            found = follow_flow(direction, Latents(latents.sequence, latents.chunks[:, part]), times)
            result.chunks[:, part] = torch.where(
                known.chunks[..., None], result.chunks[:, part], found.chunks
            )
            if not know_sequence:
                result.sequence.copy_(found.sequence)
            know_sequence, done[:, part] = True, True
        return result

    def _condition(self, start: int, stop: int, known: Known) -> Condition:
        frames = min(self.grid.num_frames(stop - start), self.num_frames - start * self.grid.stride)
        labels = torch.full_like(known.sequence, NO_LABEL, dtype=torch.long)
        return Condition(
            torch.full_like(labels, frames),
            torch.ones_like(known.chunks),
            labels,
            labels[:, None, None].expand(*known.chunks.shape, LABELS_PER_CHUNK),
        )


def _space_evenly(decode: Callable[[Tensor], np.ndarray], steps: int) -> np.ndarray:
    """Return poses (steps, T, N, D) along a path, chosen so that neighbours are about equally far apart.

    Each round decodes at new shares. The distances between all poses decoded so far say at which shares equal
    steps would lie. The round with the most even steps counts.

    Args:
        decode: function from shares (n,) of the path to poses (n, T, N, D).
        steps: number of results, the ends at shares 0 and 1 included.
    """
    wanted = shares = np.linspace(0, 1, steps)
    with part(0, 0):
        best = decoded = decode(torch.tensor([0.0, 1.0]))
    places, best_ratio = np.array([0.0, 1.0]), np.inf
    for number in range(MAX_ROUNDS if steps > 2 else 0):
        with part_of(number, MAX_ROUNDS):
            between = decode(torch.from_numpy(shares[1:-1]).float())
        poses = np.concatenate([decoded[:1], between, decoded[-1:]])
        distances = _measure_steps(poses)
        ratio = distances.max() / max(distances.min(), 1e-9)
        if ratio < best_ratio or best_ratio == np.inf:
            best, best_ratio = poses, ratio
        if ratio < EVEN_ENOUGH or distances.max() < 1e-6:
            break
        places, decoded = np.append(places, shares[1:-1]), np.concatenate([decoded, between])
        order = np.argsort(places, kind="stable")
        places, decoded = places[order], decoded[order]
        travelled = np.append(0, _measure_steps(decoded).cumsum())
        shares = np.interp(wanted * travelled[-1], travelled, places)
    return best


def _measure_steps(poses: np.ndarray) -> np.ndarray:
    """Return the mean distance (n - 1,) of points between each of the poses (n, T, N, D) and the next."""
    distances: np.ndarray = np.linalg.norm(np.diff(poses, axis=0), axis=-1).mean(axis=(1, 2))
    return distances
