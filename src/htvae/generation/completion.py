"""Filling in what a recording lacks: landmarks that were lost, gaps, parts that are to be made anew.

What is unusual: the single best answer is the VAE's own, which has learned to return what is hidden from it;
it is then shown its answer beside what was observed, and asked again, its latents each time refined to fit
what was observed, and its chunks each time in another place. Where a landmark is never seen, it is also begun
raised and lowered, and what fits best counts: a hidden arm hangs or waves, and an answer that has begun with
one does not find the other. Several answers come from the prior:
chunks that hold too little are unknown to it and drawn given the others. Either is moved so that it meets
what was observed: the difference at the edges of each gap of each landmark is carried into the gap.

Axes: ``n`` samples, ``T`` frames, ``L`` landmarks, ``D`` coordinates, ``C`` chunks.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np
import torch

from htvae.data.processing import ProcessedSequence
from htvae.generation.drawing import make_request
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import Recording, TrainedModel
from htvae.inference.source import place_on_source
from htvae.metrics.errors import measure_jitter
from htvae.models.prior import Known
from htvae.poses.geometry import fill_gaps, observed_points
from htvae.poses.sequence import PoseSequence
from htvae.utils.progress import track

KNOWN_SHARE = 0.5
"""Share of a chunk's points that must be observed for its latent to count as known."""
REACH = 30
"""Frames from a known point beyond which it says nothing of how far the others are off."""
SPREAD_REACH, SPREAD_SHARE = 60, 0.5
"""Frames from an observed point beyond which it leaves the spread of the others as it is, and what is left of
the spread that the encoder alone has. Chosen so that intervals hold nine in ten validation points at gaps of
15 to 240 frames (docs/results.md)."""
NUM_PASSES, PASS_STEPS, LAST_STEPS = 12, 5, 10
"""Times that the model is asked for the best answer, gradient steps each time, and each of the last times,
whose mean counts. docs/experiments.md has the errors of other choices: some steps often are better than many
at once."""
SHIFTS = (0, 2, 1, 3)
"""Quarters of a chunk's stride by which the recording is moved on from one pass to the next, in turns: what
the model answers depends on where its chunks lie, and each answer starts from the last."""
STARTS = (2.0, -2.0)
"""Spreads by which landmarks that are never seen also begin above their training mean."""
UP = 1
"""The coordinate y."""
NORMAL_90 = 1.645
"""Half the width of a normal distribution's middle 90 %, in standard deviations."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Completion:
    """A completed recording, in the source's coordinates and on its frames."""

    sequence: PoseSequence
    """The best single answer."""
    samples: tuple[PoseSequence, ...]
    """Ways to fill it in, where several were asked for."""
    interval: np.ndarray | None
    """(2, T, L, D): each coordinate lies between these with 90 %, by the samples; None without samples."""
    filled: np.ndarray
    """(T, L) bool, True where a point was filled in; all others are as they were observed."""


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
        model: with a prior, where several samples are asked for.
        recording: a file, a sequence or an array. Landmarks that the model does not know stay as they are.
        num_samples: 1 gives the single best answer alone, more gives so many ways to fill it in beside it.
        seed: the same gives the same.
        keep_frames: spans (start, stop) of source frames that are taken as seen. None: all.
        keep_landmarks: landmarks that are taken as seen. None: all.

    Raises:
        ValueError: nothing observed, no landmark in common, an unknown landmark or an empty span, no prior.
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
    best = fill_in(model, [processed])[0]
    poses = best[None]
    if num_samples > 1:
        poses = np.concatenate([poses, draw_completions(model, processed, best, num_samples, seed)])
    return _join_to_source(model, seen, processed, poses)


def fill_in(model: TrainedModel, processed: Sequence[ProcessedSequence]) -> list[np.ndarray]:
    """Return recordings with every point filled in as well as the model can, (T, N, D) in torso lengths.

    What is observed stays. Each pass encodes what was observed together with the last pass's answer: the
    encoder reads a whole body more exactly than one with holes. Refinement fits what was observed alone. The
    mean of the last passes counts, one of each of `SHIFTS`; of several starts, that which is nearest to what
    was observed in these passes.

    Source: Rezende et al. 2014, "Stochastic Backpropagation and Approximate Inference in Deep Generative
        Models", on the imputation of missing data, with the posteriors' modes in place of draws.
    """
    starts = [_find_starts(model, p) for p in processed]
    observed = [p for p, own in zip(processed, starts, strict=True) for _ in own]
    filled = [start for own in starts for start in own]
    last = deque[list[np.ndarray]](maxlen=len(SHIFTS))
    misfits = deque[list[float]](maxlen=len(SHIFTS))
    for number in track("Filling in", range(NUM_PASSES)):
        quarters = SHIFTS[number % len(SHIFTS)]
        steps = PASS_STEPS if number < NUM_PASSES - len(SHIFTS) else LAST_STEPS
        answers = _answer(model, filled, observed, quarters * model.grid.stride // 4, steps)
        misfits.append([_misfit(p.pose, pose) for p, pose in zip(observed, answers, strict=True)])
        last.append([meet_observed(p.pose, pose) for p, pose in zip(observed, answers, strict=True)])
        filled = [replace(p, pose=pose) for p, pose in zip(observed, last[-1], strict=True)]
    means = [np.mean(poses, axis=0) for poses in zip(*last, strict=True)]
    cost = np.mean(misfits, axis=0)
    borders = accumulate((len(own) for own in starts), initial=0)
    return [means[first + int(np.argmin(cost[first:stop]))] for first, stop in pairwise(borders)]


def _find_starts(model: TrainedModel, processed: ProcessedSequence) -> list[ProcessedSequence]:
    """Return what the first pass is shown: the recording, also with landmarks put in that are never seen."""
    count = len(model.processor.landmarks)
    seen = observed_points(processed.pose[:, :count]).any(axis=0)
    starts = [processed]
    if seen.all() or not seen.any():
        return starts
    mean, scale = (
        np.asarray(part, np.float32)[:count][~seen]
        for part in (model.processor.pose_mean, model.processor.pose_scale)
    )
    for share in STARTS:
        places, pose = mean.copy(), processed.pose.copy()
        places[:, UP] += np.float32(share) * scale
        pose[:, :count][:, ~seen] = places
        starts.append(replace(processed, pose=pose))
    return starts


def _misfit(known: np.ndarray, places: np.ndarray) -> float:
    """Return how far places (T, N, D) are from the points known, on average."""
    distance = np.linalg.norm(places - known, axis=-1)
    return float(np.nan_to_num(distance).sum() / max(np.isfinite(distance).sum(), 1))


def _answer(
    model: TrainedModel,
    filled: Sequence[ProcessedSequence],
    observed: Sequence[ProcessedSequence],
    shift: int,
    steps: int,
) -> list[np.ndarray]:
    """Return what the model makes of recordings, (T, N, D), its chunks ``shift`` frames earlier, refined."""
    shown, fitted = ([_put_off(p, shift) for p in recordings] for recordings in (filled, observed))
    return [answer.pose[shift:] for answer in model.reconstruct_all(shown, steps, fitted)]


def _put_off(processed: ProcessedSequence, num_frames: int) -> ProcessedSequence:
    """Return a recording that begins after so many frames without a point."""
    pose = np.pad(processed.pose, ((num_frames, 0), (0, 0), (0, 0)), constant_values=np.nan)
    frames = np.pad(processed.record.source_frames, (num_frames, 0), mode="edge")
    return replace(processed, pose=pose, record=replace(processed.record, source_frames=frames))


def draw_completions(
    model: MotionSampler, processed: ProcessedSequence, filled: np.ndarray, num_samples: int, seed: int
) -> np.ndarray:
    """Return the recording as decoded from latents drawn given what it has, (n, T, N, D), torso lengths.

    Chunks that hold enough are drawn from their posteriors given the best answer ``filled`` (T, N, D), since
    the encoder reads a whole body more exactly; the others from the prior, given those.
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
    """Return which chunks (C,) of a pose hold enough to be known."""
    observed, spans = observed_points(pose), model.grid.spans(len(pose)).tolist()
    shown = max(float(observed.any(axis=0).mean()), 1e-9)  # landmarks that are never seen do not count
    return torch.tensor([observed[start:stop].mean() >= KNOWN_SHARE * shown for start, stop in spans])


def _keep(
    source: PoseSequence, keep_frames: Sequence[tuple[int, int]] | None, keep_landmarks: Sequence[str] | None
) -> np.ndarray:
    """Return the pose with all else missing."""
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
    """Bring completions, the best first, to the source's frames, and put what was observed in its place."""
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
    filled[:, order] = ~observed
    scale[:, order] = spread_between(
        observed, *(part * record.unit for part in measure_spread(model, processed))
    )
    best, *samples = (replace(seen, landmarks=names, pose=pose) for pose in completed)
    return Completion(
        sequence=best,
        samples=tuple(replace(s, name=f"{seen.name}_{i}") for i, s in enumerate(samples)),
        interval=compute_interval(np.stack(completed[1:]), scale) if samples else None,
        filled=filled,
    )


def meet_observed(known: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return places (T, L, D) with the points known put in, and the others moved to meet them.

    The difference between both, known where a point is, is interpolated across each gap of each landmark,
    held before the first and after the last known point, and fades out within `REACH` frames of one.
    """
    observed = observed_points(known)
    difference = np.where(observed[..., None], known - places, np.float32(np.nan))
    carried = np.nan_to_num(fill_gaps(difference, observed)) * _fade(observed, REACH)[..., None]
    return np.where(observed[..., None], known, places + carried).astype(np.float32)


def measure_spread(model: MotionSampler, processed: ProcessedSequence) -> tuple[np.ndarray, np.ndarray]:
    """Return the model's spread and the tracker's jitter of each landmark, (L,) in torso lengths."""
    scale = model.point_scale(processed.pose)
    jitter = measure_jitter(torch.from_numpy(processed.pose[:, : len(scale)])).nan_to_num()
    return scale, jitter.numpy()


def spread_between(observed: np.ndarray, scale: np.ndarray, jitter: np.ndarray) -> np.ndarray:
    """Return how far (T, L) a hidden point is spread around its place after `meet_observed`.

    The model's errors in neighbouring frames are alike. With a correlation of ``r`` to the error at the
    nearest observed frame, which is known and taken off, ``1 - r^2`` of the variance is left; r is what it
    fades by. The tracker's jitter is new in every frame: it would have moved the hidden point too, and what
    was carried into the gap has that of the gap's edge.

    Args:
        observed: (T, L) bool.
        scale: (L,) spread far from any observed frame, see `MotionSampler.point_scale`.
        jitter: (L,) its standard deviation, see `htvae.metrics.errors.measure_jitter`.
    """
    errors = np.square(SPREAD_SHARE * scale) * (1 - np.square(_fade(observed, SPREAD_REACH)))
    noise = np.square(jitter) * (1 + np.square(_fade(observed, REACH)))
    spread: np.ndarray = np.where(observed, 0, np.sqrt(errors + noise)).astype(np.float32)
    return spread


def _fade(observed: np.ndarray, reach: int) -> np.ndarray:
    """Return (T, L): 1 where a point is observed, 0 from ``reach`` frames on and where it never is."""
    frames = np.arange(len(observed), dtype=np.float64)[:, None]
    before = np.maximum.accumulate(np.where(observed, frames, -np.inf), axis=0)
    after = np.minimum.accumulate(np.where(observed, frames, np.inf)[::-1], axis=0)[::-1]
    return np.clip(1 - np.minimum(frames - before, after - frames) / reach, 0, 1).astype(np.float32)


def compute_interval(samples: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return (2, T, L, D) between which 90 % lie, by the samples' spread and the model's own scale.

    Args:
        samples: (n, T, L, D).
        scale: (T, L) spread of a point around each sample, from `spread_between`, in the samples' units.
    """
    count = len(samples)
    variance = samples.var(axis=0, ddof=1) * (1 + 1 / count) + scale[..., None] ** 2
    half = NORMAL_90 * np.sqrt(variance)
    mean = samples.mean(axis=0)
    return np.stack([mean - half, mean + half]).astype(np.float32)
