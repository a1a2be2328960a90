"""Recordings with points hidden, on which completion is tried: what is hidden, and in which excerpts.

Axes: ``T`` frames, ``L`` landmarks, ``N`` points, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from htvae.data.processing import ProcessedSequence

BURST = 30
GAPS = (15, 30, 60, 120, 240)
"""Lengths of gaps (frames)."""
NUM_SAMPLES = 8
"""Samples per interval."""
EXCERPT_FRAMES = 512
"""Length of the excerpts that are completed. To complete an excerpt costs as much as dozens of
reconstructions: all frames would take long and change the figures little."""
LEAST_SHOWN = 60
"""Frames that `hide_varied_gaps` and `hide_varied_runs` show between two gaps, at least. Before the first gap
and after the last they show a quarter as many, or a quarter of a shorter recording."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Excerpts with points hidden."""

    excerpts: Sequence[ProcessedSequence]
    hidden: Sequence[np.ndarray]
    """(T, L) bool each."""
    seen: Sequence[ProcessedSequence]
    """The excerpts without their hidden points."""

    @classmethod
    def of(cls, excerpts: Sequence[ProcessedSequence], hidden: Sequence[np.ndarray]) -> "Trial":
        """Hide points of excerpts."""
        return cls(excerpts, hidden, [hide_points(p, m) for p, m in zip(excerpts, hidden, strict=True)])


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


def hide_varied_gaps(shape: tuple[int, int], rng: np.random.Generator, counts: dict[int, int]) -> np.ndarray:
    """Return (T, L) bool: everything is hidden in gaps of several lengths, for half of the frames at most.

    Args:
        shape: T, L.
        rng: random numbers.
        counts: gaps so far by length, one entry for each length to hide. The next gap has the length with the
            fewest that fits, and is counted.
    """
    inside = _place_gaps(shape[0], rng, counts)
    return np.broadcast_to(inside[:, None], shape).copy()


def hide_varied_runs(shape: tuple[int, int], rng: np.random.Generator, counts: dict[int, int]) -> np.ndarray:
    """Return (T, L) bool: half of the landmarks, each hidden in gaps of its own, of several lengths.

    The arguments are those of `hide_varied_gaps`.
    """
    hidden = np.zeros(shape, bool)
    for landmark in rng.permutation(shape[1])[: max(1, shape[1] // 2)]:
        hidden[:, landmark] = _place_gaps(shape[0], rng, counts)
    return hidden


def _place_gaps(num_frames: int, rng: np.random.Generator, counts: dict[int, int]) -> np.ndarray:
    """Return (T,) bool of gaps between frames that are shown: half as many as the gap has, or more."""
    least, most = (min(shown, num_frames // 4) for shown in (LEAST_SHOWN // 4, LEAST_SHOWN))
    inside, at = np.zeros(num_frames, bool), int(rng.integers(least, most + 1))
    while True:
        room = min(num_frames // 2 - int(inside.sum()), num_frames - LEAST_SHOWN // 4 - at)
        fitting = [length for length in counts if length + max(length // 2 - LEAST_SHOWN, 0) <= room]
        if not fitting:
            return inside
        length = min(fitting, key=lambda n: (counts[n], -n))
        at += max(length // 2 - LEAST_SHOWN, 0)
        inside[at : at + length] = True
        counts[length] += 1
        at += length + max(length // 2, LEAST_SHOWN)


def cut_excerpts(processed: Sequence[ProcessedSequence], most: int, least: int) -> list[ProcessedSequence]:
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
        excerpts[index, int(start)] = processed[index].cut(slice(start, start + size))
    return list(excerpts.values())


def hide_points(processed: ProcessedSequence, hidden: np.ndarray) -> ProcessedSequence:
    """Return a recording without some of its points: hidden landmarks, and what the root needs them for."""
    pose = processed.pose.copy()
    pose[:, : hidden.shape[1]][hidden] = np.nan
    gone: np.ndarray = np.asarray(hidden.all(axis=1))
    gone[1:] |= gone[:-1]  # the root's velocity needs two frames in which a landmark is seen
    pose[gone, hidden.shape[1] :] = np.nan
    return replace(processed, pose=pose)
