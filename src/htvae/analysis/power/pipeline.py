"""What plants an effect, and what measures recordings: the measures of `htvae compare`, and the effect's own.

Axes: ``n`` recordings, ``m`` measures, ``K`` motifs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from htvae.analysis.groups.study import Cells
from htvae.analysis.measures import (
    LatentAxes,
    Measure,
    MeasureTable,
    join_tables,
    measure_all,
    measure_motion,
)
from htvae.analysis.motifs.motifs import apply_motifs
from htvae.analysis.motifs.segmenter import Segmenter
from htvae.analysis.motion_series import SeriesKind
from htvae.analysis.power.effects import Effect, find_landmarks
from htvae.analysis.power.latent_planting import LatentDirection, LatentPlanter, find_latent_direction
from htvae.analysis.power.motif_planting import MotifPlanter
from htvae.analysis.power.planting import LimbPlanter, WarpPlanter
from htvae.data.limbs import build_limbs
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.utils.text import list_names


class Planter(Protocol):
    """Plants an effect."""

    def plant(self, recording: ProcessedSequence, strength: float) -> ProcessedSequence:
        """Return the recording with the effect."""


@dataclass(frozen=True, eq=False)
class KnownMotifs:
    """Motifs of an earlier run."""

    segmenter: Segmenter
    kind: SeriesKind
    ids: tuple[str, ...]
    """Ids (K,) such as ``m03``."""
    names: tuple[str, ...]
    """The user's names (K,)."""


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A planter, and the measures of recordings."""

    model: TrainedModel
    planter: Planter
    axes: LatentAxes
    direction: LatentDirection | None
    motifs: KnownMotifs | None
    names: tuple[str, ...]
    """Landmarks that the effect names, all for the whole body, none for others."""
    outcome_name: str
    """Measure that decides; empty for speed and range, where it is the mean over `names`."""

    def measure(self, recordings: Sequence[ProcessedSequence]) -> MeasureTable:
        """Return all measures of recordings."""
        encodings = self.model.encode_all(recordings)
        tables = [measure_all(recordings, encodings, self.model.processor.points, self.axes)]
        if self.direction:
            tables.append(self.direction.measure(encodings))
        if self.motifs:
            tables.append(self._measure_usage(recordings, self.motifs))
        return join_tables(tables)

    def measure_outcome(self, recordings: Sequence[ProcessedSequence]) -> MeasureTable:
        """Return a table that holds the outcome of an effect of speed, range or motifs, in little time."""
        if self.outcome_name and self.motifs:
            return self._measure_usage(recordings, self.motifs)
        return measure_motion(recordings, self.model.processor.points)

    def _measure_usage(self, recordings: Sequence[ProcessedSequence], motifs: KnownMotifs) -> MeasureTable:
        """Return the share of frames of each motif."""
        found = apply_motifs(self.model, recordings, motifs.segmenter, motifs.kind)
        measures = tuple(Measure(_usage_name(motif), "share of time", "usage") for motif in motifs.ids)
        return MeasureTable(measures, np.asarray(found.usage(), np.float64))


def build_pipeline(
    model: TrainedModel,
    controls: Sequence[ProcessedSequence],
    effect: Effect,
    columns: dict[str, Cells],
    motifs: KnownMotifs | None,
) -> Pipeline:
    """Return what plants an effect and measures recordings.

    Raises:
        ValueError: the effect names a landmark, column, value or motif that is not there.
    """
    processor = model.processor
    names: tuple[str, ...] = ()
    direction, outcome_name = None, ""
    planter: Planter
    if effect.kind in ("speed", "range"):
        landmarks = find_landmarks(effect, processor.landmarks, processor.edges)
        names = tuple(processor.landmarks[i] for i in landmarks)
        planter = WarpPlanter.of(processor) if effect.is_warp else LimbPlanter.of(processor, landmarks)
    elif effect.kind == "motif":
        motif = _find_motif(effect, motifs)
        assert motifs is not None
        found = apply_motifs(model, controls, motifs.segmenter, motifs.kind)
        own = {c.name: s.labels for c, s in zip(controls, found.segmentations, strict=True)}
        planter = MotifPlanter(processor, build_limbs(processor), own, motif)
        outcome_name = _usage_name(motifs.ids[motif])
    encodings = model.encode_all(controls)
    if effect.kind == "direction":
        direction = find_latent_direction(effect, columns, encodings)
        planter, outcome_name = LatentPlanter(model, direction, build_limbs(processor)), direction.name
    return Pipeline(model, planter, LatentAxes.fit(encodings), direction, motifs, names, outcome_name)


def _find_motif(effect: Effect, motifs: KnownMotifs | None) -> int:
    if motifs is None:
        raise ValueError(
            "An effect on a motif must have the motifs of an earlier htvae motifs, but none were given. Give "
            "their folder with --motifs."
        )
    if not effect.is_relative:
        raise ValueError(f"The time in a motif must change by a share such as +8%, but got {effect.text!r}.")
    wanted = effect.target.casefold()
    for known in (motifs.ids, motifs.names):
        for i, name in enumerate(known):
            if name.casefold() == wanted:
                return int(motifs.segmenter.groups[i])
    raise ValueError(
        f"effect must name a motif, but got {effect.target!r}. Known: "
        f"{list_names(dict.fromkeys(motifs.names))}."
    )


def _usage_name(motif: str) -> str:
    return f"time in {motif}"
