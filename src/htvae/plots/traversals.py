"""Traversals: for each direction a row of poses a step, levels beside each other.

Axes: T frames, L points, D coordinates.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from htvae.plots.drawing import BACKGROUND, INK, MUTED, PANEL, Figure, Panel, View, write_text
from htvae.plots.framing import find_sides, frame_figure
from htvae.utils.files import atomic_write

NUM_POSES = 7
"""Poses of a row."""
_CELL, _ROW, _GUTTER, _CAPTION, _GAP, _MARGIN, _HEADER = 84, 124, 56, 50, 30, 22, 58
_MIDDLE = (230, 242, 250)
"""Background of the step in the middle."""


class TraversalBlock(NamedTuple):
    """One direction."""

    title: str
    note: str
    steps: Sequence[str]
    """Name of each step."""
    poses: Sequence[np.ndarray]
    """(T, L, D) of each step."""


def draw_traversals(
    figure: Figure, columns: Sequence[Sequence[TraversalBlock]], path: Path, title: str
) -> Path:
    """Draw columns of directions, all in one scale, and return the path (PNG).

    Args:
        figure: edges and sides.
        columns: directions of each level, from top to bottom; at least one in all.
        path: file to write.
        title: heading.
    """
    columns = [blocks for blocks in columns if blocks]
    width = _GUTTER + NUM_POSES * _CELL
    heights = [sum(_block_height(block) for block in blocks) for blocks in columns]
    size = (2 * _MARGIN + len(columns) * (width + _GAP) - _GAP, _HEADER + max(heights) + _MARGIN - _GAP)
    sheet = Image.new("RGB", size, BACKGROUND)
    write_text(sheet, (_MARGIN, 16), title, 20)
    view = _fit_view([pose for blocks in columns for block in blocks for pose in block.poses])
    for column, blocks in enumerate(columns):
        left, top = _MARGIN + column * (width + _GAP), _HEADER
        for block in blocks:
            _draw_block(sheet, figure, block, (left, top), view)
            top += _block_height(block)
    with atomic_write(path) as temporary:
        sheet.save(temporary)
    return path


def _block_height(block: TraversalBlock) -> int:
    return _CAPTION + len(block.poses) * _ROW + _GAP


def _choose_poses(pose: np.ndarray) -> np.ndarray:
    """Return evenly spaced poses of a step."""
    return pose[np.linspace(0, len(pose) - 1, min(NUM_POSES, len(pose))).round().astype(int)]


def _fit_view(poses: Sequence[np.ndarray]) -> View:
    """Return the view of one pose, which holds nearly every pose either way."""
    shown = [_choose_poses(pose) for pose in poses]
    half = np.quantile([frame_figure(pose, pose)[1] for pose in shown], 0.9, axis=0)
    across = find_sides(len(half))[0].axes[0]
    return View(float(min(_CELL / (1.9 * half[across]), _ROW / (2.15 * half[1]))), _CELL, _ROW)


def _draw_block(
    sheet: Image.Image, figure: Figure, block: TraversalBlock, corner: tuple[int, int], view: View
) -> None:
    left, top = corner
    write_text(sheet, (left, top + 20), block.title, 15, INK, anchor="ld")
    write_text(sheet, (left, top + 40), block.note, 13, MUTED, anchor="ld")
    side = find_sides(block.poses[0].shape[-1])[0]
    for row, (name, pose) in enumerate(zip(block.steps, block.poses, strict=True)):
        poses = _choose_poses(pose)
        center, _ = frame_figure(poses, poses)
        place = top + _CAPTION + row * _ROW
        write_text(sheet, (left + _GUTTER - 10, place + _ROW / 2), name, 13, MUTED, anchor="rm")
        background = _MIDDLE if 2 * row == len(block.poses) - 1 else PANEL
        for column, (own, middle) in enumerate(zip(poses, center, strict=True)):
            panel = Panel(view, background)
            panel.figure(figure, side.see(own), side.see(middle), 1.8, depth=side.depth(own))
            sheet.paste(panel.reduce(), (left + _GUTTER + column * _CELL, place))
