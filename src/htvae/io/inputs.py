"""Reading recordings from any mix of files and folders, with a model's reading settings."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from htvae.config import DataConfig
from htvae.io.cache import StoredRecordings, open_store
from htvae.io.faults import DataError
from htvae.io.folder import read_folder, read_source
from htvae.io.metadata import find_metadata
from htvae.io.sources import open_file
from htvae.poses.sequence import PoseSequence, content_hash
from htvae.utils.text import list_names, printable

log = logging.getLogger(__name__)


def read_inputs(inputs: Sequence[Path], config: DataConfig, cache_dir: Path) -> StoredRecordings:
    """Return the recordings of files and folders, in the order given; those of a folder are sorted by name.

    Folders are read through the cache, as in training, so a large corpus takes no memory.

    Args:
        inputs: files of recordings and folders of such files.
        config: the reading settings.
        cache_dir: folder of the cache.

    Raises:
        ValueError: two recordings have the same name.
        FileNotFoundError, DataError: as for `read_folder`.
    """
    sequences: list[PoseSequence] = []
    hashes: dict[str, str] = {}
    for path in inputs:
        if path.is_dir():
            found = open_store(replace(config, data_dir=str(path)), cache_dir)
        else:
            own = read_file(path, config)
            found = StoredRecordings(own, {sequence.name: content_hash(sequence) for sequence in own})
        twice = sorted(hashes.keys() & found.content_hashes.keys())
        if twice:
            raise ValueError(
                f"{path}: names must differ, but two recordings are {twice[0]}. "
                "Rename one, or give them in separate commands."
            )
        sequences += found.sequences
        hashes |= found.content_hashes
    return StoredRecordings(sequences, hashes)


def read_file(path: Path, config: DataConfig) -> list[PoseSequence]:
    """Return the recordings of one file, with the data of the manifest beside it or in a folder above.

    Raises:
        DataError: with all faults of the file.
    """
    read = read_source(open_file(path, config), config)
    if read.faults:
        raise DataError(read.faults)
    for note in read.notes:
        log.warning("%s: %s", printable(path), note)
    return find_metadata(read.sequences, path, config.fps)


def read_recording(path: Path, config: DataConfig) -> PoseSequence:
    """Return the one recording of a file, or of a folder of a file per frame.

    Raises:
        DataError: with all faults, or if there are several individuals or files.
    """
    found = read_folder(path, config) if path.is_dir() else read_file(path, config)
    if len(found) > 1:
        names = list_names(sequence.name for sequence in found)
        raise DataError(
            [
                f"{printable(path)}: must hold one individual here, but holds {len(found)}: {names}. "
                "Choose one with --individual NAME."
            ]
        )
    return found[0]
