"""The tables of ``htvae norm``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from htvae.analysis.norm.norm import Norm, NormFit
from htvae.analysis.norm.score import NormScore, Placement, RecordingScore
from htvae.cli.analysis_files import write_json, write_table
from htvae.cli.norm.options import NormFitOptions, NormScoreOptions
from htvae.cli.norm.report import describe_norm, describe_scores
from htvae.cli.spans import place_span
from htvae.plots.norm import draw_norm


def write_norm_tables(options: NormFitOptions, fit: NormFit) -> list[Path]:
    """Write norm.json, norm.csv and norm.png, and return their paths."""
    norm, folder = fit.norm, options.output_dir
    rows = [{"measure": m.name, "part": m.landmark, "unit": m.unit, **_reference(norm, i)}
            for i, m in enumerate(norm.measures)]  # fmt: skip
    content = {
        "verdict": describe_norm(norm),
        "model_id": norm.model_id,
        "num_subjects": norm.num_subjects,
        "num_recordings": norm.num_recordings,
        "coverage": {
            group.name: {
                "points": _coverage(norm.point_coverage[:, g]),
                "seconds": _coverage(norm.span_coverage[:, g]),
            }
            for g, group in enumerate(norm.groups)
        },
        "largest_z": norm.largest_z,
        "doubts": [{"kind": doubt.kind, "text": doubt.text} for doubt in norm.doubts],
        "measures": rows,
    }
    return [
        write_json(folder / "norm.json", options, content),
        write_table(folder / "norm.csv", rows),
        draw_norm(fit.values, [measure.name for measure in norm.measures], norm.spread.interval(),
                  norm.point_coverage, [group.name for group in norm.groups],
                  f"Norm of {norm.num_subjects} controls", folder / "norm.png"),
    ]  # fmt: skip


def write_score_tables(options: NormScoreOptions, score: NormScore) -> list[Path]:
    """Write deviations.csv, norm_scores.csv and norm_scores.json, and return their paths."""
    folder = options.output_dir
    deviations = [row for recording in score.recordings for row in _deviation_rows(recording, score.norm)]
    rows = [row for recording in score.recordings for row in _recording_rows(recording, score.norm)]
    rows += [row for subject in score.subjects for row in _rows(
        {"level": "subject", "recording": " ".join(subject.recordings), "subject": subject.subject,
         **dict.fromkeys(("start_frame", "stop_frame", "start_second", "stop_second"))},
        subject.placement, score.norm)]  # fmt: skip
    content = {
        "verdict": describe_scores(score),
        "controls": score.norm.num_subjects,
        "largest_z": score.norm.largest_z,
        "norm_doubts": [{"kind": doubt.kind, "text": doubt.text} for doubt in score.norm.doubts],
        "recordings": [_summarise(recording, score.norm) for recording in score.recordings],
        "subjects": [
            {"subject": s.subject, "recordings": s.recordings, **_largest(s.placement, score.norm)}
            for s in score.subjects
        ],
    }
    return [
        write_table(folder / "deviations.csv", deviations),
        write_table(folder / "norm_scores.csv", rows),
        write_json(folder / "norm_scores.json", options, content),
    ]


def _coverage(shares: np.ndarray) -> dict[str, Any]:
    """Return the mean and the lowest coverage over subjects, and how many show the part."""
    known = shares[np.isfinite(shares)]
    if not len(known):
        return {"mean": None, "lowest": None, "subjects": 0}
    return {"mean": known.mean(), "lowest": known.min(), "subjects": len(known)}


def _reference(norm: Norm, i: int, num_recordings: int = 1) -> dict[str, Any]:
    """Return what a norm says of a measure."""
    low, high = (float(np.exp(limit[i])) for limit in norm.spread.interval(num_recordings))
    reliability = float(norm.reliability.value[i])
    return {
        "norm_mean": float(np.exp(norm.spread.mean[i])),
        "norm_low": low,
        "norm_high": high,
        "smallest_real_change_percent": 100 * float(np.expm1(norm.spread.smallest_real_change[i])),
        "icc": reliability,
        "unreliable": bool(norm.reliability.is_low[i]),
        "subjects": int(norm.spread.num_subjects[i]),
    }


def _deviation_rows(recording: RecordingScore, norm: Norm) -> Iterator[dict[str, Any]]:
    """Yield a row for each second and part of the body."""
    length = len(recording.processed.pose)
    for span in range(recording.deviations.shape[1]):
        place = place_span(recording.processed, span * norm.span, min((span + 1) * norm.span, length))
        for g, group in enumerate(norm.groups):
            deviation = float(recording.deviations[g, span])
            offset = zip("xyz", recording.offsets[g, span].tolist(), strict=False)
            yield {
                **place,
                "part": group.name,
                "deviation": deviation,
                "outside": None if np.isnan(deviation) else deviation > 1,
                **{f"offset_{axis}": value for axis, value in offset},
            }


def _recording_rows(recording: RecordingScore, norm: Norm) -> Iterator[dict[str, Any]]:
    processed = recording.processed
    place = place_span(processed, 0, len(processed.pose))
    who = {"level": "recording", "recording": place.pop("recording"), "subject": processed.source.subject}
    yield from _rows({**who, **place}, recording.placement, norm)


def _rows(who: dict[str, Any], placement: Placement, norm: Norm) -> Iterator[dict[str, Any]]:
    """Yield a row for each measure with a score, the largest |z| first."""
    for i in placement.order:
        measure = norm.measures[i]
        reference = _reference(norm, i)
        low, high = (float(np.exp(limit[i])) for limit in placement.interval)
        reference |= {"norm_low": low, "norm_high": high}
        yield {
            **who,
            "measure": measure.name,
            "part": measure.landmark,
            "unit": measure.unit,
            "value": float(np.exp(placement.values[i])),
            "z": float(placement.z[i]),
            "percentile": float(placement.percentile[i]),
            "outside": bool(placement.is_outside[i]),
            **reference,
        }


def _summarise(recording: RecordingScore, norm: Norm) -> dict[str, Any]:
    known = np.isfinite(recording.deviations)
    shares = [
        float((own[seen] > 1).mean()) if seen.any() else None
        for own, seen in zip(recording.deviations, known, strict=True)
    ]
    return {
        "recording": recording.processed.name,
        "subject": recording.processed.source.subject,
        "seconds_outside": dict(zip([group.name for group in norm.groups], shares, strict=True)),
        "doubts": [{"kind": doubt.kind, "text": doubt.text} for doubt in recording.doubts],
        **_largest(recording.placement, norm),
    }


def _largest(placement: Placement, norm: Norm) -> dict[str, Any]:
    order = placement.order
    return {
        "measures": len(order),
        "outside": int(placement.is_outside.sum()),
        "largest_measure": norm.measures[order[0]].name if len(order) else None,
        "largest_z": float(placement.z[order[0]]) if len(order) else None,
    }
