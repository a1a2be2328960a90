"""Reading recordings from any mix of CSV files and folders, with a model's reading settings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from htvae.config import DataConfig
from htvae.io.cache import StoredRecordings, open_store
from htvae.io.pose_csv import read_pose_csv
from htvae.poses.sequence import PoseSequence, content_hash


def read_inputs(inputs: Sequence[Path], config: DataConfig, cache_dir: Path) -> StoredRecordings:
    """Return the recordings of files and folders, in the order given; those of a folder are sorted by name.

    Folders are read through the cache, as in training, so a large corpus takes no memory.

    Args:
        inputs: CSV files and folders of such files.
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
            sequence = read_pose_csv(path, config)
            found = StoredRecordings([sequence], {sequence.name: content_hash(sequence)})
        twice = sorted(hashes.keys() & found.content_hashes.keys())
        if twice:
            raise ValueError(
                f"{path}: names must differ, but two recordings are {twice[0]}. "
                "Rename one, or give them in separate commands."
            )
        sequences += found.sequences
        hashes |= found.content_hashes
    return StoredRecordings(sequences, hashes)
