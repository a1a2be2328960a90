"""Plans for prior samples that mirror real recordings in length and labels.

Axes: ``T`` frames.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from htvae.data.processing import ProcessedSequence

MOST_STEP = 32
"""Frames by which lengths are rounded down, at most, so that sequences of one length are drawn together. A
short length loses a sixteenth at most: a short movement that is cut to half is another movement."""
NO_NAME = ""
"""Label of a frame without a label."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """One sequence to draw: it mirrors a recording, or a part of one."""

    num_frames: int
    label: str | None
    frame_labels: np.ndarray
    """(T,) str, `NO_NAME` where there is none."""


def choose_evenly(
    recordings: Sequence[ProcessedSequence], most_frames: int, most_of_one: int | None = None
) -> list[ProcessedSequence]:
    """Return recordings of no more frames in all than asked for (but one at least), labels in proportion.

    Every label comes early, so that even a few recordings show all labels if they can. Within a label the
    order is random (always the same): neighbours by name are often alike.

    Args:
        recordings: to choose from.
        most_frames: frames of all, at most.
        most_of_one: frames to which longer recordings are cut, around their middle. None: they are whole.
    """
    labels = [p.source.label for p in recordings]
    counts, order_of = Counter(labels), {label: place for place, label in enumerate(dict.fromkeys(labels))}
    seen: Counter[str | None] = Counter()
    places = []
    for number in np.random.default_rng(0).permutation(len(recordings)).tolist():
        label = labels[number]
        places.append((seen[label] / counts[label], order_of[label], number))
        seen[label] += 1
    chosen: list[ProcessedSequence] = []
    for *_, number in sorted(places):
        part = _cut_long(recordings[number], most_of_one)
        if chosen and sum(len(p.pose) for p in chosen) + len(part.pose) > most_frames:
            break
        chosen.append(part)
    return chosen


def _cut_long(recording: ProcessedSequence, most_frames: int | None) -> ProcessedSequence:
    """Return a recording, one of more frames than asked for cut to that many in its middle."""
    spare = 0 if most_frames is None else max(0, len(recording.pose) - most_frames)
    return recording.cut(slice(spare // 2, len(recording.pose) - (spare + 1) // 2)) if spare else recording


def label_frames(processed: ProcessedSequence) -> np.ndarray:
    """Return the label (T,) of each model frame, `NO_NAME` where there is none."""
    frames = processed.record.source_frames
    names = [span.label for span in processed.source.frame_labels]
    labels = np.full(len(frames), NO_NAME, dtype=f"<U{max(map(len, names), default=1)}")
    for span in processed.source.frame_labels:
        labels[(frames >= span.start) & (frames < span.stop)] = span.label
    return labels


def plan_like(recordings: Sequence[ProcessedSequence], most_frames: int) -> list[Wanted]:
    """Return a sequence to draw for each recording, of its length and labels."""
    return [_want(p, 0, len(p.pose)) for p in choose_evenly(recordings, most_frames)]


def plan_parts(
    recordings: Sequence[ProcessedSequence], length: int, num_frames: int, seed: int = 0
) -> list[Wanted]:
    """Return sequences to draw, each like a random part of a recording; recordings take turns.

    Many short ones rather than few long ones: each has a sequence latent of its own, and a handful of those
    would differ from real recordings by chance alone.

    Args:
        recordings: at least one.
        length: frames per sequence; fewer where a recording is shorter.
        num_frames: frames of all sequences together, at least.
        seed: seed of the parts.
    """
    rng = np.random.default_rng(seed)
    wanted: list[Wanted] = []
    total = 0
    for p in cycle(choose_evenly(recordings, sum(len(p.pose) for p in recordings))):
        start = int(rng.integers(max(len(p.pose) - length, 0) + 1))
        wanted.append(_want(p, start, min(length, len(p.pose))))
        total += wanted[-1].num_frames
        if total >= num_frames:
            return wanted
    raise AssertionError("recordings must not be empty")


def _want(processed: ProcessedSequence, start: int, length: int) -> Wanted:
    step = min(MOST_STEP, 1 << max(0, length.bit_length() - 5))
    length = length // step * step
    return Wanted(length, processed.source.label, label_frames(processed)[start : start + length])
