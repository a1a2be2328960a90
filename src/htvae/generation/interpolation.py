"""From one recording to another in even steps, each of which is motion.

What is unusual: the way leads through the prior's noise. A mean of two chunk latents is a mean of two
movements that are hardly ever at the same place of their cycle, which is nobody's movement. So the latents of
both recordings are followed back along the prior's flow to the noise that they come from, the noise is
interpolated, and the flow turns it into latents again: whatever comes of it, the prior might have drawn.
(Song et al. 2021, "Denoising Diffusion Implicit Models", section 5.3, do so with a diffusion model.)

Equal steps in the noise are no equal steps in the motion. Where results stand on the way is therefore chosen
by what is decoded.

Axes: ``n`` sequences, ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks, ``Z``
latent_dim, ``K`` chunk_latent_dim.
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
from htvae.models.flow import follow_flow, time_grid
from htvae.models.latent import LatentSpace
from htvae.models.prior import NO_LABEL, Condition, Known, LatentPrior, Latents
from htvae.poses.sequence import PoseSequence

logger = logging.getLogger(__name__)

Way = Callable[[Tensor], Latents]
"""From shares (n,) in [0, 1] to latents (n, Z) and (n, C, K)."""

NUM_STEPS = 8
"""Steps of Heun's method along the flow, in either direction."""
MAX_ROUNDS = 8
"""How often results are moved along the way at most, so that they get evenly spaced."""
EVEN_ENOUGH = 1.4
"""Largest over smallest step at which they stay."""


def interpolate_recordings(
    model: MotionSampler,
    first: Recording,
    second: Recording,
    steps: int = 7,
    level: Level = "both",
    kind: PathKind = "spherical",
) -> list[PoseSequence]:
    """Return motion at even steps from one recording to another.

    Results have the first recording's unit and coordinates, and begin where it begins.

    A step is the mean distance of points between two results, frame by frame. All results have the length
    of the shorter recording; of the longer one only the first frames count, as frame t of a result lies
    between frames t of both. The ends are what the model gives back of the recordings, on level ground (see
    `MotionSampler.level_path`). A model without a prior interpolates the latents themselves, and is said to.

    Args:
        model: with a prior, or without (worse).
        first: a file, a sequence or an array.
        second: likewise.
        steps: results, at least 2.
        level: what changes. "sequence": the chunk latents stay the first's, so that the last result has the
            second's sequence latent alone. "chunks": the other way round.
        kind: of the way, see `LatentSpace.interpolate`. The linear one ends up in the middle with noise too
            short for the prior.

    Raises:
        ValueError: fewer than two steps, another level or kind, or no landmark in common with the model.
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
    way = _find_way(model, ends, drawn, length, level, kind)
    found = _space_evenly(lambda shares: model.decode_all(way(shares), length), steps)
    width = len(str(steps - 1))
    record, coordinates = processed[0].record, processed[0].source.coordinates
    place = Place(record.unit, record.anchor[0], coordinates)
    return [model.to_sequence(pose, f"between_{i:0{width}d}", place=place) for i, pose in enumerate(found)]


def _encode_ends(model: MotionSampler, poses: list[np.ndarray], level: Level) -> tuple[Latents, Tensor]:
    """Return the latents (2, Z) and (2, C, K) of both ends, and their sequence latents (2, Z) as drawn.

    Drawn are both by the same random numbers, so that what is alike stays alike. The level that stays is the
    first's in both.
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


def _find_way(
    model: MotionSampler, ends: Latents, drawn: Tensor, length: int, level: Level, kind: PathKind
) -> Way:
    """Return the way between the ends: through the noise, where there is a prior.

    The noise is that of sequence latents ``drawn`` (2, Z) from their posteriors, such as the prior has
    learned: their modes, the ends, stand where draws hardly ever do.
    """
    if not model.has_prior:
        logger.warning(
            "Without a prior latents are interpolated as they are, and what lies between may not look like "
            "motion. Add one: htvae train-prior --checkpoint FILE."
        )
        return partial(_interpolate, ends, kind=kind)
    prior = model.prior
    flow = _Flow(prior, model.grid, length, level == "chunks", level == "sequence")
    clean, start = (
        prior.standardise(Latents(*(part.to(model.device) for part in latents)))
        for latents in (ends, ends._replace(sequence=drawn))
    )
    noise = flow.travel(start, backwards=True)
    back = flow.travel(noise, backwards=False)
    errors = Latents(*(end - own for end, own in zip(clean, back, strict=True)))

    def way(shares: Tensor) -> Latents:
        """What the ends differ by from what comes back is added, each end's as far as it is near."""
        shares = shares.to(model.device)
        there = flow.travel(_interpolate(noise, shares, kind), backwards=False)
        missing = _interpolate(errors, shares, "linear")
        return prior.restore(Latents(*(a + b for a, b in zip(there, missing, strict=True))))

    return way


def _interpolate(ends: Latents, shares: Tensor, kind: PathKind) -> Latents:
    """Return what lies between the two entries of ``ends``; every chunk goes its own way."""
    return Latents(
        LatentSpace.interpolate(ends.sequence[:1], ends.sequence[1:], shares[:, None], kind),
        LatentSpace.interpolate(ends.chunks[:1], ends.chunks[1:], shares[:, None, None], kind),
    )


@dataclass(frozen=True)
class _Flow:
    """Goes along the prior's flow with sequences of any length, in windows as `draw_latents` does."""

    prior: LatentPrior
    grid: ChunkGrid
    num_frames: int
    keep_sequence: bool
    """Whether z is known to the flow and stays as it is."""
    keep_chunks: bool
    """Whether the chunk latents are."""

    @torch.no_grad()
    def travel(self, latents: Latents, backwards: bool) -> Latents:
        """Return noise for latents (n, Z) and (n, C, K), or latents for noise; what is kept, stays.

        All are standardised. A window after the first has z and the chunks of the window before for known.
        The way back knows the latents themselves, the way there what has come of the noise so far.
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
    """Return poses (steps, T, N, D) along a way, chosen so that neighbours are about equally far apart.

    Results are moved to where, by the distances between all that were decoded so far, equal ones would be.
    The best of all rounds counts.

    Args:
        decode: from shares (n,) to poses (n, T, N, D).
        steps: results, the ends at shares 0 and 1 included.
    """
    wanted = shares = np.linspace(0, 1, steps)
    best = decoded = decode(torch.tensor([0.0, 1.0]))
    places, best_ratio = np.array([0.0, 1.0]), np.inf
    for _ in range(MAX_ROUNDS if steps > 2 else 0):
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
        way = np.append(0, _measure_steps(decoded).cumsum())
        shares = np.interp(wanted * way[-1], way, places)
    return best


def _measure_steps(poses: np.ndarray) -> np.ndarray:
    """Return the mean distance (n - 1,) of points between each of poses (n, T, N, D) and the next."""
    distances: np.ndarray = np.linalg.norm(np.diff(poses, axis=0), axis=-1).mean(axis=(1, 2))
    return distances
