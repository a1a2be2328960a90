"""``htvae detect``: where a learned behaviour happens in recordings."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from htvae.cli.find.options import DetectOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.analysis.search.detector import Detection
    from htvae.data.processing import ProcessedSequence
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)

COLUMNS = (
    *("recording", "start_frame", "stop_frame", "start_second", "stop_second"),
    *("probability", "bout", "found_again", "unreliable"),
)


def detect(argv: Sequence[str]) -> None:
    """Find a behaviour by a detector that find learned."""
    options, build_model = parse_with_model(DetectOptions, argv, "htvae detect", positional=["detector"])
    for path in run_detect(options, build_model):
        log.info("%s", path)


def run_detect(options: DetectOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Detect, print how much was found, and return the files written."""
    from htvae.analysis.search.detector import apply_detector
    from htvae.cli.analysis_files import open_recordings, write_json, write_table
    from htvae.cli.find.detector_file import load_detector
    from htvae.cli.find.files import describe_found_again
    from htvae.plots.detections import draw_detections

    model, recordings = open_recordings(options, build_model)
    stored = load_detector(options.detector, model)
    found = apply_detector(model, stored.detector, recordings, stored.kind, options.threshold)
    found = sorted(found, key=lambda d: (d.recording, d.start))
    rows = _make_rows(found, recordings)
    by_recording = _sum_up(rows, recordings)
    folder, precision = options.output_dir, stored.precision
    bouts = len({row["bout"] for row in rows})
    with_some = sum(share["clips"] > 0 for share in by_recording)
    print(f"{len(rows)} clips in {bouts} bouts, in {with_some} of {len(recordings)} recordings.")
    shares = np.array([d.found_again for d in found])
    again = describe_found_again(shares, "clips", "they are cut a little earlier or later")
    if rows:
        print(again)
    if precision.cases:
        print(
            f"Precision on new subjects was {precision.value:.2f} ({precision.low:.2f} to "
            f"{precision.high:.2f}) when the detector was learned, at a threshold of 0.5."
        )
    content = {
        "clips": len(rows),
        "bouts": bouts,
        "reliability": again,
        "precision": {"value": precision.value, "low": precision.low, "high": precision.high},
        "recordings": by_recording,
    }
    spans = [
        [(d.start, d.stop, d.probability) for d in found if d.recording == i] for i in range(len(recordings))
    ]
    lengths = [len(p.pose) for p in recordings]
    names, title = [p.name for p in recordings], f"{options.detector.stem}: where it was detected"
    return [
        write_table(folder / "detections.csv", rows, COLUMNS),
        write_json(folder / "detections.json", options, content),
        draw_detections(names, lengths, model.processor.fps, spans, folder / "detections.png", title),
    ]


def _make_rows(
    found: "Sequence[Detection]", recordings: "Sequence[ProcessedSequence]"
) -> list[dict[str, Any]]:
    from htvae.analysis.search.detector import join_bouts
    from htvae.cli.spans import place_span
    from htvae.metrics.reliability import is_unreliable

    return [
        {
            **place_span(recordings[d.recording], d.start, d.stop),
            "probability": d.probability,
            "bout": bout,
            "found_again": d.found_again,
            "unreliable": bool(is_unreliable(np.array(d.found_again))),
        }
        for d, bout in zip(found, join_bouts(found), strict=True)
    ]


def _sum_up(
    rows: Sequence[dict[str, Any]], recordings: "Sequence[ProcessedSequence]"
) -> list[dict[str, Any]]:
    """Return how much was found in each recording."""
    shares = []
    for p in recordings:
        own = [row for row in rows if row["recording"] == p.name]
        frames = sum(row["stop_frame"] - row["start_frame"] for row in own)
        bouts = len({row["bout"] for row in own})
        share = frames / p.source.num_frames
        shares.append({"recording": p.name, "clips": len(own), "bouts": bouts, "share": share})
    return shares
