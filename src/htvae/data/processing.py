"""`PoseDataProcessor`: conversion between a recording's coordinates and the model's.

In the model's coordinates

- the origin is the anchor (mid-hip, or the centroid) of every frame,
- the unit is the recording's median torso length (or its spread),
- the frame rate is the training set's,
- the anchor's velocity is one more point, `ROOT_VELOCITY`, unless the training set is already centred.

Axes: T frames, L landmarks, N points (landmarks, and the root velocity last where it is kept), D coordinates.
"""

import logging
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np

from htvae.config import DataConfig
from htvae.data.blocks import BLOCK_FRAMES, BlockPose, WholePose, measure_in_blocks
from htvae.data.fitted_statistics import FittedStatistics
from htvae.data.landmarks import find_seen, is_seen
from htvae.data.normalisation import NORMALISATIONS, Measured, Normalisation, Normalised
from htvae.data.rates import commonest_rate, report_rates
from htvae.data.records import ProcessedSequence, TransformRecord
from htvae.data.source_frames import SourceFrames
from htvae.io.coordinates import coordinates_of
from htvae.metrics.units import UNIT_WORDS
from htvae.poses.geometry import rotate
from htvae.poses.landmarks import ROOT_VELOCITY, landmark_sides, mirror_permutation
from htvae.poses.sequence import Coordinates, PoseSequence
from htvae.poses.skeletons import named_edges, skeleton_edges
from htvae.utils.text import list_names

__all__ = ["PoseDataProcessor", "ProcessedSequence", "TransformRecord"]

logger = logging.getLogger(__name__)

LARGEST_RATIO = 100.0
"""Largest ratio of frame rates. Larger ratios are a mistake, and would make a recording that much longer."""


class _Prepared(NamedTuple):
    """One recording at the model's frame rate, normalised."""

    normalised: Normalised
    frames: SourceFrames


class PoseDataProcessor:
    """Fits the model's coordinates to a training set, and converts recordings to these coordinates and back.

    Attributes (after `fit`):
        landmarks: union over the training set, in order of first appearance, without those that are never
            seen in it.
        num_coordinates: D.
        fps: model frames per second, None where no rate is known.
        anchor, unit: one of `NORMALISATIONS`.
        root_motion: whether the anchor's velocity is kept; False where the training set is already centred.
        pose_mean: (N, D) as lists, in torso lengths.
        pose_scale: (N,) as a list, in torso lengths: the standard deviation over frames and coordinates.
        typical_unit: torso length (or spread) in the recordings' units, median over the training set.
        typical_origin: (D,) as a list: the anchor's median place in the recordings' units, median over the
            training set.
        coordinates: meaning of coordinates in the training set's files, the commonest.
        skeleton: names of joined landmarks, from the user's ``skeleton.csv``; empty: the names tell.
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
        self.coordinates = Coordinates()
        self.skeleton: list[tuple[str, str]] = []
        self._warned: set[Hashable] = set()
        self.normalisation = Normalisation((), self.anchor, self.unit, self.heading)
        self._prepared: dict[PoseSequence, _Prepared] = {}  # results of `fit` that `transform` uses up
        self._measured: dict[PoseSequence, Measured | None] = {}  # those that `transform_lazily` uses up

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the model's points: the landmarks, and `ROOT_VELOCITY` last where it is kept."""
        return (*self.landmarks, ROOT_VELOCITY) if self.root_motion else self.landmarks

    @property
    def mirror(self) -> list[int]:
        """Index of each point's left/right partner; a point without a partner has its own index."""
        return mirror_permutation(self.points)

    @property
    def edges(self) -> list[tuple[int, int]]:
        """Bones, as pairs of landmark indices: those of `skeleton`, else those that the names tell."""
        return named_edges(self.landmarks, self.skeleton) or skeleton_edges(self.landmarks)

    @property
    def sides(self) -> list[str]:
        """Side of each landmark: ``left``, ``right``, or an empty string."""
        return landmark_sides(self.landmarks)

    @property
    def unit_words(self) -> str:
        """What distances are measured in, in words: "torso lengths"."""
        return UNIT_WORDS[self.unit]

    def fit(self, sequences: Sequence[PoseSequence]) -> "PoseDataProcessor":
        """Choose landmarks, frame rate, anchor and unit, and measure mean and scale of every point.

        Recordings without the landmarks that anchor and unit need are left out of the statistics.

        Raises:
            ValueError: no recordings, differing numbers of coordinates, or a heading of unknown landmarks.
        """
        if not sequences:
            raise ValueError("sequences must hold at least one recording to fit to, but there is none.")
        self.landmarks = find_seen(sequences)
        self.num_coordinates = sequences[0].pose.shape[2]
        self.fps = self.config.fps or commonest_rate(sequences)
        report_rates(sequences, self.fps)
        self.coordinates = Counter(s.coordinates for s in sequences).most_common(1)[0][0]
        self._check_heading()
        for self.anchor, self.unit in NORMALISATIONS:
            if self._fit_statistics(sequences):
                break
        rate = "unknown" if self.fps is None else f"{self.fps:g}"
        motion = "root velocity kept" if self.root_motion else "already centred"
        logger.info(
            "%d landmarks; origin %s, unit %s, %s frames per second, %s.",
            len(self.landmarks),
            self.anchor,
            self.unit,
            rate,
            motion,
        )
        return self

    def transform(self, sequence: PoseSequence) -> ProcessedSequence:
        """Convert a recording to the model's coordinates; landmarks that the recording lacks are NaN.

        Raises:
            ValueError: another number of coordinates than the training set's, or a frame rate far from it.
        """
        prepared = self._prepared.pop(sequence, None) or self._prepare(sequence)
        normalised = prepared.normalised
        if normalised.lacks:
            message = f"{sequence.name}: {normalised.lacks} are hardly seen; origin or size is estimated."
            self._warn_once(normalised.lacks, message)
        pose = normalised.pose[:, : len(self.points)]
        return _join(prepared.frames, normalised, pose)

    def transform_in_blocks(
        self, sequence: PoseSequence, block_frames: int = BLOCK_FRAMES
    ) -> ProcessedSequence:
        """Do the same without holding a long recording's poses in memory; its ``pose`` is a `BlockPose`.

        Recordings of up to ``block_frames`` frames, and those whose origin or size all landmarks determine,
        are transformed as a whole.

        Raises:
            ValueError: as for `transform`.
        """
        frames = self._find_frames(sequence)
        if len(frames) <= block_frames or sequence in self._prepared:
            return self.transform(sequence)
        measured = measure_in_blocks(frames.read, len(frames), self.normalisation, block_frames)
        return self.transform(sequence) if measured is None else self._in_blocks(frames, measured)

    def transform_lazily(self, sequence: PoseSequence) -> ProcessedSequence:
        """Do the same for a recording that is read when its poses are sliced, which are not kept.

        Where all landmarks determine origin or size, each slice reads the whole recording.

        Raises:
            ValueError: as for `transform`.
        """
        frames = self._find_frames(sequence)
        if sequence in self._measured:
            measured = self._measured.pop(sequence)
        else:
            measured = measure_in_blocks(frames.read, len(frames), self.normalisation, len(frames))
        if measured is not None:
            return self._in_blocks(frames, measured)
        whole = self.transform(sequence)
        pose = WholePose(lambda: self.transform(sequence).pose, len(whole.pose))
        return replace(whole, pose=pose.as_array())

    def _in_blocks(self, frames: SourceFrames, measured: Measured) -> ProcessedSequence:
        pose = BlockPose(frames.read, measured, self.normalisation, len(self.points))
        return _join(frames, measured, pose.as_array())

    def check_coordinates(self, sequence: PoseSequence) -> None:
        """Raise ValueError where a recording has another number of coordinates than the training set."""
        found = sequence.pose.shape[2]
        if found != self.num_coordinates:
            raise ValueError(
                f"{sequence.name}: poses must have {self.num_coordinates} coordinates, as in training, but "
                f"have {found}. Leave the recording out, or train on x and y alone (--dimensions 2)."
            )

    def check_rate(self, sequence: PoseSequence) -> None:
        """Raise ValueError where a recording's frame rate is too far from the model's."""
        if sequence.fps is None or self.fps is None:
            return
        if not 1 / LARGEST_RATIO <= sequence.fps / self.fps <= LARGEST_RATIO:
            raise ValueError(
                f"{sequence.name}: fps must be within a factor of {LARGEST_RATIO:g} of the model's "
                f"{self.fps:g}, but is {sequence.fps:g}. Correct manifest.csv, or the setting fps."
            )

    def inverse(self, pose: np.ndarray, record: TransformRecord) -> np.ndarray:
        """Convert poses (T, N, D) to the source's coordinates: (T, L, D), with the model's ``landmarks``.

        The frames remain the model's; ``record.source_frames`` gives their numbers in the source.
        """
        pose = np.asarray(pose, dtype=np.float32)[:, : len(self.landmarks)]
        if record.rotation is not None:
            pose = rotate(pose, -record.rotation)
        return pose * np.float32(record.unit) + record.anchor[:, None]

    def state_dict(self) -> dict[str, Any]:
        """Return everything that was fitted, as plain values."""
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
            "coordinates": asdict(self.coordinates),
            "skeleton": [list(pair) for pair in self.skeleton],
        }

    @classmethod
    def from_state_dict(cls, state: dict[str, Any], config: DataConfig | None = None) -> "PoseDataProcessor":
        """Make a fitted processor from `state_dict`'s result; its heading replaces the configured one."""
        processor = cls(config or DataConfig())
        vars(processor).update(state)
        processor.landmarks = tuple(state["landmarks"])
        processor.heading = tuple(state["heading"]) if state["heading"] else None
        processor.skeleton = [(start, end) for start, end in state.get("skeleton", [])]
        known = state.get("coordinates")  # absent in models of before formats had their own
        processor.coordinates = Coordinates.from_dict(known) if known else coordinates_of(processor.config)
        processor.normalisation = processor._fitted_normalisation()
        return processor

    def select(self, sequence: PoseSequence, frames: slice = slice(None)) -> np.ndarray:
        """Return the model's landmarks (T, L, D) in some frames, NaN where the recording lacks a landmark."""
        self.check_coordinates(sequence)
        source = sequence.pose[frames]
        if sequence.landmarks == self.landmarks:
            return source
        index_of = {name: i for i, name in enumerate(sequence.landmarks)}
        own = set(self.landmarks)
        extra = tuple(name for name, i in index_of.items() if name not in own and is_seen(source[:, i]))
        if extra:
            verb = "has" if len(extra) < len(index_of) else "has nothing but"
            self._warn_once(
                extra,
                f"{sequence.name}: {verb} landmarks that the model was not trained on; they are left out: "
                f"{list_names(extra)}.",
            )
        known = [i for i, name in enumerate(self.landmarks) if name in index_of]
        pose = np.full((len(source), len(self.landmarks), self.num_coordinates), np.nan, np.float32)
        pose[:, known] = source[:, [index_of[self.landmarks[i]] for i in known]]
        return pose

    def _find_frames(self, sequence: PoseSequence) -> SourceFrames:
        """Return a recording's frames at the model's rate."""
        self.check_rate(sequence)
        return SourceFrames.of(sequence, self.select, self.fps)

    def _prepare(self, sequence: PoseSequence) -> _Prepared:
        frames = self._find_frames(sequence)
        return _Prepared(self.normalisation.apply(frames.read_all()), frames)

    def _check_heading(self) -> None:
        unknown = [name for name in self.heading or () if name not in self.landmarks]
        if unknown:
            raise ValueError(
                f"heading must name two landmarks of the recordings, but {' and '.join(unknown)} is none. "
                f"Known: {list_names(self.landmarks)}."
            )

    def _fit_statistics(self, sequences: Sequence[PoseSequence]) -> bool:
        """Measure mean and scale for the current anchor and unit; False where most recordings lack these."""
        self.normalisation = Normalisation(self.landmarks, self.anchor, self.unit, self.heading)
        if not self.normalisation.is_possible:
            return False
        statistics = FittedStatistics()
        needed = self.normalisation.measured_landmarks
        for sequence in sequences:
            frames = self._find_frames(sequence)
            pose = frames.read_all()
            normalised = self.normalisation.apply(pose)
            if not normalised.lacks:
                statistics.add(normalised)
            is_read = isinstance(sequence.pose, np.ndarray)
            if not is_read:
                columns = pose[:, needed]
                self._measured[sequence] = self.normalisation.measure_columns(columns) if needed else None
            elif not normalised.lacks:
                self._prepared[sequence] = _Prepared(normalised, frames)
        num_lacking = len(sequences) - len(statistics)
        if 2 * num_lacking > len(sequences):
            self._prepared, self._measured = {}, {}
            return False
        if num_lacking:
            logger.warning("%d of %d recordings are left out of the statistics.", num_lacking, len(sequences))
        self._set_statistics(statistics)
        self.normalisation = self._fitted_normalisation()
        return True

    def _set_statistics(self, statistics: FittedStatistics) -> None:
        """Set root motion, mean, scale, typical unit and typical origin."""
        self.root_motion = statistics.root_motion
        mean, scale = statistics.compute_moments()
        num_points = len(self.points)
        self.pose_mean, self.pose_scale = mean[:num_points].tolist(), scale[:num_points].tolist()
        self.typical_unit, self.typical_origin = statistics.typical_unit, statistics.typical_origin

    def _fitted_normalisation(self) -> Normalisation:
        """Return the normalisation with the training set's mean and scale, which estimate missing units."""
        mean = np.array(self.pose_mean[: len(self.landmarks)])
        scale = np.array(self.pose_scale[: len(self.landmarks)])
        return Normalisation(self.landmarks, self.anchor, self.unit, self.heading, mean, scale)

    def _warn_once(self, key: Hashable, message: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            logger.warning("%s (Shown once, for the first such recording.)", message)


def _join(frames: SourceFrames, found: Normalised | Measured, pose: np.ndarray) -> ProcessedSequence:
    """Return a recording with its poses (T, N, D) and what leads back to its source."""
    sequence = frames.sequence
    record = TransformRecord(
        anchor=found.anchor,
        unit=found.unit,
        rotation=found.rotation,
        source_frames=frames.numbers,
        fps=frames.fps,
        landmarks=sequence.landmarks,
    )
    return ProcessedSequence(name=sequence.name, pose=pose, record=record, source=sequence)
