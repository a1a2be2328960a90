"""One recording's poses as an array, with the recording's metadata.

Axes: T frames, L landmarks, D coordinates: x to the right, y upwards and, with three, z towards the viewer.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from htvae.poses.landmarks import ROOT_VELOCITY
from htvae.utils.text import list_names

SPLITS = ("train", "val", "test")
"""The names of the three parts of the data."""


@dataclass(frozen=True)
class FrameLabel:
    """A label for a span of frames."""

    start: int
    """Number of the first frame in the source."""
    stop: int
    """Number of the frame after the last one in the source."""
    label: str
    """Label of what happens in the span."""

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise ValueError(
                f"start must be at least 0 and below stop, but got start={self.start}, stop={self.stop}."
            )


def find_main_label(spans: Sequence[FrameLabel], start: int, stop: int) -> str | None:
    """Return the label of most source frames from start to stop (exclusive), None where none has one."""
    frames: Counter[str] = Counter()
    for span in spans:
        shared = min(stop, span.stop) - max(start, span.start)
        if shared > 0:
            frames[span.label] += shared
    return frames.most_common(1)[0][0] if frames else None


@dataclass(frozen=True)
class Coordinates:
    """The meaning of a file's coordinates; `htvae.io.coordinates` converts. Default: as they are."""

    y_up: bool = True
    """True where y grows upwards in the file; False where it grows downwards, as in images."""
    z_up: bool = False
    """True where z grows upwards in the file (three coordinates only); ``y_up`` then has no meaning."""
    image_size: tuple[int, int] | None = None
    """Width and height (pixels) of the image, where x and y in the file are shares (0..1) of it."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Coordinates":
        """Make coordinates from the plain values of ``dataclasses.asdict``; a list may stand for the size."""
        size = values["image_size"]
        return cls(**{**values, "image_size": None if size is None else (size[0], size[1])})


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseSequence:
    """The poses of one recording, made by `read_folder`, by `from_array`, or by hand.

    The array is kept without a copy and never written to, so it may be a slice of a memory map, or an object
    that reads an array when it is sliced (`htvae.io.pose_store.StoredPose`).

    Raises:
        TypeError: ``pose`` is not a float32 array.
        ValueError: sizes disagree, a name occurs twice, a coordinate is infinite, or a point has only some of
            its coordinates.
    """

    name: str
    """Name of the recording: its path relative to the data folder, without suffix."""
    landmarks: tuple[str, ...]
    """Names of the landmarks, in the order of axis L."""
    pose: npt.NDArray[np.float32]
    """Coordinates (T, L, D), y up, NaN where a point is missing; a point has all its coordinates or none."""
    fps: float | None = None
    """Frame rate (1/s), None where unknown."""
    first_frame: int = 0
    """Frame number in the source of ``pose[0]``."""
    label: str | None = None
    """Label of what the recording shows, None where unknown."""
    subject: str | None = None
    """Name of the person or animal, None where unknown."""
    split: str | None = None
    """Split that the manifest fixes: ``train``, ``val`` or ``test``; None where it fixes none."""
    covariates: Mapping[str, str] = field(default_factory=dict)
    """Further columns of the manifest, without those that are empty for this recording."""
    frame_labels: tuple[FrameLabel, ...] = ()
    """Labelled spans of source frames, ordered by start; they may overlap."""
    coordinates: Coordinates = Coordinates()
    """Meaning of x and y in the recording's file. ``pose`` does not depend on it; writers do."""

    def __post_init__(self) -> None:
        self._check_pose()
        self._check_metadata()

    def with_metadata(self, **changes: Any) -> "PoseSequence":
        """Return the recording with other metadata; its poses are not read again, which may lie on a disk.

        Raises:
            ValueError: for the reasons that the class names.
        """
        return self.of_checked_poses(**(vars(self) | changes))

    @classmethod
    def of_checked_poses(cls, **known: Any) -> "PoseSequence":
        """Make a sequence whose poses were checked before, when they were stored.

        Raises:
            TypeError, ValueError: for the reasons that the class names, the values of poses excepted.
        """
        sequence = cls.__new__(cls)
        for own in fields(cls):
            default = own.default if own.default_factory is MISSING else own.default_factory()
            vars(sequence)[own.name] = known.get(own.name, default)
        sequence._check_form()
        sequence._check_metadata()
        return sequence

    def _check_metadata(self) -> None:
        self._check_landmarks()
        if self.fps is not None and not 0 < self.fps < math.inf:
            raise ValueError(
                f"{self.name}: fps must be above 0 and finite, but got {self.fps}. Use None if unknown."
            )
        if self.first_frame < 0:
            raise ValueError(f"{self.name}: first_frame must be at least 0, but got {self.first_frame}.")
        if self.split is not None and self.split not in SPLITS:
            raise ValueError(
                f"{self.name}: split must be one of {', '.join(SPLITS)}, but got {self.split!r}."
            )

    @property
    def num_frames(self) -> int:
        """Number of frames from the first to the last, including frames without any point."""
        return self.pose.shape[0]

    @property
    def observed(self) -> npt.NDArray[np.bool_]:
        """Mask (T, L), bool, True where the recording has the point."""
        return ~np.isnan(self.pose[..., 0])

    @classmethod
    def from_array(
        cls,
        pose: npt.ArrayLike,
        landmarks: Sequence[str] | None = None,
        name: str = "array",
        fps: float | None = None,
        **metadata: Any,
    ) -> "PoseSequence":
        """Make a sequence from an array of any real type.

        Args:
            pose: coordinates (T, L, D), of which the second points upwards. NaN in one coordinate makes the
                whole point missing.
            landmarks: names of axis L. None: ``POINT_0``, ``POINT_1``, ...
            name: name of the recording.
            fps: frame rate (1/s).
            **metadata: further fields, such as ``label`` or ``subject``.

        Raises:
            TypeError: the array does not hold real numbers.
            ValueError: for the reasons that the class names.
        """
        array = np.asarray(pose)
        if array.dtype.kind not in "fiu":
            raise TypeError(f"{name}: pose must hold real numbers, but has the type {array.dtype}.")
        _check_axes(name, array)
        if array.dtype != np.float32:
            with np.errstate(over="ignore"):  # an overflow gives infinity, which the class reports
                array = array.astype(np.float32)
        missing = np.isnan(array)
        partial = missing.any(-1) & ~missing.all(-1)
        if partial.any():
            array = np.where(partial[..., None], np.float32(np.nan), array)
        names = [f"POINT_{index}" for index in range(array.shape[1])] if landmarks is None else landmarks
        return cls(name=name, landmarks=tuple(names), pose=array, fps=fps, **metadata)

    def _check_form(self) -> None:
        if getattr(self.pose, "dtype", None) != np.float32:
            found = getattr(self.pose, "dtype", type(self.pose).__name__)
            raise TypeError(
                f"{self.name}: pose must be a float32 array, but is {found}. Try PoseSequence.from_array."
            )
        _check_axes(self.name, self.pose)

    def _check_pose(self) -> None:
        self._check_form()
        if np.isfinite(self.pose).all():
            return
        missing = np.isnan(self.pose)
        if np.isinf(self.pose).any():
            frame, landmark, _ = np.argwhere(np.isinf(self.pose))[0]
            raise ValueError(
                f"{self.name}: coordinates must be finite, or NaN where missing, but landmark {landmark} is "
                f"infinite in frame {frame}. Put NaN there."
            )
        if (missing != missing[..., :1]).any():
            frame, landmark, _ = np.argwhere(missing != missing[..., :1])[0]
            raise ValueError(
                f"{self.name}: a point must have all its coordinates or none, but landmark {landmark} has "
                f"some in frame {frame}. Put NaN into all of them, or use PoseSequence.from_array."
            )

    def _check_landmarks(self) -> None:
        if not isinstance(self.landmarks, tuple):
            raise TypeError(
                f"{self.name}: landmarks must be a tuple, but is a {type(self.landmarks).__name__}."
            )
        if len(self.landmarks) != self.pose.shape[1]:
            raise ValueError(
                f"{self.name}: landmarks must name each point, but got {len(self.landmarks)} names for "
                f"{self.pose.shape[1]} points (pose has shape {self.pose.shape})."
            )
        if len(set(self.landmarks)) < len(self.landmarks):
            twice = sorted(name for name, count in Counter(self.landmarks).items() if count > 1)
            raise ValueError(
                f"{self.name}: landmark names must differ, but found twice: {list_names(twice)}."
            )
        if ROOT_VELOCITY in self.landmarks:
            raise ValueError(f"{self.name}: {ROOT_VELOCITY} is a reserved name; rename that landmark.")


def content_hash(sequence: PoseSequence) -> str:
    """Return a hash of a recording's landmarks and poses; its name does not enter."""
    digest = hashlib.blake2b(repr((sequence.landmarks, sequence.pose.shape)).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(sequence.pose).data)
    return digest.hexdigest()


def _check_axes(name: str, pose: npt.NDArray[Any]) -> None:
    if pose.ndim != 3 or 0 in pose.shape:
        raise ValueError(
            f"{name}: pose must have the shape (frames, landmarks, coordinates), each at least 1, "
            f"but has the shape {pose.shape}."
        )
