"""The movie of differences: in each row what one scene shows, side by side and laid over each other.

Axes: T frames, L landmarks, D coordinates.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from htvae.plots.drawing import (
    BACKGROUND,
    GHOST,
    INK,
    MUTED,
    Color,
    Figure,
    Panel,
    View,
    write_text,
)
from htvae.plots.framing import find_sides, frame_figure
from htvae.plots.motion_strips import Motion, MotionScene
from htvae.plots.movies import write_movie
from htvae.plots.sheets import movie_step
from htvae.utils.files import atomic_write

_PANEL, _MARGIN, _HEADER, _ROW = 270, 14, 46, 62
"""Sizes (pixels): of a panel, between panels, of the title, of a row's text."""


class _Place(NamedTuple):
    """A panel of the movie."""

    motion: Motion
    centre: np.ndarray
    """(T, D)."""


def draw_motion_movie(
    scenes: Sequence[MotionScene], figure: Figure, path: Path, title: str, fps: float | None
) -> Path:
    """Animate scenes one below the other (GIF), and return the path.

    Each scene repeats by itself until the longest has ended.

    Args:
        scenes: at least one.
        figure: edges of the landmarks.
        path: file to write.
        title: heading.
        fps: frame rate (1/s). None: the movie plays at 30.
    """
    with atomic_write(path) as temporary:
        write_movie(_draw(scenes, figure, title, fps), temporary, movie_step(fps) / (fps or 30.0))
    return path


def _draw(
    scenes: Sequence[MotionScene], figure: Figure, title: str, fps: float | None
) -> Iterator[Image.Image]:
    rows = [[_place(motion, fps) for motion in scene.motions] for scene in scenes]
    views = [_fit(row) for row in rows]
    colors = [[_to_color(one) for one in scene.colors] for scene in scenes]
    width = max(len(row) for row in rows) * (_PANEL + _MARGIN) + _MARGIN
    texts = [title, *(scene.title for scene in scenes)]
    draft = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    longest_text = max(
        draft.textlength(text, font_size=14 if number else 18) for number, text in enumerate(texts)
    )
    size = (max(width, round(longest_text) + 2 * _MARGIN), _HEADER + len(rows) * (_ROW + _PANEL + _MARGIN))
    longest = max(len(place.motion.pose) for row in rows for place in row if place.motion.pose is not None)
    for t in range(0, longest, movie_step(fps)):
        picture = Image.new("RGB", size, BACKGROUND)
        write_text(picture, (_MARGIN, 14), title, 18)
        for number, (scene, row, view) in enumerate(zip(scenes, rows, views, strict=True)):
            top = _HEADER + number * (_ROW + _PANEL + _MARGIN)
            write_text(picture, (_MARGIN, top + 6), scene.title, 14, INK)
            for column, place in enumerate(row):
                left = _MARGIN + column * (_PANEL + _MARGIN)
                shown = _shorten(place.motion.caption, draft)
                write_text(picture, (left, top + _ROW - 6), shown, 13, MUTED, anchor="ld")
                picture.paste(_draw_panel(figure, place, t, view, colors[number]), (left, top + _ROW))
        yield picture


def _shorten(caption: str, draft: ImageDraw.ImageDraw) -> str:
    """Return a caption, or the beginning of one that is wider than a panel."""
    for length in range(len(caption), 0, -1):
        shown = caption if length == len(caption) else f"{caption[:length]}..."
        if draft.textlength(shown, font_size=13) <= _PANEL:
            return shown
    return ""


def _place(motion: Motion, fps: float | None) -> _Place:
    if motion.pose is None:
        return _Place(motion, np.zeros((1, 2)))
    return _Place(motion, frame_figure(motion.pose, motion.pose, round(fps or 30.0) | 1)[0])


def _fit(row: Sequence[_Place]) -> View:
    """Return the view that holds the figures of all panels of a row."""
    reach = 1e-6
    for motion, centre in row:
        if motion.pose is not None:
            reach = max(reach, float(np.nanquantile(np.abs(motion.pose - centre[:, None]), 0.999)))
    return View(0.46 * _PANEL / reach, _PANEL, _PANEL)


def _draw_panel(figure: Figure, place: _Place, t: int, view: View, colors: Sequence[Color]) -> Image.Image:
    panel, (motion, centre) = Panel(view), place
    if motion.pose is not None:
        frame = t % len(motion.pose)
        side = find_sides(motion.pose.shape[-1])[0]
        middle, pose = side.see(centre[frame]), motion.pose[frame]
        if motion.shadow is not None:
            panel.figure(figure, side.see(motion.shadow[frame]), middle, 4.0, GHOST)
        panel.figure(figure, side.see(pose), middle, 4.0, depth=side.depth(pose), colors=colors)
    return panel.reduce()


def _to_color(rgba: np.ndarray) -> Color:
    r, g, b = (round(255 * float(part)) for part in rgba[:3])
    return r, g, b
