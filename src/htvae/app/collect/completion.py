"""What a model makes of hidden points: a few held-out recordings of which a part is hidden and filled in.

Poses lie around the body's own origin, as in ``htvae evaluate``: where the body walks is not filled in.

Axes: ``T`` model frames, ``F`` packed poses, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from htvae.app.collect.holes import FALLBACK_FPS, Trial, choose_trials
from htvae.app.collect.material import Material
from htvae.app.collect.poses import choose_stride
from htvae.app.collect.scores import round_number
from htvae.app.packing import choose_scale, pack_apart, pack_mask, pack_poses
from htvae.app.payload_tabs import Completion
from htvae.data.processing import ProcessedSequence
from htvae.generation.bands import draw_interval
from htvae.generation.filling import fill_in
from htvae.generation.trials import NUM_SAMPLES, hide_points
from htvae.inference.source import to_source_spans
from htvae.metrics.windows import fill_gaps
from htvae.poses.geometry import observed_points

SHOWN_SECONDS = 1.0
"""Time on either side of the hidden part that the page shows."""


class _Answer(NamedTuple):
    """A part of a recording, all of whose points are known, hidden or filled in."""

    true: np.ndarray
    """(T, L, D), NaN where the recording lacks a point."""
    hidden: np.ndarray
    """(T, L) bool."""
    pose: np.ndarray
    """(T, L, D) filled in by the model."""
    linear: np.ndarray
    """(T, L, D) by linear interpolation."""
    bounds: np.ndarray | None
    """(2, T, L, D) between which each coordinate lies with 90 %; None without a prior."""

    def error(self, pose: np.ndarray) -> float:
        """Return the mean distance of hidden points from the truth."""
        scored = self.hidden & observed_points(self.true)
        return float(np.linalg.norm(pose - self.true, axis=-1)[scored].mean())

    def share_inside(self) -> float | None:
        """Return the share of hidden coordinates that lie in their interval."""
        if self.bounds is None:
            return None
        inside = (self.bounds[0] <= self.true) & (self.true <= self.bounds[1])
        return round_number(float(inside[self.hidden & observed_points(self.true)].mean()))

    def pack(self, kept: slice, scale: float, parents: Sequence[int]) -> bytes:
        """Return poses, mask of hidden points, and what else differs from the filled poses there."""
        own = self.pose[kept]
        mask = self.hidden[kept]
        others = [self.linear, *(() if self.bounds is None else self.bounds)]
        apart = [np.where(mask[..., None], other[kept] - own, 0) for other in others]
        return b"".join(
            [
                pack_poses(own, self.true[kept], scale, parents),
                pack_mask(mask),
                *(pack_apart(other, scale) for other in apart),
            ]
        )


def collect_completion(material: Material) -> list[Completion] | None:
    """Hide parts of held-out recordings and fill them in; None where all recordings are too short."""
    model = material.model
    trials = choose_trials(material.recordings, material.splits, model.processor)
    if not trials:
        return None
    num = len(model.processor.landmarks)
    seen = [hide_points(own.part, own.mask[:, :num]) for own in trials]
    filled = fill_in(model, seen)
    return [
        _describe(material, trial, _answer(material, trial, hidden, pose, material.seed + number))
        for number, (trial, hidden, pose) in enumerate(zip(trials, seen, filled, strict=True))
    ]


def _answer(
    material: Material, trial: Trial, seen: ProcessedSequence, filled: np.ndarray, seed: int
) -> _Answer:
    model = material.model
    num = len(model.processor.landmarks)
    return _Answer(
        true=trial.part.pose[:, :num],
        hidden=trial.mask[:, :num],
        pose=filled[:, :num],
        linear=fill_gaps(seen.pose[:, :num], np.asarray(model.processor.pose_mean)[:num]),
        bounds=draw_interval(model, seen, filled, NUM_SAMPLES, seed) if model.has_prior else None,
    )


def _describe(material: Material, trial: Trial, answer: _Answer) -> Completion:
    """Return one filled part as the page gets it."""
    clock, (start, stop), length = material.clock, trial.hidden, len(answer.pose)
    margin = round(SHOWN_SECONDS * (material.model.processor.fps or FALLBACK_FPS))
    first, last = max(0, start - margin), min(length, stop + margin)
    stride = choose_stride(answer.pose[first:last], clock.rate)
    kept = slice(first, last, stride)
    scale = choose_scale(answer.pose[kept], answer.true[kept])
    source_frames = material.recordings[trial.recording].record.source_frames
    spans = np.array([(first, last), trial.hidden]) + trial.first
    shown, hidden = to_source_spans(spans, source_frames).tolist()
    return {
        "recording": trial.recording,
        "shown": shown,
        "hidden": hidden,
        "what": trial.name,
        "landmarks": list(trial.landmarks),
        "length": round(clock.measure(stop - start), 2),
        "error": round_number(answer.error(answer.pose)),
        "linear": round_number(answer.error(answer.linear)),
        "inside": answer.share_inside(),
        "band": answer.bounds is not None,
        "rate": 1 / stride if clock.rate is None else clock.rate / stride,
        "count": len(range(*kept.indices(length))),
        "scale": scale,
        "block": material.blocks.add(answer.pack(kept, scale, material.parents)),
    }
