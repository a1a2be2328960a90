"""Jumps to another place that last: a wrong marker, a cut of the video, or another individual.

- A landmark jumps if it moves very far from one frame to the next, while it is calm before and after.
- If it jumps back later, the frames between are wrong; if not, nobody knows which side of the jump is.
- If nearly all landmarks jump together, the video was cut, or the tracker went over to another individual.

Axes: T frames, L landmarks, D coordinates.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htvae.io.findings.measures import Poses, Spans, length, observed_in, usual

_SIZE = 1.5
"""Least length (body sizes) of a jump."""
_RATIO = 4.0
"""Least length of a jump, in multiples of the landmark's usual step."""
_CALM = 0.3
"""Largest step beside a jump, as a share of the jump; of a jump over missing frames, as a share of its part
per frame."""
_CALM_STEPS = 2
"""Steps on either side of a jump that must be calm."""
_MOST_SKIPPED = 5
"""Most missing frames between the two points of a jump."""
_BACK = 0.5
"""Largest distance between the places before a jump and after the jump back, as a share of the jump."""
_TOGETHER = 0.5
"""Largest difference between the jumps of landmarks that jump together, as a share of the jump."""
_ALL = 0.8
"""Least share (0..1) of the landmarks that jump together in a cut."""


@dataclass(frozen=True)
class Jumps:
    """Jumps that last, in indices of frames."""

    landmarks: dict[int, Spans]
    """Spans in which a landmark is at a wrong place. Of a jump without return, the frame after it."""
    cuts: tuple[int, ...]
    """Frames to which nearly all landmarks jump together."""


@dataclass(frozen=True, eq=False)
class _Jump:
    before: int
    """Frame before the jump."""
    after: int
    """Frame after it."""
    vector: npt.NDArray[np.floating]
    """(D,) without the motion that all landmarks share."""


def find_jumps(pose: Poses, size: float) -> Jumps:
    """Return the jumps of a pose (T, L, D) without spikes and swaps; ``size`` is the body's."""
    observed = observed_in(pose)
    landmarks: dict[int, Spans] = {}
    cuts: set[int] = set()
    for index in range(pose.shape[1] if size > 0 else 0):
        frame = np.flatnonzero(observed[:, index])
        jumps = []
        for before, after in _find_far_steps(pose[frame, index], frame, size):
            step = pose[after] - pose[before]
            common = np.nanmedian(step, axis=0)
            if _all_jump(step, common, step[index]):
                cuts.add(after)
            elif length(step[index] - common) >= _SIZE * size:
                jumps.append(_Jump(before, after, step[index] - common))
        if jumps:
            landmarks[index] = _pair_up(jumps)
    return Jumps(landmarks, tuple(sorted(cuts)))


def _find_far_steps(path: Poses, frame: npt.NDArray[np.intp], size: float) -> list[tuple[int, int]]:
    """Return the frames before and after each far step of a path (n, D) with calm steps on both sides."""
    step = length(np.diff(path, axis=0))
    far = step > max(_SIZE * size, _RATIO * float(np.nan_to_num(usual(step))))
    frames = np.diff(frame)
    far &= frames <= 1 + _MOST_SKIPPED
    padded = np.pad(step, _CALM_STEPS, constant_values=np.inf)
    for shift in (*range(-_CALM_STEPS, 0), *range(1, _CALM_STEPS + 1)):
        beside = padded[_CALM_STEPS + shift : len(padded) - _CALM_STEPS + shift]
        far &= beside * frames <= _CALM * step
    return [(int(frame[place]), int(frame[place + 1])) for place in np.flatnonzero(far)]


def _all_jump(step: Poses, common: Poses, own: Poses) -> bool:
    """Return whether nearly all landmarks (L, D) move as one of them does."""
    known = observed_in(step[None])[0]
    if np.count_nonzero(known) < 2:
        return False
    apart = length(step[known] - common) <= _TOGETHER * length(own)
    return bool(apart.mean() >= _ALL and length(own - common) <= _TOGETHER * length(own))


def _pair_up(jumps: list[_Jump]) -> Spans:
    """Return the spans between jumps away and jumps back."""
    spans = []
    place = 0
    while place < len(jumps):
        away = jumps[place]
        back = jumps[place + 1] if place + 1 < len(jumps) else None
        if back is not None and length(away.vector + back.vector) <= _BACK * length(away.vector):
            spans.append((away.after, back.before + 1))
            place += 2
            continue
        spans.append((away.after, away.after + 1))
        place += 1
    return tuple(sorted(spans))
