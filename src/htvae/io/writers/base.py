"""What a writer is, and the recordings of one session as one array, which most formats need."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from htvae.io.coordinates import to_file
from htvae.io.formats.instances import unique_names
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write
from htvae.utils.text import list_names

LARGEST = 1 << 29
"""Most numbers of a file with an array for all frames (4 GiB)."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """A writer of one format."""

    name: str
    """Name for ``--format``."""
    suffix: str
    """Suffix of the files, with the point."""
    write: Callable[[Path, Sequence[PoseSequence]], None]
    """Write the recordings of one session, one per individual, to one file; an earlier file is replaced.

    Raises ValueError if the format cannot hold them.
    """
    holds_several: bool = True
    """Whether a file holds several individuals; else each gets a file of its own."""


@dataclass(frozen=True, eq=False)
class Session:
    """The individuals of one session in common frames.

    Axes: T frames, I individuals, L landmarks, D coordinates.
    """

    individuals: tuple[str, ...]
    """Names of the individuals, each once."""
    landmarks: tuple[str, ...]
    """Landmarks of all individuals."""
    has_landmark: npt.NDArray[np.bool_]
    """(I, L), whether the individual has the landmark."""
    points: npt.NDArray[np.float64]
    """(T, I, L, D) in the coordinates of the recordings' file, NaN where missing."""
    first_frame: int
    fps: float | None

    @property
    def observed(self) -> npt.NDArray[np.bool_]:
        """(T, I, L), whether the point is there."""
        return ~np.isnan(self.points[..., 0])


def join_session(recordings: Sequence[PoseSequence], first_frame: int | None = None) -> Session:
    """Return the recordings of one session in common frames.

    Args:
        recordings: one per individual.
        first_frame: frame to begin with, for formats whose files always begin with the same one. None: the
            first frame of the recordings.

    Raises:
        ValueError: there is none, they differ in frame rate, coordinates or dimensions, or their frames are
            too far apart for one array.
    """
    _check(recordings)
    start = min(recording.first_frame for recording in recordings) if first_frame is None else first_frame
    num_frames = max(recording.first_frame + recording.num_frames for recording in recordings) - start
    landmarks = tuple(dict.fromkeys(name for recording in recordings for name in recording.landmarks))
    shape = (num_frames, len(recordings), len(landmarks), recordings[0].pose.shape[2])
    if np.prod(shape, dtype=float) > LARGEST:
        raise ValueError(
            f"{recordings[0].name}: frames must not lie too far apart for one file, but span {num_frames:,}. "
            "Number the frames from 0, or write each recording alone."
        )
    points = np.full(shape, np.nan)
    has_landmark = np.zeros(shape[1:3], bool)
    for index, recording in enumerate(recordings):
        begin = recording.first_frame - start
        places = [landmarks.index(name) for name in recording.landmarks]
        own = to_file(recording.pose, recordings[0].coordinates)
        points[begin : begin + recording.num_frames, index, places] = own
        has_landmark[index, places] = True
    return Session(
        individuals=name_individuals(recordings),
        landmarks=landmarks,
        has_landmark=has_landmark,
        points=points,
        first_frame=start,
        fps=recordings[0].fps,
    )


def name_individuals(recordings: Sequence[PoseSequence]) -> tuple[str, ...]:
    """Return names of the individuals: what their recordings' names have after the session's.

    A single recording that belongs to no session has an empty name. A name that occurs again gets a number.
    """
    names = []
    for recording in recordings:
        session = recording.covariates.get("session", "")
        if session and recording.name.startswith(f"{session}/"):
            names.append(recording.name.removeprefix(f"{session}/"))
        else:
            names.append("" if len(recordings) == 1 else recording.name.rpartition("/")[2])
    return tuple(names if len(names) == 1 else unique_names(names, "individual"))


@contextmanager
def write_hdf5(path: Path, **options: Any) -> Iterator[Any]:
    """Yield an HDF5 file of h5py to be filled, which is written at the end, whole or not at all.

    It is made in memory, since the library reports a full disk in other ways than the system does.
    """
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w", **options) as file:
        yield file
    with atomic_write(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def _check(recordings: Sequence[PoseSequence]) -> None:
    if not recordings:
        raise ValueError("recordings must be at least one, but there is none.")
    first = recordings[0]
    for recording in recordings:
        differing = [
            what
            for what, is_same in (
                ("frame rates", recording.fps == first.fps),
                ("coordinates", recording.coordinates == first.coordinates),
                ("dimensions", recording.pose.shape[2] == first.pose.shape[2]),
            )
            if not is_same
        ]
        if differing:
            raise ValueError(
                f"recordings of one file must agree, but {first.name} and {recording.name} have different "
                f"{list_names(differing)}. Write them to different files."
            )
