"""Planting more or less time in a motif: its bouts become longer at the cost of others, or shorter.

- A bout is prolonged by going back from one of its frames to an earlier one with nearly the same pose and
  movement, and shortened by going ahead likewise. Poses are cross-faded there.
- Gained and lost frames are equal in number, so the recording keeps its length.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from htvae.analysis.power.planting import find_movement
from htvae.data.limbs import Limbs
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.poses.geometry import runs_of

FADE_FRAMES = 6
"""Frames of a cross-fade."""
LEAST_STEP = 4
"""Fewest frames of a jump; fewer are not worth a seam."""

Jump = tuple[int, int]
"""Frame after which another is shown next, and that frame's predecessor."""


@dataclass(frozen=True, eq=False)
class MotifPlanter:
    """Changes the time in a motif."""

    processor: PoseDataProcessor
    limbs: Limbs
    labels: Mapping[str, np.ndarray]
    """Motif (T,) of each frame, by the recording's name."""
    motif: int

    def plant(self, recording: ProcessedSequence, strength: float) -> ProcessedSequence:
        """Return a recording with ``1 + strength`` times its time in the motif, where its bouts allow it."""
        inside = self.labels[recording.name] == self.motif
        count = round(min(abs(strength) * inside.sum(), (~inside).sum() / 2))
        rest = np.array(self.processor.pose_mean, np.float32)
        movement = find_movement(recording, self.limbs, rest)
        longer, shorter = (inside, ~inside) if strength > 0 else (~inside, inside)
        lost = _find_jumps(movement, runs_of(shorter), count, back=False)
        gained = _find_jumps(movement, runs_of(longer), sum(b - a for a, b in lost), back=True)
        if not lost or not gained:
            return recording
        frames, pose = _follow(recording.pose, sorted([*lost, *gained]))
        record = replace(recording.record, source_frames=recording.record.source_frames[frames])
        return replace(recording, pose=pose, record=record)


def _find_jumps(movement: np.ndarray, bouts: Sequence[Jump], count: int, back: bool) -> list[Jump]:
    """Return jumps inside bouts, the longest bouts first, that add up to about ``count`` frames."""
    jumps, left = [], count
    for start, stop in sorted(bouts, key=lambda bout: bout[0] - bout[1]):
        step = min(left, (stop - start) // 2)
        if step < LEAST_STEP:
            break
        near, far = _match_frames(movement, start, stop, step)
        jumps.append((far, near) if back else (near, far))
        left -= far - near
    return jumps


def _match_frames(movement: np.ndarray, start: int, stop: int, step: int) -> Jump:
    """Return two frames of a bout, about ``step`` apart, whose poses and movements are most alike."""
    speed = np.gradient(movement[start:stop], axis=0) * FADE_FRAMES
    state = np.concatenate([movement[start:stop], speed], axis=1).reshape(stop - start, -1)
    best, found = np.inf, (start, start + step)
    for own in range(max(LEAST_STEP - 1, round(0.8 * step)), step + 1):
        distance = np.square(state[own:] - state[:-own]).mean(axis=1)
        place = int(distance.argmin())
        if distance[place] < best:
            best, found = float(distance[place]), (start + place, start + place + own)
    return found


def _follow(pose: np.ndarray, jumps: Sequence[Jump]) -> tuple[np.ndarray, np.ndarray]:
    """Return the frames (T') that are shown, and their poses, cross-faded behind every jump."""
    pieces, place, seams = [], 0, []
    for leave, enter in jumps:
        pieces.append(np.arange(place, leave + 1))
        seams.append((sum(map(len, pieces)), leave + 1))
        place = enter + 1
    frames = np.concatenate([*pieces, np.arange(place, len(pose))])
    shown = pose[frames]
    for at, old in seams:
        count = min(FADE_FRAMES, len(frames) - at, len(pose) - old)
        share = (np.arange(1, count + 1) / (count + 1)).astype(np.float32)[:, None, None]
        shown[at : at + count] = share * shown[at : at + count] + (1 - share) * pose[old : old + count]
    return frames, shown
