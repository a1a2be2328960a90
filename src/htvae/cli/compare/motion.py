"""Differences as motion: compare_motion.png, compare_motion.gif and compare_motion.csv."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htvae.analysis.groups.comparison import Comparison
from htvae.analysis.groups.scenes import Clip, Scene
from htvae.analysis.groups.words import describe_measure
from htvae.cli.analysis_files import write_table
from htvae.cli.spans import place_span
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.plots.body_map import NEUTRAL
from htvae.plots.drawing import SIDE_COLORS, Figure
from htvae.plots.motion_movie import draw_motion_movie
from htvae.plots.motion_scenes import draw_motion_scenes
from htvae.plots.motion_strips import Motion, MotionScene

PNG, GIF, TABLE = "compare_motion.png", "compare_motion.gif", "compare_motion.csv"
SEEN, MOST_FACTOR = 0.15, 10
"""Largest distance (torso lengths) below which a difference is drawn enlarged, too, and by how much at
most."""
COLUMNS = ("scene", "measure", "landmark", "second", "distance", "by_chance")


def write_motion(
    folder: Path,
    scenes: Sequence[Scene],
    comparison: Comparison,
    recordings: Sequence[ProcessedSequence],
    processor: PoseDataProcessor,
) -> list[Path]:
    """Draw scenes and write their distances; return the paths, none without scenes."""
    if not scenes:
        return []
    shown = [_to_picture(scene, comparison, recordings, processor) for scene in scenes]
    title = f"{comparison.request.by}: what differs, as motion"
    if not any(scene.holds for scene in scenes):
        title = f"{comparison.request.by}: no difference holds; the strongest, which may be chance, as motion"
    figure = Figure.from_names(processor.landmarks, processor.edges, processor.sides)
    rows = _list_distances(scenes, comparison, processor.landmarks)
    return [
        draw_motion_scenes(shown, processor.landmarks, processor.edges, folder / PNG, title),
        draw_motion_movie(shown, figure, folder / GIF, title, processor.fps),
        write_table(folder / TABLE, rows, COLUMNS),
    ]


def describe_scenes(
    scenes: Sequence[Scene], comparison: Comparison, recordings: Sequence[ProcessedSequence]
) -> list[dict[str, Any]]:
    """Return what scenes show and where their clips are, for compare.json."""
    names = comparison.result.units.group_names
    return [
        {
            "kind": scene.kind,
            "measures": [comparison.table.names[i] for i in scene.measures],
            "holds": scene.holds,
            "groups": [names[group] for group in scene.groups],
            "subjects": None if scene.means is None else list(scene.means.num_subjects),
            "clips": [
                None if clip is None else place_span(recordings[clip.recording], clip.start, clip.stop)
                for clip in scene.clips
            ],
        }
        for scene in scenes
    ]


def _to_picture(
    scene: Scene,
    comparison: Comparison,
    recordings: Sequence[ProcessedSequence],
    processor: PoseDataProcessor,
) -> MotionScene:
    """Return a scene with its words."""
    result, leading = comparison.result, comparison.table.measures[scene.measures[0]]
    first, second = (result.units.group_names[group] for group in scene.groups)
    more = len(scene.measures) - 1
    title = describe_measure(comparison, scene.measures[0])
    if more:
        title += f"; and {more} more measure{'s' if more > 1 else ''}"
    if not scene.holds:
        title += " (may be chance)"
    values = [result.values[result.units.groups == group, scene.measures[0]] for group in scene.groups]
    means = scene.means
    return MotionScene(
        title=title,
        note=_explain(scene, comparison, first, second),
        groups=(first, second),
        measure=f"{leading.name}\n{leading.unit}",
        dots=(values[0], values[1]),
        motions=_list_motions(scene, (first, second), recordings),
        body=scene.body,
        values=scene.values,
        is_sure=scene.is_sure,
        plain=_plain_colors(scene, processor.sides),
        value_name=_name_values(scene, result.effect_name, second, processor.unit_words),
        is_signed=scene.kind == "landmarks" and len(result.means) == 2,
        distance=None if means is None else means.distance,
        is_colored=scene.is_sure if scene.kind == "landmarks" else np.full(len(scene.body), scene.holds),
        times=None if means is None else means.seconds,
        fps=processor.fps,
        unit=processor.unit_words,
    )


def _plain_colors(scene: Scene, sides: Sequence[str]) -> np.ndarray:
    """Return colours (L, 4) of landmarks that no effect colours: by side where only motifs are drawn."""
    if scene.kind != "motif":
        return np.tile(NEUTRAL, (len(sides), 1))
    return np.array([[*(np.array(SIDE_COLORS[side]) / 255), 1.0] for side in sides])


def _explain(scene: Scene, comparison: Comparison, first: str, second: str) -> str:
    """Return what is drawn, in a sentence."""
    if scene.kind == "motif" and comparison.table.measures[scene.measures[0]].family == "transition":
        return "This change in either group. What differs is how often it happens, not how it looks."
    if scene.kind == "motif":
        return "The most typical clip of either group. What differs is how much is shown, not how it looks."
    if scene.kind == "latent":
        return f"One real movement, decoded with this component as in {first} and as in {second}."
    return (
        "The same moment in all: the rest of the body moves alike, what differs is free. "
        "Means are decoded from mean latents."
    )


def _name_values(scene: Scene, effect_name: str, second: str, unit: str) -> str:
    if scene.kind == "latent":
        return f"largest distance, {unit}"
    sign = f", above 0: more in {second}" if effect_name == "Hedges' g" else ""
    return f"{effect_name}{sign}"


def _list_motions(
    scene: Scene, names: tuple[str, str], recordings: Sequence[ProcessedSequence]
) -> list[Motion]:
    motions = []
    if scene.means is not None:
        (first, second), counts = scene.means.poses, scene.means.num_subjects
        kind = "mean of" if scene.kind == "landmarks" else "component at the mean of"
        captions = [f"{name}: {kind} {count} subjects" for name, count in zip(names, counts, strict=True)]
        motions = [
            Motion(caption=captions[0], pose=first, group=0),
            Motion(caption=captions[1], pose=second, group=1, in_strip=False),
            Motion(caption=f"{names[1]} (grey: {names[0]})", pose=second, group=1, shadow=first),
        ]
        factor = _find_factor(float(scene.means.distance.max()))
        if factor > 1:
            more, caption = first + factor * (second - first), f"{names[1]}, difference times {factor}"
            motions.append(Motion(caption=f"{caption} (grey: {names[0]})", pose=more, group=1, shadow=first))
    for group, (name, clip) in enumerate(zip(names, scene.clips, strict=True)):
        if clip is not None:
            caption = f"{name}: {_place(clip, recordings)}"
            motions.append(Motion(caption=caption, pose=clip.pose, group=group))
        elif scene.kind == "motif":
            motions.append(Motion(caption=f"{name}: never shown", pose=None, group=group))
    return motions


def _find_factor(largest: float) -> int:
    """Return how many times a small difference is enlarged to be seen, 1 where it is large enough."""
    return 1 if largest >= SEEN or largest < 1e-6 else min(round(2 * SEEN / largest), MOST_FACTOR)


def _place(clip: Clip, recordings: Sequence[ProcessedSequence]) -> str:
    place = place_span(recordings[clip.recording], clip.start, clip.stop)
    if place["start_second"] is None:
        return f"{place['recording']}, frames {place['start_frame']} to {place['stop_frame']}"
    return f"{place['recording']}, {place['start_second']:.1f} to {place['stop_second']:.1f} s"


def _list_distances(
    scenes: Sequence[Scene], comparison: Comparison, landmarks: Sequence[str]
) -> list[dict[str, Any]]:
    """Return a row for each landmark and span of time."""
    rows = []
    for number, scene in enumerate(scenes, 1):
        if scene.means is None:
            continue
        means = scene.means
        for (s, mark), distance in np.ndenumerate(means.distance):
            values = (landmarks[mark], float(means.seconds[s]), float(distance), float(means.chance[s, mark]))
            rows.append(
                dict(zip(COLUMNS, (number, comparison.table.names[scene.measures[0]], *values), strict=True))
            )
    return rows
