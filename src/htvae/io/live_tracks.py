"""The tracks of individuals that are being followed: where each is expected in the next frame.

- A seen body moves on with its velocity. In a gap the velocity fades.
- A body that vanishes beside a seen one is hidden by it: it stays near that one until it is seen again, since
  farther away it would be seen. Hidden bodies are waited for longer.

Axes: N live tracks, M detections of a frame, L landmarks, D coordinates.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

STEADINESS = 0.95
"""Share of the velocity that is left after each frame of a gap."""
LEAST_GAIN = 0.25
"""Least weight of a new frame in the velocity; the first frames of a track weigh more."""
SIZE_GAIN = 0.1
"""Weight of a new frame in a track's body size."""
HIDING_DISTANCE = 0.5
"""Largest distance (body sizes) between the centres of a body and the one that hides it."""
HIDING_TIME = 5
"""Time for which a hidden body is waited for, in multiples of the longest gap."""
MOST_TRACKS = 1000
"""Largest number of live tracks; beyond it, those not seen for longest end."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class LiveTracks:
    """The live tracks, in order of first appearance."""

    def __init__(self, shape: tuple[int, ...], max_gap: int) -> None:
        self.max_gap = max_gap
        self._moves = np.concatenate([[0.0], np.cumsum(STEADINESS ** np.arange(HIDING_TIME * max_gap + 1))])
        """Frames of movement at full velocity after each number of frames of a gap."""
        self.frame = -1
        """Frame to which the tracks are advanced."""
        self.num_labels = 0
        self.labels = np.empty(0, np.int64)
        """(N,) number of each track, ascending."""
        self.last = np.empty(0, np.int64)
        """(N,) frame in which each was seen last."""
        self.busy = np.empty(0, np.int64)
        """(N,) frame up to which a piece of track keeps it."""
        self.count = np.empty(0, np.int64)
        """(N,) number of frames in which it was seen."""
        self.size = np.empty(0)
        """(N,) body size."""
        self.place = np.empty((0, *shape))
        """(N, L, D) where it is, or is expected, in `frame`."""
        self.origin = np.empty((0, *shape))
        """(N, L, D) where it was in its last frame."""
        self.known = np.empty((0, shape[0]), bool)
        """(N, L) points that were seen at least once."""
        self.velocity = np.empty((0, shape[1]))
        """(N, D) movement of the body in a frame, while it is seen."""
        self.hider = np.empty(0, np.int64)
        """(N,) label of the track that hides it, -1 where none does."""

    def advance(self, frame: int) -> None:
        """Move the tracks on to a frame, and end those that were lost for too long."""
        steps = frame - self.frame
        self.frame = frame
        gap = frame - self.last
        longest = np.where(self.hider >= 0, HIDING_TIME * self.max_gap, self.max_gap)
        alive = (gap <= longest) | (frame <= self.busy)
        if np.count_nonzero(alive) > MOST_TRACKS:
            alive &= self.last >= np.sort(self.last)[-MOST_TRACKS]
        if not alive.all():
            self._select(alive)
            gap = gap[alive]
        if not len(gap):
            return
        reach = np.minimum(gap, len(self._moves) - 1)
        moves = self._moves[reach] - self._moves[np.maximum(reach - steps, 0)]
        self.place += (self.velocity * moves[:, None])[:, None]
        self._keep_hidden()

    def take(self, index: Ints, points: Floats, seen: Bools, sizes: Floats) -> Ints:
        """Take up the detections of the frame; return the labels (M,) of their tracks.

        Args:
            index: (M,) among the live tracks, -1 for detections that begin a track.
            points: (M, L, D).
            seen: (M, L).
            sizes: (M,) body sizes.
        """
        labels = np.empty(len(points), np.int64)
        old, new = np.flatnonzero(index >= 0), np.flatnonzero(index < 0)
        if len(old):
            labels[old] = self.labels[index[old]]
            self._update(index[old], points[old], seen[old], sizes[old])
        if len(new):
            labels[new] = self._begin(points[new], seen[new], sizes[new])
        self._find_hidden()
        return labels

    def keep_busy(self, last_frames: Mapping[int, int]) -> None:
        """Keep tracks, by label, for their pieces up to the last frames of these."""
        for label, last_frame in last_frames.items():
            self.busy[np.searchsorted(self.labels, label)] = last_frame

    def find(self, labels: Ints) -> Ints:
        """Return the index of each label among the live tracks, -1 for those that are not there."""
        if not len(self.labels):
            return np.full(len(labels), -1)
        index = np.minimum(np.searchsorted(self.labels, labels), len(self.labels) - 1)
        return np.where(self.labels[index] == labels, index, -1)

    def _select(self, kept: Bools) -> None:
        for name, values in vars(self).items():
            if isinstance(values, np.ndarray) and name != "_moves":
                setattr(self, name, values[kept])

    def _update(self, index: Ints, points: Floats, seen: Bools, sizes: Floats) -> None:
        both = (self.known[index] & seen)[..., None]
        num_both = both.sum(axis=1)
        move = np.where(both, points - self.origin[index], 0).sum(axis=1) / np.maximum(num_both, 1)
        gap = (self.frame - self.last[index])[:, None]
        gain = np.maximum(1 / self.count[index], LEAST_GAIN)[:, None]
        self.velocity[index] += np.where(num_both > 0, gain * (move / gap - self.velocity[index]), 0)
        self.place[index] = np.where(seen[..., None], points, self.place[index])
        self.origin[index] = self.place[index]
        self.known[index] |= seen
        self.size[index] += SIZE_GAIN * (sizes - self.size[index])
        self.last[index] = self.frame
        self.count[index] += 1
        self.hider[index] = -1

    def _begin(self, points: Floats, seen: Bools, sizes: Floats) -> Ints:
        num_new, _, num_coordinates = points.shape
        first = {
            "labels": self.num_labels + np.arange(num_new),
            "last": np.full(num_new, self.frame),
            "busy": np.full(num_new, -1),
            "count": np.ones(num_new, np.int64),
            "size": sizes,
            "place": points,
            "origin": points,
            "known": seen,
            "velocity": np.zeros((num_new, num_coordinates)),
            "hider": np.full(num_new, -1),
        }
        for name, values in first.items():
            setattr(self, name, np.concatenate([getattr(self, name), values]))
        self.num_labels += num_new
        return first["labels"]

    def _find_hidden(self) -> None:
        """Note which of the lost bodies vanished beside one that is seen."""
        lost = np.flatnonzero((self.last < self.frame) & (self.hider < 0))
        if not len(lost):
            return
        seen = np.flatnonzero(self.last == self.frame)
        between = self._centres(lost)[:, None] - self._centres(seen)
        apart = np.linalg.norm(between, axis=-1) / np.maximum(self.size[lost, None], self.size[seen])
        nearest = apart.argmin(axis=1)
        is_near = apart[np.arange(len(lost)), nearest] < HIDING_DISTANCE
        self.hider[lost[is_near]] = self.labels[seen[nearest[is_near]]]

    def _keep_hidden(self) -> None:
        """Keep hidden bodies near the ones that hide them."""
        hidden = np.flatnonzero(self.hider >= 0)
        if not len(hidden):
            return
        hider = self.find(self.hider[hidden])
        self.hider[hidden[hider < 0]] = -1
        hidden, hider = hidden[hider >= 0], hider[hider >= 0]
        between = self._centres(hidden) - self._centres(hider)
        apart = np.linalg.norm(between, axis=-1, keepdims=True)
        most = HIDING_DISTANCE * np.maximum(self.size[hidden], self.size[hider])[:, None]
        back = between * (1 - np.minimum(1, most / np.maximum(apart, 1e-300)))
        self.place[hidden] -= back[:, None]

    def _centres(self, index: Ints) -> Floats:
        return find_centres(self.place[index], self.known[index])


def find_centres(points: npt.NDArray[np.floating], seen: Bools) -> Floats:
    """Return the mean place (n, D) of the seen points (n, L, D); 0 where none is seen."""
    total = np.where(seen[..., None], points, 0).sum(axis=1)
    return np.asarray(total / np.maximum(seen.sum(axis=1), 1)[:, None])
