"""``htvae surprise``."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from htvae.cli.parsing import parse_with_model
from htvae.cli.surprise.options import SurpriseOptions

if TYPE_CHECKING:
    from htvae.analysis.model import AnalysisModel
    from htvae.analysis.surprise.surprise import SurpriseReport, SurpriseSpan
    from htvae.data.processing import ProcessedSequence
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)

SPAN_COLUMNS = (
    *("recording", "start", "stop", "start_s", "stop_s", "kind", "score", "peak"),
    *("worst_landmark", "landmarks", "also", "observed", "finding", "picture"),
)
"""Columns of surprise.csv."""


def surprise(argv: Sequence[str]) -> None:
    """Find where recordings are unlike what a model expects, and why."""
    options, build_model = parse_with_model(SurpriseOptions, argv, "htvae surprise")

    from htvae.analysis.surprise.surprise import find_surprise
    from htvae.cli.analysis_files import open_recordings, write_json
    from htvae.cli.surprise.files import draw_pictures, write_frame_table, write_rows
    from htvae.utils.progress import Progress

    model, recordings = open_recordings(options, build_model)
    reference = _open_reference(options, build_model, model, recordings)
    progress = Progress("Surprise", len(recordings), unit="recordings")
    report = find_surprise(
        model,
        recordings,
        reference,
        threshold=options.threshold,
        refine_steps=options.refine_steps,
        on_done=progress.update,
    )
    progress.close()
    pictures = draw_pictures(model, recordings, report, options)
    spans = report.spans[: options.num_spans]
    rows = [_to_row(span, pictures.get(span)) for span in spans]
    folder = options.output_dir
    files = [write_rows(folder / "surprise.csv", rows, SPAN_COLUMNS)]
    if options.frame_table:
        files.append(write_frame_table(folder / "surprise_frames.csv", report))
    files.append(
        write_json(
            folder / "surprise.json", options, _summarise(report, rows, _name_reference(options, reference))
        )
    )
    files += [path for path in (folder / "surprise.png", folder / "pictures") if path.exists()]
    _say(report)
    for path in files:
        log.info("%s", path)


def _open_reference(
    options: SurpriseOptions,
    build_model: "BuildModel | None",
    model: "AnalysisModel",
    recordings: "Sequence[ProcessedSequence]",
) -> "list[ProcessedSequence] | None":
    """Return the recordings that say what is usual; None: those that are analysed."""
    from htvae.cli.analysis_files import open_recordings
    from htvae.poses.sequence import content_hash

    if options.reference_dir is not None:
        everything = replace(options, data_dir=options.reference_dir, split="all")
        return open_recordings(everything, build_model)[1]
    if options.split in ("all", "train"):
        own = [r for r in recordings if model.splits.of(r.name, content_hash(r.source)) == "train"]
        return own or None
    try:
        return open_recordings(replace(options, split="train"), build_model)[1]
    except ValueError:  # the folder has no training recordings
        return None


def _name_reference(options: SurpriseOptions, reference: "list[ProcessedSequence] | None") -> str:
    if options.reference_dir is not None:
        return str(options.reference_dir)
    return "the recordings themselves" if reference is None else "training recordings"


def _to_row(span: "SurpriseSpan", picture: Path | None) -> dict[str, Any]:
    from htvae.analysis.surprise.findings import FINDINGS

    seconds = (None, None) if span.seconds is None else span.seconds
    values = (
        *(span.recording, span.start, span.stop, *seconds, span.kind, span.score, span.peak),
        *(span.landmarks[0] if span.landmarks else None, "; ".join(span.landmarks), "; ".join(span.also)),
        *(span.observed, FINDINGS.get(span.kind), None if picture is None else picture.name),
    )
    return dict(zip(SPAN_COLUMNS, values, strict=True))


def _summarise(report: "SurpriseReport", rows: Sequence[Mapping[str, Any]], reference: str) -> dict[str, Any]:
    """Return the content of surprise.json."""
    import numpy as np

    from htvae.analysis.surprise.findings import REMEDIES, to_findings

    by_recording = Counter(span.recording for span in report.spans)
    return {
        "reference": {"recordings": report.num_reference, "which": reference},
        "left_out": report.left_out,
        "remedies": REMEDIES,
        "num_spans": {"all": len(report.spans), **Counter(span.kind for span in report.spans)},
        "spans": list(rows),
        "recordings": [
            {
                "recording": own.recording,
                "frames": len(own.frames),
                "observed": float(own.observed.mean()),
                "unobserved_frames": int((own.observed == 0).sum()),
                "num_spans": by_recording[own.recording],
                "highest": {
                    kind: float(np.nanmax(values)) if np.isfinite(values).any() else None
                    for kind, values in own.scores.items()
                },
            }
            for own in report.frames
        ],
        "findings": {name: [vars(own) for own in found] for name, found in to_findings(report).items()},
    }


def _say(report: "SurpriseReport") -> None:
    """Say what was found, and what to do."""
    from htvae.analysis.surprise.findings import REMEDIES

    for kind, reason in report.left_out.items():
        log.info("Left out: %s (%s).", kind, reason)
    frames = sum(len(own.frames) for own in report.frames)
    unseen = sum(int((own.observed == 0).sum()) for own in report.frames)
    log.info(
        "%s frames of %d recordings; %.1f %% without any point have no score.",
        f"{frames:,}",
        len(report.frames),
        100 * unseen / frames,
    )
    if not report.spans:
        log.info("No span is above the threshold. A lower one finds more (--threshold).")
    for kind, number in Counter(span.kind for span in report.spans).most_common():
        worst = next(span for span in report.spans if span.kind == kind)
        log.info(
            "%s: %d spans; the worst in %s, frames %d to %d, score %.1f. %s",
            kind,
            number,
            worst.recording,
            worst.start,
            worst.stop,
            worst.score,
            REMEDIES[kind],
        )
