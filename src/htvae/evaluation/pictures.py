"""The pictures of an evaluation: skeletons, latent map, attention, loss curves."""

import csv
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from htvae.inference.model import Encoding, Reconstruction, TrainedModel
from htvae.plots.visualizer import Visualizer
from htvae.utils.files import shorten_name

logger = logging.getLogger(__name__)

NUM_RECORDINGS = 4
GIF_FRAMES = 240
ATTENTION_FRAMES = 1024


def draw_pictures(
    model: TrainedModel,
    reconstructions: Sequence[Reconstruction],
    encodings: Sequence[Encoding],
    folder: Path,
    log_file: Path | None = None,
) -> list[Path]:
    """Draw everything there is to see and return the files.

    Args:
        model: the model.
        reconstructions: scored recordings; the first few are drawn.
        encodings: recordings on the latent map.
        folder: where pictures go.
        log_file: ``metrics.csv`` of the run, for the loss curves.
    """
    folder.mkdir(parents=True, exist_ok=True)
    processor = model.processor
    visualizer = Visualizer(processor.landmarks, processor.edges, processor.sides)
    chosen = _spread(reconstructions, NUM_RECORDINGS)
    paths = [_draw_strip(visualizer, r, len(processor.landmarks), folder) for r in chosen]
    paths.append(_draw_gif(visualizer, chosen[0], len(processor.landmarks), folder))
    paths += _draw_attention(visualizer, model, chosen[0], folder)
    if len(encodings) > 2 and encodings[0].sequence_latent.size > 1:
        paths.append(_draw_latent_map(visualizer, encodings, folder))
    if log_file is not None and log_file.is_file():
        curves = read_curves(log_file)
        if curves:
            paths.append(visualizer.loss_curves(curves, folder / "loss_curves.png"))
    return paths


def read_curves(log_file: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the logged figures of a run by name, as (step, value)."""
    curves: dict[str, list[tuple[int, float]]] = {}
    with log_file.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name, value in row.items():
                if name not in ("step", "epoch", None) and value:
                    curves.setdefault(name, []).append((int(row["step"]), float(value)))
    return curves


def _draw_strip(visualizer: Visualizer, r: Reconstruction, num_landmarks: int, folder: Path) -> Path:
    return visualizer.comparison_strip(
        r.processed.pose[:, :num_landmarks],
        r.pose[:, :num_landmarks],
        folder / shorten_name(f"strip_{r.processed.name}", ".png"),
        title=_title(r),
        fps=r.processed.record.fps,
    )


def _draw_gif(visualizer: Visualizer, r: Reconstruction, num_landmarks: int, folder: Path) -> Path:
    start = _liveliest(r.processed.pose[:, :num_landmarks], GIF_FRAMES)
    part = slice(start, start + GIF_FRAMES)
    return visualizer.comparison_gif(
        r.processed.pose[part, :num_landmarks],
        r.pose[part, :num_landmarks],
        folder / shorten_name(f"reconstruction_{r.processed.name}", ".gif"),
        fps=r.processed.record.fps,
        title=_title(r),
    )


@torch.no_grad()
def _draw_attention(
    visualizer: Visualizer, model: TrainedModel, r: Reconstruction, folder: Path
) -> list[Path]:
    pose = torch.from_numpy(r.processed.pose[None, :ATTENTION_FRAMES].copy()).to(model.device)
    observed = pose.isfinite().all(-1)
    frames = torch.tensor([pose.shape[1]], device=model.device)
    local, overall = model.model.compute_attention(pose.nan_to_num(), observed, frames)
    middle = local.shape[2] // 2
    return [
        visualizer.attention_map(
            local[-1, 0, middle].cpu().numpy(),
            folder / "attention_local.png",
            f"Local attention, last layer, chunk {middle} of {_title(r)}",
            "token (0: summary)",
            "token (0: summary)",
        ),
        visualizer.attention_map(
            overall[-1, 0].cpu().numpy(),
            folder / "attention_global.png",
            f"Global attention, last layer, {_title(r)}",
            "chunk (0: sequence)",
            "chunk (0: sequence)",
        ),
    ]


def _draw_latent_map(visualizer: Visualizer, encodings: Sequence[Encoding], folder: Path) -> Path:
    latents = np.stack([e.sequence_latent for e in encodings])
    centred = latents - latents.mean(axis=0)
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    share = spread**2 / max(float((spread**2).sum()), 1e-12)
    names = tuple(f"component {i + 1} ({share[i]:.0%} of variance)" for i in range(2))
    return visualizer.latent_map(
        centred @ axes[:2].T,
        [e.label for e in encodings],
        folder / "latent_map.png",
        title=f"Sequence latents of {len(encodings)} recordings",
        axis_names=(names[0], names[1]),
    )


def _spread(items: Sequence[Reconstruction], count: int) -> list[Reconstruction]:
    """Return up to ``count`` items, evenly spread over all."""
    return [items[i] for i in np.unique(np.linspace(0, len(items) - 1, count).round().astype(int))]


def _liveliest(pose: np.ndarray, length: int) -> int:
    """Return the start of the stretch with the most movement."""
    if len(pose) <= length:
        return 0
    speed = np.nan_to_num(np.linalg.norm(np.diff(pose, axis=0), axis=-1)).mean(axis=1)
    total = np.concatenate([[0.0], np.cumsum(speed)])
    return int(np.argmax(total[length - 1 :] - total[: len(total) - length + 1]))


def _title(r: Reconstruction) -> str:
    label = r.processed.source.label
    return r.processed.name + (f" ({label})" if label else "")
