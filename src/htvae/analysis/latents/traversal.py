"""Traversals: what changes in motion when latents move along their principal directions.

- *Chunk level*: a few chunks of one recording. Their scores along the direction are set to -2, ..., 2
  standard deviations; all else stays. The mean of all latents is no base: where people face several ways,
  their mean is no person.
- *Sequence level*: z alone changes little but the body, since the chunk latents say what happens. So z is
  moved, and the chunk latents are drawn from the prior given z, with the same noise at every step. Without a
  prior, z is moved under a recording's own chunk latents.
- The first and last frames of what is decoded are left out: a chunk without neighbours is loose at its ends.

Axes: ``S`` steps, ``R`` draws, ``T`` frames, ``N`` points, ``D`` coordinates, ``C`` chunks, ``Z`` latent_dim,
``K`` chunk_latent_dim.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from htvae.analysis.latents.gather import RecordedLatents
from htvae.generation.drawing import draw_latents, make_request
from htvae.generation.sampler import SEED_STRIDE, MotionSampler
from htvae.metrics.components import Components
from htvae.models.prior import NO_LABEL, Known, Latents
from htvae.utils.text import list_names

STEPS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Places along a direction, in standard deviations from the mean."""
NUM_CHUNKS = {"chunk": 3, "sequence": 5}
"""Chunks that are decoded."""
NUM_DRAWS = 8
"""Draws from the prior over which a sequence-level change is averaged."""


@dataclass(frozen=True, eq=False)
class Traversal:
    """Motion along one direction."""

    level: str
    """``sequence`` or ``chunk``."""
    number: int
    """Place of the direction among the principal components, from 1."""
    share: float
    """Share of the level's variance."""
    poses: np.ndarray
    """(S, R, T, N, D), torso lengths, in the model's coordinates; R is 1 where nothing is drawn."""
    base: str
    """Name of the recording that is changed; empty where z starts at the mean and the rest is drawn."""
    base_frames: tuple[int, int] | None
    """Model frames of that recording, (first, one after the last); None without a recording."""
    is_drawn: bool
    """Whether chunk latents are drawn from the prior."""


def traverse(
    model: MotionSampler,
    latents: RecordedLatents,
    num_directions: int,
    recording: str | None = None,
    seed: int = 0,
) -> Iterator[Traversal]:
    """Yield the traversals of both levels, the largest directions first.

    Args:
        model: the trained model; with a prior the sequence level goes through it.
        latents: latents of recordings.
        num_directions: directions of each level, at most as many as there are components.
        recording: name of the recording to start from. None: the one nearest to the mean for chunks, and the
            mean of z where there is a prior.
        seed: seed of the draws.

    Raises:
        ValueError: no recording has this name.
    """
    base = find_base(latents, recording)
    if latents.moments.shape[1]:
        components = Components.fit(latents.moments)
        for number in range(min(num_directions, len(components.directions))):
            yield _traverse_chunks(model, latents, base, components, number)
    components = Components.fit(latents.sequences)
    for number in range(min(num_directions, len(components.directions))):
        if model.has_prior:
            start = components.mean if recording is None else latents.sequences[base]
            yield _traverse_drawn(model, components, number, start, recording or "", seed)
        else:
            yield _traverse_sequence(model, latents, base, components, number)


def check_name(names: Sequence[str], recording: str | None) -> None:
    """Raise ValueError if a recording is asked for that is not among ``names``."""
    if recording is not None and recording not in names:
        raise ValueError(
            f"recording must be the name of a recording, but got {recording!r}. Known: {list_names(names)}."
        )


def find_base(latents: RecordedLatents, recording: str | None) -> int:
    """Return the index of the recording of this name; None: of the one nearest to the mean.

    Raises:
        ValueError: no recording has this name.
    """
    names = [p.name for p in latents.recordings]
    check_name(names, recording)
    if recording is not None:
        return names.index(recording)
    away = latents.sequences - latents.sequences.mean(axis=0)
    spread = np.maximum(latents.sequences.std(axis=0), 1e-9)
    return int(np.square(away / spread).sum(axis=1).argmin())


def _traverse_chunks(
    model: MotionSampler, latents: RecordedLatents, base: int, components: Components, number: int
) -> Traversal:
    chunks = latents.encodings[base].chunk_latents.astype(np.float64)
    first, stop = _find_run(components.project(chunks), NUM_CHUNKS["chunk"])
    own = chunks[first:stop]
    moved = np.stack([_move(own, components, number, step) for step in STEPS])
    z = np.repeat(latents.sequences[base][None], len(STEPS), axis=0)
    return Traversal(
        level="chunk",
        number=number + 1,
        share=float(components.shares[number]),
        poses=_decode(model, z, moved)[:, None],
        base=latents.recordings[base].name,
        base_frames=_place(model, latents, base, first, stop),
        is_drawn=False,
    )


def _traverse_sequence(
    model: MotionSampler, latents: RecordedLatents, base: int, components: Components, number: int
) -> Traversal:
    """Move z under a recording's own chunk latents."""
    chunks = latents.encodings[base].chunk_latents.astype(np.float64)
    count = model.grid.num_chunks(len(latents.recordings[base].pose))
    scores = chunks if chunks.shape[1] else np.zeros((count, 1))
    first, stop = _find_run(scores - scores.mean(axis=0), NUM_CHUNKS["sequence"])
    z = np.concatenate([_move(latents.sequences[base][None], components, number, step) for step in STEPS])
    own = np.repeat(chunks[None, first:stop], len(STEPS), axis=0)
    return Traversal(
        level="sequence",
        number=number + 1,
        share=float(components.shares[number]),
        poses=_decode(model, z, own)[:, None],
        base=latents.recordings[base].name,
        base_frames=_place(model, latents, base, first, stop),
        is_drawn=False,
    )


def _traverse_drawn(
    model: MotionSampler, components: Components, number: int, start: np.ndarray, name: str, seed: int
) -> Traversal:
    """Move z, and draw chunk latents from the prior given z."""
    z = np.concatenate([_move(start[None], components, number, step) for step in STEPS])
    z = np.repeat(z, NUM_DRAWS, axis=0)
    count = NUM_CHUNKS["sequence"]
    request = make_request(
        model.grid, model.latent_dims, model.grid.num_frames(count), torch.full((len(z),), NO_LABEL)
    )
    known = Known(torch.ones(len(z), dtype=torch.bool), request.known.chunks)
    given = Latents(torch.from_numpy(z).float(), request.given.chunks)
    seeds = [seed * SEED_STRIDE + draw for draw in range(NUM_DRAWS)] * len(STEPS)
    drawn = draw_latents(model.prior, model.grid, replace(request, known=known, given=given), seeds)
    poses = _decode(model, z, drawn.chunks.double().numpy())
    return Traversal(
        level="sequence",
        number=number + 1,
        share=float(components.shares[number]),
        poses=poses.reshape(len(STEPS), NUM_DRAWS, *poses.shape[1:]),
        base=name,
        base_frames=None,
        is_drawn=True,
    )


def _move(rows: np.ndarray, components: Components, number: int, step: float) -> np.ndarray:
    """Return rows (C, d) moved along a direction to a score of ``step`` standard deviations."""
    scores = components.project(rows)[:, number, None]
    moved: np.ndarray = rows + (step * components.spreads[number] - scores) * components.directions[number]
    return moved


def _find_run(scores: np.ndarray, count: int) -> tuple[int, int]:
    """Return the run of chunks (first, one after the last) whose distance from the mean is usual.

    The nearest to the mean would hardly move. The run's distance is the median of all runs'; the recording's
    ends are avoided where it is long enough.

    Args:
        scores: (C, k) around the mean.
        count: chunks of the run, less where the recording has fewer.
    """
    count = min(count, len(scores))
    distances = np.square(scores).sum(axis=1)
    runs = np.convolve(distances, np.ones(count), mode="valid")
    inner = np.arange(1, len(runs) - 1) if len(runs) > 2 else np.arange(len(runs))
    order = inner[np.argsort(runs[inner], kind="stable")]
    first = int(order[(len(order) - 1) // 2])
    return first, first + count


def _decode(model: MotionSampler, z: np.ndarray, chunks: np.ndarray) -> np.ndarray:
    """Return poses (n, T, N, D) without the frames at both ends that a chunk has no neighbour for."""
    frames = model.grid.num_frames(chunks.shape[1])
    given = Latents(torch.from_numpy(z).float(), torch.from_numpy(chunks).float())
    poses = model.decode_all(given, frames)
    loose = _count_loose(model, chunks.shape[1])
    return poses[:, loose : frames - loose]


def _count_loose(model: MotionSampler, num_chunks: int) -> int:
    """Return the frames that are left out at each end of what chunks decode to."""
    loose = model.grid.chunk_overlap
    return loose if model.grid.num_frames(num_chunks) > 2 * loose + 1 else 0


def _place(
    model: MotionSampler, latents: RecordedLatents, base: int, first: int, stop: int
) -> tuple[int, int]:
    """Return the model frames of a recording that the poses of some of its chunks show."""
    num_frames, loose = len(latents.recordings[base].pose), _count_loose(model, stop - first)
    begin = int(model.grid.spans(num_frames)[first, 0])
    start, end = begin + loose, begin + model.grid.num_frames(stop - first) - loose
    return min(start, num_frames - 1), min(end, num_frames)
