"""CSV tables with a header row: their columns, and what their rows are numbered by.

- Columns are found by name; case, spaces, underscores and # do not matter.
- The frame of a row is in a column such as ``frame`` or ``frame_idx``; without one it follows from a constant
  step of a time column, and without that rows are consecutive frames, which is said in a note.
- Where a table has frames and times, the frame rate follows from them.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from htvae.config import ReadingConfig
from htvae.io.faults import DataError, parse_number, split_rows
from htvae.io.formats.frames import SECONDS, FrameNumbers, check_frames, frames_of_times
from htvae.io.formats.people import number_repeated
from htvae.io.opening import HEAD_BYTES, Source
from htvae.utils.text import list_names, printable, shorten

if TYPE_CHECKING:
    import pandas as pd

FRAMES = frozenset(
    "frame frameindex frameidx frameid framenumber framenum frameno framecount fnum imageindex".split()
)
"""Names of columns of frame numbers, as `plain` spells them; an index without a name counts too."""
UNNAMED = ("", "Unnamed: 0")
"""Header of an index without a name, as pandas writes it, and reads and writes it again."""
TIMES = frozenset("timestamp timestampms timestamps time timems times timesec timeseconds seconds t".split())
"""Names of columns of times."""
PEOPLE = frozenset(
    "trackid personid personidx personindex person id objectid individual individualid track animal animalid "
    "subject subjectid poseid poseindex poseidx".split()
)
"""Names of columns of individuals."""
VIDEOS = frozenset("video videoname videoid videofile filename file videopath".split())
"""Names of columns of videos."""
LABELS = frozenset("class label labels poselabel target classname action".split())
"""Names of columns of classes, as in tables for classifiers."""
LONGEST_HEADER = 1 << 22
"""Most bytes of a header row."""
LARGEST = 1e30
"""Largest size of a number; a larger one is damage."""


def plain(name: str) -> str:
    """Return a column's name in lower case, with letters and digits only."""
    return re.sub(r"[\W_]+", "", name).casefold()


def split_header(source: Source) -> list[str]:
    """Return the names in the first row; an empty list where it is no header of several columns."""
    line = source.head_lines[0]
    if len(source.head_lines) == 1 and len(source.head) == HEAD_BYTES and "," in line:
        with source.open() as file:
            line = file.read(LONGEST_HEADER).decode("utf-8", "replace").removeprefix("\ufeff").split("\n")[0]
    if not line.strip() or "\0" in line:
        return []
    try:
        cells = next(csv.reader([line]), [])
    except csv.Error:
        return []
    cells = [cell.strip() for cell in cells]
    is_header = len(cells) > 2 and not any(parse_number(cell) is not None for cell in cells)
    return cells if is_header else []


def find_column(header: Sequence[str], names: Collection[str]) -> int | None:
    """Return the index of the first column with one of the names; None if there is none."""
    return next((index for index, name in enumerate(header) if plain(name) in names), None)


def read_table(source: Source, header: Sequence[str]) -> "pd.DataFrame":
    """Return the rows of a table, columns numbered 0, 1, ...

    Raises:
        DataError: the table is not CSV, has no rows, a column occurs twice, or a row has too few or too many
        cells.
    """
    import pandas as pd

    shown = source.shown
    twice = [name for name in dict.fromkeys(header) if name and header.count(name) > 1]
    if twice:
        raise DataError([f"{shown}: columns must differ, but found twice: {list_names(twice)}. Rename them."])
    text = source.read_text()
    check_rows(text, len(header), shown)
    try:
        table = pd.read_csv(
            io.StringIO(text),
            header=None,
            skiprows=1,
            index_col=False,
            skipinitialspace=True,
            low_memory=False,
        )
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        reason = printable(str(error).strip().splitlines()[-1]) if str(error).strip() else "no rows"
        raise DataError(
            [f"{shown}: must be a table with rows, but is not ({reason}). Export it again."]
        ) from error
    if table.shape[1] != len(header) or not len(table):
        found = f"{table.shape[1]} cells" if len(table) else "no rows"
        raise DataError(
            [
                f"{shown}: rows must have {len(header)} cells, as the header, but there are {found}. "
                "Export it again."
            ]
        )
    return table


def check_rows(text: str, width: int, shown: str) -> None:
    """Raise DataError if a row has other cells than the header."""
    for number, count in _count_cells(text, shown):
        if count != width:
            raise DataError(
                [
                    f"{shown}: rows must have {width} cells, as the header, but line {number} has {count}. "
                    "Was the file cut off? Export it again."
                ]
            )


def _count_cells(text: str, shown: str) -> Iterator[tuple[int, int]]:
    """Yield line number and number of cells of each row that is not blank."""
    if '"' in text:
        yield from ((number, len(cells)) for number, cells in split_rows(text, shown))
        return
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.strip():
            yield number, line.count(",") + 1


def numbers(
    table: "pd.DataFrame", columns: Sequence[int], header: Sequence[str], shown: str
) -> npt.NDArray[np.float64]:
    """Return columns as numbers (rows, columns); empty cells and infinite ones are NaN.

    Raises:
        DataError: a cell is no number.
    """
    values = np.stack([_to_numbers(table[column], header[column], shown) for column in columns], axis=1)
    values[np.isinf(values)] = np.nan
    too_large = np.abs(values) > LARGEST
    if too_large.any():
        row, column = np.argwhere(too_large)[0]
        raise DataError(
            [
                f"{shown}: numbers must be below {LARGEST:g}, but {shorten(header[columns[column]])} is "
                f"larger in row {row + 1} below the header. Correct the cell."
            ]
        )
    return values


def _to_numbers(cells: "pd.Series", name: str, shown: str) -> npt.NDArray[np.float64]:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(cells):
        return cells.to_numpy(np.float64, copy=True)
    texts = cells.astype(str).str.strip()
    values = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64, copy=True)
    is_blank = cells.isna() | texts.str.casefold().isin(["", "nan", "none", "null"])
    bad = np.flatnonzero(np.isnan(values) & ~is_blank.to_numpy(bool))
    if len(bad):
        raise DataError(
            [
                f"{shown}: {shorten(name)} must hold numbers, but row {bad[0] + 1} below the header has "
                f'"{shorten(str(texts.iloc[bad[0]]))}". Correct the cell.'
            ]
        )
    return values


def texts(table: "pd.DataFrame", column: int | None) -> list[str] | None:
    """Return a column as texts (rows,); None for no column."""
    return None if column is None else [str(cell).strip() for cell in table[column]]


def number_rows(
    table: "pd.DataFrame", header: Sequence[str], config: ReadingConfig, shown: str, notes: list[str]
) -> FrameNumbers:
    """Return the frame number of each row, and the frame rate.

    Raises:
        DataError: numbers that cannot be frame numbers, or times that cannot be.
    """
    frame, time = find_column(header, FRAMES), find_column(header, TIMES)
    if frame is None and header[0] in UNNAMED:
        frame = 0
    times = None if time is None else _read_times(table, time, header, shown)
    unit = 0.0 if time is None else _seconds(header[time])
    if frame is not None:
        numbered = number_repeated(numbers(table, [frame], header, shown)[:, 0], config, shown)
        fps = None if times is None or numbered.fps else _rate(numbered.frames, times, unit)
        return numbered._replace(fps=numbered.fps or fps)
    if times is not None and config.time_unit in SECONDS:
        return number_repeated(times, config, shown)
    numbered_by_time = None if times is None else number_times(times, unit)
    if numbered_by_time is not None:
        check_frames(np.unique(numbered_by_time.frames), config, shown)
        return numbered_by_time
    notes.append("it has no column of frame numbers, so that rows are read as consecutive frames")
    return FrameNumbers(np.arange(len(table)))


def number_times(times: npt.NDArray[np.float64], unit: float) -> FrameNumbers | None:
    """Return the frame numbers of times (rows,), which may be repeated; None where they give no frame rate.

    Args:
        times: in seconds times ``unit``.
        unit: unit (s). 0: s or ms, whichever gives a usual rate.
    """
    moments = np.unique(times)
    if len(moments) < 3 or not np.isfinite(moments).all():
        return None
    step = float(np.median(np.diff(moments)))
    rate = _plausible(step, unit)
    if rate is None:
        return None
    return frames_of_times(times, unit or (1.0 if abs(rate * step - 1) < 0.5 else 1e-3))


def _read_times(
    table: "pd.DataFrame", column: int, header: Sequence[str], shown: str
) -> npt.NDArray[np.float64] | None:
    """Return times (rows,); None where they are no numbers, such as 00:00:01.5."""
    try:
        return numbers(table, [column], header, shown)[:, 0]
    except DataError:
        return None


def _seconds(name: str) -> float:
    """Return the unit (s) that a time column's name states; 0 if none."""
    spelt = plain(name)
    return 1e-3 if spelt.endswith("ms") else 1.0 if "sec" in spelt else 0.0


def _rate(frames: npt.NDArray[np.int64], times: npt.NDArray[np.float64], unit: float) -> float | None:
    """Return the frame rate of times that grow evenly with the frame numbers; None for others."""
    distinct, first = np.unique(frames, return_index=True)
    steps, gaps = np.diff(times[first]), np.diff(distinct)
    if len(steps) < 2 or not np.isfinite(steps).all() or not (steps > 0).all():
        return None
    step = float(steps.sum() / gaps.sum())
    if np.mean(np.abs(steps / gaps - step) < 0.1 * step) < 0.9:
        return None
    return _plausible(step, unit)


def _plausible(step: float, unit: float) -> float | None:
    """Return the frame rate of a step; of a unit (s) of 0, s or ms is guessed by the rate."""
    units = [unit] if unit else [1.0, 1e-3]
    rates = [1 / (step * factor) for factor in units]
    rate = next((rate for rate in rates if 1 <= rate <= 1000), None)
    if rate is None:
        return None
    near = round(rate)
    return float(near) if abs(rate / near - 1) < 3e-4 else round(rate, 3)
