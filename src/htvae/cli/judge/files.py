"""The files of ``htvae judge``: three tables, judge.json and judge.png."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from htvae.analysis.judge.judge import Judgement
from htvae.analysis.judge.verdicts import Verdict
from htvae.cli.analysis_files import Row, write_json, write_table
from htvae.cli.judge.options import JudgeOptions
from htvae.cli.judge.report import describe_verdict, name_place
from htvae.cli.spans import place_span
from htvae.plots.judge import JudgeTimeline, draw_judgement


def write_judgement(
    options: JudgeOptions, judgements: Mapping[str, Judgement], lines: Sequence[str]
) -> list[Path]:
    """Write all files and return their paths.

    Args:
        options: of the command.
        judgements: of ``recordings``, and of ``spans`` where they were judged.
        lines: the verdict in words.
    """
    folder, whole = options.output_dir, judgements["recordings"]
    paths = [
        write_table(folder / "judge.csv", [_describe(v, whole) for v in whole.verdicts]),
        write_table(
            folder / "judge_labels.csv", [row for v in whole.verdicts for row in _list_labels(v, whole)]
        ),
        write_table(folder / "judge_seconds.csv", [row for v in whole.verdicts for row in _list_chunks(v)]),
    ]
    if "spans" in judgements:
        spans = judgements["spans"]
        paths.append(write_table(folder / "judge_spans.csv", [_describe(v, spans) for v in spans.verdicts]))
    content = {what: _summarise(found) for what, found in judgements.items()}
    paths.append(write_json(folder / "judge.json", options, {"verdict": list(lines), **content}))
    paths.append(_draw(whole, options.num_drawn, folder / "judge.png"))
    return paths


def _describe(verdict: Verdict, judgement: Judgement) -> Row:
    """Return the row of judge.csv, or of judge_spans.csv."""
    low, high = verdict.log_odds_interval
    probability = verdict.probability(judgement.calibration.temperature)
    decisive = verdict.decisive_frames
    place = place_span(verdict.processed, *decisive) if decisive else {}
    return place_span(verdict.processed, *verdict.frames) | {
        "subject": verdict.processed.source.subject,
        "split": verdict.split,
        "label": verdict.label,
        "looks_like": verdict.labels[verdict.best],
        "against": verdict.labels[verdict.against],
        "looks_otherwise": verdict.looks_otherwise,
        "log_odds": verdict.log_odds,
        "log_odds_low": low,
        "log_odds_high": high,
        "probability": float(probability[verdict.best]),
        "probability_of_label": None if verdict.given is None else float(probability[verdict.given]),
        "decided_start_frame": place.get("start_frame"),
        "decided_stop_frame": place.get("stop_frame"),
        "decided_start_second": place.get("start_second"),
        "decided_stop_second": place.get("stop_second"),
        **_relate(judgement, verdict.best),
    }


def _list_labels(verdict: Verdict, judgement: Judgement) -> Iterator[Row]:
    """Yield a recording's rows of judge_labels.csv."""
    probability = verdict.probability(judgement.calibration.temperature)
    whole = place_span(verdict.processed, *verdict.frames)
    for index, name in enumerate(verdict.labels):
        low, high = verdict.score_interval(index)
        yield whole | {
            "label": name,
            "is_given": index == verdict.given,
            "log_likelihood": float(verdict.scores[index]),
            "log_likelihood_low": low,
            "log_likelihood_high": high,
            "probability": float(probability[index]),
            **_relate(judgement, index),
        }


def _relate(judgement: Judgement, label: int) -> dict[str, Any]:
    """Return how reliable the evidence for a label is."""
    found = judgement.reliability
    return {"split_half": float(found.value[label]), "unreliable": bool(found.is_low[label])}


def _list_chunks(verdict: Verdict) -> Iterator[Row]:
    """Yield a recording's rows of judge_seconds.csv."""
    mean = verdict.evidence.mean(axis=1)
    first, stop = verdict.decisive_chunks or (0, 0)
    for chunk, (start, end) in enumerate(verdict.chunk_spans.tolist()):
        yield place_span(verdict.processed, start, end) | {
            "chunk": chunk,
            "looks_like": verdict.labels[verdict.best],
            "against": verdict.labels[verdict.against],
            "log_odds": float(verdict.chunk_log_odds[chunk]),
            "decides": first <= chunk < stop,
            "chunk_looks_like": verdict.labels[int(mean[:, chunk].argmax())],
        }


def _summarise(judgement: Judgement) -> dict[str, Any]:
    """Return what judge.json says about recordings, or about spans."""
    doubtful = [describe_verdict(v, judgement) for v in judgement.verdicts if v.looks_otherwise]
    return {
        "labels": judgement.labels,
        "calibration": asdict(judgement.calibration),
        "trust": None if judgement.trust is None else asdict(judgement.trust),
        "num_judged": len(judgement.verdicts),
        "reliability": dict(zip(judgement.labels, judgement.reliability.value.tolist(), strict=True)),
        "doubtful": doubtful,
    }


def _draw(judgement: Judgement, num_drawn: int, path: Path) -> Path:
    """Draw the confusion matrix, and the recordings with the most doubtful labels over time."""
    timelines = [_make_timeline(v, judgement) for v in judgement.verdicts[:num_drawn]]
    trust = judgement.trust
    return draw_judgement(None if trust is None else trust.confusion, judgement.labels, timelines, path)


def _make_timeline(verdict: Verdict, judgement: Judgement) -> JudgeTimeline:
    record, source = verdict.processed.record, verdict.processed.source
    per_unit = source.fps or 1.0
    starts = record.source_frames[verdict.chunk_spans[:, 0]] / per_unit
    end = place_span(verdict.processed, *verdict.frames)["stop_frame"] / per_unit
    decisive = verdict.decisive_frames
    place = place_span(verdict.processed, *decisive) if decisive else None
    probability = verdict.probability(judgement.calibration.temperature)[verdict.best]
    label = f", labelled {verdict.label}" if verdict.label else ""
    return JudgeTimeline(
        title=f"{name_place(verdict)}{label}: looks like {verdict.labels[verdict.best]} ({probability:.2f})",
        edges=[*starts.tolist(), end],
        evidence=verdict.evidence.mean(axis=1),
        best=verdict.best,
        against=verdict.against,
        decisive=(place["start_frame"] / per_unit, place["stop_frame"] / per_unit) if place else None,
        spans=[(span.start / per_unit, span.stop / per_unit, span.label) for span in source.frame_labels],
        unit="frames" if source.fps is None else "seconds",
    )
