"""Everything that is measured of the recordings of a comparison, and measured again of their halves.

Axes: ``n`` recordings, ``m`` measures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.groups.halves import LEAST_HALF_CHUNKS, measure_halves
from htvae.analysis.groups.motif_measures import MotifMeasures, NamedMotifs
from htvae.analysis.measures import LatentAxes, MeasureTable, join_tables, measure_all
from htvae.analysis.motifs.motifs import Motifs
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import Encoding, TrainedModel


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """What was measured of recordings."""

    table: MeasureTable
    """Measures (n, m)."""
    encodings: tuple[Encoding, ...]
    """Latents (n,)."""
    axes: LatentAxes
    """Components of the sequence latents."""
    motifs: MotifMeasures | None
    """What was measured of motifs; None where none were given."""
    found: Motifs | None
    """Motifs of the recordings."""

    def measure_halves(
        self, model: TrainedModel, recordings: Sequence[ProcessedSequence]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the same measures (n, m) of first and of second halves, NaN where they are unknown."""
        least = LEAST_HALF_CHUNKS * model.config.model.chunk_size
        return measure_halves(
            recordings, least, lambda parts: self._measure_again(model, parts), len(self.table.measures)
        )

    def _measure_again(self, model: TrainedModel, parts: Sequence[ProcessedSequence]) -> MeasureTable:
        encodings = model.encode_all(parts)
        table = measure_all(parts, encodings, model.processor.points, self.axes, model.processor.unit_words)
        if self.motifs is None:
            return table
        return join_tables([table, self.motifs.measure(self.motifs.motifs.find(model, parts))])


def measure_recordings(
    model: TrainedModel,
    recordings: Sequence[ProcessedSequence],
    motifs: NamedMotifs | None,
    tables: Sequence[MeasureTable],
    on_step: Callable[[str], None],
) -> Measured:
    """Return the measures of recordings, those of motifs and further ``tables`` behind the others.

    Args:
        model: the trained model.
        recordings: in the model's coordinates.
        motifs: fitted motifs, if they are measured, too.
        tables: further measures of the same recordings.
        on_step: called with ``encoding`` and ``motifs`` when they begin.
    """
    on_step("encoding")
    encodings = tuple(model.encode_all(recordings))
    axes = LatentAxes.fit(encodings)
    own = [measure_all(recordings, encodings, model.processor.points, axes, model.processor.unit_words)]
    chosen, found = None, None
    if motifs is not None:
        on_step("motifs")
        found = motifs.find(model, recordings)
        chosen = MotifMeasures.choose(motifs, found)
        own.append(chosen.measure(found))
    return Measured(
        table=join_tables([*own, *tables]), encodings=encodings, axes=axes, motifs=chosen, found=found
    )
