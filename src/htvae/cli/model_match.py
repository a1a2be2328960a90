"""Files of fitted things belong to one model's landmarks and frame rate."""

from pathlib import Path

import numpy as np

from htvae.inference.model import TrainedModel


def check_model(path: Path, points: tuple[str, ...], fps: float, model: TrainedModel) -> None:
    """Raise ValueError where a file was made with other points or another frame rate (NaN: unknown)."""
    own = model.processor.fps or float("nan")
    if points != model.processor.points or not np.isclose(fps, own, equal_nan=True):
        raise ValueError(
            f"{path} must belong to a model with the same landmarks and frame rate, but belongs to one with "
            f"{len(points)} points at {fps:g} per second, not {len(model.processor.points)} at {own:g}. "
            "Give the model of that run with --checkpoint, or fit again."
        )
