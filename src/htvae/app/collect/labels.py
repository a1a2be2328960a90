"""The labels of recordings and of their spans, as indices into one list.

Axes: ``n`` spans.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.app.payload import Span
from htvae.data.processing import ProcessedSequence

NO_LABEL = -1


@dataclass(frozen=True, eq=False)
class LabelBook:
    """All labels, those that show the longest first; labels of spans come before labels of recordings."""

    names: tuple[str, ...]
    has_spans: bool
    """Whether any recording has labels of spans. Moments then show these, else the recording's label."""

    @classmethod
    def of(cls, recordings: Sequence[ProcessedSequence]) -> "LabelBook":
        """Collect the labels of recordings."""
        spans: Counter[str] = Counter()
        whole: Counter[str] = Counter()
        for source in (recording.source for recording in recordings):
            for own in source.frame_labels:
                spans[own.label] += own.stop - own.start
            if source.label is not None:
                whole[source.label] += source.num_frames
        ordered = [name for counts in (spans, whole) for name, _ in _descend(counts)]
        return cls(tuple(dict.fromkeys(ordered)), bool(spans))

    def index(self, label: str | None) -> int:
        """Return the index of a label; `NO_LABEL` for None."""
        return NO_LABEL if label is None else self.names.index(label)

    def spans(self, recording: ProcessedSequence) -> list[Span]:
        """Return the labelled spans of source frames of a recording."""
        return [[own.start, own.stop, self.index(own.label)] for own in recording.source.frame_labels]

    def of_frames(self, recording: ProcessedSequence) -> np.ndarray:
        """Return the label (frames,) of each source frame of a recording, `NO_LABEL` where there is none."""
        source = recording.source
        whole = NO_LABEL if self.has_spans else self.index(source.label)
        labels = np.full(source.num_frames, whole)
        for start, stop, label in self.spans(recording):
            labels[max(0, start - source.first_frame) : max(0, stop - source.first_frame)] = label
        return labels


def commonest(labels: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Return the label (n,) that fills most of each span (n, 2) of labels, -1 where most have none.

    Args:
        labels: index of each frame, -1 none.
        spans: (first, one after the last) of frames.
    """
    found = [np.bincount(labels[start:stop] + 1, minlength=1).argmax() - 1 for start, stop in spans]
    return np.array(found, int).reshape(len(spans))


def _descend(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
