"""The file of a norm: plain arrays, no pickle."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.measures import Measure
from htvae.analysis.norm.bands import Bands
from htvae.analysis.norm.norm import Norm
from htvae.inference.latent_files import read_arrays, write_arrays
from htvae.metrics.reliability import Reliability
from htvae.metrics.single_case import ControlSpread
from htvae.poses.body_groups import BodyGroup

FORMAT = "htvae-norm-1"
_BANDS = ("location", "center", "knots", "half_width")
_FACTORS = ("point_factor", "span_factor", "point_coverage", "span_coverage")
_SPREAD = ("mean", "between", "within", "num_subjects")
_MEASURE = ("name", "unit", "family", "landmark")
_NUMBERS = ("span", "num_subjects", "num_recordings")


def save_norm(path: Path, norm: Norm) -> Path:
    """Write a norm and return the path; equal norms give equal files."""
    arrays = {"format": np.array(FORMAT), "model_id": np.array(norm.model_id)}
    arrays |= {"points": np.array(norm.points), "largest_z": np.array(norm.largest_z)}
    arrays["group_names"] = np.array([group.name for group in norm.groups])
    members = np.full(max(max(group.landmarks) for group in norm.groups) + 1, -1)
    for number, group in enumerate(norm.groups):
        members[list(group.landmarks)] = number
    arrays["group_of_landmark"] = members
    arrays |= {f"bands_{name}": getattr(norm.bands, name) for name in _BANDS}
    arrays |= {name: getattr(norm, name) for name in _FACTORS}
    arrays |= {f"spread_{name}": getattr(norm.spread, name) for name in _SPREAD}
    arrays |= {f"measure_{name}": np.array([getattr(m, name) for m in norm.measures]) for name in _MEASURE}
    arrays["reliability"] = np.stack([norm.reliability.value, *norm.reliability.interval])
    arrays |= {name: np.array(getattr(norm, name)) for name in _NUMBERS}
    arrays["doubts"] = np.array([[doubt.kind, doubt.text] for doubt in norm.doubts], str).reshape(-1, 2)
    write_arrays(path, arrays)
    return path


def load_norm(path: Path) -> Norm:
    """Return a norm from its file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or is no norm of this version.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} must be the norm.npz of an earlier htvae norm fit, but is not there. "
            "Fit a norm to controls, or give its file with --norm."
        )
    try:
        arrays = read_arrays(path, FORMAT)
        return _build(arrays)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as error:
        raise ValueError(
            f"{path} must be written by this version's htvae norm fit, but is unreadable ({error}). "
            "Fit the norm again."
        ) from error


def _build(arrays: Mapping[str, np.ndarray]) -> Norm:
    members = arrays["group_of_landmark"]
    groups = tuple(
        BodyGroup(str(name), tuple(np.flatnonzero(members == number).tolist()))
        for number, name in enumerate(arrays["group_names"])
    )
    texts = zip(*(arrays[f"measure_{name}"].tolist() for name in _MEASURE), strict=True)
    value, low, high = arrays["reliability"]
    norm = Norm(
        model_id=str(arrays["model_id"]),
        points=tuple(arrays["points"].tolist()),
        groups=groups,
        bands=Bands(**{name: arrays[f"bands_{name}"] for name in _BANDS}),
        measures=tuple(Measure(*row) for row in texts),
        spread=ControlSpread(**{name: arrays[f"spread_{name}"] for name in _SPREAD}),
        reliability=Reliability(value, (low, high)),
        largest_z=float(arrays["largest_z"]),
        doubts=tuple(Doubt(*row) for row in arrays["doubts"].tolist()),
        point_factor=arrays["point_factor"],
        span_factor=arrays["span_factor"],
        point_coverage=arrays["point_coverage"],
        span_coverage=arrays["span_coverage"],
        span=int(arrays["span"]),
        num_subjects=int(arrays["num_subjects"]),
        num_recordings=int(arrays["num_recordings"]),
    )
    _check(norm)
    return norm


def _check(norm: Norm) -> None:
    """Raise ValueError where the parts of a norm do not fit together."""
    landmarks, knots, dims = norm.bands.half_width.shape
    shapes = {
        "bands": norm.bands.knots.shape == (landmarks, knots)
        and norm.bands.location.shape == norm.bands.center.shape == (landmarks, dims),
        "groups": norm.point_factor.shape == norm.span_factor.shape == (len(norm.groups),)
        and sum(len(group.landmarks) for group in norm.groups) == landmarks,
        "measures": all(getattr(norm.spread, name).shape == (len(norm.measures),) for name in _SPREAD)
        and norm.reliability.value.shape == (len(norm.measures),),
        "span": norm.span >= 1,
    }
    wrong = [name for name, fits in shapes.items() if not fits]
    if wrong:
        raise ValueError(f"its {wrong[0]} do not fit together")
