"""A sheet of clips: each a strip of a few poses under its caption, all in one scale.

Axes: T frames, L points, D coordinates.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from htvae.plots.drawing import BACKGROUND, INK, MUTED, PANEL, Figure, Panel, View, write_text
from htvae.plots.framing import find_sides, frame_figure
from htvae.utils.files import atomic_write

NUM_POSES, NUM_COLUMNS = 6, 3
"""Poses of a clip, and clips beside each other."""
_CELL, _HEIGHT, _CAPTION, _GAP, _MARGIN, _HEADER = 540, 150, 26, 18, 20, 54
_ASKED = (230, 242, 250)
"""Background of the first clip."""


class SheetClip(NamedTuple):
    """One clip of a sheet."""

    name: str
    """Bold part of the caption."""
    place: str
    """Rest of the caption."""
    pose: np.ndarray
    """(T, L, D), NaN where missing."""


def draw_clip_sheet(figure: Figure, clips: Sequence[SheetClip], path: Path, title: str) -> Path:
    """Draw clips from left to right, the first on a background of its own, and return the path (PNG).

    Args:
        figure: edges and sides.
        clips: at least one.
        path: file to write.
        title: heading.
    """
    rows, columns = math.ceil(len(clips) / NUM_COLUMNS), min(NUM_COLUMNS, len(clips))
    step = _CAPTION + _HEIGHT + _GAP
    size = (2 * _MARGIN + columns * (_CELL + _GAP) - _GAP, _HEADER + rows * step + _MARGIN)
    sheet = Image.new("RGB", size, BACKGROUND)
    write_text(sheet, (_MARGIN, 16), title, 20)
    shown = [_choose_poses(clip.pose) for clip in clips]
    framed = [frame_figure(poses, poses) for poses in shown]
    half = np.max([half for _, half in framed if np.isfinite(half).all()], axis=0)
    view = _fit_view(half)
    for number, (clip, poses, (center, _)) in enumerate(zip(clips, shown, framed, strict=True)):
        left = _MARGIN + number % NUM_COLUMNS * (_CELL + _GAP)
        top = _HEADER + number // NUM_COLUMNS * step
        write_text(sheet, (left, top + _CAPTION - 4), clip.name, 15, INK, anchor="ld")
        name_width = ImageDraw.Draw(sheet).textlength(clip.name, font_size=15)
        write_text(sheet, (left + name_width + 10, top + _CAPTION - 4), clip.place, 14, MUTED, anchor="ld")
        strip = _draw_strip(figure, poses, center, view, PANEL if number else _ASKED)
        sheet.paste(strip, (left, top + _CAPTION))
    with atomic_write(path) as temporary:
        sheet.save(temporary)
    return path


def _choose_poses(pose: np.ndarray) -> np.ndarray:
    """Return evenly spaced poses of a clip."""
    return pose[np.linspace(0, len(pose) - 1, min(NUM_POSES, len(pose))).round().astype(int)]


def _fit_view(half: np.ndarray) -> View:
    """Return the view of one pose, which holds ``half`` (D,) either way."""
    width = _CELL // NUM_POSES
    across = find_sides(len(half))[0].axes[0]
    scale = min(width / (2.1 * half[across]), _HEIGHT / (2.15 * half[1]))
    return View(float(scale), width, _HEIGHT)


def _draw_strip(
    figure: Figure, poses: np.ndarray, center: np.ndarray, view: View, background: tuple[int, int, int]
) -> Image.Image:
    side = find_sides(poses.shape[-1])[0]
    strip = Image.new("RGB", (_CELL, _HEIGHT), background)
    for column, (pose, middle) in enumerate(zip(poses, center, strict=True)):
        panel = Panel(view, background)
        panel.figure(figure, side.see(pose), side.see(middle), 2.2, depth=side.depth(pose))
        strip.paste(panel.reduce(), (column * view.width, 0))
    return strip
