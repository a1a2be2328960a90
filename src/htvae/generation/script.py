"""Scripts: which labels follow each other, and for how long, e.g. ``walk:12s,wave-left-hand:4s,run:10s``.

A script is given by the user, or drawn from the scripts of the training recordings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from htvae.generation.lengths import weigh_recordings
from htvae.inference.checkpoint import RecordedScript
from htvae.poses.sequence import FrameLabel

_WeightedSpan = tuple[tuple[int, int], float]
"""A span (label, frames) and the weight of its recording's frames."""


@dataclass(frozen=True)
class Script:
    """Labels one after the other, each for a number of frames."""

    parts: tuple[tuple[str | None, int], ...]
    """Labels and their lengths (frames). A label of None leaves its span open; no parts leave everything
    open."""

    @classmethod
    def parse(cls, text: str, fps: float | None) -> "Script":
        """Read ``label:12s,label:400f``: lengths in seconds (s), or in frames (f) of the model's frame rate.

        Raises:
            ValueError: the text has another form, a length is not above 0, or lengths are in seconds and
                ``fps`` is None.
        """
        return cls(tuple(_parse_part(part.strip(), fps) for part in text.split(",")))

    @property
    def num_frames(self) -> int:
        """Length of the whole."""
        return sum(length for _, length in self.parts)

    def frame_labels(self, num_frames: int) -> tuple[FrameLabel, ...]:
        """Return the labelled spans of the first ``num_frames`` frames; the last label lasts to their end."""
        cuts = [0, *accumulate(length for _, length in self.parts)]
        cuts[-1] = max(cuts[-1], num_frames)
        spans = [
            (label, start, min(stop, num_frames))
            for (label, _), (start, stop) in zip(self.parts, pairwise(cuts), strict=True)
        ]
        return tuple(FrameLabel(start, stop, label) for label, start, stop in spans if label and start < stop)

    def label_frames(self, num_frames: int) -> list[str | None]:
        """Return the label of each of the first ``num_frames`` frames, None where it is open."""
        labels: list[str | None] = [None] * num_frames
        for span in self.frame_labels(num_frames):
            labels[span.start : span.stop] = [span.label] * (span.stop - span.start)
        return labels


def draw_script(
    recorded: Sequence[RecordedScript],
    names: Sequence[str],
    label: int,
    num_frames: int,
    rng: np.random.Generator,
) -> Script:
    """Draw a script like the scripts of a label's recordings: a semi-Markov chain of spans.

    - The script begins at a random frame of all recordings, with the rest of the span there.
    - The next span, label and length, is a random one of the spans that follow a span of the same label in a
      recording. If there is none, the script ends, and its last label lasts (`Script.frame_labels`).
    - Recordings of about the asked length count for more; see `weigh_recordings`. Where recordings have one
      length, or none is about as long, a longer script begins like a shorter one.

    Args:
        recorded: scripts of the training recordings, see `htvae.inference.checkpoint.PriorState`. Empty:
            everything is left open.
        names: names of the labels of spans.
        label: index of the recordings' label. If no recording has it, all recordings count.
        num_frames: length of the script (frames).
        rng: random numbers.

    Source: Yu 2010, "Hidden semi-Markov models"; durations and transitions are the counted ones.
    """
    alike = [script for script in recorded if script[0] == label] or list(recorded)
    if not alike:
        return Script(())
    frame_weights = [
        weight / sum(frames for _, frames in parts)
        for weight, (_, parts) in zip(weigh_recordings(alike, num_frames), alike, strict=True)
    ]
    followers: dict[int, list[_WeightedSpan]] = {}
    for weight, (_, parts) in zip(frame_weights, alike, strict=True):
        for (before, _), after in pairwise(parts):
            followers.setdefault(before, []).append((after, weight))
    script = [_begin(alike, frame_weights, rng)]
    missing = num_frames - script[0][1]
    while missing > 0 and (choices := followers.get(script[-1][0])):
        script.append(choices[_choose([weight for _, weight in choices], rng)[0]][0])
        missing -= script[-1][1]
    return Script(tuple((names[index - 1] if index else None, frames) for index, frames in script))


def _begin(
    recorded: Sequence[RecordedScript], frame_weights: Sequence[float], rng: np.random.Generator
) -> tuple[int, int]:
    """Return the label at a random frame, and the frames for which it still lasts.

    Args:
        recorded: scripts.
        frame_weights: weight of each frame, by script.
        rng: random numbers.
    """
    spans = [
        (span, weight) for weight, (_, parts) in zip(frame_weights, recorded, strict=True) for span in parts
    ]
    place, within = _choose([weight * span[1] for span, weight in spans], rng)
    label, frames = spans[place][0]
    return label, frames - min(int(within * frames), frames - 1)


def _choose(weights: Sequence[float], rng: np.random.Generator) -> tuple[int, float]:
    """Return a random place, in proportion to its weight, and a random number in [0, 1]."""
    stops = np.cumsum(weights)
    number = rng.random() * stops[-1]
    place = min(int(np.searchsorted(stops, number, side="right")), len(weights) - 1)
    return place, float(1 - (stops[place] - number) / weights[place])


def _parse_part(part: str, fps: float | None) -> tuple[str, int]:
    label, _, length = part.rpartition(":")
    number, unit = length[:-1], length[-1:]
    try:
        amount = float(number)
        if not label or unit not in ("s", "f") or not 0 < amount < 1e7:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"A script must be like 'walk:12s,wave:4s' (or 120f for frames), but has {part!r}. Correct it."
        ) from None
    if unit == "s" and fps is None:
        raise ValueError(
            f"A script's length must be in frames where no frame rate is known, but is {length!r}. "
            "Write it like 120f."
        )
    return label, max(1, round(amount * (fps if unit == "s" and fps else 1)))
