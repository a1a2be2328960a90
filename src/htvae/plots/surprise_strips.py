"""A picture of one surprising span: the recording above its reconstruction, before, in and after the span.

Axes: C frames of the picture, L landmarks, D coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from htvae.plots.doubts import DOUBT, DOUBTED_PANEL
from htvae.plots.drawing import BACKGROUND, GHOST, INK, MUTED, PANEL, Figure, Panel, View, write_text
from htvae.plots.framing import Side, find_sides, frame_figure
from htvae.utils.files import atomic_write

Array = np.ndarray

_WIDTH, _HEIGHT = 148, 190
"""Size of a panel (pixels)."""
_MARGIN, _HEADER, _FOOTER, _GAP = 18, 64, 22, 4
_LABEL = 20
"""Height of a row's caption (pixels)."""
_LARGEST_VIEW = 1.6
"""Largest view, in multiples of the reconstruction; points farther off are cut."""


@dataclass(frozen=True, eq=False)
class SurpriseStrip:
    """Frames of a recording around a surprising span, and their reconstruction."""

    title: str
    """Recording, frames and seconds."""
    caption: str
    """What is wrong, and how much."""
    landmarks: tuple[str, ...]
    edges: Sequence[tuple[int, int]]
    pose: Array
    """(C, L, D), NaN where missing."""
    reconstruction: Array
    """(C, L, D)."""
    times: Sequence[str]
    """(C,) time or number of each frame."""
    inside: Array
    """(C,) bool, True in the span."""
    doubted: Array
    """(L,) bool, True for the landmarks concerned."""


def draw_surprise_strip(strip: SurpriseStrip, path: Path) -> Path:
    """Draw a strip (PNG): rings mark the landmarks concerned, and a shadow is the recording."""
    figure, sides = Figure.from_names(strip.landmarks, strip.edges), find_sides(strip.pose.shape[-1])
    center, view = _find_view(strip)
    rows = [(name, is_recording, side) for name, is_recording in _ROWS for side in sides]
    count = len(strip.times)
    width = max(2 * _MARGIN + count * (view.width + _GAP), 760)
    row_height = _LABEL + view.height + _GAP
    picture = Image.new("RGB", (width, _HEADER + len(rows) * row_height + _FOOTER), BACKGROUND)
    write_text(picture, (_MARGIN, 12), strip.title, 18, INK)
    write_text(picture, (_MARGIN, 36), strip.caption, 14, DOUBT)
    for row, (name, is_recording, side) in enumerate(rows):
        top = _HEADER + row * row_height
        label = ", ".join(filter(None, (name, side.name)))
        write_text(picture, (_MARGIN, top), label, 13, MUTED)
        for column in range(count):
            panel = _draw_panel(figure, side, strip, column, center[column], view, is_recording)
            picture.paste(panel, (_MARGIN + column * (view.width + _GAP), top + _LABEL))
    for column, time in enumerate(strip.times):
        place = (_MARGIN + column * (view.width + _GAP) + view.width / 2, picture.height - _FOOTER + 3)
        write_text(picture, place, time, 12, DOUBT if strip.inside[column] else MUTED, anchor="ma")
    with atomic_write(path) as temporary:
        picture.save(temporary)
    return path


_ROWS = (("recording", True), ("what the model makes of it (grey: the recording)", False))


def _find_view(strip: SurpriseStrip) -> tuple[Array, View]:
    """Return the middle (C, D) and the view: the reconstruction, and what of the recording lies near it."""
    center, half = frame_figure(strip.reconstruction, strip.pose)
    reach = np.nanmax(np.abs(strip.pose - center[:, None]), axis=(0, 1), initial=0)
    half = np.maximum(half, np.minimum(np.nan_to_num(reach), _LARGEST_VIEW * half))
    across = float(np.delete(half, 1).max())
    return center, View(min(_WIDTH / (2.3 * across), _HEIGHT / (2.3 * float(half[1]))), _WIDTH, _HEIGHT)


def _draw_panel(
    figure: Figure,
    side: Side,
    strip: SurpriseStrip,
    column: int,
    center: Array,
    view: View,
    is_recording: bool,
) -> Image.Image:
    inside = bool(strip.inside[column])
    panel, middle = Panel(view, DOUBTED_PANEL if inside else PANEL), side.see(center)
    recording, made = strip.pose[column], strip.reconstruction[column]
    shown = recording if is_recording else made
    if not is_recording:
        panel.figure(figure, side.see(recording), middle, 2.2, GHOST)
    panel.figure(figure, side.see(shown), middle, 2.2, depth=side.depth(shown))
    if is_recording and inside and not strip.doubted.all():
        panel.rings(side.see(recording)[strip.doubted], middle, 7, DOUBT)
    return panel.reduce()
