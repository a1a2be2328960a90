"""Tables of measures: one row a recording, one column a measure. The statistics know nothing else.

`measure_motion` and `measure_latents` make the measures that need no motifs; other measures join by
`join_tables`.

Axes: ``n`` recordings, ``m`` measures, ``T`` frames, ``N`` points, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.inference.model import Encoding
from htvae.inference.motion_features import smooth_pose
from htvae.metrics.units import TORSO_LENGTHS
from htvae.poses.landmarks import ROOT_VELOCITY, landmark_sides, mirror_permutation
from htvae.utils.text import list_names

NUM_COMPONENTS = 8
"""Most principal components of the sequence latents."""
LEAST_OBSERVED = 0.1
"""Share of frames in which a landmark must be observed to be measured."""
LEAST_SPREAD, LEAST_RATIO = 1e-5, 1e-9
"""Spread of a measure between subjects, in its unit and relative to its size, below which it is rounding:
left against right hip, around their middle."""
_QUANTILES = (0.05, 0.95)
_LATENT_SPREAD = 1e-3
"""Least spread of a principal component, relative to the first, that is more than rounding."""


@dataclass(frozen=True)
class Measure:
    """What a column means."""

    name: str
    """Name in words, unique in its table."""
    unit: str
    """Unit of the values."""
    family: str
    """Kind of measure, such as ``speed``."""
    landmark: str = ""
    """Landmark, or pair of landmarks, that is measured; empty where it is the whole body."""
    motif: str = ""
    """Motif, or pair of motifs, that is measured; empty where it is none."""


@dataclass(frozen=True, eq=False)
class MeasureTable:
    """Measures of recordings."""

    measures: tuple[Measure, ...]
    """Meaning (m,) of the columns."""
    values: np.ndarray
    """(n, m) float64, NaN where a recording does not show what is measured."""

    @property
    def names(self) -> list[str]:
        """Names (m,) of the measures."""
        return [measure.name for measure in self.measures]


def is_constant(values: np.ndarray) -> np.ndarray:
    """Return whether (m,) measures (u, m) are the same in all rows, but for rounding; NaN does not count.

    Such measures are not tested: where all spread is rounding, so is every difference.
    """
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, values, 0.0)
    centred = np.where(known, filled - filled.sum(axis=0) / count, 0.0)
    spread = np.sqrt(np.square(centred).sum(axis=0) / count)
    least = np.maximum(LEAST_SPREAD, LEAST_RATIO * np.abs(filled).max(axis=0, initial=0.0))
    constant: np.ndarray = ~(spread > least)
    return constant


def describe_constant(names: Sequence[str], constant: np.ndarray) -> str:
    """Return in words which measures (m,) are not tested, and why."""
    chosen = [name for name, own in zip(names, constant, strict=True) if own]
    return (
        f"{len(chosen)} of {len(names)} measures are the same in all subjects, but for rounding (spread "
        f"below {LEAST_SPREAD:g}), and are not tested: {list_names(chosen)}."
    )


def join_tables(tables: Sequence[MeasureTable]) -> MeasureTable:
    """Return the measures of several tables of the same recordings, side by side.

    Raises:
        ValueError: two measures have one name, or tables have other numbers of recordings.
    """
    measures = tuple(measure for table in tables for measure in table.measures)
    names = [measure.name for measure in measures]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Names of measures must differ, but found twice: {', '.join(twice)}. Rename one.")
    if len({len(table.values) for table in tables}) > 1:
        lengths = ", ".join(str(len(table.values)) for table in tables)
        raise ValueError(f"Tables must hold the same recordings, but have {lengths} rows. Measure all alike.")
    return MeasureTable(measures, np.hstack([table.values for table in tables]))


def measure_motion(
    recordings: Sequence[ProcessedSequence], points: Sequence[str], length: str = TORSO_LENGTHS
) -> MeasureTable:
    """Return speed, range and asymmetry of every landmark, the body's own speed, and the share observed.

    - Speed: mean distance from frame to frame, in torso lengths per second (per frame where no frame rate is
      known), around the body's origin, after the filter of `smooth_pose`, since a tracker's noise is fast.
    - Range: diagonal of the box from the 5th to the 95th percentile of each coordinate, torso lengths.
    - Asymmetry of both, for landmarks with a partner: (left - right) / (left + right), in [-1, 1].
    - Speed of the body: that of the origin, where the model keeps it.

    Args:
        recordings: in the model's coordinates.
        points: names (N,) of the points, ``processor.points``.
        length: unit of distances in words, ``processor.unit_words``.
    """
    knows_rate = all(recording.record.fps is not None for recording in recordings)
    parts = [_measure_recording(recording.pose, points) for recording in recordings]
    rate = np.array([recording.record.fps if knows_rate else 1.0 for recording in recordings], np.float64)
    speed = np.stack([part[0] for part in parts]) * rate[:, None]
    extent = np.stack([part[1] for part in parts])
    share = np.array([[part[2]] for part in parts])
    unit = f"{length}/s" if knows_rate else f"{length}/frame"
    body = [place for place, name in enumerate(points) if name == ROOT_VELOCITY]
    marks = [place for place, name in enumerate(points) if name != ROOT_VELOCITY]
    tables = [
        MeasureTable(
            tuple(Measure(f"speed of {points[i]}", unit, "speed", points[i]) for i in marks), speed[:, marks]
        ),
        MeasureTable(
            tuple(Measure(f"range of {points[i]}", length, "range", points[i]) for i in marks),
            extent[:, marks],
        ),
        MeasureTable(tuple(Measure("speed of the body", unit, "speed") for _ in body), speed[:, body]),
        _measure_asymmetry(speed, points, "speed"),
        _measure_asymmetry(extent, points, "range"),
        MeasureTable((Measure("share observed", "share of points", "observed"),), share),
    ]
    return join_tables(tables)


@dataclass(frozen=True, eq=False)
class LatentAxes:
    """Principal components of recordings' sequence latents; labels play no part in them."""

    mean: np.ndarray
    """(Z,)."""
    components: np.ndarray
    """(k, Z), orthonormal, the largest first."""

    @classmethod
    def fit(cls, encodings: Sequence[Encoding]) -> "LatentAxes":
        """Return the components of recordings, at most `NUM_COMPONENTS`; each points to its largest part."""
        latents = np.stack([encoding.sequence_latent for encoding in encodings]).astype(np.float64)
        mean = latents.mean(axis=0)
        _, strength, directions = np.linalg.svd(latents - mean, full_matrices=False)
        kept = (strength > _LATENT_SPREAD * max(float(strength[0]), 1e-12))[:NUM_COMPONENTS]
        components = directions[:NUM_COMPONENTS][kept]
        largest = np.take_along_axis(components, np.abs(components).argmax(axis=1, keepdims=True), axis=1)
        return cls(mean, components * np.sign(largest))

    def measure(self, encodings: Sequence[Encoding]) -> MeasureTable:
        """Return where recordings lie along the components."""
        latents = np.stack([encoding.sequence_latent for encoding in encodings]).astype(np.float64)
        measures = [
            Measure(f"latent component {i + 1}", "latent units", "latent")
            for i in range(len(self.components))
        ]
        return MeasureTable(tuple(measures), (latents - self.mean) @ self.components.T)


def measure_all(
    recordings: Sequence[ProcessedSequence],
    encodings: Sequence[Encoding],
    points: Sequence[str],
    axes: LatentAxes,
    length: str = TORSO_LENGTHS,
) -> MeasureTable:
    """Return every measure that needs no motifs."""
    return join_tables([axes.measure(encodings), measure_motion(recordings, points, length)])


def _measure_recording(pose: np.ndarray, points: Sequence[str]) -> tuple[np.ndarray, np.ndarray, float]:
    """Return speed per frame (N,), range (N,) and the share of observed points of one recording."""
    observed = np.isfinite(pose[..., 0])
    marks = np.array([name != ROOT_VELOCITY for name in points])
    smooth = np.where(observed[..., None], smooth_pose(pose), np.nan).astype(np.float64)
    few = observed.mean(axis=0) < LEAST_OBSERVED
    steps = np.where(marks, *(_length(part) for part in (_steps(smooth), smooth)))
    speed, extent = np.full(len(points), np.nan), np.full(len(points), np.nan)
    for place in np.flatnonzero(~few):
        seen = np.isfinite(steps[:, place])
        if seen.any():
            speed[place] = steps[seen, place].mean()
        low, high = np.quantile(smooth[observed[:, place], place], _QUANTILES, axis=0)
        extent[place] = np.linalg.norm(high - low)
    return speed, extent, float(observed[:, marks].mean())


def _steps(pose: np.ndarray) -> np.ndarray:
    """Return the movement (T, N, D) to each frame from the one before; NaN in the first frame."""
    return np.concatenate([np.full_like(pose[:1], np.nan), np.diff(pose, axis=0)])


def _length(vectors: np.ndarray) -> np.ndarray:
    length: np.ndarray = np.linalg.norm(vectors, axis=-1)
    return length


def _measure_asymmetry(values: np.ndarray, points: Sequence[str], family: str) -> MeasureTable:
    """Return (left - right) / (left + right) of each pair of landmarks; NaN where both are rounding."""
    sides, partners = landmark_sides(points), mirror_permutation(points)
    left = [i for i, side in enumerate(sides) if side == "left" and partners[i] != i]
    right = [partners[i] for i in left]
    total, difference = values[:, left] + values[:, right], values[:, left] - values[:, right]
    share = difference / np.where(total > LEAST_SPREAD, total, np.nan)
    measures = [
        Measure(
            f"asymmetry of {family}, {points[i]} / {points[j]}",
            "(left - right) / (left + right)",
            f"asymmetry of {family}",
            f"{points[i]} / {points[j]}",
        )
        for i, j in zip(left, right, strict=True)
    ]
    return MeasureTable(tuple(measures), share)
