"""What all parts of a report are made from.

Axes: ``T`` model frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.surprise.surprise import SurpriseReport
from htvae.app.collect.blocks import Blocks
from htvae.app.collect.clock import Clock
from htvae.app.collect.labels import LabelBook
from htvae.app.packing import find_parents
from htvae.app.remembering import RememberingModel
from htvae.data.processing import ProcessedSequence
from htvae.poses.sequence import content_hash


@dataclass(frozen=True, eq=False)
class Material:
    """The recordings of a report, and the model that remembers them."""

    model: RememberingModel
    recordings: Sequence[ProcessedSequence]
    splits: Sequence[str]
    """Part in training of each recording."""
    clock: Clock
    book: LabelBook
    blocks: Blocks
    """Takes packed numbers."""
    seed: int

    @property
    def parents(self) -> list[int]:
        """Landmark that each is packed relative to, see `htvae.app.packing.find_parents`."""
        processor = self.model.processor
        return find_parents(len(processor.landmarks), processor.edges)

    @classmethod
    def of(
        cls,
        model: RememberingModel,
        recordings: Sequence[ProcessedSequence],
        seed: int,
        blocks: Blocks | None = None,
    ) -> "Material":
        """Find out splits, labels and frame rates of recordings; None: no block is taken yet."""
        splits = find_splits(model, recordings)
        clock, book = Clock.of(model.processor, recordings), LabelBook.of(recordings)
        return cls(model, recordings, splits, clock, book, blocks or Blocks(), seed)


def find_splits(model: RememberingModel, recordings: Sequence[ProcessedSequence]) -> list[str]:
    """Return the part in training of each recording; its content decides, not its name."""
    return [model.splits.of(r.name, content_hash(r.source)) for r in recordings]


def worst_scores(report: SurpriseReport) -> list[np.ndarray]:
    """Return each recording's highest score (T,) of each frame over all kinds, at least 0."""
    return [_join(own.scores, len(own.frames)) for own in report.frames]


def _join(scores: Mapping[str, np.ndarray], num_frames: int) -> np.ndarray:
    highest = np.zeros(num_frames)
    for own in scores.values():
        highest = np.maximum(highest, np.nan_to_num(own))
    return highest
