"""The files of ``htvae find``: find.csv, find.json, find.png and find.gif."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htvae.analysis.model import AnalysisModel
from htvae.analysis.search.search import Search
from htvae.analysis.search.span_ranking import Clip
from htvae.cli.analysis_files import write_json, write_table
from htvae.cli.find.options import FindOptions
from htvae.cli.spans import place_span
from htvae.data.processing import ProcessedSequence
from htvae.metrics.reliability import is_unreliable
from htvae.plots.clip_sheet import SheetClip, draw_clip_sheet
from htvae.plots.visualizer import Visualizer

COLUMNS = ("rank", "recording", "start_frame", "stop_frame", "start_second", "stop_second")
MEASURES = ("similarity", "distance", "observed", "found_again", "unreliable")
MOVED = "the query is cut a little earlier or later"
NUM_DRAWN, NUM_MOVING = 11, 3
"""Places in find.png, and in find.gif."""


def write_search(
    options: FindOptions,
    model: AnalysisModel,
    recordings: Sequence[ProcessedSequence],
    found: Search,
    found_again: np.ndarray,
    seconds: float,
) -> tuple[list[Path], list[dict[str, Any]]]:
    """Write tables and pictures of a search, and return their paths and the rows of find.csv.

    Args:
        options: of the command.
        model: the model.
        recordings: those searched.
        found: what was found.
        found_again: (h,) from `htvae.analysis.search.second_looks.find_again`.
        seconds: that the search took.
    """
    folder, query = options.output_dir, found.query
    rows = [
        {
            "rank": rank,
            **place_span(recordings[hit.recording], hit.start, hit.stop),
            "similarity": hit.similarity,
            "distance": hit.distance,
            "observed": hit.observed,
            "found_again": float(again),
            "unreliable": bool(is_unreliable(again)),
        }
        for rank, (hit, again) in enumerate(zip(found.hits, found_again, strict=True), 1)
    ]
    content = {
        "query": place_span(query.recording, query.start, query.stop),
        "query_is_searched": found.own is not None,
        "recordings": len(recordings),
        "frames": int(found.index.lengths.sum()),
        "search_seconds": seconds,
        "reliability": describe_found_again(found_again, "places", MOVED),
        "hits": rows,
    }
    title = f"{query.recording.name} {options.frames}, and what is most like it"
    paths = [
        write_table(folder / "find.csv", rows, [*COLUMNS, *MEASURES]),
        write_json(folder / "find.json", options, content),
        draw_hits(model, recordings, found, folder / "find.png", title),
        draw_clips(model, recordings, found, found.hits[:NUM_MOVING], folder / "find.gif", title),
    ]
    return paths, rows


def describe_found_again(shares: np.ndarray, what: str, moved: str) -> str:
    """Return in words how many of what was found is found again.

    Args:
        shares: of second looks that find each again, NaN where unknown.
        what: was found.
        moved: the second look.
    """
    known = np.isfinite(shares)
    if not known.any():
        return (
            f"Whether {what} are found again when {moved} is unknown: there is too little to move or to rank."
        )
    low = int(is_unreliable(shares).sum())
    marked = f"; {low} marked as unreliable." if low else "."
    return (
        f"{known.sum() - low} of {known.sum()} {what} are found again in at least half of the cases when "
        f"{moved}{marked}"
    )


def draw_hits(
    model: AnalysisModel, recordings: Sequence[ProcessedSequence], found: Search, path: Path, title: str
) -> Path:
    """Draw the query and the best places as strips of poses (PNG)."""
    processor, query = model.processor, found.query
    count = len(processor.landmarks)
    clips = [SheetClip("query", _when(query.recording, query.start), _cut(query.recording, query, count))]
    for rank, hit in enumerate(found.hits[:NUM_DRAWN], 1):
        own = recordings[hit.recording]
        place = f"{_when(own, hit.start)}   {hit.similarity:.2f}"
        clips.append(SheetClip(str(rank), place, _cut(own, hit, count)))
    painter = Visualizer(processor.landmarks, processor.edges, processor.sides)
    return draw_clip_sheet(painter.figure, clips, path, title)


def draw_clips(
    model: AnalysisModel,
    recordings: Sequence[ProcessedSequence],
    found: Search,
    clips: Sequence[Clip],
    path: Path,
    title: str,
) -> Path:
    """Animate the query beside clips (GIF)."""
    processor, query = model.processor, found.query
    count = len(processor.landmarks)
    shown = [
        _cut(query.recording, query, count),
        *(_cut(recordings[c.recording], c, count) for c in clips),
    ]
    frames = min(len(pose) for pose in shown)
    captions = ["query", *(_when(recordings[c.recording], c.start) for c in clips)]
    painter = Visualizer(processor.landmarks, processor.edges, processor.sides)
    return painter.motion_picture([p[:frames] for p in shown], path, processor.fps, title, captions)


def _cut(recording: ProcessedSequence, span: Any, num_landmarks: int) -> np.ndarray:
    """Return the observed poses (T, L, D) of a span."""
    return recording.pose[span.start : span.stop, :num_landmarks]


def _when(recording: ProcessedSequence, start: int) -> str:
    """Return a recording's name and the time of a model frame."""
    place = place_span(recording, start, start + 1)
    name = recording.name.rsplit("/", 1)[-1]
    second = place["start_second"]
    return f"{name} {place['start_frame']}" if second is None else f"{name} {second:.1f} s"
