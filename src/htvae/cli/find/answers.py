"""Answers about clips: a CSV that grows by a row each time, so nothing is lost and asking can go on later.

Columns: recording, start_frame, stop_frame, answer (yes or no) and, in files of this command, reason: why the
clip was chosen. The first row of such a file is the query.
"""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from htvae.analysis.search.clicks import Answer, Reason
from htvae.analysis.search.span_ranking import Clip
from htvae.cli.spans import place_span
from htvae.data.processing import ProcessedSequence
from htvae.utils.files import atomic_write

COLUMNS = ("recording", "start_frame", "stop_frame", "answer", "reason")
QUERY = "query"
_REASONS: dict[str, Reason] = {"best": "best", "check": "check", "uncertain": "uncertain"}
_WORDS = {"yes": True, "y": True, "no": False, "n": False}


def read_answers(
    path: Path, recordings: Sequence[ProcessedSequence], query: tuple[str, int, int] | None = None
) -> list[Answer]:
    """Return the answers of a file.

    Args:
        path: the CSV.
        recordings: those that are searched.
        query: recording and frames of the query; a row that says ``query`` must agree. None: not checked.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: with all faults of the file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"answers must be a CSV file, but {path} does not exist.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    lacking = [name for name in COLUMNS[:4] if rows and name not in rows[0]]
    if lacking or not rows:
        raise ValueError(
            f"{path}: must have the columns {', '.join(COLUMNS[:4])} and a row per clip, but lacks "
            f"{', '.join(lacking) or 'rows'}. Add them."
        )
    faults: list[str] = []
    by_name = {p.name: i for i, p in enumerate(recordings)}
    found = []
    for line, row in enumerate(rows, 2):
        if row.get("reason") == QUERY:
            _check_query(path, row, query, faults)
            continue
        answer = _read_row(line, row, by_name, recordings, faults)
        if answer is not None:
            found.append(answer)
    if faults:
        raise ValueError("\n".join(f"{path}: {fault}" for fault in faults))
    return found


def begin_answers(path: Path, query: tuple[str, int, int]) -> None:
    """Write a file whose only row is the query: its recording and source frames."""
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, (*query, "yes", QUERY)])


def append_answer(path: Path, recordings: Sequence[ProcessedSequence], answer: Answer) -> None:
    """Add an answer to a file at once; it survives whatever happens next."""
    name, start, stop = place_clip(recordings[answer.recording], answer)
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow([name, start, stop, "yes" if answer.is_yes else "no", answer.reason])
        file.flush()
        os.fsync(file.fileno())


def place_clip(recording: ProcessedSequence, clip: Clip) -> tuple[str, int, int]:
    """Return a clip's recording and source frames."""
    place = place_span(recording, clip.start, clip.stop)
    return place["recording"], place["start_frame"], place["stop_frame"]


def _check_query(
    path: Path, row: Mapping[str, str], query: tuple[str, int, int] | None, faults: list[str]
) -> None:
    own = (row["recording"], row["start_frame"], row["stop_frame"])
    if query is not None and own != tuple(map(str, query)):
        faults.append(
            f"must belong to the query {query[0]} {query[1]}:{query[2]}, but belongs to {own[0]} "
            f"{own[1]}:{own[2]}. Name another detector, or move the file away."
        )


def _read_row(
    line: int,
    row: Mapping[str, str],
    by_name: Mapping[str, int],
    recordings: Sequence[ProcessedSequence],
    faults: list[str],
) -> Answer | None:
    """Return the answer of a row; a faulty row adds to ``faults``."""
    name = (row["recording"] or "").strip()
    index = by_name.get(name, by_name.get(name.removesuffix(".csv")))
    said = _WORDS.get((row["answer"] or "").strip().lower())
    if index is None:
        faults.append(
            f"line {line}: recording must be one that is searched, but is {name!r}. Remove the row."
        )
    if said is None:
        faults.append(f"line {line}: answer must be yes or no, but is {row['answer']!r}. Correct it.")
    try:
        start, stop = int(row["start_frame"] or ""), int(row["stop_frame"] or "")
    except ValueError:
        faults.append(f"line {line}: start_frame and stop_frame must be whole numbers. Correct them.")
        return None
    if index is None or said is None:
        return None
    source = recordings[index].source
    first, end = source.first_frame, source.first_frame + source.num_frames
    if not first <= start < stop <= end:
        faults.append(
            f"line {line}: frames must lie within {first} to {end}, start below stop, but are {start} to "
            f"{stop}. Correct them."
        )
        return None
    frames = recordings[index].record.source_frames
    begin = min(int(np.searchsorted(frames, start - 0.5)), len(frames) - 1)
    until = max(begin + 1, int(np.searchsorted(frames, stop - 0.5)))
    return Answer(index, begin, until, said, _REASONS.get((row.get("reason") or "").strip(), "given"))
