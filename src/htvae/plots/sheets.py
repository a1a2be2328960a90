"""Sheets: panels with figures put together, as a strip of frames or as the pictures of a movie.

Axes: T frames, L points, D coordinates, of which the first two are drawn, y up.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from htvae.plots.drawing import BACKGROUND, GHOST, INK, MUTED, Figure, Panel, View, write_text
from htvae.plots.framing import frame_figure

Array = np.ndarray

_STRIP_WIDTH = 1800
_MAX_FIGURE_HEIGHT = 260
_MOVIE_PANEL = 400
_MOVIE_RATE = 20.0  # pictures per second that viewers show reliably
_MARGIN, _HEADER, _FOOTER = 16, 46, 24


class MoviePanel(NamedTuple):
    """One panel of a movie."""

    pose: Array
    """(T, L, D), NaN where missing."""
    center: Array
    """(T, 2) middle of the view."""
    caption: str


def draw_strip(
    figure: Figure, rows: Sequence[tuple[str, Array]], num_poses: int, title: str, fps: float | None
) -> Image.Image:
    """Return frames side by side.

    Args:
        figure: edges and sides.
        rows: captions and poses (T, L, D), one below the other. The rows after the first have the first as
            their shadow.
        num_poses: frames drawn, evenly spaced.
        title: heading.
        fps: frame rate (1/s). Captions are seconds. None: captions are frame numbers.
    """
    num_frames = len(rows[0][1])
    chosen = np.linspace(0, num_frames - 1, min(num_poses, num_frames)).round().astype(int)
    poses = [pose[chosen, :, :2] for _, pose in rows]
    center, half = frame_figure(poses[0], poses[-1])
    room = (_STRIP_WIDTH - 2 * _MARGIN) / len(chosen)
    scale = min(room / (2.25 * half[0]), _MAX_FIGURE_HEIGHT / (2.25 * half[1]))
    view = View(scale, round(min(room, max(2.25 * half[0] * scale, 40))), round(2.25 * half[1] * scale))
    header = (_HEADER if title else 10) + (0 if len(rows) == 1 else 18)
    size = (2 * _MARGIN + len(chosen) * view.width, header + (view.height + _FOOTER) * len(rows))
    picture = Image.new("RGB", (max(size[0], 320), size[1]), BACKGROUND)
    write_text(picture, (_MARGIN, 12), title, 20)
    for row, (caption, _) in enumerate(rows):
        top = header + row * (view.height + _FOOTER)
        write_text(picture, (_MARGIN, top - 4), caption, 14, MUTED, anchor="ld")
        for column in range(len(chosen)):
            behind = [poses[0][column]] if row else []
            panel = _draw_panel(figure, poses[row][column], behind, center[column], view)
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
    view = View(0.46 * _MOVIE_PANEL / max(half, 1e-9), _MOVIE_PANEL, _MOVIE_PANEL)
    for t in range(0, len(panels[0].pose), movie_step(fps)):
        yield _draw_picture(figure, panels, t, view, title, _count(t, fps))


def _draw_picture(
    figure: Figure, panels: Sequence[MoviePanel], t: int, view: View, title: str, counter: str
) -> Image.Image:
    """Draw frame ``t`` of all panels."""
    width = len(panels) * (view.width + _MARGIN) + _MARGIN
    size = (width, view.height + _HEADER + _FOOTER + (28 if title else 0))
    picture = Image.new("RGB", size, BACKGROUND)
    write_text(picture, (_MARGIN, 12), title, 18)
    top = size[1] - view.height - _FOOTER
    for number, (pose, center, caption) in enumerate(panels):
        left = _MARGIN + number * (view.width + _MARGIN)
        picture.paste(_draw_panel(figure, pose[t, :, :2], [], center[t], view), (left, top))
        write_text(picture, (left, top - 8), caption, 15, INK, anchor="ld")
    write_text(picture, (size[0] - _MARGIN, size[1] - 5), counter, 13, MUTED, anchor="rd")
    return picture


def _draw_panel(
    figure: Figure, pose: Array, behind: Sequence[Array], center: Array, view: View
) -> Image.Image:
    panel, thickness = Panel(view), max(1.2, 0.015 * max(view.width, view.height))
    for shadow in behind:
        panel.figure(figure, shadow, center, thickness, GHOST)
    panel.figure(figure, pose, center, thickness)
    return panel.reduce()


def _count(frame: int, fps: float | None) -> str:
    return f"frame {frame}" if fps is None else f"{frame / fps:.1f} s"
