"""The pictures of ``htvae latents``."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.analysis.latents.changes import Change
from htvae.analysis.latents.gather import FRAME_LABEL, RecordedLatents
from htvae.analysis.latents.latents import LatentAnalysis
from htvae.analysis.latents.maps import LatentMap
from htvae.analysis.latents.traversal import STEPS, Traversal
from htvae.data.processing import PoseDataProcessor
from htvae.plots.drawing import Figure
from htvae.plots.latent_dimensions import DimensionPanels, draw_dimensions
from htvae.plots.latent_map import Colouring, MapRow, draw_latent_maps
from htvae.plots.traversals import TraversalBlock, draw_traversals
from htvae.plots.visualizer import Visualizer
from htvae.utils.progress import track
from htvae.utils.text import list_names, shorten

if TYPE_CHECKING:
    from htvae.analysis.model import AnalysisModel

log = logging.getLogger(__name__)

MOST_VALUES = 24
"""Different values of a column up to which the maps are coloured by it."""
MOST_COLUMNS = 6
"""Columns that colour the maps, the first ones."""
NUM_NAMED = 2
"""Parts of the body that a traversal's caption names."""
_NAMES = {"pca": "PC", "tsne": "t-SNE", "umap": "UMAP"}
_TITLES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
_LEVELS = {"sequence": "sequence latent z", "chunk": "chunk latents"}


def draw_latent_pictures(model: "AnalysisModel", result: LatentAnalysis, folder: Path) -> list[Path]:
    """Draw maps, dimensions and traversals, and return the paths."""
    paths = [
        _draw_maps(result, folder / "latents.png"),
        draw_dimensions(_panel_levels(result), folder / "latents_dimensions.png", "What the latents use"),
    ]
    if result.traversals:
        paths += _draw_traversals(model, result, folder / "traversals")
    return paths


def _draw_maps(result: LatentAnalysis, path: Path) -> Path:
    rows = [_make_row("recordings, by z", result.recordings_map)]
    if result.moments_map is not None:
        rows.append(_make_row("moments, by chunk latent", result.moments_map))
    colourings = [
        Colouring(shorten(name), values[: len(rows)])
        for name, values in _choose_columns(result.latents).items()
    ]
    return draw_latent_maps(rows, colourings, path, f"Map of latents ({_TITLES[result.request.kind]})")


def _make_row(name: str, found: LatentMap) -> MapRow:
    kind, shares = _NAMES[found.kind], found.components.shares
    first, second = (
        f"{kind} {k + 1} ({shares[k]:.0%})" if found.kind == "pca" and k < len(shares) else f"{kind} {k + 1}"
        for k in range(2)
    )
    return MapRow(name, found.points, (first, second))


def _choose_columns(
    latents: RecordedLatents,
) -> dict[str, tuple[Sequence[str | None], Sequence[str | None]]]:
    """Return the values of recordings and of moments, by the columns that colour the maps."""
    known = {name: (cells, [cells[i] for i in latents.owner]) for name, cells in latents.columns.items()}
    if any(latents.moment_labels):
        own = {FRAME_LABEL: (latents.main_labels, latents.moment_labels)}
        known = {"label": known.pop("label"), **own, **known} if "label" in known else own | known
    few = [name for name, (cells, _) in known.items() if len({cell for cell in cells if cell}) <= MOST_VALUES]
    chosen = few[:MOST_COLUMNS]
    rest = [name for name in known if name not in chosen]
    if rest:
        log.info(
            "The maps are not coloured by %s: at most %d columns of at most %d values.",
            list_names(rest), MOST_COLUMNS, MOST_VALUES,
        )  # fmt: skip
    return {name: known[name] for name in chosen}


def _panel_levels(result: LatentAnalysis) -> list[DimensionPanels]:
    panels = []
    for level in result.dimensions.levels:
        measured = slice(len(level.kl), None)
        panels.append(
            DimensionPanels(
                name=_LEVELS[level.name],
                kl=level.kl,
                is_active=level.is_active,
                shares=level.components.shares,
                participation_ratio=level.components.participation_ratio,
                reliabilities={
                    name: (found.value[measured], found.interval[0][measured], found.interval[1][measured])
                    for name, found in (("split-half", level.split_half), ("retest (ICC)", level.retest))
                },
            )
        )
    return panels


def _draw_traversals(model: "AnalysisModel", result: LatentAnalysis, folder: Path) -> list[Path]:
    processor, paths = model.processor, []
    painter = Visualizer(processor.landmarks, processor.edges, processor.sides)
    blocks: dict[str, list[TraversalBlock]] = {level: [] for level in _LEVELS}
    pairs = list(zip(result.traversals, result.changes, strict=True))
    steps = [f"{step:+g} sd" if step else "mean" for step in STEPS]
    for traversal, change in track("Drawing traversals", pairs):
        poses = [_walk(model, pose[0]) for pose in traversal.poses]
        title = _name(traversal)
        blocks[traversal.level].append(TraversalBlock(title, _caption(change, processor), steps, poses))
        path = folder / f"{traversal.level}_{traversal.number}.gif"
        paths.append(painter.motion_picture(poses, path, processor.fps, title, steps))
    figure = Figure.from_names(processor.landmarks, processor.edges, processor.sides)
    columns = [blocks["chunk"], blocks["sequence"]]
    title = "Principal directions of the latents as motion"
    return [draw_traversals(figure, columns, folder / "traversals.png", title), *paths]


def _walk(model: "AnalysisModel", pose: np.ndarray) -> np.ndarray:
    """Return a pose (T, N, D) as landmarks (T, L, D) that move over the ground, in torso lengths."""
    place = model.training_place
    moved: np.ndarray = (model.to_sequence(pose, "traversal").pose - place.origin) / place.unit
    lowest, frames = moved[..., 1].min(axis=1), np.arange(len(moved))
    if len(moved) > 1:  # a path that rises steadily is the path's error: nobody climbs for seconds
        moved[..., 1] -= np.polyval(np.polyfit(frames, lowest, 1), frames)[:, None]
    return moved


def _name(traversal: Traversal) -> str:
    start = f", from {shorten(traversal.base)}" if traversal.base else ", the rest drawn from the prior"
    place = f"direction {traversal.number} ({traversal.share:.0%} of variance)"
    return f"{_LEVELS[traversal.level]}, {place}{start}"


def _caption(change: Change, processor: PoseDataProcessor) -> str:
    parts = ", ".join(f"{name} {size:.2f}" for name, size in change.parts[:NUM_NAMED])
    speed = f"speed {change.speed[0]:.2f} to {change.speed[-1]:.2f}{'/s' if processor.fps else '/frame'}"
    return f"ends differ: {parts} {processor.unit_words}; {speed}"
