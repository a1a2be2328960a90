"""Motion drawn from the prior, one or two samples a label.

Axes: ``T`` frames, ``F`` packed poses, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from htvae.app.collect.labels import NO_LABEL, LabelBook
from htvae.app.collect.material import Material
from htvae.app.collect.poses import choose_stride
from htvae.app.packing import choose_scale, pack_motion
from htvae.app.payload_tabs import Generated
from htvae.app.remembering import RememberingModel
from htvae.generation.script import Script
from htvae.poses.sequence import PoseSequence

SAMPLE_SECONDS = 6.0
MOST_LABELS, FEW_LABELS = 12, 6
"""Labels that are drawn, at most; up to the second number, each is drawn twice."""
NUM_UNLABELLED = 4
"""Samples of a prior without labels."""


def collect_generated(material: Material) -> list[Generated]:
    """Draw motion for each label that both the prior and the recordings know; none without a prior."""
    model, clock = material.model, material.clock
    if not model.has_prior:
        return []
    frames = round(SAMPLE_SECONDS * (model.processor.fps or 30.0))
    found: list[Generated] = []
    for name, label, samples in _draw(model, material.book, frames, material.seed):
        for number, sample in enumerate(samples, 1):
            poses = to_torso_lengths(model, sample)
            stride = choose_stride(poses - poses.mean(axis=1, keepdims=True), clock.rate)
            poses = poses[::stride]
            scale = choose_scale(poses)
            found.append(
                {
                    "name": f"{name} {number}" if len(samples) > 1 else name,
                    "label": label,
                    "rate": 1 / stride if clock.rate is None else clock.rate / stride,
                    "count": len(poses),
                    "scale": scale,
                    "poses": material.blocks.add(pack_motion(poses, scale, material.parents)),
                }
            )
    return found


def to_torso_lengths(model: RememberingModel, sample: PoseSequence) -> np.ndarray:
    """Return generated poses (T, L, D) in torso lengths, around the middle of their path."""
    poses = (sample.pose - np.array(model.processor.typical_origin)) / model.processor.typical_unit
    middle = np.median(poses.mean(axis=1), axis=0)
    around: np.ndarray = poses - middle
    return around


def _draw(
    model: RememberingModel, book: LabelBook, frames: int, seed: int
) -> Sequence[tuple[str, int, list[PoseSequence]]]:
    """Return name, index of the label and samples; of labels of spans, else of recordings."""
    known = model.chunk_labels or model.labels
    labels = [name for name in book.names if name in known][:MOST_LABELS]
    if not labels:
        samples = model.generate(num_frames=frames, num_sequences=NUM_UNLABELLED, seed=seed)
        return [("sample", NO_LABEL, samples)]
    count = 2 if len(labels) <= FEW_LABELS else 1
    found = []
    for name in labels:
        wish: dict[str, Any] = (
            {"script": Script(((name, frames),))} if model.chunk_labels else {"label": name}
        )
        samples = model.generate(num_frames=frames, num_sequences=count, seed=seed, **wish)
        found.append((name, book.index(name), samples))
    return found
