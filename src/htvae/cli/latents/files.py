"""The tables of ``htvae latents``, and latents.json."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from htvae.analysis.latents.dimensions import LevelDimensions
from htvae.analysis.latents.gather import FRAME_LABEL
from htvae.analysis.latents.latents import LatentAnalysis
from htvae.analysis.latents.maps import LatentMap
from htvae.analysis.latents.traversal import STEPS
from htvae.cli.analysis_files import write_json, write_table
from htvae.cli.latents.options import LatentsOptions
from htvae.cli.spans import place_span
from htvae.metrics.reliability import Reliability

NUM_SCORES = 8
"""Principal components of a row in the tables."""
NO_ROWS = ("recording", "rank", "neighbour", "distance")


def write_latent_tables(options: LatentsOptions, result: LatentAnalysis, words: Sequence[str]) -> list[Path]:
    """Write all tables and the summary, and return their paths."""
    folder = options.output_dir
    paths = [write_table(folder / "latents_recordings.csv", list(_recording_rows(result)))]
    if result.moments_map is not None:
        paths.append(
            write_table(folder / "latents_moments.csv", list(_moment_rows(result, result.moments_map)))
        )
    dimensions = [row for level in result.dimensions.levels for row in _dimension_rows(level)]
    paths.append(write_table(folder / "latents_dimensions.csv", dimensions))
    if result.probes:
        paths.append(write_table(folder / "latents_probes.csv", [asdict(probe) for probe in result.probes]))
    nearest = list(_nearest_rows(result))
    paths.append(write_table(folder / "latents_nearest.csv", nearest, NO_ROWS))
    return [*paths, write_json(folder / "latents.json", options, _summarise(result, words))]


def _recording_rows(result: LatentAnalysis) -> Iterator[dict[str, Any]]:
    latents = result.latents
    for i, recording in enumerate(latents.recordings):
        row = place_span(recording, 0, len(recording.pose))
        row |= {name: cells[i] for name, cells in latents.columns.items()}
        row[FRAME_LABEL] = latents.main_labels[i]
        yield row | _place(result.recordings_map, i)


def _moment_rows(result: LatentAnalysis, found: LatentMap) -> Iterator[dict[str, Any]]:
    latents, number = result.latents, 0
    for i, encoding in enumerate(latents.encodings):
        seconds = encoding.chunk_seconds
        for chunk, (start, stop) in enumerate(encoding.chunk_frames.tolist()):
            yield {
                "recording": encoding.name,
                "chunk": chunk,
                "start_frame": start,
                "stop_frame": stop,
                "start_second": None if seconds is None else float(seconds[chunk, 0]),
                "stop_second": None if seconds is None else float(seconds[chunk, 1]),
                FRAME_LABEL: latents.moment_labels[number],
                **{name: cells[i] for name, cells in latents.columns.items()},
                **_place(found, number),
            }
            number += 1


def _place(found: LatentMap, row: int) -> dict[str, float]:
    """Return the place of a row in its map, and its scores along the principal components."""
    x, y = found.points[row].tolist()
    scores = found.scores[row, :NUM_SCORES].tolist()
    return {"map_x": x, "map_y": y} | {f"pc{k + 1}": score for k, score in enumerate(scores)}


def _dimension_rows(level: LevelDimensions) -> Iterator[dict[str, Any]]:
    """Yield a row for each number, then for each component."""
    prefix, unreliable, count = "z" if level.name == "sequence" else "c", level.unreliable, len(level.kl)
    for i in range(count):
        yield {
            "level": level.name,
            "kind": "number",
            "name": f"{prefix}{i}",
            "variance": float(level.variance[i]),
            "posterior_variance": float(level.posterior_variance[i]),
            "active": bool(level.is_active[i]),
            "kl": float(level.kl[i]),
            "kl_share": float(level.kl_share[i]),
            "share": None,
            "cumulative_share": None,
            **_describe_reliability("split_half", level.split_half, i),
            **_describe_reliability("retest_icc", level.retest, i),
            "unreliable": unreliable[i],
        }
    shares = level.components.shares
    for k, share in enumerate(shares.tolist()):
        measured = count + k if k < level.num_measured else None
        yield {
            "level": level.name,
            "kind": "component",
            "name": f"{prefix}_pc{k + 1}",
            "variance": float(level.components.variances[k]),
            "posterior_variance": None,
            "active": None,
            "kl": None,
            "kl_share": None,
            "share": share,
            "cumulative_share": float(shares[: k + 1].sum()),
            **_describe_reliability("split_half", level.split_half, measured),
            **_describe_reliability("retest_icc", level.retest, measured),
            "unreliable": "" if measured is None else unreliable[measured],
        }


def _describe_reliability(name: str, found: Reliability, i: int | None) -> dict[str, Any]:
    if i is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    low, high = found.interval
    return {name: float(found.value[i]), f"{name}_low": float(low[i]), f"{name}_high": float(high[i])}


def _nearest_rows(result: LatentAnalysis) -> Iterator[dict[str, Any]]:
    latents, nearest = result.latents, result.nearest
    names = [p.name for p in latents.recordings]
    for i, (places, distances) in enumerate(zip(nearest.index, nearest.distance, strict=True)):
        for rank, (other, distance) in enumerate(zip(places.tolist(), distances.tolist(), strict=True), 1):
            row = {"recording": names[i], "rank": rank, "neighbour": names[other], "distance": distance}
            for column, cells in latents.columns.items():
                known = bool(cells[i] and cells[other])
                row[f"same_{column}"] = cells[i] == cells[other] if known else None
            yield row


def _summarise(result: LatentAnalysis, words: Sequence[str]) -> dict[str, Any]:
    """Return the content of latents.json."""
    moments = result.moments_map
    return {
        "words": list(words),
        "doubts": [asdict(doubt) for doubt in result.doubts],
        "num_recordings": len(result.latents.recordings),
        "num_moments": len(result.latents.owner),
        "maps": {
            "kind": result.request.kind,
            "trustworthiness_recordings": result.recordings_map.trust,
            "trustworthiness_moments": None if moments is None else moments.trust,
        },
        "levels": {level.name: _summarise_level(level) for level in result.dimensions.levels},
        "probes": [asdict(probe) for probe in result.probes],
        "nearest": {
            "distance_unit": "halves of a recording"
            if result.nearest.is_scaled
            else "spread over recordings",
            "shares": [asdict(share) for share in result.nearest.shares],
        },
        "traversals": list(_summarise_traversals(result)),
    }


def _summarise_level(level: LevelDimensions) -> dict[str, Any]:
    return {
        "numbers": len(level.kl),
        "active": int(level.is_active.sum()),
        "kl_nats": float(level.kl.sum()),
        "inputs": level.num_inputs,
        "participation_ratio": level.components.participation_ratio,
        "component_shares": level.components.shares,
    }


def _summarise_traversals(result: LatentAnalysis) -> Iterator[dict[str, Any]]:
    for traversal, change in zip(result.traversals, result.changes, strict=True):
        place = None
        if traversal.base_frames is not None:
            (recording,) = (p for p in result.latents.recordings if p.name == traversal.base)
            place = place_span(recording, *traversal.base_frames)
        yield {
            "level": traversal.level,
            "direction": traversal.number,
            "share": traversal.share,
            "steps_sd": list(STEPS),
            "from": place or traversal.base or "mean",
            "drawn_from_prior": traversal.is_drawn,
            "num_draws": traversal.poses.shape[1],
            "displacement": dict(
                zip(change.landmarks, np.round(change.displacement, 6).tolist(), strict=True)
            ),
            "parts": dict(change.parts),
            "speed": change.speed,
            "speed_change": change.speed_change,
            "speed_change_error": change.speed_error,
            "body_speed": change.root_speed,
        }
