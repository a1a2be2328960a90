"""How well hidden points are filled in: by kind of gap, beside linear interpolation.

Points are filled in as `htvae.generation.completion` does, in the model's coordinates: by the VAE's best
answer, moved to meet the points that are seen, with intervals by samples from the prior.

Axes: ``n`` samples, ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import numpy as np

from htvae.config import NUM_EXCERPTS
from htvae.data.processing import ProcessedSequence
from htvae.generation.completion import draw_completions
from htvae.generation.filling import fill_in, meet_observed
from htvae.generation.intervals import compute_interval, measure_spread, spread_between
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import TrainedModel
from htvae.metrics.windows import fill_gaps
from htvae.poses.geometry import observed_points
from htvae.utils.progress import track

BURST = 30
GAPS = (15, 30, 60, 120, 240)
"""Lengths of gaps (frames); a gap needs a recording at least four times as long."""
NUM_SAMPLES = 8
"""Samples per interval."""
EXCERPT_FRAMES = 512
"""Length of the excerpts that are completed. To complete an excerpt costs as much as dozens of
reconstructions: all frames would take long and change the figures little."""


def hide_bursts(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return (T, L) bool: half of the landmarks, each hidden for bursts of 30 frames, half of the time."""
    frames, landmarks = shape
    hidden = np.repeat(rng.random((-(-frames // BURST), landmarks)) < 0.5, BURST, axis=0)[:frames]
    return hidden & (rng.permutation(landmarks) < landmarks / 2)


def hide_landmarks(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return (T, L) bool: one landmark in five is hidden throughout."""
    landmarks = shape[1]
    chosen = rng.permutation(landmarks) < max(1, landmarks // 5)
    return np.broadcast_to(chosen, shape).copy()


def hide_gap(shape: tuple[int, int], rng: np.random.Generator, length: int) -> np.ndarray:
    """Return (T, L) bool: everything is hidden for ``length`` frames out of every four times as many."""
    frames, _ = shape
    start = int(rng.integers(length, 2 * length))
    inside = (np.arange(frames) - start) % (4 * length) < length
    inside[:start] = False
    inside[-1:] = False  # interpolation needs a frame on either side
    return np.broadcast_to(inside[:, None], shape).copy()


def measure_completion(
    model: TrainedModel,
    processed: Sequence[ProcessedSequence],
    fallback: np.ndarray,
    num_excerpts: int = NUM_EXCERPTS,
    refine_steps: int = 0,
    seed: int = 0,
) -> dict[str, float]:
    """Return the error (torso lengths) on hidden points, of the model and of linear interpolation.

    Keys are ``complete_<kind>_mpjpe`` and ``complete_<kind>_linear_mpjpe`` for the kinds ``bursts``,
    ``landmarks`` (a landmark hidden throughout is interpolated by its training mean) and ``gap_<frames>``.
    ``complete_<kind>_shown_mpjpe`` of the first two is the error of reconstruction on the same points when
    they are not hidden, the best that can be hoped for. With a prior there is also
    ``complete_gap_<frames>_coverage``, the share of hidden coordinates that lie in their 90 % intervals.

    Args:
        model: the model; it sees hidden points as missing and fills all of them in. A `MotionSampler` with a
            prior gives intervals too.
        processed: recordings.
        fallback: (L, D) mean pose, for landmarks that are never seen.
        num_excerpts: most excerpts of `EXCERPT_FRAMES` that are completed.
        refine_steps: gradient steps of reconstruction, see `TrainedModel.reconstruct_all`.
        seed: seed of the choice of hidden points.
    """
    trials = _hide(processed, len(fallback), num_excerpts, seed)
    answers = iter(fill_in(model, [p for trial in trials.values() for p in trial.seen]))  # all kinds at once
    figures: dict[str, float] = {}
    for kind, trial in trials.items():
        completed = list(islice(answers, len(trial.seen)))
        interpolated = [fill_gaps(p.pose[:, : len(fallback)], fallback) for p in trial.seen]
        figures[f"complete_{kind}_mpjpe"] = _hidden_error(trial, completed)
        figures[f"complete_{kind}_linear_mpjpe"] = _hidden_error(trial, interpolated)
        if not trial.gap:
            shown = [r.pose for r in model.reconstruct_all(trial.excerpts, refine_steps)]
            figures[f"complete_{kind}_shown_mpjpe"] = _hidden_error(trial, shown)
        elif isinstance(model, MotionSampler) and model.has_prior:
            figures[f"complete_{kind}_coverage"] = _measure_coverage(model, trial, completed, seed)
    return figures


@dataclass(frozen=True, eq=False)
class _Trial:
    """Excerpts with points hidden."""

    excerpts: Sequence[ProcessedSequence]
    hidden: Sequence[np.ndarray]
    """(T, L) bool each."""
    seen: Sequence[ProcessedSequence]
    gap: int
    """Length of the gaps (frames), 0 where points are hidden in another way."""


def _hide(
    processed: Sequence[ProcessedSequence], num_landmarks: int, num_excerpts: int, seed: int
) -> dict[str, _Trial]:
    """Return trials by kind; gaps are tried where a recording is long enough."""

    def hide(hide_points: Callable[..., np.ndarray], gap: int = 0) -> _Trial:
        rng, least = np.random.default_rng(seed), max(4 * gap, 1)
        excerpts = _cut_excerpts([p for p in processed if len(p.pose) >= least], num_excerpts, least)
        hidden = [hide_points((len(p.pose), num_landmarks), rng) for p in excerpts]
        return _Trial(excerpts, hidden, [_without(p, m) for p, m in zip(excerpts, hidden, strict=True)], gap)

    longest = max(len(p.pose) for p in processed)
    gaps = [length for length in GAPS if longest >= 4 * length]
    trials = {"bursts": hide(hide_bursts), "landmarks": hide(hide_landmarks)}
    return trials | {f"gap_{length}": hide(partial(hide_gap, length=length), length) for length in gaps}


def _measure_coverage(
    model: MotionSampler, trial: _Trial, completed: Sequence[np.ndarray], seed: int
) -> float:
    """Return the share of hidden coordinates that lie in the intervals around the completed ones."""
    num_landmarks, inside, count = trial.hidden[0].shape[1], 0, 0
    cases = list(zip(trial.excerpts, trial.hidden, trial.seen, completed, strict=True))
    for number, (excerpt, hidden, seen, best) in enumerate(track(f"Intervals of gaps of {trial.gap}", cases)):
        true, known = (p.pose[:, :num_landmarks] for p in (excerpt, seen))
        drawn = draw_completions(model, seen, best, NUM_SAMPLES, seed + number)[:, :, :num_landmarks]
        samples = np.stack([meet_observed(known, sample) for sample in drawn])
        low, high = compute_interval(
            samples, spread_between(observed_points(known), *measure_spread(model, seen))
        )
        scored = hidden & np.isfinite(true[..., 0])
        inside += int(((low <= true) & (true <= high))[scored].sum())
        count += int(scored.sum()) * true.shape[-1]
    return inside / count if count else np.nan


def _cut_excerpts(processed: Sequence[ProcessedSequence], most: int, least: int) -> list[ProcessedSequence]:
    """Return excerpts from evenly spread places of all recordings, not from their beginnings alone.

    Recordings often show the same things in the same order, and people stand still where they begin. Excerpts
    hold about half of all frames, but there is one for each recording, if ``most`` allows.

    Args:
        processed: at least one recording, each of at least ``least`` frames.
        most: most excerpts.
        least: least frames of an excerpt.
    """
    size, lengths = max(EXCERPT_FRAMES, least), np.array([len(p.pose) for p in processed])
    stops = lengths.cumsum()
    excerpts = {}
    count = min(most, max(-(-stops[-1] // (2 * size)), len(processed)))
    for place in np.linspace(0, stops[-1] - 1, count).astype(int):
        index = int(np.searchsorted(stops, place, side="right"))
        start = min(place - (stops[index] - lengths[index]), max(lengths[index] - size, 0))
        excerpts[index, int(start)] = replace(processed[index], pose=processed[index].pose[start:][:size])
    return list(excerpts.values())


def _without(processed: ProcessedSequence, hidden: np.ndarray) -> ProcessedSequence:
    pose = processed.pose.copy()
    pose[:, : hidden.shape[1]][hidden] = np.nan
    gone: np.ndarray = np.asarray(hidden.all(axis=1))
    gone[1:] |= gone[:-1]  # the root's velocity needs two frames in which a landmark is seen
    pose[gone, hidden.shape[1] :] = np.nan
    return replace(processed, pose=pose)


def _hidden_error(trial: _Trial, poses: Sequence[np.ndarray]) -> float:
    total = count = 0.0
    for p, pose, mask in zip(trial.excerpts, poses, trial.hidden, strict=True):
        distance = np.linalg.norm(pose[:, : mask.shape[1]] - p.pose[:, : mask.shape[1]], axis=-1)
        scored = mask & np.isfinite(distance)
        total, count = total + float(distance[scored].sum()), count + int(scored.sum())
    return total / count if count else np.nan
