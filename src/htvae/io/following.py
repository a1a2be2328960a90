"""Following individuals from frame to frame by the nearest pose.

- Each live track predicts its pose, see `LiveTracks`.
- In each frame, predicted and found poses are assigned to each other so that the sum of distances is least.
- The distance is the mean distance of points seen in both, in body sizes. Distances beyond a gate are no
  match, and what matches no track begins a new one.
- Tracks survive gaps, longer ones where someone is hidden by another.
- The order of individuals within a frame has no influence.

Axes: N live tracks, M detections of a frame, n detections of a file, L landmarks, D coordinates.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from htvae.io.live_tracks import Bools, Floats, Ints, LiveTracks, find_centres

GATE = 0.7
"""Largest distance (body sizes) to the predicted pose in the next frame."""
GATE_GROWTH = 0.03
"""Growth of the gate (body sizes) for each frame of a gap."""
LARGEST_GATE = 1.0
"""Largest gate (body sizes)."""
SPREAD, SPREAD_GROWTH, LARGEST_SPREAD = 0.05, 0.025, 0.2
"""Usual distance (body sizes) to the predicted pose in the next frame, its growth for each frame of a gap,
and the largest one. Distances count in spreads, so that a body seen just now keeps its track when a lost one
returns."""
SHORT, SHORT_COST = 3, 2.0
"""Number of detections below which a track may be a false one, and its handicap (spreads)."""
MOST_DETECTIONS = 500
"""Largest number of individuals in a frame that can be followed."""
_BLOCK = 1 << 21
"""Numbers in one block of distances, which bounds the memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What is found in all frames, sorted by frame."""

    frames: Ints
    """(n,), ascending."""
    points: Floats
    """(n, L, D); unseen points may hold any number."""
    seen: Bools
    """(n, L), at least one point in each row."""
    pieces: Ints
    """(n,) number of the piece of track that a row belongs to, -1 for single detections."""


def follow(found: Found, max_gap: int) -> Ints:
    """Return the number (n,) of the track of each detection, counted in order of first appearance.

    Args:
        found: the detections. Pieces of tracks are kept together.
        max_gap: longest gap (frames) that a track survives.
    """
    tracks = LiveTracks(found.points.shape[1:], max_gap)
    sizes = body_sizes(found.points, found.seen)
    last_frame = dict(zip(found.pieces.tolist(), found.frames.tolist(), strict=True))
    has_pieces = bool((found.pieces >= 0).any())
    owner: dict[int, int] = {}
    labels = np.empty(len(found.frames), np.int64)
    bounds = np.flatnonzero(np.diff(found.frames, prepend=-1, append=found.frames[-1:] + 1)).tolist()
    for start, stop in pairwise(bounds):
        rows = slice(start, stop)
        points, seen = found.points[rows], found.seen[rows]
        pieces = found.pieces[rows].tolist() if has_pieces else [-1] * len(points)
        known = np.array([owner.get(piece, -1) for piece in pieces], np.int64)
        tracks.advance(int(found.frames[start]))
        index = _match(tracks, points, seen, sizes[rows], known)
        labels[rows] = tracks.take(index, points, seen, sizes[rows])
        if has_pieces:
            own = {
                label: piece for label, piece in zip(labels[rows].tolist(), pieces, strict=True) if piece >= 0
            }
            owner |= {piece: label for label, piece in own.items()}
            tracks.keep_busy({label: last_frame[piece] for label, piece in own.items()})
    return labels


def body_sizes(points: Floats, seen: Bools) -> Floats:
    """Return the size (n,) of each body: the diagonal of the box around its points.

    A body of which little is seen has at least half the usual size, so that a single point can be followed.
    """
    low = np.where(seen[..., None], points, np.inf).min(axis=1)
    high = np.where(seen[..., None], points, -np.inf).max(axis=1)
    sizes = np.linalg.norm(high - low, axis=-1)
    usual = float(np.median(sizes)) or float(sizes.max()) or 1.0
    return np.maximum(sizes, 0.5 * usual)


def _match(tracks: LiveTracks, points: Floats, seen: Bools, sizes: Floats, known: Ints) -> Ints:
    """Return the index (M,) among the live tracks for each detection, -1 for those that match none.

    Args:
        tracks: the live tracks, advanced to this frame.
        points: (M, L, D).
        seen: (M, L).
        sizes: (M,) body sizes.
        known: (M,) labels of the tracks whose pieces go on, -1 for other detections.
    """
    index = tracks.find(known)
    free = np.flatnonzero(tracks.busy < tracks.frame)
    rows = np.flatnonzero(index < 0)
    if not len(free) or not len(rows):
        return index
    gap = (tracks.frame - tracks.last[free])[:, None]
    distance = _distances(
        (tracks.place[free], tracks.known[free], tracks.size[free]), (points[rows], seen[rows], sizes[rows])
    )
    allowed = distance < np.minimum(GATE + GATE_GROWTH * (gap - 1), LARGEST_GATE)
    spread = np.minimum(SPREAD + SPREAD_GROWTH * (gap - 1), LARGEST_SPREAD)
    handicap = 2 * np.log(spread / SPREAD) + SHORT_COST * (tracks.count[free, None] < SHORT)
    cost = np.where(allowed, distance / spread + handicap, GATE / SPREAD)
    own, detections = _assign(cost)
    fits = allowed[own, detections]
    index[rows[detections[fits]]] = free[own[fits]]
    return index


def _assign(cost: Floats) -> tuple[Ints, Ints]:
    """Return the rows and columns of the assignment with the least sum.

    Where the least costs of the rows lie in different columns, they are the answer; that saves time.
    """
    if len(cost) > cost.shape[1]:
        columns, rows = _assign(cost.T)
        return rows, columns
    columns = cost.argmin(axis=1)
    if len(set(columns.tolist())) == len(columns):
        return np.arange(len(columns)), columns
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(cost)


def _distances(tracks: tuple[Floats, Bools, Floats], found: tuple[Floats, Bools, Floats]) -> Floats:
    """Return the distances (N, M) in body sizes, from (places, seen, sizes) of tracks and of detections.

    Poses without a common point have the distance of their centres.
    """
    (places, known, track_sizes), (points, seen, sizes) = tracks, found
    block = max(1, _BLOCK // max(1, points.size))
    if len(places) > block:
        starts = range(0, len(places), block)
        return np.concatenate(
            [
                _distances((places[s : s + block], known[s : s + block], track_sizes[s : s + block]), found)
                for s in starts
            ]
        )
    scale = np.maximum(track_sizes[:, None], sizes)
    both = known[:, None] & seen
    gaps = places[:, None] - points
    apart = np.sqrt(np.einsum("nmld,nmld->nml", gaps, gaps))
    apart = np.where(both, np.minimum(apart, LARGEST_GATE * scale[..., None]), 0)
    num_both = both.sum(axis=-1)
    distance = apart.sum(axis=-1) / np.maximum(num_both, 1)
    if not num_both.all():
        between = find_centres(places, known)[:, None] - find_centres(points, seen)
        distance = np.where(num_both > 0, distance, np.linalg.norm(between, axis=-1))
    return np.asarray(distance / scale)
