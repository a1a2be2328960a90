"""The cache of parsed recordings: files are parsed once; later starts map one array file.

- An entry is two files: ``<folder>-<content>.npy`` with all poses in a row, and a JSON index of that name.
- ``<folder>`` is a hash of the data folder and the reading settings.
- ``<content>`` is a hash of path, size and time of every file, so a changed file makes a new entry.
- The manifest and the frame labels are not cached; every start reads them.
"""

import contextlib
import hashlib
import json
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from htvae.config import DataConfig, reading_names
from htvae.io.folder import complete, read_sources
from htvae.io.listing import list_folder
from htvae.io.metadata import attach_metadata
from htvae.poses.sequence import Coordinates, PoseSequence, content_hash
from htvae.utils.files import atomic_write, remove_leftovers
from htvae.utils.lock import hold_lock

logger = logging.getLogger(__name__)

FORMAT = 2
"""Version of this layout. Entries of another version are ignored."""
_PLAIN = ("name", "landmarks", "fps", "first_frame", "subject")
"""Fields of a recording that the index holds as they are, as the recording's file says them."""
LONGEST_WRITING = 300.0
"""Longest wait (s) for another process that is writing to the cache."""


@dataclass(frozen=True, eq=False)
class StoredRecordings:
    """Recordings and the hashes of their contents."""

    sequences: list[PoseSequence]
    """Recordings. Poses from the cache are read-only maps."""
    content_hashes: dict[str, str]
    """`content_hash` of each recording, by name."""
    skeleton: list[tuple[str, str]] | None = None
    """Bones that were packed with the recordings; None: those of the folder's ``skeleton.csv``."""


def open_store(config: DataConfig, cache_dir: Path) -> StoredRecordings:
    """Return the recordings of ``config.data_dir``, from ``cache_dir`` where no file has changed.

    Several processes may start at once: they read in parallel and write one after the other. If the cache
    cannot be written, the recordings are parsed at every start.

    Raises:
        FileNotFoundError, DataError: as for `htvae.io.folder.read_folder`.
    """
    data_dir = Path(config.data_dir)
    entry = _Entry.find(data_dir, config, cache_dir)
    stored = entry.load()
    if stored is not None:
        return replace(stored, sequences=attach_metadata(stored.sequences, data_dir, config.fps))
    read = read_sources(data_dir, config)
    sequences = complete(read, data_dir, config)
    try:
        entry.save(read.sequences)
        stored = entry.load()
    except OSError as error:
        logger.warning(
            "The cache %s cannot be written (%s), so the recordings are parsed at every start.",
            cache_dir,
            error.strerror or error,
        )
    if stored is None:
        return StoredRecordings(sequences, {s.name: content_hash(s) for s in sequences})
    mapped = [
        read.with_metadata(pose=cached.pose) for read, cached in zip(sequences, stored.sequences, strict=True)
    ]
    return replace(stored, sequences=mapped)


@dataclass(frozen=True)
class _Entry:
    """One cache entry: its folder, and the two parts of its name."""

    cache_dir: Path
    folder_key: str
    content_key: str

    @classmethod
    def find(cls, data_dir: Path, config: DataConfig, cache_dir: Path) -> "_Entry":
        files = list_folder(data_dir).files
        settings = [getattr(config, name) for name in reading_names()]
        return cls(
            cache_dir,
            folder_key=_digest([str(data_dir.resolve()), settings]),
            content_key=_digest([FORMAT, sorted(files)]),
        )

    @property
    def poses_path(self) -> Path:
        return self.cache_dir / f"{self.folder_key}-{self.content_key}.npy"

    @property
    def index_path(self) -> Path:
        return self.poses_path.with_suffix(".json")

    def load(self) -> StoredRecordings | None:
        """Return the cached recordings, None where the entry is absent or broken."""
        if not self.index_path.exists():
            return None
        try:
            index = _read_index(self.index_path)
            poses = np.load(self.poses_path, mmap_mode="r").view(np.ndarray)
            sequences = list(_cut(poses, index))
            hashes = {recording["name"]: str(recording["content_hash"]) for recording in index}
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            logger.warning(
                "The cache %s is broken (%s); the recordings are read again.", self.poses_path, error
            )
            return None
        return StoredRecordings(sequences, hashes)

    def save(self, sequences: Sequence[PoseSequence]) -> None:
        """Write the entry, index last. Remove the folder's older entries and the leftovers of killed runs."""
        index = [
            {name: getattr(s, name) for name in _PLAIN}
            | {
                "shape": s.pose.shape,
                "covariates": dict(s.covariates),
                "coordinates": asdict(s.coordinates),
                "content_hash": content_hash(s),
            }
            for s in sequences
        ]
        self.cache_dir.mkdir(parents=True, exist_ok=True)
        with hold_lock(self.cache_dir / "cache.lock", wait=LONGEST_WRITING):
            remove_leftovers(self.cache_dir)
            with atomic_write(self.poses_path) as temporary, temporary.open("wb") as file:
                _write_poses(file, [s.pose for s in sequences])
            with atomic_write(self.index_path) as temporary:
                temporary.write_text(json.dumps(index), encoding="utf-8")
            for path in self.cache_dir.glob(f"{self.folder_key}-*"):
                if path.stem != self.poses_path.stem:
                    with contextlib.suppress(OSError):  # (Windows) another process still uses it
                        path.unlink()


def _write_poses(file: BinaryIO, poses: Sequence[np.ndarray]) -> None:
    """Write the numbers of all poses in a row, as ``np.save`` writes one array, without joining them."""
    shape = (sum(pose.size for pose in poses),)
    header = {"descr": np.dtype(np.float32).str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    for pose in poses:
        file.write(np.ascontiguousarray(pose).data)


def _read_index(path: Path) -> list[dict[str, Any]]:
    """Return the index, with one object for all recordings that have the same landmarks or coordinates."""
    shared: dict[Any, Any] = {}

    def share(values: dict[str, Any]) -> Any:
        if isinstance(values.get("y_up"), bool):  # no covariates, which are texts
            coordinates = Coordinates.from_dict(values)
            return shared.setdefault(coordinates, coordinates)
        if isinstance(values.get("landmarks"), list):
            landmarks = tuple(values["landmarks"])
            values["landmarks"] = shared.setdefault(landmarks, landmarks)
        return values

    index: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"), object_hook=share)
    return index


def _cut(poses: np.ndarray, index: list[dict[str, Any]]) -> Iterator[PoseSequence]:
    """Yield the recordings, whose numbers follow each other in ``poses``.

    Poses are not read: they were checked before they were stored.
    """
    stop = 0
    for recording in index:
        start, stop = stop, stop + math.prod(recording["shape"])
        yield PoseSequence.of_checked_poses(
            **{name: recording[name] for name in _PLAIN if name != "landmarks"},
            landmarks=recording["landmarks"],
            pose=poses[start:stop].reshape(recording["shape"]),
            covariates=recording["covariates"],
            coordinates=recording["coordinates"],
        )
    if stop != len(poses):
        raise ValueError(f"{len(poses)} numbers where the index expects {stop}")


def _digest(value: Any) -> str:
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=8).hexdigest()
