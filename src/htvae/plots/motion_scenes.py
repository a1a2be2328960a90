"""The picture of differences as motion: what differs, where, and how it looks in two groups.

Axes: T frames, L landmarks, D coordinates, S spans of time.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.plots.body_map import color_landmarks, color_scale, draw_body
from htvae.plots.charts import _GRID, _INK, _MUTED, _save
from htvae.plots.framing import find_sides
from htvae.plots.motion_strips import GROUP_COLORS, MotionScene, draw_strips

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

Array = np.ndarray
MOST_LANDMARKS = 40
"""Rows of a heat map; of more landmarks those with the largest distances are drawn."""
_WIDTH, _ROW, _HEADING = 17.0, 1.45, 1.25
"""Inches: width of the picture, height of a row of poses, and what is above and below the rows of a scene."""
_RATIOS = {"dots": 1.0, "body": 1.5, "strips": 5.4, "heat": 3.0}
"""Widths of a scene's parts."""


def draw_motion_scenes(
    scenes: Sequence[MotionScene],
    landmarks: Sequence[str],
    edges: Sequence[tuple[int, int]],
    path: Path,
    title: str,
) -> Path:
    """Draw scenes one below the other (PNG), and return the path.

    Args:
        scenes: at least one.
        landmarks: names.
        edges: bones, as pairs of indices.
        path: file to write.
        title: heading.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    heights = [_height(scene) for scene in scenes]
    figure = Figure(figsize=(_WIDTH, sum(heights) + 0.5), dpi=120, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.008, ha="left", fontsize=14, fontweight="bold", color=_INK)
    rows = figure.subfigures(len(scenes), 1, height_ratios=heights, squeeze=False)[:, 0]
    for row, scene in zip(rows, scenes, strict=True):
        _draw_scene(row, scene, landmarks, edges)
    return _save(figure, path)


def _draw_scene(
    figure: "SubFigure", scene: MotionScene, landmarks: Sequence[str], edges: Sequence[tuple[int, int]]
) -> None:
    figure.suptitle(f"{scene.title}\n{scene.note}", x=0.008, ha="left", fontsize=10.5, color=_INK)
    has_map, has_heat = np.isfinite(scene.values).any(), scene.distance is not None
    parts = ["dots", *(["body"] if has_map else []), "strips", *(["heat"] if has_heat else [])]
    ratios = [_RATIOS[part] for part in parts]
    ratios[parts.index("strips")] += sum(_RATIOS.values()) - sum(ratios)
    axes = figure.subplots(1, len(parts), width_ratios=ratios, squeeze=False)[0]
    room = (0.93 * _WIDTH * ratios[parts.index("strips")] / sum(ratios), _height(scene) - _HEADING)
    for part, own in zip(parts, axes, strict=True):
        own.spines[["top", "right"]].set_visible(False)
        own.spines[["left", "bottom"]].set_color("#ced4da")
        own.tick_params(colors=_MUTED, labelsize=8)
        if part == "dots":
            _draw_dots(own, scene)
        elif part == "body":
            _draw_map(own, scene, edges, figure)
        elif part == "strips":
            draw_strips(own, scene, edges, room)
        else:
            _draw_heat(own, scene, landmarks, figure)


def _height(scene: MotionScene) -> float:
    """Return the inches that a scene takes."""
    return _HEADING + _ROW * max(2, sum(motion.in_strip for motion in scene.motions))


def _draw_dots(axes: "Axes", scene: MotionScene) -> None:
    """Draw the measure of every subject, and the groups' means."""
    for place, (values, color) in enumerate(zip(scene.dots, GROUP_COLORS, strict=True)):
        known = values[np.isfinite(values)]
        spread = place + 0.16 * np.sin(2.4 * np.arange(len(known)))
        axes.scatter(spread, known, s=26, color=color, alpha=0.75, linewidths=0)
        if len(known):
            axes.plot([place - 0.3, place + 0.3], [known.mean()] * 2, color=_INK, linewidth=2)
    axes.set_xticks((0, 1), scene.groups, color=_INK, fontsize=9)
    axes.set_xlim(-0.55, 1.55)
    axes.grid(axis="y", color=_GRID)
    axes.set_axisbelow(True)
    axes.set_title(scene.measure, fontsize=8.5, color=_INK, loc="left")


def _draw_map(
    axes: "Axes", scene: MotionScene, edges: Sequence[tuple[int, int]], figure: "Figure | SubFigure"
) -> None:
    """Draw the typical pose coloured by effect; landmarks that differ surely have a black ring."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    axes.axis("off")
    axes.set_aspect("equal", adjustable="datalim")
    pose = find_sides(scene.body.shape[-1])[0].see(scene.body)
    draw_body(
        axes,
        pose,
        edges,
        color_landmarks(scene.values, scene.limit, scene.is_signed, scene.plain),
        4.5,
        outline=True,
    )
    x, y = pose[scene.is_sure].T
    axes.scatter(x, y, s=46, facecolors="none", edgecolors=_INK, linewidths=1.1, zorder=4)
    axes.autoscale_view()
    scale = Normalize(-scene.limit if scene.is_signed else 0, scene.limit)
    shades = ScalarMappable(scale, color_scale(scene.is_signed))
    inset = axes.inset_axes((0.1, -0.03, 0.8, 0.02))
    bar = figure.colorbar(shades, cax=inset, orientation="horizontal")
    bar.set_label(scene.value_name, fontsize=8, color=_INK)
    bar.ax.tick_params(colors=_MUTED, labelsize=7)


def _draw_heat(
    axes: "Axes", scene: MotionScene, landmarks: Sequence[str], figure: "Figure | SubFigure"
) -> None:
    """Draw the distance of each landmark over time."""
    assert scene.distance is not None and scene.times is not None
    chosen = np.sort(np.argsort(-scene.distance.max(axis=0), kind="stable")[:MOST_LANDMARKS])
    distance = scene.distance[:, chosen].T
    half = (scene.times[1] - scene.times[0]) / 2 if len(scene.times) > 1 else 0.5
    borders = np.append(scene.times - half, scene.times[-1] + half)
    top, rows = max(float(distance.max()), 0.05), np.arange(len(chosen) + 1)
    grey = np.broadcast_to(~scene.is_colored[chosen][:, None], distance.shape)
    images = [
        axes.pcolormesh(borders, rows, np.ma.masked_array(distance, hidden), cmap=name, vmin=0, vmax=high)
        for hidden, name, high in ((~grey, "Greys", 2 * top), (grey, "YlOrRd", top))
    ]
    axes.set_yticks(np.arange(len(chosen)) + 0.5, [landmarks[i] for i in chosen], fontsize=6, color=_INK)
    axes.set_ylim(len(chosen), 0)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("seconds" if scene.fps else "frames", fontsize=8, color=_MUTED)
    note = "; grey: q is not below 0.05" if not scene.is_colored.all() else ""
    name = f"distance from {scene.groups[0]} to {scene.groups[1]}{note}"
    axes.set_title(name, fontsize=8.5, color=_INK, loc="left")
    bar = figure.colorbar(images[0 if grey.all() else 1], ax=axes, fraction=0.04, pad=0.02)
    bar.set_label(scene.unit, fontsize=8, color=_INK)
    bar.ax.tick_params(colors=_MUTED, labelsize=7)
