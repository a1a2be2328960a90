"""What plants an effect, and what measures recordings: the measures of `htvae compare`, and the effect's own.

Axes: ``n`` recordings, ``m`` measures, ``K`` motifs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from htvae.analysis.groups.motif_measures import MotifMeasures, NamedMotifs
from htvae.analysis.groups.study import Cells
from htvae.analysis.measures import (
    LatentAxes,
    MeasureTable,
    join_tables,
    measure_all,
    measure_motion,
)
from htvae.analysis.motifs.motifs import motif_ids
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
class Pipeline:
    """A planter, and the measures of recordings."""

    model: TrainedModel
    planter: Planter
    axes: LatentAxes
    direction: LatentDirection | None
    motifs: MotifMeasures | None
    names: tuple[str, ...]
    """Landmarks that the effect names, all for the whole body; the motif; none for a direction."""
    outcome_name: str
    """Measure that decides; empty for speed and range, where it is the mean over `names`."""

    def measure(self, recordings: Sequence[ProcessedSequence]) -> MeasureTable:
        """Return all measures of recordings."""
        encodings = self.model.encode_all(recordings)
        processor = self.model.processor
        tables = [measure_all(recordings, encodings, processor.points, self.axes, processor.unit_words)]
        if self.direction:
            tables.append(self.direction.measure(encodings))
        if self.motifs:
            tables.append(self.motifs.measure(self.motifs.motifs.find(self.model, recordings)))
        return join_tables(tables)

    def measure_outcome(self, recordings: Sequence[ProcessedSequence]) -> MeasureTable:
        """Return a table that holds the outcome of an effect of speed, range or motifs, in little time."""
        if self.outcome_name and self.motifs:
            return self.motifs.measure(self.motifs.motifs.find(self.model, recordings))
        return measure_motion(recordings, self.model.processor.points, self.model.processor.unit_words)


def build_pipeline(
    model: TrainedModel,
    controls: Sequence[ProcessedSequence],
    effect: Effect,
    columns: dict[str, Cells],
    motifs: NamedMotifs | None,
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
        motifs, motif = _find_motif(effect, motifs)
        found = motifs.find(model, controls)
        own = {c.name: s.labels for c, s in zip(controls, found.segmentations, strict=True)}
        planter = MotifPlanter(processor, build_limbs(processor), own, motif)
        names = (motifs.titles[motif],)
        outcome_name = f"usage of {names[0]}"
    encodings = model.encode_all(controls)
    if effect.kind == "direction":
        direction = find_latent_direction(effect, columns, encodings)
        planter, outcome_name = LatentPlanter(model, direction, build_limbs(processor)), direction.name
    measured = None if motifs is None else MotifMeasures.choose(motifs, motifs.find(model, controls))
    return Pipeline(model, planter, LatentAxes.fit(encodings), direction, measured, names, outcome_name)


def _find_motif(effect: Effect, motifs: NamedMotifs | None) -> tuple[NamedMotifs, int]:
    """Return the motifs, and the index of the one that an effect names."""
    if motifs is None:
        raise ValueError(
            "An effect on a motif must have the motifs of an earlier htvae motifs, but none were given. Give "
            "their folder with --motifs."
        )
    if not effect.is_relative:
        raise ValueError(f"The time in a motif must change by a share such as +8%, but got {effect.text!r}.")
    titles, wanted = motifs.titles, effect.target.casefold()
    for known in (titles, motifs.names, motif_ids(len(titles))):
        for i, name in enumerate(known):
            if name.casefold() == wanted:
                return motifs, int(motifs.segmenter.groups[i])
    raise ValueError(
        f"effect must name a motif, but got {effect.target!r}. Known: "
        f"{list_names([titles[i] for i in motifs.kept])}."
    )
