"""The script of a demo recording: its actions, their cycles, and the cross-fades between actions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from htvae.poses.sequence import FrameLabel

Array = np.ndarray
Channels = dict[str, Array]
Choices = Mapping[str, tuple[float, int, int]]

_FADE_SECONDS = 0.55


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One action in the script of a recording."""

    action: str
    side: str
    """Hand that an action with one hand uses: ``left`` or ``right``."""
    starts: tuple[float, ...]
    """Start of each movement cycle, and the end of the last one (s)."""

    def phase(self, seconds: Array) -> tuple[Array, Array]:
        """Return phase (T,), in cycles since the segment's start, and rate (T,), in cycles per second."""
        starts = np.array(self.starts)
        lengths = np.diff(starts)
        cycle = (np.searchsorted(starts, seconds, side="right") - 1).clip(0, len(lengths) - 1)
        return cycle + (seconds - starts[cycle]) / lengths[cycle], 1 / lengths[cycle]

    @property
    def num_cycles(self) -> int:
        """Number of movement cycles of the segment."""
        return len(self.starts) - 1


def write_script(
    choices: Choices,
    cycle_seconds: Mapping[str, float],
    seconds: float,
    rng: np.random.Generator,
    tempo: float = 1.0,
    right_handed: float = 0.5,
) -> tuple[Segment, ...]:
    """Return random actions that fill ``seconds``; no action follows itself.

    Args:
        choices: action -> (relative frequency, fewest cycles, most cycles).
        cycle_seconds: usual duration (s) of a cycle of each action.
        seconds: length of the recording (s).
        rng: source of randomness.
        tempo: factor of speed; 2 is twice as fast.
        right_handed: chance (0..1) that the right hand is used.
    """
    names = list(choices)
    odds = np.array([choices[name][0] for name in names])
    segments: list[Segment] = []
    now, name = 0.0, ""
    while now <= seconds:
        allowed = odds * [other != name for other in names]
        name = str(rng.choice(names, p=allowed / allowed.sum()))
        num_cycles = rng.integers(choices[name][1], choices[name][2], endpoint=True)
        lengths = cycle_seconds[name] / tempo * rng.normal(1.0, 0.04, num_cycles).clip(0.88, 1.12)
        starts = now + np.concatenate([[0.0], np.cumsum(lengths)])
        side = "right" if rng.random() < right_handed else "left"
        segments.append(Segment(action=name, side=side, starts=tuple(starts.tolist())))
        now = segments[-1].starts[-1]
    return tuple(segments)


def play_script(
    script: tuple[Segment, ...],
    seconds: Array,
    neutral: Mapping[str, float],
    pose: Callable[[Segment, Array], Channels],
) -> Channels:
    """Return all channels of ``neutral``, (T,) each, with cross-fades between neighbouring actions.

    Args:
        script: the actions in their order.
        seconds: (T,), time of each frame (s).
        neutral: for each channel, its value where an action does not set it.
        pose: function from a segment and times to the channels that its action sets.
    """
    total = {name: np.zeros(len(seconds)) for name in neutral}
    for number, segment in enumerate(script):
        start, stop = segment.starts[0], segment.starts[-1]
        rise = np.ones_like(seconds) if number == 0 else _ramp(seconds - start)
        weight = rise if number == len(script) - 1 else rise * _ramp(stop - seconds)
        chosen = np.flatnonzero(weight)
        if len(chosen) == 0:
            continue
        channels = pose(segment, seconds[chosen])
        for name, value in neutral.items():
            total[name][chosen] += weight[chosen] * channels.get(name, value)
    return total


def label_actions(script: tuple[Segment, ...], num_frames: int, fps: float) -> tuple[FrameLabel, ...]:
    """Return one label per action; the labels cover all frames without overlap."""
    return _label(
        [(segment.action, segment.starts[0], segment.starts[-1]) for segment in script], num_frames, fps
    )


def label_cycles(script: tuple[Segment, ...], num_frames: int, fps: float) -> tuple[FrameLabel, ...]:
    """Return one label per movement cycle, the action's name; labels cover all frames without overlap."""
    cycles = [
        (segment.action, start, stop)
        for segment in script
        for start, stop in zip(segment.starts, segment.starts[1:], strict=False)
    ]
    return _label(cycles, num_frames, fps)


def wander(seconds: Array, period: float, rng: np.random.Generator) -> Array:
    """Return a smooth random curve (T,) with a spread of about 1 and a new value every ``period`` seconds."""
    knots = rng.normal(size=int(seconds[-1] / period) + 2)
    place = seconds / period
    index = place.astype(int)
    share = place - index
    curve: Array = knots[index] + share**2 * (3 - 2 * share) * (knots[index + 1] - knots[index])
    return curve


def _ramp(seconds: Array) -> Array:
    """Return a rise from 0 to 1 that is at 0.5 at 0 seconds."""
    share = (seconds / _FADE_SECONDS + 0.5).clip(0, 1)
    ramp: Array = share**2 * (3 - 2 * share)
    return ramp


def _label(spans: list[tuple[str, float, float]], num_frames: int, fps: float) -> tuple[FrameLabel, ...]:
    frames = [
        (min(round(start * fps), num_frames), min(round(stop * fps), num_frames)) for _, start, stop in spans
    ]
    labelled = zip(spans, frames, strict=True)
    return tuple(FrameLabel(start, stop, span[0]) for span, (start, stop) in labelled if start < stop)
