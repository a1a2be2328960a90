"""``htvae attention``: tables, picture and maps of the encoder's attention."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from htvae.cli.attention.options import AttentionOptions
from htvae.cli.parsing import parse_with_model
from htvae.poses.sequence import find_main_label

if TYPE_CHECKING:
    from htvae.analysis.attention.attention import AttentionAnalysis, RecordingAttention
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)

MAP_BYTES = 256_000_000
"""Most bytes of attention weights that ``--save_maps`` writes."""


def attention(argv: Sequence[str]) -> None:
    """Show what the encoder attends to, and what z depends on."""
    options, build_model = parse_with_model(AttentionOptions, argv, "htvae attention")
    for path in run_attention(options, build_model):
        log.info("%s", path)


def run_attention(options: AttentionOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Analyse attention, print what it shows, and return the files written."""
    from htvae.analysis.attention.contributions import describe_agreement
    from htvae.cli.analysis_files import open_recordings, write_json, write_table
    from htvae.cli.attention.picture import draw_attention_picture

    model, recordings = open_recordings(options, build_model)
    result = model.analyse_attention(recordings, MAP_BYTES if options.save_maps else 0, options.seed)
    for name, agreement in result.agreements.items():
        print(f"{name}: {describe_agreement(agreement)}")
    folder = options.output_dir
    rows = [row for recording in result.recordings for row in _chunk_rows(recording)]
    paths = [
        write_table(folder / "attention.csv", rows),
        write_table(folder / "attention_heads.csv", _head_rows(result, model.processor.fps)),
        write_json(folder / "attention.json", options, _summarise(result)),
        draw_attention_picture(model.processor, model.grid, result.recordings, folder / "attention.png"),
    ]
    return paths + ([_write_maps(folder / "attention.npz", result)] if options.save_maps else [])


def _chunk_rows(recording: "RecordingAttention") -> Iterator[dict[str, Any]]:
    """Yield the rows of attention.csv, one for each chunk."""
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


def _head_rows(result: "AttentionAnalysis", fps: float | None) -> list[dict[str, Any]]:
    """Return the rows of attention_heads.csv; ``fps`` is the model's frame rate."""
    rows = []
    for head in result.heads:
        row = asdict(head)
        for name in ("distance", "even_distance"):
            frames = row.pop(name)
            row[f"{name}_frames"] = frames
            row[f"{name}_seconds"] = None if fps is None else frames / fps
        rows.append(row)
    return rows


def _summarise(result: "AttentionAnalysis") -> dict[str, Any]:
    """Return the content of attention.json."""
    from htvae.analysis.attention.contributions import describe_agreement

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
        "heads": [asdict(head) for head in result.heads],
    }


def _write_maps(path: Path, result: "AttentionAnalysis") -> Path:
    """Write all weights that were kept, and log how many recordings they are of."""
    from htvae.inference.latent_files import write_arrays

    kept = [recording for recording in result.recordings if recording.maps]
    arrays = {"names": np.array([recording.processed.name for recording in kept], dtype=str)}
    for number, recording in enumerate(kept):
        for window, maps in enumerate(recording.maps):
            place = f"recording{number}_window{window}"
            arrays[f"{place}_chunk_frames"] = recording.chunk_frames[slice(*maps.window.chunks)]
            arrays[f"{place}_local"] = maps.local
            arrays[f"{place}_token_mask"] = maps.token_mask
            arrays[f"{place}_global"] = maps.overall
    write_arrays(path, arrays)
    count, total = len(kept), len(result.recordings)
    size = sum(array.nbytes for array in arrays.values()) / 1e6
    log.info("Maps of %d of %d recordings: %.1f MB; at most %.0f.", count, total, size, MAP_BYTES / 1e6)
    return path
