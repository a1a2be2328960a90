"""How well hidden points are given back: by kind of gap, beside linear interpolation.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.evaluation.windows import fill_gaps
from htvae.inference import TrainedModel

BURST = 30
GAPS = (15, 30, 60, 120)
"""Frames of the gaps that are tried; a gap needs a recording at least four times as long."""


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
    model: TrainedModel, processed: Sequence[ProcessedSequence], fallback: np.ndarray, seed: int = 0
) -> dict[str, float]:
    """Return the error (torso lengths) on hidden points, of the model and of linear interpolation.

    Keys are ``complete_<kind>_mpjpe`` and ``complete_<kind>_linear_mpjpe`` for the kinds ``bursts``,
    ``landmarks`` (a landmark hidden throughout is interpolated by its training mean) and ``gap_<frames>``.

    Args:
        model: the model; it sees the hidden points as missing and is asked for all of them.
        processed: recordings.
        fallback: (L, D) mean pose, for landmarks that are never seen.
        seed: of what is hidden.
    """
    kinds: dict[str, Callable[..., np.ndarray]] = {"bursts": hide_bursts, "landmarks": hide_landmarks}
    figures: dict[str, float] = {}
    for name, hide in kinds.items():
        figures |= _score(name, model, processed, fallback, hide, seed)
    for length in GAPS:
        long_enough = [p for p in processed if len(p.pose) >= 4 * length]
        if long_enough:
            figures |= _score(
                f"gap_{length}", model, long_enough, fallback, lambda s, r, n=length: hide_gap(s, r, n), seed
            )
    return figures


def _score(
    name: str,
    model: TrainedModel,
    processed: Sequence[ProcessedSequence],
    fallback: np.ndarray,
    hide: Callable[..., np.ndarray],
    seed: int,
) -> dict[str, float]:
    rng, num_landmarks = np.random.default_rng(seed), len(fallback)
    hidden = [hide((len(p.pose), num_landmarks), rng) for p in processed]
    seen = [_without(p, mask) for p, mask in zip(processed, hidden, strict=True)]
    completed = [r.pose for r in model.reconstruct_all(seen)]
    interpolated = [fill_gaps(p.pose[:, :num_landmarks], fallback) for p in seen]
    return {
        f"complete_{name}_mpjpe": _hidden_error(processed, completed, hidden, num_landmarks),
        f"complete_{name}_linear_mpjpe": _hidden_error(processed, interpolated, hidden, num_landmarks),
    }


def _without(processed: ProcessedSequence, hidden: np.ndarray) -> ProcessedSequence:
    pose = processed.pose.copy()
    pose[:, : hidden.shape[1]][hidden] = np.nan
    gone: np.ndarray = np.asarray(hidden.all(axis=1))
    gone[1:] |= gone[:-1]  # nor is the root's velocity seen, which needs two frames, where no landmark is
    pose[gone, hidden.shape[1] :] = np.nan
    return replace(processed, pose=pose)


def _hidden_error(
    processed: Sequence[ProcessedSequence],
    poses: Sequence[np.ndarray],
    hidden: Sequence[np.ndarray],
    num_landmarks: int,
) -> float:
    total = count = 0.0
    for p, pose, mask in zip(processed, poses, hidden, strict=True):
        distance = np.linalg.norm(pose[:, :num_landmarks] - p.pose[:, :num_landmarks], axis=-1)
        scored = mask & np.isfinite(distance)
        total, count = total + float(distance[scored].sum()), count + int(scored.sum())
    return total / count if count else np.nan
