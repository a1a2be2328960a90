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
    *("mean_split_half", "mean_retest_icc", "mean_unreliable"),
)
"""Columns of surprise.csv."""


def surprise(argv: Sequence[str]) -> None:
    """Find where recordings are unlike what a model expects, and why."""
    options, build_model = parse_with_model(SurpriseOptions, argv, "htvae surprise")

    from htvae.analysis.surprise.surprise import find_surprise
    from htvae.cli.analysis_files import open_recordings, write_json, write_table
    from htvae.cli.surprise.files import draw_pictures, write_frame_table, write_rows
    from htvae.cli.surprise.tables import list_recordings, list_reliability, summarise
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
        seed=options.seed,
        on_done=progress.update,
    )
    progress.close()
    pictures = draw_pictures(model, recordings, report, options)
    spans = report.spans[: options.num_spans]
    known = list_reliability(report)
    rows = [_to_row(span, pictures.get(span), known[span.kind]) for span in spans]
    folder = options.output_dir
    files = [
        write_rows(folder / "surprise.csv", rows, SPAN_COLUMNS),
        write_table(folder / "surprise_recordings.csv", list_recordings(report, recordings)),
    ]
    if options.frame_table:
        files.append(write_frame_table(folder / "surprise_frames.csv", report))
    files.append(
        write_json(
            folder / "surprise.json", options, summarise(report, rows, _name_reference(options, reference))
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


def _to_row(span: "SurpriseSpan", picture: Path | None, reliability: Mapping[str, Any]) -> dict[str, Any]:
    from htvae.analysis.surprise.findings import FINDINGS

    seconds = (None, None) if span.seconds is None else span.seconds
    values = (
        *(span.recording, span.start, span.stop, *seconds, span.kind, span.score, span.peak),
        *(span.landmarks[0] if span.landmarks else None, "; ".join(span.landmarks), "; ".join(span.also)),
        *(span.observed, FINDINGS.get(span.kind), None if picture is None else picture.name),
        *reliability.values(),
    )
    return dict(zip(SPAN_COLUMNS, values, strict=True))


def _say(report: "SurpriseReport") -> None:
    """Say what was found, and what to do."""
    from htvae.analysis.surprise.findings import REMEDIES
    from htvae.cli.surprise.tables import describe_reliability

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
    for line in describe_reliability(report):
        log.info("%s", line)
