"""``htvae import``: any tracker's recordings as pose CSVs, to look at, to edit or to share."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from htvae.config import DataConfig
from htvae.io.folder import read_folder
from htvae.io.inputs import read_file
from htvae.io.writing import write_folder
from htvae.poses.sequence import Coordinates, PoseSequence
from htvae.utils.text import printable


def import_recordings(source: Path, folder: Path, config: DataConfig) -> Sequence[PoseSequence]:
    """Read a folder or a file, and write its recordings with ``manifest.csv`` and ``frame_labels.csv``.

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
        FileNotFoundError, DataError: as for `read_folder`.
    """
    taken = sorted(folder.rglob("*.csv")) if folder.is_dir() else []
    if taken:
        raise FileExistsError(
            f"{printable(folder)} must hold no CSV files yet, but has {len(taken)} "
            f"({printable(taken[0].name)}, ...). Give another --output_dir, so that nothing is overwritten."
        )
    found = read_folder(source, config) if source.is_dir() else read_file(source, config)
    recordings = [replace(sequence, coordinates=Coordinates()) for sequence in found]
    write_folder(folder, recordings, is_exact=True, show_progress=True)
    return recordings
