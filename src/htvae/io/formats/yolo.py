"""Ultralytics YOLO pose labels: a folder with a text file for each frame, ``video_12.txt``.

- A line for each individual: class, box (centre x, centre y, width, height), then kx ky or kx ky confidence
  for each point, then the box's confidence (``save_conf``) and the track's id (``track``), where they were
  asked for. All coordinates are shares of the image, y down.
- 0 0 means lost. A frame without anybody has no file. File names have no zeros before their numbers.
- Lines are appended: a second run of the tracker lists everybody again.
- The number of points is not stored. Layouts that fit the numbers are tried: points lie in their box; 17
  points of three numbers (COCO) go before others.
- In training labels the third number is 0 (lost), 1 or 2.

Source: ultralytics/ultralytics, ``ultralytics/engine/results.py`` (``save_txt``) and
``docs/en/datasets/pose/index.md``.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError, decode_text
from htvae.io.formats.base import Format
from htvae.io.formats.frames import FrameNumbers
from htvae.io.formats.people import check_is_sequence, drop_zeros, frame_numbers, number_repeated
from htvae.io.opening import HEAD_BYTES, Source
from htvae.io.tracks import IMAGE, Content, Detections
from htvae.poses import layouts
from htvae.utils.text import printable

BOX = 5
"""Numbers before the points: class and box."""
LEAST_POINTS, MOST_NUMBERS = 3, 10_000
"""Fewest points of a pose, and most numbers of a line."""
_MARGIN = 0.15
"""Share of its box by which a point may lie outside it."""

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The meaning of a line's numbers after the box."""

    num_points: int
    width: int
    """Numbers of a point, 2 or 3."""
    num_extra: int
    """Numbers after the points: the box's confidence, the track's id."""


def _recognise(source: Source) -> str:
    lines = [line.split() for line in source.head_lines if line.strip()]
    rows = _parse(lines if len(source.head) < HEAD_BYTES else lines[:-1])
    if rows is None or not rows:
        return ""
    longest = [row for row in rows if len(row) == max(map(len, rows))]
    values = np.array(longest)
    boxes = values[:, 1:BOX]
    is_box = ((boxes >= 0) & (boxes <= 1.001)).all() and (values[:, 0] == np.floor(values[:, 0])).all()
    if not is_box or min(map(len, rows)) < len(longest[0]) - 1:
        return ""
    layout = find_layout(values, has_ids=False)
    return f"lines of a class, a box and {layout.num_points} points" if layout else ""


def _parse(lines: list[list[str]]) -> list[list[float]] | None:
    """Return the numbers of lines; None where a line is no row of a class, a box and points."""
    try:
        rows = [[float(cell) for cell in line] for line in lines[:1000]]
    except ValueError:
        return None
    return rows if all(BOX + 2 * LEAST_POINTS <= len(row) <= MOST_NUMBERS for row in rows) else None


def find_layout(rows: _Floats, has_ids: bool) -> Layout | None:
    """Return the layout that fits rows (n, numbers) best; None if none fits.

    Args:
        rows: lines of one length.
        has_ids: whether the last number is known to be an id.
    """
    best, best_score = None, -1.0
    for layout in _candidates(rows.shape[1] - BOX):
        if has_ids and not layout.num_extra:
            continue
        score = _score(rows, layout)
        if score >= 0 and score > best_score + 0.02:
            best, best_score = layout, score
    is_usual = best is not None and best.num_points == len(layouts.COCO_17)
    return best if best_score > 0.5 or is_usual else None


def _candidates(count: int) -> list[Layout]:
    """Return the possible layouts of ``count`` numbers, the most likely first."""
    found = [
        Layout(num_points=(count - extra) // width, width=width, num_extra=extra)
        for width in (3, 2)
        for extra in (0, 1, 2)
        if (count - extra) % width == 0 and (count - extra) // width >= LEAST_POINTS
    ]
    return sorted(found, key=lambda layout: layout.num_points != len(layouts.COCO_17))


def _score(rows: _Floats, layout: Layout) -> float:
    """Return the share of points that lie in their box; -1 where confidences or ids are none."""
    points, third, extra = _split(rows, layout)
    if third is not None and not (((third >= 0) & (third <= 1.001)).all() or np.isin(third, (0, 1, 2)).all()):
        return -1.0
    if layout.num_extra == 2 and not (_are_shares(extra[:, 0]) and _are_ids(extra[:, 1])):
        return -1.0
    if layout.num_extra == 1 and not (_are_shares(extra[:, 0]) or _are_ids(extra[:, 0])):
        return -1.0
    centre, size = rows[:, None, 1:3], rows[:, None, 3:BOX]
    inside = np.asarray((np.abs(points - centre) <= (0.5 + _MARGIN) * size + 0.01).all(axis=-1))
    seen = np.asarray((points != 0).any(axis=-1))
    return float(inside[seen].mean()) if seen.any() else 0.0


def _split(rows: _Floats, layout: Layout) -> tuple[_Floats, _Floats | None, _Floats]:
    """Return points (n, L, 2), their third numbers (n, L), and the numbers after them."""
    stop = BOX + layout.num_points * layout.width
    values = rows[:, BOX:stop].reshape(len(rows), layout.num_points, layout.width)
    return values[..., :2], values[..., 2] if layout.width == 3 else None, rows[:, stop:]


def _are_shares(values: _Floats) -> bool:
    return bool(((values >= 0) & (values <= 1.001)).all())


def _are_ids(values: _Floats) -> bool:
    return bool(((values >= -1) & (values == np.floor(values)) & (values < 2**53)).all())


def _read(source: Source, config: ReadingConfig) -> Content:
    shown = source.shown
    files = source.frame_files or (source.path,)
    numbers = frame_numbers([path.name for path in files], shown)
    frames: list[int] = []
    lines: list[list[float]] = []
    for number, path in zip(numbers, files, strict=True):
        found = _read_lines(path, f"{shown}: {path.name}" if source.frame_files else shown)
        lines += found
        frames += [number] * len(found)
    if not lines:
        raise DataError([f"{shown}: must show somebody, but no file has a line. Remove the folder."])
    rows, has_ids = _join(lines, shown)
    layout = find_layout(rows, has_ids)
    if layout is None:
        raise DataError(
            [
                f"{shown}: lines must be a class, a box and its points, but {rows.shape[1]} numbers with "
                "points in their boxes do not fit any layout. Are these labels of another task?"
            ]
        )
    check_is_sequence(np.array(frames), shown)
    return _build(number_repeated(np.array(frames), config, shown), rows, layout, has_ids)


def _read_lines(path: Path, shown: str) -> list[list[float]]:
    text = decode_text(Source(path, shown).read_bytes(), printable(shown))
    lines = [line.split() for line in text.splitlines() if line.strip()]
    found: list[list[float]] = []
    for start in range(0, len(lines), 1000):
        rows = _parse(lines[start : start + 1000])
        if rows is None:
            raise DataError(
                [f"{printable(shown)}: lines must be numbers of a class, a box and points, but one is not."]
            )
        found += rows
    return found


def _join(lines: list[list[float]], shown: str) -> tuple[_Floats, bool]:
    """Return rows of one length, and whether some have an id that others lack (these get -1)."""
    longest = max(map(len, lines))
    if min(map(len, lines)) < longest - 1:
        raise DataError(
            [
                f"{shown}: lines must have as many numbers, but have {min(map(len, lines))} to {longest}. Do "
                "labels of several models lie in one folder?"
            ]
        )
    rows = np.array([line if len(line) == longest else [*line, -1.0] for line in lines])
    rows[~np.isfinite(rows)] = 0
    return rows, any(len(line) < longest for line in lines)


def _build(numbered: FrameNumbers, rows: _Floats, layout: Layout, has_ids: bool) -> Content:
    points, third, extra = _split(rows, layout)
    points = drop_zeros(points)
    confidence = third
    if third is not None and np.isin(third, (0, 1, 2)).all():
        points = np.where(third[..., None] == 0, np.nan, points)
        confidence = None
    ids = None
    if layout.num_extra == 2 or (layout.num_extra and (has_ids or extra.max() > 1)):
        ids = extra[:, -1].astype(np.int64)
    found = Detections(
        landmarks=layouts.name_points(layout.num_points, layouts.COCO_17),
        frames=numbered.frames,
        points=points,
        confidence=confidence,
        ids=ids,
    )
    return Content(individuals=found, fps=numbered.fps, coordinates=IMAGE, are_shares=True)


FORMAT = Format(
    name="yolo",
    title="Ultralytics YOLO pose labels",
    suffixes=(".txt",),
    recognise=_recognise,
    read=_read,
    is_per_frame=True,
)
