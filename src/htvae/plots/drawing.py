"""Drawing of point figures with Pillow: colours, fonts, and a panel that maps coordinates to pixels.

A panel is drawn `OVERSAMPLING` times larger and then reduced, which smooths all edges. Axes: L points.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Array = np.ndarray
Color = tuple[int, int, int]

OVERSAMPLING = 3

BACKGROUND: Color = (255, 255, 255)
PANEL: Color = (247, 248, 250)
GROUND: Color = (222, 226, 232)
INK: Color = (33, 37, 41)
MUTED: Color = (125, 132, 143)
GHOST: Color = (206, 211, 219)
SIDE_COLORS: dict[str, Color] = {"left": (0, 114, 178), "right": (213, 94, 0), "": (73, 80, 87)}
"""Colours of left, right and middle, which colour-blind people can distinguish."""


@dataclass(frozen=True)
class Figure:
    """Edges and colours of the points of a figure."""

    sides: tuple[str, ...]
    """Side of each point: ``left``, ``right``, or an empty string."""
    edges: tuple[tuple[int, int], ...]
    """Pairs of points that are joined."""

    @classmethod
    def from_names(
        cls, names: Sequence[str], edges: Sequence[tuple[int, int]], sides: Sequence[str] | None = None
    ) -> "Figure":
        """Make a figure. ``sides`` None: each is found in the point's name (``LEFT_HIP``, ``hip_r``)."""
        found = [_side(name) for name in names] if sides is None else sides
        return cls(tuple(found), tuple((int(a), int(b)) for a, b in edges))


@dataclass(frozen=True)
class View:
    """Scale and size of a panel."""

    scale: float
    """Pixels per unit of the coordinates."""
    width: int
    """Width of the panel (pixels)."""
    height: int
    """Height of the panel (pixels)."""

    def to_pixels(self, points: Array, center: Array) -> Array:
        """Return pixels (L, 2), from the panel's top left corner, of points (L, 2) with y up.

        The point ``center`` (2,) lies in the panel's middle.
        """
        middle = np.array([self.width / 2, self.height / 2])
        pixels: Array = middle + (points - center) * np.array([self.scale, -self.scale])
        return pixels


class Panel:
    """A rectangle of an image on which figures and text are drawn."""

    def __init__(self, view: View, background: Color = PANEL) -> None:
        self.view = view
        self._image = Image.new("RGB", (view.width * OVERSAMPLING, view.height * OVERSAMPLING), background)
        self._draw = ImageDraw.Draw(self._image)

    def line(self, y: float, color: Color = GROUND) -> None:
        """Draw a horizontal line at ``y`` pixels from the top."""
        height = round(y * OVERSAMPLING)
        self._draw.line([(0, height), (self._image.width, height)], fill=color, width=OVERSAMPLING)

    def figure(
        self,
        figure: Figure,
        points: Array,
        center: Array,
        thickness: float,
        color: Color | None = None,
        depth: Array | None = None,
        colors: Sequence[Color] | None = None,
    ) -> None:
        """Draw points (L, 2), NaN where missing, and the edges between them.

        Args:
            figure: edges and sides.
            points: coordinates, y up.
            center: coordinates of the panel's middle.
            thickness: thickness of the lines (pixels).
            color: one colour for all points. None: the colours of their sides.
            depth: (L,) nearness of each point to the viewer; nearer edges are drawn over others. None: edges
                are drawn in their order.
            colors: colour of each point; an edge has that of its more colourful end. None: as ``color`` says.
        """
        pixels = self.view.to_pixels(points, center) * OVERSAMPLING
        seen = np.isfinite(pixels).all(axis=-1)
        pixels = np.clip(np.where(seen[:, None], pixels, 0.0), -1e5, 1e5)  # Pillow's range is limited
        own = colors or [color or SIDE_COLORS[side] for side in figure.sides]
        width, dot = thickness * OVERSAMPLING, thickness * OVERSAMPLING * (0.72 if figure.edges else 1.4)
        nearness = np.zeros(len(points)) if depth is None else np.nan_to_num(depth)
        for first, second in sorted(figure.edges, key=lambda edge: float(nearness[[*edge]].sum())):
            if seen[first] and seen[second]:
                same = figure.sides[first] == figure.sides[second]
                shade = own[first] if same else color or SIDE_COLORS[""]
                if colors is not None:
                    shade = max(own[first], own[second], key=lambda color: max(color) - min(color))
                self._bone(pixels[first], pixels[second], width, shade)
        for place in sorted(np.flatnonzero(seen).tolist(), key=lambda point: float(nearness[point])):
            self._disc(pixels[place], dot, own[place])

    def rings(self, points: Array, center: Array, radius: float, color: Color) -> None:
        """Draw a ring (radius in pixels) around each of points (n, 2) that is not missing."""
        pixels = self.view.to_pixels(points, center) * OVERSAMPLING
        size = radius * OVERSAMPLING
        for x, y in np.clip(pixels[np.isfinite(pixels).all(axis=-1)], -1e5, 1e5):
            self._draw.ellipse([x - size, y - size, x + size, y + size], outline=color, width=OVERSAMPLING)

    def reduce(self) -> Image.Image:
        """Return the finished image in its real size."""
        return self._image.reduce(OVERSAMPLING)

    def _bone(self, start: Array, end: Array, width: float, color: Color) -> None:
        self._draw.line([tuple(start), tuple(end)], fill=color, width=max(1, round(width)))
        for point in (start, end):
            self._disc(point, width / 2, color)

    def _disc(self, center: Array, radius: float, color: Color) -> None:
        (x, y), r = center, radius
        self._draw.ellipse([x - r, y - r, x + r, y + r], fill=color)


def write_text(
    image: Image.Image,
    place: tuple[float, float],
    text: str,
    size: float,
    color: Color = INK,
    anchor: str = "la",
) -> None:
    """Write ``text`` on an image of real size; ``anchor`` has Pillow's meaning (``la``: left top)."""
    ImageDraw.Draw(image).text(place, text, fill=color, font=_load_font(size), anchor=anchor)


@functools.cache
def _load_font(size: float) -> Any:
    return ImageFont.load_default(size)


def _side(name: str) -> str:
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    for side in ("left", "right"):
        if side in words or side[0] in words or words[0].startswith(side):
            return side
    return ""
