"""The VAE's best single answer for points that are missing.

- The VAE has learned to return points that are hidden from it. It is asked in several passes; in each pass it
  sees its last answer beside the observed points.
- In each pass the chunks lie in another place. In the last passes the latents are refined to fit the observed
  points.

Axes: ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.poses.geometry import fill_gaps, observed_points
from htvae.utils.listening import part
from htvae.utils.progress import track

REACH = 30
"""Frames from an observed point at which its correction of hidden points has faded out."""
NUM_PASSES = 16
"""Passes. Landmarks that are never seen need them all (docs/log/2026-11-29.md)."""
LAST_STEPS = 3
"""Steps of refinement in each of the last passes, whose mean counts; the passes before have none."""
LAST_COST = 5
"""Time of a last pass over that of another, about."""
SHIFTS = (0, 2, 1, 3)
"""Frames, in quarters of a chunk's stride, by which the recording is moved in each pass, in turns. Points
near the border of a chunk are filled in less well, so the border should not stay in one place."""


def fill_in(model: TrainedModel, processed: Sequence[ProcessedSequence]) -> list[np.ndarray]:
    """Return recordings (T, N, D), torso lengths, with every point filled in as well as the model can.

    Observed points stay. Each pass encodes the observed points together with the last pass's answer, because
    the encoder reads a whole body more exactly than a body with holes; refinement, in the last passes, fits
    the observed points alone. The result is the mean of the last passes, one for each of `SHIFTS`.

    Source: Rezende et al. 2014, "Stochastic Backpropagation and Approximate Inference in Deep Generative
        Models", on the imputation of missing data, with the posteriors' modes in place of draws.
    """
    filled: Sequence[ProcessedSequence] = processed
    last = deque[list[np.ndarray]](maxlen=len(SHIFTS))
    is_last = [number >= NUM_PASSES - len(SHIFTS) for number in range(NUM_PASSES)]
    costs = [LAST_COST if last_one else 1 for last_one in is_last]
    for number in track("Filling in", range(NUM_PASSES), costs):
        quarters = SHIFTS[number % len(SHIFTS)]
        steps = LAST_STEPS if is_last[number] else 0
        with part(*(sum(costs[:end]) / sum(costs) for end in (number, number + 1))):
            answers = _answer(model, filled, processed, quarters * model.grid.stride // 4, steps)
        last.append([meet_observed(p.pose, pose) for p, pose in zip(processed, answers, strict=True)])
        filled = [replace(p, pose=pose) for p, pose in zip(processed, last[-1], strict=True)]
    return [np.mean(poses, axis=0) for poses in zip(*last, strict=True)]


def _answer(
    model: TrainedModel,
    filled: Sequence[ProcessedSequence],
    observed: Sequence[ProcessedSequence],
    shift: int,
    steps: int,
) -> list[np.ndarray]:
    """Return the model's refined answers (T, N, D), with all chunks ``shift`` frames earlier."""
    shown = [_put_off(p, shift) for p in filled]
    fitted = [_put_off(p, shift) for p in observed]
    return [answer.pose[shift:] for answer in model.reconstruct_all(shown, steps, fitted)]


def _put_off(processed: ProcessedSequence, num_frames: int) -> ProcessedSequence:
    """Return a recording with ``num_frames`` empty frames before its first."""
    pose = np.pad(processed.pose, ((num_frames, 0), (0, 0), (0, 0)), constant_values=np.nan)
    frames = np.pad(processed.record.source_frames, (num_frames, 0), mode="edge")
    return replace(processed, pose=pose, record=replace(processed.record, source_frames=frames))


def meet_observed(known: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Put the known points into places (T, L, D), and move the other points to meet them.

    The difference ``known - places`` of each landmark is interpolated across its gaps, held before its first
    and after its last known point, and fades out within `REACH` frames of a known point.
    """
    observed = observed_points(known)
    difference = np.where(observed[..., None], known - places, np.float32(np.nan))
    carried = np.nan_to_num(fill_gaps(difference, observed)) * nearness(observed, REACH)[..., None]
    return np.where(observed[..., None], known, places + carried).astype(np.float32)


def nearness(observed: np.ndarray, reach: int) -> np.ndarray:
    """Return (T, L) in [0, 1]: 1 where a point is observed, falling to 0 at ``reach`` frames from there.

    A landmark that is never observed has 0 throughout.
    """
    frames = np.arange(len(observed), dtype=np.float64)[:, None]
    before = np.maximum.accumulate(np.where(observed, frames, -np.inf), axis=0)
    after = np.minimum.accumulate(np.where(observed, frames, np.inf)[::-1], axis=0)[::-1]
    return np.clip(1 - np.minimum(frames - before, after - frames) / reach, 0, 1).astype(np.float32)
