"""``htvae import``: any tracker's recordings as pose CSVs, to look at, to edit or to share."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from htvae.config import DataConfig, ReadingConfig
from htvae.io.folder import complete, read_sources
from htvae.io.inputs import read_file
from htvae.io.skeleton_csv import read_skeleton
from htvae.io.sources import open_file
from htvae.io.tables import PROVENANCE, SKELETON
from htvae.io.writing import check_output, write_folder, write_table
from htvae.poses.sequence import Coordinates, PoseSequence


def import_recordings(source: Path, folder: Path, config: DataConfig) -> Sequence[PoseSequence]:
    """Read a folder or a file, and write its recordings with ``manifest.csv`` and ``frame_labels.csv``.

    The manifest says from which file and format each recording comes; ``skeleton.csv`` is written again.
    The CSVs have y up and one unit for all axes, so that no setting is needed to read them, and all digits,
    so that training on them is training on the source.

    Args:
        source: folder or file of any format.
        folder: folder to write to; it must hold no CSV files.
        config: the reading settings.

    Returns:
        The recordings as they are written.

    Raises:
        FileExistsError: the folder holds CSV files.
        ValueError: it lies in the source's folder, or a recording is called like a table.
        FileNotFoundError, DataError: as for `read_folder`.
    """
    check_output(source, folder)
    found, origins = _read(source, config)
    recordings = [replace(sequence, coordinates=Coordinates()) for sequence in found]
    write_folder(folder, recordings, is_exact=True, show_progress=True, further=origins)
    write_skeleton(source, folder, recordings, config)
    return recordings


def write_skeleton(
    source: Path, folder: Path, recordings: Sequence[PoseSequence], config: ReadingConfig
) -> None:
    """Write the ``skeleton.csv`` of a folder again, where it has one, with the names of these recordings."""
    landmarks = dict.fromkeys(name for sequence in recordings for name in sequence.landmarks)
    bones = read_skeleton(source, tuple(landmarks), config.rename) if source.is_dir() else []
    if bones:
        write_table(folder / SKELETON, ["from", "to"], bones)


def _read(source: Path, config: DataConfig) -> tuple[list[PoseSequence], dict[str, dict[str, str]]]:
    """Return the recordings, and from which file and format each comes, as cells of the manifest."""
    if not source.is_dir():
        format_name = open_file(source, config).format.name
        found = read_file(source, config)
        return found, {s.name: _cells(source.name, format_name) for s in found}
    read = read_sources(source, config)
    found = complete(read, source, config)
    return found, {s.name: _cells(own.file, own.format) for own in read.sources for s in own.sequences}


def _cells(file: str, format_name: str) -> dict[str, str]:
    return dict(zip(PROVENANCE, (file, format_name), strict=True))
