"""Differences as motion: what a picture and a movie of them show, and their strips of poses.

Axes: T frames, L landmarks, D coordinates, S spans of time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from htvae.plots.body_map import color_landmarks, draw_body
from htvae.plots.charts import _MUTED, PALETTE
from htvae.plots.framing import find_sides, frame_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = np.ndarray
LEAST_POSES, MOST_POSES = 4, 20
"""Poses of a strip."""
GROUP_COLORS = (PALETTE[2], PALETTE[3])
SHADOW = (0.80, 0.82, 0.85, 1.0)
LEAST_LIMIT = 1.0
"""Effect at which colours end, at least."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """One row of poses."""

    caption: str
    pose: Array | None
    """(T, L, D); None where there is nothing to show."""
    group: int
    """0 or 1, the group it belongs to."""
    shadow: Array | None = None
    """(T, L, D), drawn behind it in grey."""
    in_strip: bool = True
    """Whether the picture shows it, too, not only the movie."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MotionScene:
    """One difference."""

    title: str
    note: str
    """What is drawn, in words."""
    groups: tuple[str, str]
    """Names."""
    measure: str
    """Name and unit of the measure of the dots."""
    dots: tuple[Array, Array]
    """The measure of each subject of either group."""
    motions: Sequence[Motion]
    body: Array
    """(L, D) typical pose."""
    values: Array
    """(L,) what colours the body: effects, or distances; NaN where there is none."""
    is_sure: Array
    """(L,) landmarks that are coloured in the poses, too, and ringed in the body."""
    plain: Array
    """Colours (L, 4) of landmarks that are not coloured by their effect."""
    value_name: str
    """Meaning of the colours."""
    is_signed: bool
    distance: Array | None
    """(S, L), in `unit`."""
    is_colored: Array
    """(L,) landmarks whose distances are drawn in colour; the others are grey."""
    times: Array | None
    """Middles (S,)."""
    fps: float | None
    unit: str
    """Of distances, in words."""

    @property
    def colors(self) -> Array:
        """Colours (L, 4) of the landmarks in the poses."""
        sure = np.where(self.is_sure, self.values, np.nan)
        return color_landmarks(sure, self.limit, self.is_signed, self.plain)

    @property
    def limit(self) -> float:
        """Effect at which colours end."""
        largest = float(np.abs(self.values[np.isfinite(self.values)]).max(initial=0))
        return max(largest, LEAST_LIMIT if self.is_signed else 1e-6)


def draw_strips(
    axes: "Axes", scene: MotionScene, edges: Sequence[tuple[int, int]], room: tuple[float, float]
) -> None:
    """Draw the motions one below the other, all in one scale, as many poses as there is room (inches) for."""
    motions = [motion for motion in scene.motions if motion.in_strip]
    size = _figure_size([motion.pose for motion in motions if motion.pose is not None])
    step = np.array([1.1, 1.35]) * size
    count = int(np.clip(room[0] / (room[1] / len(motions) * step[0] / step[1]), LEAST_POSES, MOST_POSES))
    lengths = {row: len(motion.pose) for row, motion in enumerate(motions) if motion.pose is not None}
    timed = list(lengths) if len(set(lengths.values())) > 1 else list(lengths)[-1:]
    for row, motion in enumerate(motions):
        base = -row * step[1]
        left, color = -0.5 * step[0], GROUP_COLORS[motion.group]
        axes.text(left, base + 0.54 * size[1], motion.caption, fontsize=9, color=color, va="bottom")
        if motion.pose is not None:
            _draw_strip(axes, motion, scene, edges, base, step[0], count)
            for column, frame in enumerate(_choose_frames(motion.pose, count) if row in timed else ()):
                place = (column * step[0], base - 0.55 * size[1])
                axes.text(
                    *place, _time(int(frame), scene.fps), fontsize=7, color=_MUTED, ha="center", va="top"
                )
    axes.set_xlim(-0.55 * step[0], (count - 0.45) * step[0])
    axes.set_ylim(-(len(motions) - 1) * step[1] - 0.68 * size[1], 0.74 * size[1])
    axes.set_aspect("equal", adjustable="box", anchor="W")
    axes.axis("off")


def _draw_strip(
    axes: "Axes",
    motion: Motion,
    scene: MotionScene,
    edges: Sequence[tuple[int, int]],
    base: float,
    step: float,
    count: int,
) -> None:
    """Draw poses of a motion beside each other."""
    assert motion.pose is not None
    frames = _choose_frames(motion.pose, count)
    middles = frame_figure(motion.pose[frames], motion.pose[frames])[0]
    for column, frame in enumerate(frames):
        place = np.array([column * step, base])
        if motion.shadow is not None:
            grey = np.tile(SHADOW, (len(scene.colors), 1))
            draw_body(axes, _place(motion.shadow[frame], middles[column], place), edges, grey, 2.0)
        draw_body(axes, _place(motion.pose[frame], middles[column], place), edges, scene.colors, 2.0)


def _choose_frames(pose: Array, count: int) -> Array:
    """Return frames that lie evenly in a motion."""
    frames: Array = np.linspace(0, len(pose) - 1, min(count, len(pose))).round().astype(int)
    return frames


def _figure_size(poses: Sequence[Array]) -> Array:
    """Return width and height (2,) that hold every pose of motions around its middle."""
    halves = []
    for pose in poses:
        frames = _choose_frames(pose, MOST_POSES)
        halves.append(find_sides(pose.shape[-1])[0].see(frame_figure(pose[frames], pose[frames])[1]))
    size: Array = 2 * np.max(halves, axis=0) if halves else np.ones(2)
    return np.maximum(size, [0.4 * size[1], 0.2 * size[0]])


def _place(pose: Array, middle: Array, place: Array) -> Array:
    """Return a pose (L, 2) seen from its first side, its middle at a place."""
    side = find_sides(pose.shape[-1])[0]
    placed: Array = side.see(pose) - side.see(middle) + place
    return placed


def _time(frame: int, fps: float | None) -> str:
    return f"frame {frame}" if fps is None else f"{frame / fps:.1f} s"
