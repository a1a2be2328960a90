"""Tables and words of ``htvae attention``."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from htvae.analysis.attention.attention import AttentionAnalysis, RecordingAttention
from htvae.analysis.attention.contributions import describe_agreement
from htvae.analysis.attention.heads import RowFigures
from htvae.analysis.attention.reliability import MEASURES
from htvae.metrics.reliability import Reliability
from htvae.poses.sequence import find_main_label
from htvae.utils.text import list_names


def list_reliability(result: AttentionAnalysis) -> list[dict[str, Any]]:
    """Return the rows of attention_reliability.csv: one for each measure of chunks and of heads."""
    chunks = [
        {"table": "attention.csv", "query": "", "measure": name, **own}
        for name, own in _describe_each(MEASURES, result.chunk_reliability)
    ]
    heads = [
        {"table": "attention_heads.csv", "query": f"{level} {query}", "measure": name, **own}
        for (level, query), known in result.head_reliability.items()
        for name, own in _describe_each(RowFigures._fields, known)
    ]
    return chunks + heads


def describe_reliability(result: AttentionAnalysis) -> Iterator[str]:
    """Yield in words how far the tables can be relied on."""
    chunks = result.chunk_reliability
    if np.isnan(chunks.value).all():
        yield "Reliability of what chunks contribute is unknown: there are too few chunks."
    else:
        low = _name_low(MEASURES, chunks)
        yield _say("chunks of a window", "halves of the heads, or of the numbers of z", low)
    heads = result.head_reliability
    if all(np.isnan(own.value).all() for own in heads.values()):
        yield "Reliability of what heads do is unknown: there are too few heads or windows."
    else:
        low = [
            f"{name} ({level} {query})"
            for (level, query), own in heads.items()
            for name in _name_low(RowFigures._fields, own)
        ]
        yield _say("heads", "halves of the windows", low)


def _say(what: str, halves: str, low: Sequence[str]) -> str:
    if not low:
        return f"Differences between {what} are reliable (0.5 and above; {halves})."
    return f"Reliability of differences between {what} below 0.5 ({halves}): {list_names(low)}."


def _name_low(names: Sequence[str], reliability: Reliability) -> list[str]:
    return [name for name, low in zip(names, reliability.is_low, strict=True) if low]


def _describe_each(names: Sequence[str], known: Reliability) -> Iterator[tuple[str, dict[str, Any]]]:
    for i, name in enumerate(names):
        low, high = (float(end[i]) for end in known.interval)
        yield (
            name,
            {"split_half": float(known.value[i]), "split_half_low": low, "split_half_high": high,
             "unreliable": bool(known.is_low[i])},
        )  # fmt: skip


def list_chunks(result: AttentionAnalysis) -> list[dict[str, Any]]:
    """Return the rows of attention.csv, one for each chunk."""
    doubtful = " ".join(_name_low(MEASURES, result.chunk_reliability))
    return [
        {**row, "unreliable": doubtful}
        for recording in result.recordings
        for row in _list_own_chunks(recording)
    ]


def _list_own_chunks(recording: RecordingAttention) -> Iterator[dict[str, Any]]:
    source, fps = recording.processed.source, recording.processed.record.fps
    for chunk, (start, stop) in enumerate(recording.chunk_frames.tolist()):
        seconds = recording.chunk_seconds
        yield {
            "recording": recording.processed.name,
            "label": source.label,
            "chunk": chunk,
            "start_frame": start,
            "stop_frame": stop,
            "start_second": None if seconds is None else float(seconds[chunk, 0]),
            "stop_second": None if seconds is None else float(seconds[chunk, 1]),
            "frame_label": find_main_label(source.frame_labels, start, stop),
            "observed": float(recording.observed[chunk]),
            "num_windows": int(recording.num_windows[chunk]),
            "attention": float(recording.attention[chunk]),
            "rollout": float(recording.rollout[chunk]),
            "left_out": float(recording.left_out[chunk]),
            "left_out_beyond_pose": float(recording.left_out_beyond_pose[chunk]),
            "entropy": float(recording.entropy[chunk]),
            "entropy_share": float(recording.entropy_share[chunk]),
            "distance_frames": float(recording.distance[chunk]),
            "distance_seconds": None if fps is None else float(recording.distance[chunk] / fps),
        }


def list_heads(result: AttentionAnalysis, fps: float | None) -> list[dict[str, Any]]:
    """Return the rows of attention_heads.csv; ``fps`` is the model's frame rate."""
    rows = []
    for head in result.heads:
        row = asdict(head)
        for name in ("distance", "even_distance"):
            frames = row.pop(name)
            row[f"{name}_frames"] = frames
            row[f"{name}_seconds"] = None if fps is None else frames / fps
        known = result.head_reliability.get((head.level, head.query))
        row["unreliable"] = "" if known is None else " ".join(_name_low(RowFigures._fields, known))
        rows.append(row)
    return rows


def summarise(result: AttentionAnalysis) -> dict[str, Any]:
    """Return the content of attention.json."""
    names = [recording.processed.name for recording in result.recordings]
    return {
        "num_recordings": len(names),
        "num_chunks": sum(len(recording.attention) for recording in result.recordings),
        "agreements": {
            name: {
                "meaning": describe_agreement(agreement),
                "mean": agreement.mean,
                "interval": agreement.interval,
                "recordings": dict(zip(names, agreement.recordings, strict=True)),
            }
            for name, agreement in result.agreements.items()
        },
        "reliability": {"text": list(describe_reliability(result)), "measures": list_reliability(result)},
        "heads": [asdict(head) for head in result.heads],
    }
