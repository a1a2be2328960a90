"""Files of trackers, written by code for tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np


def make_points(num_frames: int, num_points: int, seed: int = 0, dimensions: int = 2) -> np.ndarray:
    """Return smooth made-up points (frames, points, dimensions) in pixels."""
    rng = np.random.default_rng(seed)
    time = np.arange(num_frames)[:, None, None] / 10
    phase = rng.uniform(0, 6, (1, num_points, dimensions))
    centre = rng.uniform(100, 500, (1, num_points, dimensions))
    return centre + 20 * np.sin(time + phase) + rng.normal(0, 0.5, (num_frames, num_points, dimensions))


def write_deeplabcut(
    path: Path,
    points: dict[str, np.ndarray],
    parts: Sequence[str],
    likelihood: float = 0.9,
    first_frame: int = 0,
) -> Path:
    """Write a DeepLabCut CSV of points (T, L, 2) by individual; the name "" writes a single-animal file."""
    names = [(who, part) for who in points for part in parts]
    head = {
        "scorer": ["DLC_resnet50"] * (3 * len(names)),
        "individuals": [who for who, _ in names for _ in range(3)],
        "bodyparts": [part for _, part in names for _ in range(3)],
        "coords": ["x", "y", "likelihood"] * len(names),
    }
    if list(points) == [""]:
        del head["individuals"]
    num_frames = len(next(iter(points.values())))
    rows = [",".join([name, *cells]) for name, cells in head.items()]
    for frame in range(num_frames):
        cells = []
        for own in points.values():
            for point in own[frame]:
                known = not np.isnan(point).any()
                cells += [*map(repr, point.tolist()), repr(likelihood)] if known else ["", "", ""]
        rows.append(",".join([str(first_frame + frame), *cells]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
