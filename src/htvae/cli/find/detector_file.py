"""NAME.npz: a learned detector, without pickled objects."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from htvae.analysis.motion_series import SeriesKind, check_kind
from htvae.analysis.search.clicks import Quality, Score
from htvae.analysis.search.detector import Detector
from htvae.cli.model_match import check_model
from htvae.inference.latent_files import read_arrays, write_arrays
from htvae.inference.model import TrainedModel

FORMAT = "htvae-detector-1"


@dataclass(frozen=True, eq=False)
class StoredDetector:
    """A detector and what its file says of it."""

    detector: Detector
    kind: SeriesKind
    precision: Score
    """Share of its detections in new subjects that are right, as measured when it was learned."""


def save_detector(
    path: Path, detector: Detector, quality: Quality, kind: SeriesKind, model: TrainedModel
) -> None:
    """Write a detector."""
    precision = quality.precision
    about = {
        "format": np.array(FORMAT),
        "kind": np.array(kind),
        "points": np.array(model.processor.points),
        "fps": np.array(model.processor.fps or np.nan),
        "precision": np.array([precision.value, precision.low, precision.high, precision.cases]),
    }
    write_arrays(path, {**about, **detector.state_dict()})


def load_detector(path: Path, model: TrainedModel) -> StoredDetector:
    """Return a detector.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: the file is damaged, or belongs to a model with other points or frame rate.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"detector must be a file that htvae find --detector wrote, but {path} does not exist."
        )
    try:
        arrays = read_arrays(path, FORMAT)
        value, low, high, cases = map(float, arrays["precision"])
        stored = StoredDetector(
            Detector.from_state_dict(arrays),
            check_kind(str(arrays["kind"])),
            Score(value, low, high, int(cases)),
        )
        points, fps = tuple(arrays["points"].tolist()), float(arrays["fps"])
    except (KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        raise ValueError(
            f"{path} must be written by this version's htvae find --detector, but is unreadable ({error}). "
            "Learn it again."
        ) from error
    check_model(path, points, fps, model)
    return stored
