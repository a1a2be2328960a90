"""Chosen spans of recordings as CSV, in the coordinates of their files."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from htvae.app.live.places import check_span, cut_source
from htvae.app.live.session import Session, check_length
from htvae.io.coordinates import to_file
from htvae.io.pose_csv import columns_of
from htvae.poses.sequence import PoseSequence

FILE_NAME = "spans.csv"


def export_spans(session: Session, spans: Sequence[tuple[int, int, int]]) -> Iterator[str]:
    """Return the text of a CSV, a piece a span: recording, and the columns of a pose CSV.

    Points that are missing have no row, as in pose CSVs.

    Raises:
        ValueError: a span lies outside of its recording, or all are too long.
    """
    for index, start, stop in spans:
        check_span(session.recordings[index], start, stop)
    check_length(sum(stop - start for _, start, stop in spans))
    header = ["recording", *columns_of(session.recordings[spans[0][0]].source)]
    parts = (cut_source(session.recordings[index].source, start, stop) for index, start, stop in spans)
    return _write(header, parts)


def _write(header: Sequence[str], parts: Iterator[PoseSequence]) -> Iterator[str]:
    yield _join([header])
    for part in parts:
        points = to_file(part.pose, part.coordinates)
        yield _join(
            [
                part.name,
                part.first_frame + frame,
                part.landmarks[landmark],
                *(f"{x:.5f}" for x in points[frame, landmark]),
            ]
            for frame, landmark in np.argwhere(part.observed).tolist()
        )


def _join(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "backslashreplace").decode()
