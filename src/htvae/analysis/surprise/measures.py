"""Signs of surprise in one recording, for each frame and landmark; not yet comparable with each other.

- ``error``: nats by which the reconstruction misses a point, given the point's expected scale.
- ``swap``: log odds that left and right are exchanged.
- ``backwards``: log odds that time runs backwards.
- ``stillness``, ``tremble``: how little, or how much, a point shakes beside how much it shakes as a rule.
- ``acceleration``: how hard a point is pushed beside how hard it is as a rule.

The last three need no model; they are measured in the recording's own coordinates, before the body is
centred, where a frozen point stands still.

Axes: ``T`` frames, ``N`` points, ``L`` landmarks, ``P`` pairs, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from htvae.analysis.surprise.errors import Errors, find_pairs, measure_errors
from htvae.analysis.surprise.state_odds import compute_reversal_odds, compute_swap_odds, measure_pair_steps
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.metrics.rolling import rolling_mean, rolling_median

KINDS = ("error", "swap", "backwards", "stillness", "tremble", "acceleration")
"""Names of the scores."""
FALLBACK_FPS = 30.0
"""Frame rate (1/s) that windows assume where none is known."""
ERROR_SECONDS, TREMBLE_SECONDS, REVERSAL_SECONDS = 0.3, 0.5, 1.0
"""Seconds over which errors are averaged, the median of trembling is taken, and reversals are."""
LEAST_RATIO = 1e-3
"""Least trembling and acceleration, in multiples of the usual: a frozen point has none."""
LEAST_USUAL = 1e-7
"""Least usual trembling (torso lengths). A landmark with less, as in made-up data, has no such score."""


@dataclass(frozen=True, eq=False)
class Usual:
    """Usual values of recordings; medians over recordings of each recording's median."""

    acceleration: np.ndarray
    """Second differences (L,), torso lengths per frame squared."""
    tremble: np.ndarray
    """Third differences (L,), torso lengths."""
    pair_step: np.ndarray
    """Steps (P,) of the vector between partners, torso lengths per frame."""

    @classmethod
    def of(cls, processor: PoseDataProcessor, recordings: Sequence[ProcessedSequence]) -> "Usual":
        """Measure usual values over recordings."""
        paths = (place_in_source(processor, recording) for recording in recordings)
        pairs = find_pairs(processor)
        medians = [
            (
                _median(_differences(path, 2)),
                _median(_differences(path, 3)),
                _median(measure_pair_steps(path, pairs).straight) if pairs else np.empty(0),
            )
            for path in paths
        ]
        usual = (_median(np.stack(part)) for part in zip(*medians, strict=True))
        return cls(*(np.where(part > LEAST_USUAL, part, np.nan) for part in usual))


class Measures(NamedTuple):
    """The signs of one recording."""

    points: dict[str, np.ndarray]
    """Kind to values (T, L), NaN where unknown. ``swap`` and ``backwards`` have nats by which the model
    explains a point better without the fault."""
    frames: dict[str, np.ndarray]
    """Kind to values (T,) of the kinds that belong to the whole body: ``swap`` and ``backwards``."""
    observed: np.ndarray
    """Share (T,) of the model's landmarks that are observed."""
    error_scales: np.ndarray
    """Median (T,) over points of the error in multiples of its expected scale, NaN without points."""


def measure_recordings(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], usual: Usual, refine_steps: int = 0
) -> list[Measures]:
    """Return the signs of surprise in recordings.

    Args:
        model: the model.
        recordings: recordings in the model's coordinates.
        usual: usual values of points.
        refine_steps: steps that fit the chunk latents to each recording.
    """
    errors = measure_errors(model, recordings, refine_steps)
    return [
        measure(model.processor, recording, usual, own)
        for recording, own in zip(recordings, errors, strict=True)
    ]


def measure(
    processor: PoseDataProcessor, recording: ProcessedSequence, usual: Usual, errors: Errors
) -> Measures:
    """Return the signs of surprise in one recording, given the errors of its reconstructions."""
    path, fps = place_in_source(processor, recording), find_rate(processor, recording)
    num_landmarks = path.shape[1]
    own = errors.nats[:, :num_landmarks]
    seen = np.isfinite(own)
    push = _differences(path, 2) / usual.acceleration
    tremble = rolling_median(_log(_differences(path, 3) / usual.tremble), _frames(TREMBLE_SECONDS, fps))
    reversal = errors.nats - errors.backwards
    points = {
        "error": rolling_mean(own, _frames(ERROR_SECONDS, fps)),
        "backwards": rolling_mean(reversal[:, :num_landmarks], _frames(REVERSAL_SECONDS, fps)),
        "stillness": -tremble,
        "tremble": tremble,
        "acceleration": _log(push),
    }
    frames = {"backwards": compute_reversal_odds(reversal, push, num_landmarks)}
    if errors.exchanged is not None:
        gain = own - errors.exchanged[:, :num_landmarks]
        steps = measure_pair_steps(path, find_pairs(processor))
        points["swap"] = rolling_mean(gain, _frames(ERROR_SECONDS, fps))
        frames["swap"] = compute_swap_odds(gain, steps, usual.pair_step)
    shown = seen.any(axis=1)
    typical = np.full(len(path), np.nan)
    typical[shown] = np.nanmedian(errors.scales[shown, :num_landmarks], axis=1)
    return Measures(
        {kind: _where(seen, values) for kind, values in points.items()},
        {kind: _where(shown, values) for kind, values in frames.items()},
        seen.mean(axis=1),
        typical,
    )


def place_in_source(processor: PoseDataProcessor, recording: ProcessedSequence) -> np.ndarray:
    """Return the landmarks (T, L, D) in the recording's own coordinates, in torso lengths."""
    return processor.inverse(recording.pose, recording.record) / recording.record.unit


def find_rate(processor: PoseDataProcessor, recording: ProcessedSequence) -> float:
    """Return the frame rate (1/s) of a recording's model frames; `FALLBACK_FPS` where it is unknown."""
    return recording.record.fps or processor.fps or FALLBACK_FPS


def _differences(path: np.ndarray, order: int) -> np.ndarray:
    """Return lengths (T, L) of differences over time, NaN where a frame that they need is missing."""
    lengths = np.full(path.shape[:2], np.nan)
    if len(path) > order:
        first = order // 2
        found = np.linalg.norm(np.diff(path.astype(np.float64), order, axis=0), axis=-1)
        lengths[first : first + len(found)] = found
    return lengths


def _log(ratio: np.ndarray) -> np.ndarray:
    logarithm: np.ndarray = np.log(np.maximum(ratio, LEAST_RATIO))
    return logarithm


def _where(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(known, values, np.nan).astype(np.float32)


def _frames(seconds: float, fps: float) -> int:
    """Return an odd number of frames."""
    return 2 * round(seconds * fps / 2) + 1


def _median(values: np.ndarray) -> np.ndarray:
    """Return the median (L,) of each column over its values that are not missing; NaN without any."""
    found = np.full(values.shape[1], np.nan)
    known = np.isfinite(values).any(axis=0)
    found[known] = np.nanmedian(values[:, known], axis=0)
    return found
