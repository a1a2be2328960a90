"""Writing recordings to a folder in the format of another program."""

from collections.abc import Sequence
from pathlib import Path

from htvae.io.writers.base import Writer
from htvae.io.writing import fit_name
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import path_inside


def write_sessions(folder: Path, recordings: Sequence[PoseSequence], writer: Writer) -> list[Path]:
    """Write recordings, one file per session where the format holds several individuals.

    Args:
        folder: the folder to write to; files are named after sessions or recordings, see `fit_name`.
        recordings: recordings of different names.
        writer: the format.

    Returns:
        The written files.

    Raises:
        ValueError: the format cannot hold the recordings, or a name leads out of the folder.
        OSError: a file cannot be written.
    """
    sessions: dict[str, list[PoseSequence]] = {}
    for recording in recordings:
        name = recording.covariates.get("session", recording.name) if writer.holds_several else recording.name
        sessions.setdefault(name, []).append(recording)
    files = []
    for name, own in sessions.items():
        plain = name.removesuffix(writer.suffix.rpartition(".")[0])  # not .analysis twice
        shown = name if plain in sessions else plain
        files.append(path_inside(folder, fit_name(shown, writer.suffix)))
        files[-1].parent.mkdir(parents=True, exist_ok=True)
        writer.write(files[-1], own)
    return files
