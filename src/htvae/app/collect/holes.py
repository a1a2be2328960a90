"""What is hidden of recordings, to show how a model fills it in.

Where the part lies does not depend on how well the model does: it is livelier than three quarters of the
parts that could be hidden, since linear interpolation is hard to beat where nobody moves.

Axes: ``T`` model frames, ``L`` landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from htvae.app.collect.scores import choose_scored
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.poses.body_groups import group_landmarks
from htvae.poses.geometry import observed_points

HOLES = (("everything", 1.0), ("everything", 2.0), ("limb", 2.0))
"""What is hidden, and for how many seconds."""
AROUND_SECONDS = 3.0
"""Time on either side of the hidden part that the model sees."""
LIVELY = 0.75
"""Share of the possible places that move less than the chosen one."""
LEAST_SEEN = 0.95
"""Share of points that must have been observed where they are hidden, over that of well observed frames."""
FALLBACK_FPS = 30.0


@dataclass(frozen=True, eq=False)
class Trial:
    """A part of a recording, some of whose points are hidden."""

    recording: int
    """Index of the recording."""
    first: int
    """First model frame of the part."""
    part: ProcessedSequence
    hidden: tuple[int, int]
    """Frames of the part that are hidden, (first, one after the last)."""
    name: str
    """What is hidden, in words."""
    landmarks: tuple[int, ...]
    """Indices of the hidden landmarks."""

    @property
    def mask(self) -> np.ndarray:
        """(T, L) bool, True where a point is hidden."""
        mask = np.zeros(self.part.pose.shape[:2], bool)
        mask[slice(*self.hidden), list(self.landmarks)] = True
        return mask


def choose_trials(
    recordings: Sequence[ProcessedSequence], splits: Sequence[str], processor: PoseDataProcessor
) -> list[Trial]:
    """Return what is hidden, each part in another recording where there are enough."""
    _, chosen = choose_scored(recordings, splits)
    rate, trials = processor.fps or FALLBACK_FPS, []
    for number, (kind, seconds) in enumerate(HOLES):
        own = chosen[number :: len(HOLES)] or chosen
        name, landmarks = ("everything", tuple(range(len(processor.landmarks))))
        if kind == "limb":
            name, landmarks = choose_limb(processor, own)
        place = _choose_place(own, landmarks, round(seconds * rate), round(AROUND_SECONDS * rate))
        if place is not None and landmarks:
            index, start, around = place
            begin, stop = max(0, start - around), start + round(seconds * rate)
            part = replace(own[index], pose=own[index].pose[begin : stop + around])
            recording = next(i for i, other in enumerate(recordings) if other is own[index])
            trials.append(Trial(recording, begin, part, (start - begin, stop - begin), name, landmarks))
    return trials


def choose_limb(
    processor: PoseDataProcessor, recordings: Sequence[ProcessedSequence]
) -> tuple[str, tuple[int, ...]]:
    """Return the part of the body that moves most, half of its landmarks at most."""
    count = len(processor.landmarks)
    speeds = np.concatenate([_measure_speeds(own, count) for own in recordings])
    groups = group_landmarks(processor.landmarks, processor.edges)
    small = [own for own in groups if 2 * len(own.landmarks) <= count]
    if not small:
        return "", ()
    means = [float(np.nan_to_num(speeds[:, list(own.landmarks)]).mean()) for own in small]
    best = small[int(np.argmax(means))]
    return best.name, best.landmarks


def _measure_speeds(recording: ProcessedSequence, count: int) -> np.ndarray:
    """Return how far each landmark moves to the next frame (T, L); NaN where it is missing."""
    steps = np.linalg.norm(np.diff(recording.pose[:, :count], axis=0), axis=-1)
    return (
        np.concatenate([steps, steps[-1:]]) if len(steps) else np.full((len(recording.pose), count), np.nan)
    )


def _choose_place(
    recordings: Sequence[ProcessedSequence], landmarks: Sequence[int], length: int, around: int
) -> tuple[int, int, int] | None:
    """Return recording, first hidden frame, and frames around it; None where no recording is long enough.

    Short recordings show less around the hidden part, but at least half of what is hidden.
    """
    longest = max(len(own.pose) for own in recordings)
    around = min(around, (longest - length) // 2)
    if 2 * around < length or length < 2 or not len(landmarks):
        return None
    found: list[tuple[float, int, int]] = []
    for index, own in enumerate(recordings):
        pose = own.pose[:, list(landmarks)]
        starts = np.arange(around, len(pose) - length - around + 1, max(1, length // 4))
        seen = observed_points(pose).mean(axis=1)
        speeds = np.nan_to_num(_measure_speeds(replace(own, pose=pose), len(landmarks))).mean(axis=1)
        least = LEAST_SEEN * max(float(np.quantile(seen, 0.75)), 1e-9)
        for start in starts.tolist():
            part = slice(start, start + length)
            edges = min(seen[start - 1], seen[start + length])
            if min(seen[part].mean(), edges) >= least:
                found.append((float(speeds[part].mean()), index, start))
    if not found:
        return None
    _, index, start = sorted(found)[int(LIVELY * (len(found) - 1))]
    return index, start, around
