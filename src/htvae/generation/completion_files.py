"""A completed recording as CSV: what was observed is copied from the file to the digit.

The further columns say of each point whether it was filled in, and between which values it lies with 90 %
where several samples were drawn. Readers of pose CSVs ignore them.
"""

import csv
from pathlib import Path

import numpy as np

from htvae.config import DataConfig
from htvae.generation.completion import Completion
from htvae.io.faults import read_text, split_rows
from htvae.io.metadata import MANIFEST
from htvae.io.pose_csv import COLUMNS
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write
from htvae.utils.text import printable

Text = dict[tuple[int, str], tuple[str, str]]
"""x and y as the file has them, by frame and landmark."""


def write_completion(folder: Path, source: Path, completion: Completion, config: DataConfig) -> list[Path]:
    """Write the completed recording, and each sample where there are several, in the file's coordinates.

    Args:
        folder: where to; the name is the source's.
        source: the CSV file that was completed.
        completion: its completion.
        config: how the file was read (``y_up``, ``image_size``).

    Returns:
        The files.
    """
    text, name = _read_points(source), source.stem
    sequences = {name: completion.sequence}
    if completion.samples:
        width = len(str(len(completion.samples) - 1))
        sequences |= {f"{name}_{i:0{width}d}": sample for i, sample in enumerate(completion.samples)}
    files = []
    for own, sequence in sequences.items():
        interval = completion.interval if own == name else None
        files.append(folder / f"{own}.csv")
        _write(files[-1], sequence, completion.filled, interval, text, config)
    rate = "" if completion.sequence.fps is None else f"{completion.sequence.fps:g}"
    rows = [[f"{own}.csv", completion.sequence.label or "", rate] for own in sequences]
    with atomic_write(folder / MANIFEST) as temporary, temporary.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["file", "label", "fps"], *rows])
    return files


def _read_points(path: Path) -> Text:
    """Return the text of all points of a file that was read before without a fault."""
    rows = split_rows(read_text(path, printable(path)), printable(path))
    _, header = next(rows)
    names = [cell.strip() for cell in header]
    frame, landmark, x, y = (names.index(column) for column in COLUMNS)
    return {
        (int(float(cells[frame])), cells[landmark].strip()): (cells[x].strip(), cells[y].strip())
        for _, cells in rows
        if len(cells) > max(frame, landmark, x, y)
    }


def _write(
    path: Path,
    sequence: PoseSequence,
    filled: np.ndarray,
    interval: np.ndarray | None,
    text: Text,
    config: DataConfig,
) -> None:
    unit = _file_unit(config)
    points = sequence.pose / unit
    bounds = np.zeros((0,)) if interval is None else np.sort(interval / unit, axis=0)
    header = [*COLUMNS, "filled", *([] if interval is None else ["x_low", "x_high", "y_low", "y_high"])]
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for t in range(sequence.num_frames):
            for i, landmark in enumerate(sequence.landmarks):
                number = sequence.first_frame + t
                own = None if filled[t, i] else text.get((number, landmark))
                if own is None and not filled[t, i]:
                    continue  # a landmark that the model does not know, missing here
                x, y = own or (f"{value:.5f}" for value in points[t, i])
                further = [] if interval is None else [f"{v:.5f}" for v in bounds[:, t, i].T.ravel()]
                writer.writerow([number, landmark, x, y, int(filled[t, i]), *further])


def _file_unit(config: DataConfig) -> np.ndarray:
    """Return what the file's x and y were multiplied by when it was read."""
    width, height = config.image_size or (1, 1)
    return np.array([width, height if config.y_up else -height], np.float32)
