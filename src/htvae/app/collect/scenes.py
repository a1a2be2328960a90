"""Differences between groups as motion: the same movement as either group does it, side by side.

Axes: ``T`` model frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from htvae.analysis.groups.comparison import Comparison
from htvae.analysis.groups.scene_making import make_scenes
from htvae.analysis.groups.scenes import Scene
from htvae.analysis.groups.study_doubts import LEVEL
from htvae.app.collect.blocks import Blocks
from htvae.app.collect.clock import Clock
from htvae.app.collect.poses import choose_stride
from htvae.app.packing import choose_scale, find_parents, pack_motion
from htvae.app.payload_tabs import Bodies, GroupScene
from htvae.app.remembering import RememberingModel
from htvae.data.processing import PoseDataProcessor, ProcessedSequence

NOTES = {
    "landmarks": "The rest of the body moves alike in both, so what is seen is the difference itself.",
    "latent": "One real movement, decoded with this component as in either group.",
    "motif": "The most typical clip of either group. What differs is how much is shown, not how it looks.",
}
MOST_RINGS = 4
"""Landmarks that are pointed at."""


def collect_scenes(
    model: RememberingModel, recordings: Sequence[ProcessedSequence], comparison: Comparison, blocks: Blocks
) -> list[GroupScene]:
    """Return what the differences that hold look like, the strongest first."""
    if not (comparison.result.q < LEVEL).any():
        return []
    clock = Clock.of(model.processor, recordings)
    return [
        _describe(scene, model.processor, recordings, comparison, clock, blocks)
        for scene in make_scenes(model, recordings, comparison)
        if scene.holds
    ]


def _describe(
    scene: Scene,
    processor: PoseDataProcessor,
    recordings: Sequence[ProcessedSequence],
    comparison: Comparison,
    clock: Clock,
    blocks: Blocks,
) -> GroupScene:
    names = [comparison.result.units.group_names[group] for group in scene.groups]
    measures = [comparison.table.measures[i] for i in scene.measures]
    marks = dict.fromkeys(mark for own in measures for mark in own.landmark.split(" / ") if mark)
    more = (
        f" and {len(measures) - 1} more measures"
        if len(measures) > 2
        else " and 1 more measure"
        if len(measures) > 1
        else ""
    )
    parents = find_parents(len(processor.landmarks), processor.edges)
    return {
        "title": f"{measures[0].name}{more}",
        "note": f"{NOTES[scene.kind]}{_explain_pair(len(comparison.result.units.group_names))}",
        "names": names,
        "landmarks": [processor.landmarks.index(mark) for mark in list(marks)[:MOST_RINGS]],
        "distance": None if scene.means is None else round(float(scene.means.distance.max()), 3),
        "bodies": [
            _pack(captions, poses, clock, blocks, parents) for captions, poses in _pair(scene, recordings)
        ],
    }


def _explain_pair(num_groups: int) -> str:
    """Return why these two groups are drawn, of more."""
    if num_groups < 3:
        return ""
    return f" Of {num_groups} groups these two are drawn: the lowest and the highest in this measure."


def _pair(
    scene: Scene, recordings: Sequence[ProcessedSequence]
) -> Iterator[tuple[list[str], tuple[np.ndarray, np.ndarray]]]:
    """Yield captions and poses (T, L, D) of the groups' means, then of a real clip of each."""
    if scene.means is not None:
        kind = "average motion of" if scene.kind == "landmarks" else "as on average of"
        yield [f"{kind} {count} subjects" for count in scene.means.num_subjects], scene.means.poses
    first, second = scene.clips
    if first is not None and second is not None:
        yield [recordings[clip.recording].name for clip in (first, second)], (first.pose, second.pose)


def _pack(
    captions: list[str],
    poses: tuple[np.ndarray, np.ndarray],
    clock: Clock,
    blocks: Blocks,
    parents: Sequence[int],
) -> Bodies:
    """Return two motions of one length: the longer one is cut."""
    length = min(len(pose) for pose in poses)
    stride = min(choose_stride(pose[:length], clock.rate) for pose in poses)
    kept = [pose[:length:stride] for pose in poses]
    scale = choose_scale(*kept)
    return {
        "captions": captions,
        "rate": 1 / stride if clock.rate is None else clock.rate / stride,
        "count": len(kept[0]),
        "scale": scale,
        "block": blocks.add(b"".join(pack_motion(pose, scale, parents) for pose in kept)),
    }
