"""Detectors that are learned from examples and saved for `htvae detect`."""

from collections.abc import Sequence
from pathlib import Path

from htvae.analysis.search.clicks import Lesson
from htvae.app.live.finding import Marked, describe_quality, learn
from htvae.app.live.saving import Shelf, say_saved
from htvae.app.live.session import Session
from htvae.io.writing import write_table
from htvae.utils.files import shorten_name

RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}
"""Names that Windows keeps for devices, with any ending."""
ANSWER_COLUMNS = ["recording", "start_frame", "stop_frame", "answer"]
LONGEST = 80
"""Bytes of a detector's file name, at most."""


def save_detector(session: Session, shelf: Shelf, name: str, examples: Sequence[Marked]) -> tuple[Path, str]:
    """Learn a detector, save it and its examples, and return its file and what can be said of it.

    Raises:
        ValueError: an example is faulty, or the name has no letter or digit.
    """
    lesson = learn(session, examples)
    stem = name_file(name)
    path = session.output_dir / f"{stem}.npz"
    rows = [
        [session.recordings[index].name, start, stop, "yes" if is_yes else "no"]
        for index, start, stop, is_yes in examples
    ]
    quality = lesson.measure()
    kept = shelf.save(path, lambda own: session.savers.detector(own, lesson.detector, quality, session.model))
    table = session.output_dir / f"{stem}_answers.csv"
    kept_table = shelf.save(table, lambda own: write_table(own, ANSWER_COLUMNS, rows))
    return path, f"{say_saved(path, kept, kept_table)} {_describe(lesson)}"


def name_file(name: str) -> str:
    """Return a file name without ending that every system takes; what it does not take is replaced.

    Raises:
        ValueError: there is no letter and no digit.
    """
    if not any(char.isalnum() for char in name):
        raise ValueError(f"A detector's name must have a letter or a digit, but is {name!r}.")
    stem = shorten_name(name.strip(" .-"), most_bytes=LONGEST)
    return f"detector_{stem}" if stem.partition(".")[0].strip().lower() in RESERVED else stem


def _describe(lesson: Lesson) -> str:
    if not lesson.answers:
        return "It knows one example, and no clip that is not it: mark more clips yes or no."
    return describe_quality(lesson)
