"""Planting an effect into poses: limbs that move less or more, and bodies that move slower or faster.

- Only the movement is changed: what a filter of `FILTER_SECONDS` keeps. A tracker's noise and gaps stay what
  they are, so that planted recordings are measured like real ones. A narrower filter leaves noise in the
  movement: played slower, a demo recording lost it, and its speed fell by more than was planted.
- A landmark is moved with its limb: along the chain of bones from the trunk to the landmark, each bone's
  movement around its mean direction is scaled; what hangs on the chain is carried along. In three dimensions
  bones keep their length in every frame; in two their length in the picture changes with their direction.
- The whole body is slowed by reading the recording at other times: the same actions take longer. Noise and
  gaps run on at their own pace.
- The origin stays what it is, mid-hip or centroid: left and right hips remain each other's mirror image.

Axes: ``T`` frames, ``L`` landmarks, ``N`` points, ``D`` coordinates.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from htvae.data.limbs import Limbs, build_limbs
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.inference.motion_features import SMOOTHING
from htvae.metrics.windows import fill_gaps
from htvae.models.smoothing import smooth_frames
from htvae.poses.body_groups import TRUNK, group_landmarks
from htvae.poses.geometry import resample_frames
from htvae.poses.landmarks import ROOT_VELOCITY

FILTER_SECONDS = 0.4
"""Width of the filter that tells movement from noise."""
_USUAL_FPS = 30.0
"""Frame rate of recordings that name none (1/s)."""


@dataclass(frozen=True, eq=False)
class LimbPlanter:
    """Scales the movement of limbs."""

    processor: PoseDataProcessor
    limbs: Limbs
    chain: np.ndarray
    """(L,) bool: bones whose movement is scaled."""

    @classmethod
    def of(cls, processor: PoseDataProcessor, landmarks: Sequence[int]) -> "LimbPlanter":
        """Return the planter that moves these landmarks with their limbs."""
        limbs = build_limbs(processor)
        return cls(processor, limbs, _find_chain(processor, limbs, landmarks))

    def plant(self, recording: ProcessedSequence, strength: float) -> ProcessedSequence:
        """Return a recording whose limbs move ``1 + strength`` times as far around their mean."""
        places = find_movement(recording, self.limbs, self.limbs.mean).astype(np.float64)
        bones = np.einsum("kl,tld->tkd", self.limbs.bones, places)
        around = bones - bones.mean(axis=0)
        changed = bones + strength * self.chain[:, None] * around
        if places.shape[2] == 3:
            length, own = (np.linalg.norm(part, axis=-1, keepdims=True) for part in (changed, bones))
            changed *= np.where(self.chain[:, None], own / np.maximum(length, 1e-9), 1)
        moved = np.linalg.solve(self.limbs.bones, changed - bones)
        pose = recording.pose.copy()
        pose[:, : len(self.chain)] += centre_landmarks(moved, self.limbs).astype(np.float32)
        return replace(recording, pose=pose)


@dataclass(frozen=True, eq=False)
class WarpPlanter:
    """Plays recordings slower or faster."""

    processor: PoseDataProcessor
    limbs: Limbs

    @classmethod
    def of(cls, processor: PoseDataProcessor) -> "WarpPlanter":
        """Return the planter for a model's recordings."""
        return cls(processor, build_limbs(processor))

    def plant(self, recording: ProcessedSequence, strength: float) -> ProcessedSequence:
        """Return a recording in which everything is ``1 + strength`` times as fast."""
        pace, pose, points = 1 + strength, recording.pose, self.processor.points
        last = len(pose) - 1
        positions = np.minimum(pace * np.arange(math.floor(last / pace + 1e-9) + 1), last)
        rest = np.array(self.processor.pose_mean, np.float32)
        movement = find_movement(recording, self.limbs, rest)
        warped = resample_frames(movement, positions)
        if points[-1] == ROOT_VELOCITY:
            warped[:, -1] *= np.float32(pace)
        noise = (pose - movement)[_there_and_back(len(positions), len(pose))]
        frames = resample_frames(recording.record.source_frames, positions)
        return replace(recording, pose=warped + noise, record=replace(recording.record, source_frames=frames))


def find_movement(recording: ProcessedSequence, limbs: Limbs, fallback: np.ndarray) -> np.ndarray:
    """Return the movement (T, k, D) of a recording's first k points, without noise or gaps.

    Args:
        recording: in the model's coordinates.
        limbs: the skeleton.
        fallback: (k, D), where a point stands that is never seen.
    """
    fps = recording.record.fps or _USUAL_FPS
    width = max(SMOOTHING, 2 * round(FILTER_SECONDS * fps / 2) + 1)
    pose = fill_gaps(recording.pose[:, : len(fallback)], fallback)
    smooth = smooth_frames(torch.from_numpy(pose)[None], torch.tensor([len(pose)]), width)
    return centre_landmarks(smooth[0].numpy(), limbs)


def centre_landmarks(change: np.ndarray, limbs: Limbs) -> np.ndarray:
    """Return places or changes of points (T, k, D) whose landmarks leave the origin where it is."""
    centred = change.copy()
    if limbs.anchors.any():
        landmarks = centred[:, : len(limbs.anchors)]
        landmarks -= landmarks[:, limbs.anchors].mean(axis=1, keepdims=True)
    return centred


def _there_and_back(count: int, num_frames: int) -> np.ndarray:
    """Return frames (count,) that run to the last of ``num_frames``, back to the first, and so on."""
    period = max(2 * num_frames - 2, 1)
    place = np.arange(count) % period
    turned: np.ndarray = np.minimum(place, period - place)
    return turned


def _find_chain(processor: PoseDataProcessor, limbs: Limbs, landmarks: Sequence[int]) -> np.ndarray:
    """Return (L,) bool: the bones from the trunk to the landmarks; of landmarks of the trunk, their own."""
    groups = group_landmarks(processor.landmarks, processor.edges)
    group_of = {i: group for group in groups for i in group.landmarks}
    chain = np.zeros(len(limbs.bones), bool)
    for landmark in landmarks:
        chain[landmark] = True
        if group_of[landmark].name == TRUNK:
            continue
        waiting = [landmark]
        while waiting:
            above = np.flatnonzero(limbs.bones[waiting.pop()] < 0)
            own = [int(i) for i in above if i in group_of[landmark].landmarks and not chain[i]]
            chain[own] = True
            waiting += own
    return chain
