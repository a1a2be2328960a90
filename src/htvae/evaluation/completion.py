"""How well hidden points are filled in: by kind of gap, beside linear interpolation.

Points are filled in as `htvae.generation.completion` does, in the model's coordinates: by the VAE's best
answer, moved to meet the points that are seen, with intervals by samples from the prior.

Axes: ``n`` samples, ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

import numpy as np

from htvae.config import NUM_EXCERPTS
from htvae.data.processing import ProcessedSequence
from htvae.generation.bands import draw_interval
from htvae.generation.filling import fill_in
from htvae.generation.sampler import MotionSampler
from htvae.generation.trials import (
    GAPS,
    NUM_SAMPLES,
    Trial,
    cut_excerpts,
    hide_bursts,
    hide_gap,
    hide_landmarks,
)
from htvae.inference.model import TrainedModel
from htvae.metrics.windows import fill_gaps
from htvae.utils.progress import track


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
    ``complete_<kind>_coverage``, the share of hidden coordinates that lie in their 90 % intervals.

    Args:
        model: the model; it sees hidden points as missing and fills all of them in. A `MotionSampler` with a
            prior gives intervals too.
        processed: recordings.
        fallback: (L, D) mean pose, for landmarks that are never seen.
        num_excerpts: most excerpts of `EXCERPT_FRAMES` that are completed.
        refine_steps: steps of reconstruction, see `TrainedModel.reconstruct_all`.
        seed: seed of the choice of hidden points.
    """
    trials = _hide(processed, len(fallback), num_excerpts, seed)
    answers = iter(fill_in(model, [p for trial in trials.values() for p in trial.seen]))  # all kinds at once
    excerpts = trials["bursts"].excerpts  # the same as of whole landmarks
    shown = [r.pose for r in model.reconstruct_all(excerpts, refine_steps)]
    figures: dict[str, float] = {}
    for kind, trial in trials.items():
        completed = list(islice(answers, len(trial.seen)))
        interpolated = [fill_gaps(p.pose[:, : len(fallback)], fallback) for p in trial.seen]
        figures[f"complete_{kind}_mpjpe"] = _hidden_error(trial, completed)
        figures[f"complete_{kind}_linear_mpjpe"] = _hidden_error(trial, interpolated)
        if not kind.startswith("gap"):
            figures[f"complete_{kind}_shown_mpjpe"] = _hidden_error(trial, shown)
        if isinstance(model, MotionSampler) and model.has_prior:
            figures[f"complete_{kind}_coverage"] = _measure_coverage(model, kind, trial, completed, seed)
    return figures


def _hide(
    processed: Sequence[ProcessedSequence], num_landmarks: int, num_excerpts: int, seed: int
) -> dict[str, Trial]:
    """Return trials by kind; gaps are tried where a recording is long enough."""

    def hide(choose: Callable[..., np.ndarray], least: int = 1) -> Trial:
        rng = np.random.default_rng(seed)
        excerpts = cut_excerpts([p for p in processed if len(p.pose) >= least], num_excerpts, least)
        return Trial.of(excerpts, [choose((len(p.pose), num_landmarks), rng) for p in excerpts])

    longest = max(len(p.pose) for p in processed)
    gaps = [length for length in GAPS if longest >= 4 * length]
    trials = {"bursts": hide(hide_bursts), "landmarks": hide(hide_landmarks)}
    return trials | {f"gap_{length}": hide(partial(hide_gap, length=length), 4 * length) for length in gaps}


def _measure_coverage(
    model: MotionSampler, name: str, trial: Trial, completed: Sequence[np.ndarray], seed: int
) -> float:
    """Return the share of hidden coordinates that lie in the intervals around the completed ones."""
    num_landmarks, inside, count = trial.hidden[0].shape[1], 0, 0
    cases = list(zip(trial.excerpts, trial.hidden, trial.seen, completed, strict=True))
    for number, (excerpt, hidden, seen, best) in enumerate(track(f"Intervals ({name})", cases)):
        true = excerpt.pose[:, :num_landmarks]
        low, high = draw_interval(model, seen, best, NUM_SAMPLES, seed + number)
        scored = hidden & np.isfinite(true[..., 0])
        inside += int(((low <= true) & (true <= high))[scored].sum())
        count += int(scored.sum()) * true.shape[-1]
    return inside / count if count else np.nan


def _hidden_error(trial: Trial, poses: Sequence[np.ndarray]) -> float:
    total = count = 0.0
    for p, pose, mask in zip(trial.excerpts, poses, trial.hidden, strict=True):
        distance = np.linalg.norm(pose[:, : mask.shape[1]] - p.pose[:, : mask.shape[1]], axis=-1)
        scored = mask & np.isfinite(distance)
        total, count = total + float(distance[scored].sum()), count + int(scored.sum())
    return total / count if count else np.nan
