"""A completed recording as CSV files.

- Observed points are copied from the source file to the digit, where that is a pose CSV.
- The column ``filled`` marks the points that were filled in. If several samples were drawn, two more columns
  per coordinate hold the bounds between which each point lies with 90 %. Readers of pose CSVs ignore these
  columns.
"""

import csv
from pathlib import Path

import numpy as np

from htvae.generation.completion import Completion
from htvae.io.coordinates import to_file
from htvae.io.faults import DataError, parse_number, read_text, split_rows
from htvae.io.pose_csv import columns_of
from htvae.io.writing import fit_name, write_tables
from htvae.poses.geometry import observed_points
from htvae.poses.sequence import PoseSequence
from htvae.utils.files import atomic_write
from htvae.utils.text import printable

Text = dict[tuple[int, str], list[str]]
"""Text of the coordinates in the file, by frame and landmark."""


def write_completion(folder: Path, source: Path, completion: Completion) -> list[Path]:
    """Write the completed recording and its samples, in the file's coordinates.

    Args:
        folder: the folder to write to. Files are named after the source, see `fit_name`.
        source: the file that was completed.
        completion: the completion of ``source``.

    Returns:
        The written CSV files.
    """
    known = completion.sequence
    text, name = _read_points(source, columns_of(known)), fit_name(source.stem)
    sequences = {name: known}
    if completion.samples:
        width = len(str(len(completion.samples) - 1))
        sequences |= {
            fit_name(source.stem, f"_{i:0{width}d}"): sample for i, sample in enumerate(completion.samples)
        }
    files = []
    for own, sequence in sequences.items():
        interval = completion.interval if own == name else None
        files.append(folder / f"{own}.csv")
        _write(files[-1], sequence, completion.filled, interval, text)
    write_tables(folder, {f"{own}.csv": sequence for own, sequence in sequences.items()})
    return files


def _read_points(path: Path, columns: tuple[str, ...]) -> Text:
    """Return the text of all points of a file that was read without a fault before."""
    try:
        rows = split_rows(read_text(path, printable(path)), printable(path))
        _, header = next(rows)
    except (DataError, StopIteration):
        return {}  # a file of another format
    names = [cell.strip() for cell in header]
    if not {*columns} <= {*names}:
        return {}
    frame, landmark, *places = (names.index(column) for column in columns)
    return {
        (int(float(cells[frame])), cells[landmark].strip()): [cells[place].strip() for place in places]
        for _, cells in rows
        if len(cells) > max(frame, landmark, *places)
    }


def _write(
    path: Path,
    sequence: PoseSequence,
    filled: np.ndarray,
    interval: np.ndarray | None,
    text: Text,
) -> None:
    columns, points = columns_of(sequence), to_file(sequence.pose, sequence.coordinates)
    bounds, header = np.zeros(0), [*columns, "filled"]
    if interval is not None:
        bounds = np.sort(to_file(interval, sequence.coordinates), axis=0)
        header += [f"{axis}_{end}" for axis in columns[2:] for end in ("low", "high")]
    seen = observed_points(points)
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for t in range(sequence.num_frames):
            for i, landmark in enumerate(sequence.landmarks):
                if not seen[t, i]:
                    continue  # missing here, and the model does not know the landmark
                number = sequence.first_frame + t
                own = None if filled[t, i] else text.get((number, landmark))
                point = points[t, i].tolist()
                place = own if own and _is_same(own, point) else [f"{value:.5f}" for value in point]
                further = [] if interval is None else [f"{v:.5f}" for v in bounds[:, t, i].T.ravel()]
                writer.writerow([number, landmark, *place, int(filled[t, i]), *further])


def _is_same(cells: list[str], point: list[float]) -> bool:
    """Return whether the text is the point's; settings may rename landmarks, or read times as frames."""
    return all(
        (number := parse_number(cell)) is not None and abs(number - value) <= 1e-6 + 1e-5 * abs(value)
        for cell, value in zip(cells, point, strict=True)
    )
