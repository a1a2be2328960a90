"""From a recording's coordinates to the model's, and back: `PoseDataProcessor`.

In the model's coordinates the anchor (mid-hip, or the centroid) of every frame is the origin, one unit is the
recording's median torso length (or its spread), and the frame rate is the training set's. Where the
recordings are not centred already, the anchor's velocity is kept as one more point, `ROOT_VELOCITY`.

Axes: T frames, L landmarks, N points (landmarks, and the root velocity last where it is kept), D coordinates.
"""

import logging
import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from htvae.config import DataConfig
from htvae.data import anchoring
from htvae.poses.geometry import RunningMoments, observed_points, resample_frames, rotate
from htvae.poses.landmarks import ROOT_VELOCITY, mirror_permutation, skeleton_edges
from htvae.poses.sequence import PoseSequence
from htvae.utils.text import list_names

logger = logging.getLogger(__name__)

NORMALISATIONS = (("midhip", "torso"), ("midhip", "spread"), ("centroid", "spread"))
"""(anchor, unit), the best first; the first that at least half of the training recordings allow is taken."""
CENTRED_DISTANCE, CENTRED_SHARE = 0.1, 0.95
"""Recordings are already centred where the anchor is this near to 0 (units) in this share of frames."""
SAME_RATE = 0.01
"""Frame rates that differ by less than this share count as the same (29.97 and 30)."""
LARGEST_RATIO = 100.0
"""Frame rates farther apart than this are taken for a mistake: a recording would become that much longer."""
MIN_SCALE = 1e-3
"""Floor of ``pose_scale`` (torso lengths), for points that hardly move."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TransformRecord:
    """How one recording was brought into the model's coordinates; `PoseDataProcessor.inverse` needs it."""

    anchor: np.ndarray
    """(T, D) path of the origin, in the source's coordinates, on model frames."""
    unit: float
    """Torso length (or spread) in the source's units."""
    rotation: np.ndarray | None
    """(T,) radians that each frame was turned by, None without a heading."""
    source_frames: np.ndarray
    """(T,) float64, the source's frame number of each model frame."""
    fps: float | None
    """Model frames per second, None where unknown."""
    landmarks: tuple[str, ...]
    """The source's landmarks."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProcessedSequence:
    """One recording in the model's coordinates."""

    name: str
    pose: np.ndarray
    """(T, N, D) float32 in torso lengths, NaN where missing; points in the order of ``processor.points``."""
    record: TransformRecord
    source: PoseSequence


@dataclass(frozen=True, eq=False)
class _Normalised:
    pose: np.ndarray
    """(T, L + 1, D) in torso lengths, the root velocity last."""
    anchor: np.ndarray
    unit: float
    rotation: np.ndarray | None
    positions: np.ndarray
    """(T,) source frames from 0 on."""
    fps: float | None
    lacks: str
    """What the recording lacks for an anchor or unit of its own, so that these are estimated. Else empty."""


class PoseDataProcessor:
    """Fits the model's coordinates to a training set, and brings recordings into them and back.

    Attributes (after `fit`):
        landmarks: union over the training set, in order of first appearance.
        num_coordinates: D.
        fps: model frames per second, None where no rate is known.
        anchor, unit: one of `NORMALISATIONS`.
        root_motion: whether the anchor's velocity is kept; False where the training set is already centred.
        pose_mean: (N, D) as lists, in torso lengths.
        pose_scale: (N,) as a list, in torso lengths: the standard deviation of any coordinate.
        typical_unit: torso length (or spread) in the recordings' units, median over the training set.
        typical_origin: (D,) as a list, the anchor's median place in the recordings' units, likewise.
    """

    def __init__(self, config: DataConfig) -> None:
        self.config = config
        self.heading = config.heading
        self.landmarks: tuple[str, ...] = ()
        self.num_coordinates = 0
        self.fps: float | None = None
        self.anchor, self.unit = NORMALISATIONS[0]
        self.root_motion = True
        self.pose_mean: list[list[float]] = []
        self.pose_scale: list[float] = []
        self.typical_unit = 1.0
        self.typical_origin = [0.0]
        self._said: set[Hashable] = set()
        self._fitted: dict[
            PoseSequence, _Normalised
        ] = {}  # what `fit` has done of `transform`, until it is taken

    @property
    def points(self) -> tuple[str, ...]:
        """What the model models: the landmarks, and `ROOT_VELOCITY` last where it is kept."""
        return (*self.landmarks, ROOT_VELOCITY) if self.root_motion else self.landmarks

    @property
    def mirror(self) -> list[int]:
        """Index of each point's left/right partner, of itself where it has none."""
        return mirror_permutation(self.points)

    @property
    def edges(self) -> list[tuple[int, int]]:
        """Pairs of landmarks (indices) that a bone joins."""
        return skeleton_edges(self.landmarks)

    def fit(self, sequences: Sequence[PoseSequence]) -> "PoseDataProcessor":
        """Choose landmarks, frame rate, anchor and unit, and measure mean and scale of every point.

        Recordings that lack the landmarks of anchor or unit take no part in the statistics.

        Raises:
            ValueError: no recordings, differing numbers of coordinates, or a heading of unknown landmarks.
        """
        if not sequences:
            raise ValueError("sequences must hold at least one recording to fit to, but there is none.")
        self.landmarks = tuple(dict.fromkeys(name for s in sequences for name in s.landmarks))
        self.num_coordinates = sequences[0].pose.shape[2]
        self.fps = self.config.fps or _commonest_rate(sequences)
        self._check_heading()
        self._find_body()
        for self.anchor, self.unit in NORMALISATIONS:
            if self._fit_statistics(sequences):
                break
        rate = "unknown" if self.fps is None else f"{self.fps:g}"
        motion = "root velocity kept" if self.root_motion else "already centred"
        logger.info(
            "%d landmarks; origin %s, unit %s, %s frames per second, %s.",
            *(len(self.landmarks), self.anchor, self.unit, rate, motion),
        )
        return self

    def transform(self, sequence: PoseSequence) -> ProcessedSequence:
        """Bring a recording into the model's coordinates; landmarks that it lacks are NaN.

        Raises:
            ValueError: another number of coordinates than the training set's, or a frame rate far from its.
        """
        normalised = self._fitted.pop(sequence, None) or self._normalise(sequence)
        if normalised.lacks:
            message = f"{sequence.name}: {normalised.lacks} are hardly seen; origin or size is estimated."
            self._say_once(normalised.lacks, message)
        record = TransformRecord(
            anchor=normalised.anchor,
            unit=normalised.unit,
            rotation=normalised.rotation,
            source_frames=sequence.first_frame + normalised.positions,
            fps=normalised.fps,
            landmarks=sequence.landmarks,
        )
        pose = normalised.pose[:, : len(self.points)]
        return ProcessedSequence(name=sequence.name, pose=pose, record=record, source=sequence)

    def check_rate(self, sequence: PoseSequence) -> None:
        """Raise ValueError where a recording's frame rate is far from the model's."""
        if sequence.fps is None or self.fps is None:
            return
        if not 1 / LARGEST_RATIO <= sequence.fps / self.fps <= LARGEST_RATIO:
            raise ValueError(
                f"{sequence.name}: fps must be within a factor of {LARGEST_RATIO:g} of the model's "
                f"{self.fps:g}, but is {sequence.fps:g}. Correct manifest.csv, or the setting fps."
            )

    def inverse(self, pose: np.ndarray, record: TransformRecord) -> np.ndarray:
        """Bring poses (T, N, D) back into the source's coordinates: (T, L, D) for ``landmarks``.

        Frames stay the model's; ``record.source_frames`` says which of the source's they are.
        """
        pose = np.asarray(pose, dtype=np.float32)[:, : len(self.landmarks)]
        if record.rotation is not None:
            pose = rotate(pose, -record.rotation)
        return pose * np.float32(record.unit) + record.anchor[:, None]

    def state_dict(self) -> dict[str, Any]:
        """Return all that was fitted as plain values."""
        return {
            "landmarks": list(self.landmarks),
            "num_coordinates": self.num_coordinates,
            "heading": list(self.heading) if self.heading else None,
            "fps": self.fps,
            "anchor": self.anchor,
            "unit": self.unit,
            "root_motion": self.root_motion,
            "pose_mean": self.pose_mean,
            "pose_scale": self.pose_scale,
            "typical_unit": self.typical_unit,
            "typical_origin": self.typical_origin,
        }

    @classmethod
    def from_state_dict(cls, state: dict[str, Any], config: DataConfig | None = None) -> "PoseDataProcessor":
        """Make a fitted processor from `state_dict`'s result; its heading wins over the configuration's."""
        processor = cls(config or DataConfig())
        vars(processor).update(state)
        processor.landmarks = tuple(state["landmarks"])
        processor.heading = tuple(state["heading"]) if state["heading"] else None
        processor._find_body()
        return processor

    def _select(self, sequence: PoseSequence) -> np.ndarray:
        """Return the poses (T, L, D) of the model's landmarks, NaN for those that the recording lacks."""
        if sequence.pose.shape[2] != self.num_coordinates:
            raise ValueError(
                f"{sequence.name}: poses must have {self.num_coordinates} coordinates, as those trained on, "
                f"but have {sequence.pose.shape[2]}. Leave the recording out."
            )
        if sequence.landmarks == self.landmarks:
            return sequence.pose
        index_of = {name: i for i, name in enumerate(sequence.landmarks)}
        own = set(self.landmarks)
        extra = tuple(name for name in index_of if name not in own)
        if extra:
            verb = "has" if len(extra) < len(index_of) else "has nothing but"
            self._say_once(
                extra,
                f"{sequence.name}: {verb} landmarks that the model was not trained on; they are left out: "
                f"{list_names(extra)}.",
            )
        known = [i for i, name in enumerate(self.landmarks) if name in index_of]
        pose = np.full((sequence.num_frames, len(self.landmarks), self.num_coordinates), np.nan, np.float32)
        pose[:, known] = sequence.pose[:, [index_of[self.landmarks[i]] for i in known]]
        return pose

    def _resample(self, sequence: PoseSequence) -> tuple[np.ndarray, np.ndarray, float | None]:
        """Return poses at the model's frame rate, their places (source frames from 0), and their rate."""
        pose, fps = self._select(sequence), sequence.fps
        last = len(pose) - 1
        if fps is None or self.fps is None or math.isclose(fps, self.fps, rel_tol=SAME_RATE):
            return pose, np.arange(last + 1.0), fps
        self.check_rate(sequence)
        step = fps / self.fps
        num_frames = math.floor(last / step + 1e-6) + 1
        positions = np.minimum(step * np.arange(num_frames), last)
        return resample_frames(pose, positions), positions, self.fps

    def _normalise(self, sequence: PoseSequence) -> _Normalised:
        """Bring a recording to the model's rate, to the origin, into torso lengths and upright."""
        pose, positions, fps = self._resample(sequence)
        observed = observed_points(pose)
        anchor, seen, lacks = self._find_anchor(pose, observed)
        centred = np.empty((len(pose), pose.shape[1] + 1, pose.shape[2]), np.float32)
        np.subtract(pose, anchor[:, None], out=centred[:, :-1])
        centred[0, -1] = np.nan
        np.subtract(anchor[1:], anchor[:-1], out=centred[1:, -1])
        centred[1:, -1][~(seen[1:] & seen[:-1])] = np.nan
        unit = self._find_torso(pose)
        if unit is None:
            unit = anchoring.spread(centred[:, :-1], observed)
            if self.unit == "torso":
                unit, lacks = unit / self._expected_spread(observed), lacks or "hips and shoulders"
        centred *= np.float32(1 / unit)
        rotation = None
        if self.heading:
            tail, head = (pose[:, self.landmarks.index(name)] for name in self.heading)
            rotation = anchoring.upward_rotation(tail, head)
            centred = rotate(centred, rotation)
        return _Normalised(centred, anchor, unit, rotation, positions, fps, lacks)

    def _find_anchor(self, pose: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
        """Return the anchor's path (T, D), the frames (T,) in which it was seen, and what it lacks."""
        if self.anchor == "centroid":
            return *anchoring.centroid_path(pose, observed), ""
        path = anchoring.middle_path(pose, observed, self._hips) if self._hips else None
        return (*path, "") if path else (*anchoring.centroid_path(pose, observed), "hips")

    def _find_torso(self, pose: np.ndarray) -> float | None:
        if self.unit == "torso" and self._hips and self._shoulders:
            return anchoring.torso_length(pose, self._hips, self._shoulders)
        return None

    def _expected_spread(self, observed: np.ndarray) -> float:
        """Return the spread (torso lengths) that the training set has in the points observed (T, L)."""
        if not self.pose_mean:
            return 1.0
        num_landmarks = len(self.landmarks)
        mean, scale = np.array(self.pose_mean[:num_landmarks]), np.array(self.pose_scale[:num_landmarks])
        return anchoring.expected_spread(mean, scale, observed)

    def _find_body(self) -> None:
        self._hips = anchoring.find_pair(self.landmarks, "HIP")
        self._shoulders = anchoring.find_pair(self.landmarks, "SHOULDER")

    def _check_heading(self) -> None:
        unknown = [name for name in self.heading or () if name not in self.landmarks]
        if unknown:
            raise ValueError(
                f"heading must name two landmarks of the recordings, but {' and '.join(unknown)} is none. "
                f"Known: {list_names(self.landmarks)}."
            )

    def _fit_statistics(self, sequences: Sequence[PoseSequence]) -> bool:
        """Measure mean and scale with the present anchor and unit; False where most recordings lack them."""
        if (self.anchor == "midhip" and not self._hips) or (self.unit == "torso" and not self._shoulders):
            return False
        self.pose_mean, self._fitted = [], {}
        moments, near, lacking = RunningMoments(), 0, 0
        units, origins = [], []
        for sequence in sequences:
            part = self._normalise(sequence)
            if part.lacks:
                lacking += 1
                continue
            self._fitted[sequence] = part
            moments.add(part.pose)
            units.append(part.unit)
            origins.append(np.median(part.anchor, axis=0))
            near += int((np.square(part.anchor).sum(axis=1) < (CENTRED_DISTANCE * part.unit) ** 2).sum())
        if 2 * lacking > len(sequences):
            return False
        if lacking:
            logger.warning("%d of %d recordings take no part in the statistics.", lacking, len(sequences))
        self.root_motion = near < CENTRED_SHARE * moments.num_frames
        mean, scale = moments.compute(MIN_SCALE)
        num_points = len(self.points)
        self.pose_mean, self.pose_scale = mean[:num_points].tolist(), scale[:num_points].tolist()
        self.typical_unit = float(np.median(units))
        self.typical_origin = np.median(origins, axis=0).tolist()
        return True

    def _say_once(self, key: Hashable, message: str) -> None:
        if key not in self._said:
            self._said.add(key)
            logger.warning("%s (Said once, of the first such recording.)", message)


def _commonest_rate(sequences: Sequence[PoseSequence]) -> float | None:
    """Return the frame rate that most recordings have (the lowest of equals), None where none is known."""
    rates = Counter(s.fps for s in sequences if s.fps is not None)
    return max(rates, key=lambda rate: (rates[rate], -rate)) if rates else None
