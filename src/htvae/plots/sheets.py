"""Sheets: panels with figures put together, as a strip of frames or as the pictures of a movie.

Poses in three dimensions are seen from two sides, front above side.

Axes: T frames, L points, D coordinates, C frames of a strip.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from htvae.plots.drawing import BACKGROUND, GHOST, INK, MUTED, Figure, Panel, View, write_text
from htvae.plots.framing import Side, find_sides, frame_figure

Array = np.ndarray

_STRIP_WIDTH = 1800
_MAX_FIGURE_HEIGHT = 260
_MOVIE_PANEL, _MOVIE_PANEL_OF_TWO_SIDES = 400, 320
_MOVIE_RATE = 20.0  # pictures per second that viewers show reliably
_MARGIN, _HEADER, _FOOTER = 16, 46, 24


class MoviePanel(NamedTuple):
    """One column of a movie."""

    pose: Array
    """(T, L, D), NaN where missing."""
    center: Array
    """(T, D) middle of the view."""
    caption: str


@dataclass(frozen=True)
class _Row:
    """One row of a strip."""

    caption: str
    side: Side
    pose: Array
    """(C, L, D)."""
    shadow: Array | None
    """(C, L, D), drawn behind the pose."""


def draw_strip(
    figure: Figure, poses: Sequence[tuple[str, Array]], num_poses: int, title: str, fps: float | None
) -> Image.Image:
    """Return frames side by side.

    Args:
        figure: edges and sides.
        poses: captions and poses (T, L, D), one below the other. Those after the first have the first as
            their shadow.
        num_poses: frames drawn, evenly spaced.
        title: heading.
        fps: frame rate (1/s). Captions are seconds. None: captions are frame numbers.
    """
    num_frames = len(poses[0][1])
    chosen = np.linspace(0, num_frames - 1, min(num_poses, num_frames)).round().astype(int)
    rows = _arrange_rows([(caption, pose[chosen]) for caption, pose in poses])
    center, half = frame_figure(rows[0].pose, rows[-1].pose)
    view = _fit_view(half, len(chosen))
    header = (_HEADER if title else 10) + (0 if len(rows) == 1 else 18)
    size = (2 * _MARGIN + len(chosen) * view.width, header + (view.height + _FOOTER) * len(rows))
    picture = Image.new("RGB", (max(size[0], 320), size[1]), BACKGROUND)
    write_text(picture, (_MARGIN, 12), title, 20)
    for number, row in enumerate(rows):
        top = header + number * (view.height + _FOOTER)
        write_text(picture, (_MARGIN, top - 4), row.caption, 14, MUTED, anchor="ld")
        for column in range(len(chosen)):
            behind = None if row.shadow is None else row.shadow[column]
            panel = _draw_panel(figure, row.side, row.pose[column], center[column], view, behind)
            picture.paste(panel, (_MARGIN + column * view.width, top))
    for column, t in enumerate(chosen):
        place = (_MARGIN + (column + 0.5) * view.width, size[1] - _FOOTER + 5)
        write_text(picture, place, _count(int(t), fps), 12, MUTED, anchor="ma")
    return picture


def movie_step(fps: float | None) -> int:
    """Return the frames from one picture of a movie to the next, so that viewers keep up."""
    return max(1, math.ceil((fps or 30.0) / _MOVIE_RATE))


def draw_movie(
    figure: Figure, panels: Sequence[MoviePanel], half: float, title: str, fps: float | None
) -> Iterator[Image.Image]:
    """Yield the pictures of a movie, every `movie_step` frames; panels stand side by side.

    Args:
        figure: edges and sides.
        panels: the panels, all of one length.
        half: half the size that each panel shows, in units of the poses.
        title: heading.
        fps: frame rate (1/s). None: the movie counts frames.
    """
    sides = find_sides(panels[0].pose.shape[-1])
    size = _MOVIE_PANEL if len(sides) == 1 else _MOVIE_PANEL_OF_TWO_SIDES
    view = View(0.46 * size / max(half, 1e-9), size, size)
    for t in range(0, len(panels[0].pose), movie_step(fps)):
        yield _draw_picture(figure, sides, panels, t, view, title, _count(t, fps))


def _arrange_rows(poses: Sequence[tuple[str, Array]]) -> list[_Row]:
    """Return the rows of a strip: for each side, one row per pose."""
    first = poses[0][1]
    return [
        _Row(", ".join(filter(None, (caption, side.name))), side, pose, first if number else None)
        for side in find_sides(first.shape[-1])
        for number, (caption, pose) in enumerate(poses)
    ]


def _fit_view(half: Array, count: int) -> View:
    """Return the view of one panel of a strip of ``count`` panels, which holds ``half`` (D,) either way."""
    room = (_STRIP_WIDTH - 2 * _MARGIN) / count
    width, height = 2.25 * np.delete(half, 1).max(), 2.25 * half[1]
    scale = min(room / width, _MAX_FIGURE_HEIGHT / height)
    return View(scale, round(min(room, max(width * scale, 40))), round(height * scale))


def _draw_picture(
    figure: Figure,
    sides: Sequence[Side],
    panels: Sequence[MoviePanel],
    t: int,
    view: View,
    title: str,
    counter: str,
) -> Image.Image:
    """Draw frame ``t`` of all panels, each seen from all sides."""
    width = len(panels) * (view.width + _MARGIN) + _MARGIN
    height = len(sides) * (view.height + _MARGIN) - _MARGIN
    size = (width, height + _HEADER + _FOOTER + (28 if title else 0))
    picture = Image.new("RGB", size, BACKGROUND)
    write_text(picture, (_MARGIN, 12), title, 18)
    for column, (pose, center, caption) in enumerate(panels):
        left, top = _MARGIN + column * (view.width + _MARGIN), size[1] - height - _FOOTER
        write_text(picture, (left, top - 8), caption, 15, INK, anchor="ld")
        for side in sides:
            picture.paste(_draw_panel(figure, side, pose[t], center[t], view), (left, top))
            write_text(picture, (left + 8, top + 6), side.name, 13, MUTED)
            top += view.height + _MARGIN
    write_text(picture, (size[0] - _MARGIN, size[1] - 5), counter, 13, MUTED, anchor="rd")
    return picture


def _draw_panel(
    figure: Figure, side: Side, pose: Array, center: Array, view: View, behind: Array | None = None
) -> Image.Image:
    """Draw one pose (L, D) seen from a side."""
    panel, thickness = Panel(view), max(1.2, 0.015 * max(view.width, view.height))
    middle = side.see(center)
    if behind is not None:
        panel.figure(figure, side.see(behind), middle, thickness, GHOST)
    panel.figure(figure, side.see(pose), middle, thickness, depth=side.depth(pose))
    return panel.reduce()


def _count(frame: int, fps: float | None) -> str:
    return f"frame {frame}" if fps is None else f"{frame / fps:.1f} s"
