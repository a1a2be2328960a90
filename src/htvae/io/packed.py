"""Packed recordings: parsed poses in litdata's chunks, and all else that is known of them in one JSON file.

- ``recordings.json`` is written last: a folder that has it is complete.
- Training reads it at the start, and poses when an epoch's windows need them, see `htvae.io.pose_store`.
- Metadata (labels, subjects, splits, bones) are those of the time of packing.
"""

import json
import math
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from htvae.config import DataConfig, reading_names
from htvae.io.cache import StoredRecordings, open_store
from htvae.io.pose_store import BUCKET, PoseStore, check_extra, read_object, write_poses
from htvae.io.skeleton_csv import read_skeleton
from htvae.poses.sequence import Coordinates, FrameLabel, PoseSequence
from htvae.utils.progress import track

INDEX = "recordings.json"
"""Name of the file with all but the poses."""
FORMAT = 1
"""Version of this layout."""
_PLAIN = ("name", "fps", "first_frame", "label", "subject", "split")
"""Fields of a recording that the file holds as they are."""


def is_packed(data_dir: str) -> bool:
    """Return whether recordings lie in a bucket, or in a folder that `pack_folder` wrote."""
    return _address(data_dir).startswith(BUCKET) or (Path(data_dir) / INDEX).is_file()


def open_recordings(config: DataConfig, cache_dir: Path) -> StoredRecordings:
    """Return the recordings of ``config.data_dir``, packed or not.

    Raises:
        FileNotFoundError, DataError: as for `htvae.io.folder.read_folder`.
        StorageError: a bucket cannot be read.
        ValueError: packed recordings are damaged, or were read with other settings than ``config``'s.
    """
    if not is_packed(config.data_dir):
        return open_store(config, cache_dir)
    address = _address(config.data_dir)
    path = f"{address}/{INDEX}"
    content = read_object(path) if address.startswith(BUCKET) else Path(path).read_bytes()
    try:
        index = json.loads(content)
        if index["format"] != FORMAT:
            raise ValueError(f"format {index['format']!r} where {FORMAT} is known")
        settings = dict(index["settings"])
    except (ValueError, LookupError, TypeError) as error:
        raise _damaged(path, error) from error
    _check_settings(address, settings, _reading_settings(config))
    store = PoseStore(address, cache_dir / "packed")
    try:
        return StoredRecordings(
            sequences=list(_restore(index, store)),
            content_hashes={known["name"]: str(known["content_hash"]) for known in index["recordings"]},
            skeleton=[(str(start), str(end)) for start, end in index["skeleton"]],
        )
    except (ValueError, LookupError, TypeError) as error:
        raise _damaged(path, error) from error


def pack_folder(folder: Path, output_dir: Path, config: DataConfig, cache_dir: Path) -> int:
    """Write the recordings of a folder as packed recordings.

    Args:
        folder: folder of recordings in any format.
        output_dir: folder to write to; it must not exist yet, or be empty.
        config: the reading settings, which training must be given as well.
        cache_dir: folder of the cache, through which the recordings are read.

    Returns:
        The number of recordings.

    Raises:
        FileExistsError: ``output_dir`` holds files.
        ValueError: litdata is not installed, or ``output_dir`` lies in the folder.
        FileNotFoundError, DataError: as for `htvae.io.folder.read_folder`.
    """
    check_extra()
    if output_dir.resolve().is_relative_to(folder.resolve()):
        raise ValueError(
            f"output_dir must lie outside of {folder}, but is {output_dir}. Give another folder."
        )
    if output_dir.exists() and (not output_dir.is_dir() or any(output_dir.iterdir())):
        raise FileExistsError(f"{output_dir}: must be an empty folder or a new one, but holds files already.")
    stored = open_store(replace(config, data_dir=str(folder)), cache_dir)
    sequences = sorted(stored.sequences, key=lambda s: s.name)
    landmarks = list(dict.fromkeys(s.landmarks for s in sequences))
    names = list(dict.fromkeys(name for own in landmarks for name in own))
    index = {
        "format": FORMAT,
        "settings": _reading_settings(config),
        "skeleton": read_skeleton(folder, names, config.rename),
        "landmarks": landmarks,
        "recordings": [_note(s, landmarks, stored.content_hashes[s.name]) for s in sequences],
    }
    output_dir.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output_dir.with_name(f".{output_dir.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)  # what a killed packing left
    write_poses(unfinished, (sequence.pose for sequence in track("packing", sequences)))
    (unfinished / INDEX).write_text(json.dumps(index), encoding="utf-8")
    unfinished.replace(output_dir)
    return len(sequences)


def _address(data_dir: str) -> str:
    """Return the address without slashes at its end, and with both of s3://, of which a path keeps one."""
    return re.sub("^s3:/+", BUCKET, data_dir).rstrip("/")


def _note(sequence: PoseSequence, landmarks: list[tuple[str, ...]], content_hash: str) -> dict[str, Any]:
    """Return all that is known of a recording but its poses, as plain values."""
    return {name: getattr(sequence, name) for name in _PLAIN} | {
        "landmarks": landmarks.index(sequence.landmarks),
        "shape": sequence.pose.shape,
        "covariates": dict(sequence.covariates),
        "frame_labels": [asdict(label) for label in sequence.frame_labels],
        "coordinates": asdict(sequence.coordinates),
        "content_hash": content_hash,
    }


def _restore(index: dict[str, Any], store: PoseStore) -> Iterator[PoseSequence]:
    landmarks = [tuple(map(str, names)) for names in index["landmarks"]]
    notes = index["recordings"]
    if store.num_values != [math.prod(note["shape"]) for note in notes]:
        raise ValueError("its recordings are not those of the chunks beside it")
    for number, note in enumerate(notes):
        yield PoseSequence.of_checked_poses(
            **{name: note[name] for name in _PLAIN},
            landmarks=landmarks[note["landmarks"]],
            pose=store.pose(number, note["shape"]),
            covariates=note["covariates"],
            frame_labels=tuple(FrameLabel(**label) for label in note["frame_labels"]),
            coordinates=Coordinates.from_dict(note["coordinates"]),
        )


def _reading_settings(config: DataConfig) -> dict[str, Any]:
    """Return the settings that decide how files become recordings, as JSON has them."""
    settings = {name: getattr(config, name) for name in (*reading_names(), "fps")}
    plain: dict[str, Any] = json.loads(json.dumps(settings))
    return plain


def _check_settings(address: str, packed: dict[str, Any], wanted: dict[str, Any]) -> None:
    different = [
        f"{name} (packed with {packed.get(name)}, now {value})"
        for name, value in wanted.items()
        if packed.get(name) != value
    ]
    if different:
        raise ValueError(
            f"{address}: settings of reading must be those of the packing, but differ: "
            f"{', '.join(different)}. Give them as in the packing, or pack anew."
        )


def _damaged(path: str, error: Exception) -> ValueError:
    return ValueError(
        f"{path}: must be as htvae pack of this version writes it, but is damaged ({error!r}). "
        "Pack the recordings again."
    )
