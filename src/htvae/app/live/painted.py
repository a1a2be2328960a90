"""Labels that are painted on the timeline, saved as ``frame_labels.csv`` of all recordings."""

import threading
from collections.abc import Sequence
from pathlib import Path

from htvae.app.collect.labels import NO_LABEL
from htvae.app.live.places import check_span
from htvae.app.live.saving import Shelf, say_saved
from htvae.app.live.session import Session
from htvae.app.payload import Payload
from htvae.io.tables import FRAME_LABELS, read_frame_labels
from htvae.io.versions import video_name
from htvae.io.writing import SPAN_COLUMNS, write_table
from htvae.poses.sequence import FrameLabel


class PaintedLabels:
    """The labelled spans of all recordings: those of the data, until others are painted.

    Args:
        session: model and recordings.
        shelf: saves files.
    """

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self._session, self._shelf = session, shelf
        self._spans = [tuple(own.source.frame_labels) for own in session.recordings]
        self._lock = threading.Lock()

    def save(self, index: int, spans: Sequence[tuple[int, int, str]]) -> tuple[Path, str]:
        """Replace all spans of a recording, save those of all, and return the file and what was done.

        Raises:
            ValueError: a span lies outside of the recording, or a label cannot be written.
        """
        recording, path = self._session.recordings[index], self._session.output_dir / FRAME_LABELS
        for start, stop, _ in spans:
            check_span(recording, start, stop)
        painted = {FrameLabel(start, stop, clean_name(label)) for start, stop, label in spans}
        ordered = tuple(sorted(painted, key=lambda own: (own.start, own.stop, own.label)))
        with self._lock:
            following = [*self._spans]
            following[index] = ordered
            rows = self._make_rows(following)
            kept = self._shelf.save(path, lambda own: write_table(own, [*SPAN_COLUMNS], rows))
            self._spans = following
        return path, f"{say_saved(path, kept)} {self._advise()}"

    def _advise(self) -> str:
        """Return what is to be done that the labels count, with a warning where the data have some."""
        folder = self._session.data_dir.resolve()
        if not (folder / FRAME_LABELS).exists():
            return f"Put it into {folder} to train and to report with these labels."
        return (
            f"{folder} already has a {FRAME_LABELS}: keep a copy of that one, then put this one in its place "
            "to train and to report with these labels."
        )

    def _make_rows(self, spans: Sequence[Sequence[FrameLabel]]) -> list[list[object]]:
        """Return the rows of a table: of these recordings, and of those of the folder that are not shown."""
        named = {own.name: row for own, row in zip(self._session.recordings, spans, strict=True)}
        shown = {alias for name in named for alias in (name, video_name(name))}
        others = {
            name: [row.span for row in rows]
            for name, rows in read_frame_labels(self._session.data_dir).items()
            if name not in shown
        }
        return [
            [f"{name}.csv", span.start, span.stop, span.label]
            for name, row in {**others, **named}.items()
            for span in row
        ]

    def update(self, payload: Payload) -> Payload:
        """Return a report with these labels."""
        spans = self._spans
        further = (own.label for row in spans for own in row)
        names = list(dict.fromkeys([*payload["labels"], *further]))
        places = {name: i for i, name in enumerate(names)}
        entries = payload["recordings"].copy()
        for i, row in enumerate(spans):
            labels = [[own.start, own.stop, places.get(own.label, NO_LABEL)] for own in row]
            entries[i] = {**entries[i], "labels": labels}
        return {**payload, "labels": names, "recordings": entries}


def clean_name(name: str) -> str:
    """Return a name as tables hold it: without outer spaces.

    Raises:
        ValueError: nothing is left, or it has characters that no table shows.
    """
    plain = name.strip()
    if not plain or not plain.isprintable():
        raise ValueError(
            f"A name must have characters that can be seen, and no line breaks, but is {name!r}."
        )
    return plain
