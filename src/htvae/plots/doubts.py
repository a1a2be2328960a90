"""Doubtful recordings: a strip of frames for each, with rings around the points that are doubted.

Axes: C frames of a strip, L landmarks, D coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from htvae.plots.drawing import BACKGROUND, INK, MUTED, PANEL, Color, Figure, Panel, View, write_text
from htvae.plots.framing import Side, find_sides, frame_figure
from htvae.utils.files import atomic_write

Array = np.ndarray

DOUBT: Color = (204, 30, 74)
DOUBTED_PANEL: Color = (253, 240, 243)
_WIDTH, _HEIGHT = 140, 170
"""Size of a panel (pixels)."""
_MARGIN, _HEADER, _FOOTER = 16, 44, 20
_LARGEST_VIEW = 2.0
"""Largest view, in multiples of the points that are not doubted; what lies farther off is cut."""


@dataclass(frozen=True, eq=False)
class DoubtStrip:
    """Frames of one recording, and what is doubted about them."""

    title: str
    """Recording and frames."""
    caption: str
    """What is doubted."""
    landmarks: tuple[str, ...]
    edges: Sequence[tuple[int, int]]
    pose: Array
    """(C, L, D), NaN where missing."""
    frames: Sequence[int]
    """(C,) frame numbers in the source."""
    doubted: Array
    """(C, L) bool."""


def draw_doubts(strips: Sequence[DoubtStrip], path: Path) -> Path:
    """Draw strips one below the other (PNG)."""
    pictures = [_draw_strip(strip) for strip in strips]
    size = (max(picture.width for picture in pictures), sum(picture.height for picture in pictures) + _MARGIN)
    sheet = Image.new("RGB", size, BACKGROUND)
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height
    with atomic_write(path) as temporary:
        sheet.save(temporary)
    return path


def _draw_strip(strip: DoubtStrip) -> Image.Image:
    figure, sides = Figure.from_names(strip.landmarks, strip.edges), find_sides(strip.pose.shape[-1])
    center, view = _find_view(strip)
    count = len(strip.frames)
    width = 2 * _MARGIN + max(count * (view.width + 4), 560)
    picture = Image.new("RGB", (width, _HEADER + _FOOTER + len(sides) * (view.height + 4)), BACKGROUND)
    write_text(picture, (_MARGIN, 10), strip.title, 15, INK)
    write_text(picture, (_MARGIN, 27), strip.caption, 13, DOUBT)
    for row, side in enumerate(sides):
        for column in range(count):
            panel = _draw_panel(figure, side, strip, column, center[column], view)
            picture.paste(panel, (_MARGIN + column * (view.width + 4), _HEADER + row * (view.height + 4)))
    for column, frame in enumerate(strip.frames):
        place = (_MARGIN + column * (view.width + 4) + view.width / 2, picture.height - _FOOTER + 3)
        is_doubted = bool(strip.doubted[column].any())
        write_text(picture, place, f"{frame:,}", 12, DOUBT if is_doubted else MUTED, anchor="ma")
    return picture


def _find_view(strip: DoubtStrip) -> tuple[Array, View]:
    """Return the middle (C, D) and the view: all points, unless doubted ones lie far off."""
    sound = np.where(strip.doubted[..., None], np.nan, strip.pose)
    has_sound = bool((~np.isnan(sound)).any(axis=(1, 2)).all())
    center, half = frame_figure(sound if has_sound else strip.pose, strip.pose)
    reach = np.nanmax(np.abs(strip.pose - center[:, None]), axis=(0, 1), initial=0)
    half = np.maximum(half, np.minimum(reach, _LARGEST_VIEW * half))
    across = float(np.delete(half, 1).max())
    return center, View(min(_WIDTH / (2.3 * across), _HEIGHT / (2.3 * float(half[1]))), _WIDTH, _HEIGHT)


def _draw_panel(
    figure: Figure, side: Side, strip: DoubtStrip, column: int, center: Array, view: View
) -> Image.Image:
    doubted = strip.doubted[column]
    panel = Panel(view, DOUBTED_PANEL if doubted.any() else PANEL)
    points, middle = side.see(strip.pose[column]), side.see(center)
    panel.figure(figure, points, middle, 2.2, depth=side.depth(strip.pose[column]))
    if not doubted.all():
        panel.rings(points[doubted], middle, 6, DOUBT)
    return panel.reduce()
