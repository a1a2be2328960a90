"""Files of ``htvae surprise``: tables of spans and frames, and pictures.

Axes: C frames of a picture.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htvae.analysis.model import AnalysisModel
from htvae.analysis.surprise.measures import KINDS, find_rate
from htvae.analysis.surprise.surprise import FrameScores, SurpriseReport, SurpriseSpan
from htvae.cli.surprise.options import SurpriseOptions
from htvae.data.processing import ProcessedSequence
from htvae.inference.reconstructions import LongReconstruction
from htvae.plots.surprise_strips import SurpriseStrip, draw_surprise_strip
from htvae.plots.surprise_timeline import Timeline, draw_timelines
from htvae.utils.files import atomic_write
from htvae.utils.progress import track
from htvae.utils.text import list_names, shorten

TABLE_ROWS = 16_384
"""Rows of surprise_frames.csv that are made at once."""
MOST_TIMELINES = 6
"""Most recordings in surprise.png."""
NUM_INSIDE = 5
"""Most frames of a picture that lie in the span."""
BESIDE_SECONDS = 0.3
"""Time before and after a span that a picture shows."""
MOST_NAMED = 6
"""Most landmarks that a caption names."""


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Path:
    """Write rows as CSV, with a header even if there is no row, and return the path."""
    import pandas as pd

    with atomic_write(path) as temporary:
        pd.DataFrame(rows, columns=list(columns)).to_csv(temporary, index=False, float_format="%.6g")
    return path


def write_frame_table(path: Path, report: SurpriseReport) -> Path:
    """Write the scores of every frame, and the worst landmark of each score, and return the path."""
    import pandas as pd

    names = np.array([*report.landmarks, ""], dtype=object)
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        for number, own in enumerate(report.frames):
            for start in range(0, len(own.frames), TABLE_ROWS):
                table = pd.DataFrame(_list_columns(own, slice(start, start + TABLE_ROWS), names))
                header = number == start == 0
                table.to_csv(file, index=False, header=header, float_format="%.5g", lineterminator="\n")
    return path


def _list_columns(own: FrameScores, rows: slice, names: np.ndarray) -> dict[str, Any]:
    """Return the columns of some frames of a recording; ``names`` are those of landmarks, the last empty."""
    frames = own.frames[rows]
    columns: dict[str, Any] = {
        "recording": own.recording,
        "frame": frames,
        "second": np.full(len(frames), np.nan) if own.seconds is None else own.seconds[rows],
        "observed": own.observed[rows],
        "error_scales": own.error_scales[rows],
    }
    for kind, score in own.scores.items():
        columns |= {kind: score[rows], f"{kind}_landmark": names[own.worst[kind][rows]]}
    return columns


def draw_pictures(
    model: AnalysisModel,
    recordings: Sequence[ProcessedSequence],
    report: SurpriseReport,
    options: SurpriseOptions,
) -> dict[SurpriseSpan, Path]:
    """Draw surprise.png and each of the worst spans, and return the pictures of spans."""
    folder = options.output_dir
    _draw_timelines(report, options.threshold, folder / "surprise.png")
    by_name = {recording.name: recording for recording in recordings}
    pictures = {}
    for number, span in enumerate(track("Pictures", report.spans[: options.num_pictures]), 1):
        name = re.sub(r"[^\w.-]+", "_", span.recording)
        path = folder / "pictures" / f"{number:02d}_{span.kind}_{name}_{span.start}.png"
        strip = _make_strip(model, by_name[span.recording], span, options.refine_steps)
        pictures[span] = draw_surprise_strip(strip, path)
    return pictures


def _make_strip(
    model: AnalysisModel, recording: ProcessedSequence, span: SurpriseSpan, refine_steps: int
) -> SurpriseStrip:
    landmarks = model.processor.landmarks
    rate = find_rate(model.processor, recording)
    frames = _choose_frames(*span.model_frames, len(recording.pose), round(BESIDE_SECONDS * rate))
    parts = LongReconstruction(model, recording, refine_steps, ahead=1)
    made = parts.join(int(frames[0]), int(frames[-1]) + 1)
    source, fps = recording.record.source_frames[frames], recording.source.fps
    times = [f"{frame:.0f}" if fps is None else f"{frame / fps:.2f} s" for frame in source.tolist()]
    seconds = "" if span.seconds is None else f" ({span.seconds[0]:.2f} to {span.seconds[1]:.2f} s)"
    more = f" and {len(span.landmarks) - MOST_NAMED} more" if len(span.landmarks) > MOST_NAMED else ""
    return SurpriseStrip(
        title=f"{shorten(span.recording)}, frames {span.start:,} to {span.stop - 1:,}{seconds}",
        caption=f"{span.kind}, score {span.score:.1f}: {list_names(span.landmarks[:MOST_NAMED])}{more}",
        landmarks=landmarks,
        edges=model.processor.edges,
        pose=recording.pose[frames, : len(landmarks)],
        reconstruction=made[frames - frames[0], : len(landmarks)],
        times=times,
        inside=(frames >= span.model_frames[0]) & (frames < span.model_frames[1]),
        doubted=np.isin(landmarks, span.landmarks),
    )


def _choose_frames(start: int, stop: int, num_frames: int, beside: int) -> np.ndarray:
    """Return the frames (C,) of a picture: two before the span, some in it, two after it."""
    inside = np.linspace(start, stop - 1, min(NUM_INSIDE, stop - start)).round().astype(int)
    chosen = np.concatenate([[start - max(beside, 2), start - 1], inside, [stop, stop + max(beside, 2) - 1]])
    return np.unique(chosen[(chosen >= 0) & (chosen < num_frames)])


def _draw_timelines(report: SurpriseReport, threshold: float, path: Path) -> Path:
    """Draw the scores of the recordings with the worst spans."""
    worst = dict.fromkeys(span.recording for span in report.spans)
    by_name = {own.recording: own for own in report.frames}
    shown = [by_name[name] for name in [*worst, *(name for name in by_name if name not in worst)]]
    chosen = shown[:MOST_TIMELINES]
    has_seconds = all(own.seconds is not None for own in chosen)
    timelines = [_make_timeline(report, own, has_seconds) for own in chosen]
    return draw_timelines(timelines, KINDS, threshold, "seconds" if has_seconds else "frames", path)


def _make_timeline(report: SurpriseReport, own: FrameScores, has_seconds: bool) -> Timeline:
    spans = [span for span in report.spans if span.recording == own.recording]
    pairs = [span.seconds if has_seconds and span.seconds else (span.start, span.stop) for span in spans]
    count = "1 span" if len(spans) == 1 else f"{len(spans)} spans"
    return Timeline(
        title=f"{shorten(own.recording)}: {count}",
        times=own.seconds if has_seconds and own.seconds is not None else own.frames,
        scores=own.scores,
        spans=[(*pair, span.kind) for pair, span in zip(pairs, spans, strict=True)],
    )
