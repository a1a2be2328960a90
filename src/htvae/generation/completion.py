"""Filling in what a recording lacks: lost landmarks, gaps, and parts that should be made anew.

- The single best answer is the VAE's own, see `htvae.generation.filling`.
- Several answers come from the prior: chunks that hold too little are unknown to it, and are drawn given the
  others.
- Every answer is moved to meet the observed points, see `htvae.generation.filling.meet_observed`.
- Intervals by the samples say how certain a point is, see `htvae.generation.intervals`.

Axes: ``n`` samples, ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from htvae.data.processing import ProcessedSequence
from htvae.generation.drawing import make_request
from htvae.generation.filling import fill_in, meet_observed
from htvae.generation.intervals import compute_interval, measure_spread, spread_between
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import Recording
from htvae.inference.source import interpolate_frames, place_on_source
from htvae.models.prior import Known
from htvae.poses.geometry import observed_points
from htvae.poses.sequence import PoseSequence
from htvae.utils.listening import part

FILLING_SHARE = 0.8
"""Share of the time that the best answer takes, where samples are drawn, too; about."""
KNOWN_SHARE = 0.5
"""Share of a chunk's points that must be observed for its latent to count as known."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Completion:
    """A completed recording, in the source's coordinates and on its frames."""

    sequence: PoseSequence
    """The best single answer."""
    samples: tuple[PoseSequence, ...]
    """Drawn completions; empty if one sample was asked for."""
    interval: np.ndarray | None
    """Bounds (2, T, L, D) between which each coordinate lies with 90 %; None without samples."""
    filled: np.ndarray
    """Mask (T, L), True where a point was filled in; all other points are the observed ones."""


def complete_recording(
    model: MotionSampler,
    recording: Recording,
    num_samples: int = 1,
    seed: int = 0,
    keep_frames: Sequence[tuple[int, int]] | None = None,
    keep_landmarks: Sequence[str] | None = None,
) -> Completion:
    """Fill in every landmark that the model knows, in every frame.

    Args:
        model: the model; it needs a prior if ``num_samples`` is above 1.
        recording: a file, a sequence or an array. Landmarks that the model does not know stay unchanged.
        num_samples: 1 gives the best answer alone; a larger number also draws this many completions.
        seed: seed of the samples; the same seed gives the same samples.
        keep_frames: spans (start, stop) of source frames whose points count as observed. None: all frames.
        keep_landmarks: landmarks whose points count as observed. None: all landmarks.

    Raises:
        ValueError: nothing is observed, no landmark is the model's, ``keep_landmarks`` names an unknown
            landmark, ``keep_frames`` keeps nothing, or the model has no prior.
    """
    if num_samples < 1:
        raise ValueError(f"num_samples must be at least 1, but got {num_samples}.")
    source = model.read(recording)
    seen = replace(source, pose=_keep(source, keep_frames, keep_landmarks))
    processed = model.process(seen)
    if not observed_points(processed.pose).any():
        raise ValueError(
            f"{source.name}: must have an observed point of the model's landmarks, but has none. Check "
            "keep_frames and keep_landmarks, or the recording."
        )
    with part(0, FILLING_SHARE if num_samples > 1 else 1):
        best = fill_in(model, [processed])[0]
    poses = best[None]
    if num_samples > 1:
        with part(FILLING_SHARE, 1):
            poses = np.concatenate([poses, draw_completions(model, processed, best, num_samples, seed)])
    return _join_to_source(model, seen, processed, poses)


def draw_completions(
    model: MotionSampler, processed: ProcessedSequence, filled: np.ndarray, num_samples: int, seed: int
) -> np.ndarray:
    """Draw completions (n, T, N, D) of a recording, torso lengths.

    Chunks that hold enough are drawn from their posteriors, the other chunks from the prior given those.

    Args:
        model: a model with a prior.
        processed: the recording.
        filled: (T, N, D), the best answer. The posteriors are its posteriors, because the encoder reads a
            whole body more exactly than a body with holes.
        num_samples: n.
        seed: seed of the random numbers.
    """
    posteriors, known = model.encode_sequence(filled), _find_known(model, processed.pose)
    labels = torch.zeros(num_samples, dtype=torch.long)
    request = make_request(model.grid, model.latent_dims, len(processed.pose), labels)
    generator = torch.Generator().manual_seed(seed)
    for level, given in zip(posteriors, request.given, strict=True):
        given[:] = level.sample(torch.randn(given.shape, generator=generator))
    request.known.chunks[:] = known
    known_levels = Known(torch.ones_like(request.known.sequence), request.known.chunks)
    latents = request.given if known.all() else model.draw(replace(request, known=known_levels), seed)
    return model.decode_all(latents, len(processed.pose))


def _find_known(model: MotionSampler, pose: np.ndarray) -> torch.Tensor:
    """Return a mask (C,), True for chunks of a pose that hold enough to be known."""
    observed, spans = observed_points(pose), model.grid.spans(len(pose)).tolist()
    shown = max(float(observed.any(axis=0).mean()), 1e-9)  # landmarks that are never seen do not count
    return torch.tensor([observed[start:stop].mean() >= KNOWN_SHARE * shown for start, stop in spans])


def _keep(
    source: PoseSequence, keep_frames: Sequence[tuple[int, int]] | None, keep_landmarks: Sequence[str] | None
) -> np.ndarray:
    """Return the pose (T, L, D), NaN outside the frames and landmarks to keep."""
    pose = source.pose.copy()
    if keep_frames is not None:
        numbers = source.first_frame + np.arange(source.num_frames)
        inside = np.any([(numbers >= start) & (numbers < stop) for start, stop in keep_frames], axis=0)
        pose[~inside] = np.nan
    if keep_landmarks is not None:
        unknown = [name for name in keep_landmarks if name not in source.landmarks]
        if unknown:
            raise ValueError(
                f"keep_landmarks must be landmarks of the recording, but {', '.join(unknown)} are not. "
                f"It has {', '.join(source.landmarks)}."
            )
        pose[:, [name not in keep_landmarks for name in source.landmarks]] = np.nan
    return pose


def _join_to_source(
    model: MotionSampler,
    seen: PoseSequence,
    processed: ProcessedSequence,
    poses: np.ndarray,
) -> Completion:
    """Return completions in the source's frames and coordinates, with the observed points in their places.

    Args:
        model: the model that made the completions.
        seen: the source, NaN where nothing counts as observed.
        processed: the source in the model's coordinates.
        poses: (1 + n, T, N, D), the best answer first.
    """
    record = processed.record
    names = (*seen.landmarks, *(n for n in model.processor.landmarks if n not in seen.landmarks))
    known = np.full((seen.num_frames, len(names), seen.pose.shape[2]), np.nan, np.float32)
    known[:, : len(seen.landmarks)] = seen.pose
    order = [names.index(name) for name in model.processor.landmarks]
    completed = []
    for pose in poses:
        places = place_on_source(model.processor, pose, record, seen.first_frame, seen.num_frames)
        full = known.copy()
        full[:, order] = meet_observed(known[:, order], places)
        completed.append(full)
    observed = observed_points(known[:, order])
    filled, scale = np.zeros(known.shape[:2], bool), np.zeros(known.shape[:2], np.float32)
    factor = np.ones(known.shape[:2], np.float32)
    filled[:, order] = ~observed
    spread, jitter = (part * record.unit for part in measure_spread(model, processed, poses[0]))
    wanted = seen.first_frame + np.arange(seen.num_frames)
    spread = interpolate_frames(spread[..., None], record.source_frames, wanted)[..., 0]
    scale[:, order] = spread_between(observed, spread, jitter)
    factor[:, order] = model.band_factor(observed, _frame_ratio(record.source_frames))
    best, *samples = (replace(seen, landmarks=names, pose=pose) for pose in completed)
    return Completion(
        sequence=best,
        samples=tuple(replace(s, name=f"{seen.name}_{i}") for i, s in enumerate(samples)),
        interval=compute_interval(np.stack(completed[1:]), scale, factor) if samples else None,
        filled=filled,
    )


def _frame_ratio(source_frames: np.ndarray) -> float:
    """Return the model's frames per source frame, from the source frames (T,) of the model's."""
    return 1 / float(np.median(np.diff(source_frames))) if len(source_frames) > 1 else 1.0
