"""From the rows of a table, wide or long, to individuals: what the coordinates mean, and who is who."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.gaps import check_span, spread
from htvae.io.tracks import IMAGE, UPRIGHT, Detections, Track
from htvae.poses.landmarks import canonical_name
from htvae.poses.layouts import MEDIAPIPE_33
from htvae.poses.sequence import Coordinates
from htvae.utils.text import shorten

LARGEST_SHARE = 2.0
"""Shares of an image are seldom beyond this, where points are guessed outside the image."""
LEAST_NEGATIVE = 0.2
"""Share of negative coordinates from which on they are no shares of an image."""
_MIDDLE = 0.05
"""Largest distance (m) of the hips' middle from 0 in world landmarks, on both axes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Poses in the rows of a table."""

    landmarks: tuple[str, ...]
    frames: npt.NDArray[np.int64]
    """(n,) frame numbers."""
    points: npt.NDArray[np.float64]
    """(n, L, D)."""
    confidence: npt.NDArray[np.float64] | None
    """(n, L). None: there is none."""

    def select(self, rows: Sequence[int]) -> "Rows":
        """Return some of the rows."""
        return Rows(
            landmarks=self.landmarks,
            frames=self.frames[rows],
            points=self.points[rows],
            confidence=None if self.confidence is None else self.confidence[rows],
        )


def understand(
    points: npt.NDArray[np.float64], names: Sequence[str], config: ReadingConfig
) -> tuple[npt.NDArray[np.float64], Coordinates, bool]:
    """Return points (n, L, D), their coordinates, and whether they are shares of an image.

    MediaPipe's world landmarks (metres, y down) have the middle of the hips at 0. Of shares and of
    MediaPipe's pixels two coordinates are kept, since the third has no length; three if ``--dimensions 3``
    asks for them.
    """
    is_deep = points.shape[-1] == 3
    if is_deep and are_world_landmarks(points, names):
        return points, IMAGE, False
    are_shares = look_like_shares(points[..., :2])
    known = {canonical_name(name) for name in MEDIAPIPE_33}
    is_mediapipe = {canonical_name(name) for name in names} <= known
    if is_deep and not are_shares and not is_mediapipe:
        return points, UPRIGHT, False
    return points if config.dimensions == 3 else points[..., :2], IMAGE, are_shares


def are_world_landmarks(points: npt.NDArray[np.float64], names: Sequence[str]) -> bool:
    """Return whether the middle of the hips in points (n, L, D) lies at 0, wherever it is seen."""
    hips = [index for index, name in enumerate(names) if canonical_name(name) in ("LEFT_HIP", "RIGHT_HIP")]
    if len(hips) != 2:
        return False
    distance = np.abs(points[:, hips, :2].mean(axis=1)).max(axis=-1)
    seen = distance[~np.isnan(distance)]
    return len(seen) > 0 and float((seen < _MIDDLE).mean()) > 0.9


def look_like_shares(points: npt.NDArray[np.float64]) -> bool:
    """Return whether coordinates are shares of an image: seldom beyond 0..1, and seldom negative."""
    seen = points[~np.isnan(points)]
    if not seen.size:
        return False
    usual = float(np.quantile(np.abs(seen), 0.98))
    return usual <= LARGEST_SHARE and float((seen < 0).mean()) < LEAST_NEGATIVE


def build_individuals(
    found: Rows, videos: Sequence[str] | None, people: Sequence[str] | None, shown: str
) -> list[Track] | Detections:
    """Return one track where each frame has one row, tracks by name, or detections by number.

    Args:
        found: the rows.
        videos: names (n,) of videos, which are takes of the file. None: there are none.
        people: names or numbers (n,) of individuals. None: there are none.
        shown: name of the file in messages.

    Raises:
        DataError: an individual has two rows in one frame.
    """
    num_rows = len(found.frames)
    takes = [video_stem(video) for video in videos or ()] if _tells(videos, num_rows) else None
    names = [name.strip() or "unnamed" for name in people or ()] if _tells(people, num_rows) else None
    if takes is None:
        ids = None if names is None else _whole_numbers(names)
        is_repeated = len(np.unique(found.frames)) < num_rows
        if ids is not None or (names is None and is_repeated):
            return _detect(found, ids)
    rows_of: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(takes or [""] * num_rows, names or [""] * num_rows, strict=True)):
        rows_of.setdefault(key, []).append(row)
    return [_track(take, name, found.select(rows), shown) for (take, name), rows in rows_of.items()]


def _tells(cells: Sequence[str] | None, num_rows: int) -> bool:
    """Return whether a column tells rows apart: not if it is constant, or numbers the rows."""
    return cells is not None and 1 < len(set(cells)) < max(num_rows, 3)


def _detect(found: Rows, ids: npt.NDArray[np.int64] | None) -> Detections:
    return Detections(
        landmarks=found.landmarks,
        frames=found.frames,
        points=found.points,
        confidence=found.confidence,
        ids=ids,
    )


def _track(take: str, name: str, found: Rows, shown: str) -> Track:
    individual = "/".join(filter(None, (take, name)))
    if len(np.unique(found.frames)) < len(found.frames):
        numbers, counts = np.unique(found.frames, return_counts=True)
        raise DataError(
            [
                f"{shown}: {shorten(individual)} must have one row in a frame, but frame "
                f"{numbers[counts.argmax()]} has {counts.max()}. Add a column track_id."
            ]
        )
    first = int(found.frames.min())
    place = found.frames - first
    check_span(int(place.max()) + 1, found.points[0].size, shown)
    return Track(
        landmarks=found.landmarks,
        points=spread(found.points, place),
        confidence=None if found.confidence is None else spread(found.confidence, place),
        individual=individual,
        first_frame=first,
        take=take,
    )


def _whole_numbers(cells: Sequence[str]) -> npt.NDArray[np.int64] | None:
    """Return identities, -1 for empty cells; None where one is a text."""
    found = [cell.strip().removesuffix(".0") for cell in cells]
    if all(
        cell in ("", "nan", "-1") or (cell.isascii() and cell.isdecimal() and len(cell) < 16)
        for cell in found
    ):
        return np.array([int(cell) if cell.isdecimal() else -1 for cell in found], np.int64)
    return None


def video_stem(cell: str) -> str:
    """Return a video's name without folder and suffix."""
    name = cell.strip().replace("\\", "/").rstrip("/").rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and stem and not suffix.isdecimal() else name or "unnamed"
