"""What the judge says about one recording, or one labelled span of it.

Axes: ``G`` labels, ``R`` rounds, ``C`` chunks, ``T`` model frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.metrics.calibration import softmax
from htvae.metrics.means import student_interval
from htvae.metrics.runs import find_shortest_run

DECISIVE_SHARE = 0.5
"""Share of the log-odds that the seconds which decide must hold."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """Which label a recording or a span looks like, by how much, and where."""

    processed: ProcessedSequence
    """The recording."""
    split: str
    """Its part in training: train, val, test, or new."""
    frames: tuple[int, int]
    """Model frames that are judged, (first, one after the last)."""
    labels: tuple[str, ...]
    """Labels (G,) that the prior knows."""
    label: str | None
    """Label that the recording or the span has."""
    evidence: np.ndarray
    """Evidence (G, R, C) of each label against no label, nats; rounds are independent estimates."""
    chunk_spans: np.ndarray
    """Model frames (C, 2) of each chunk, (first, one after the last)."""

    @property
    def given(self) -> int | None:
        """Index of the label that it has, None where it has none that the prior knows."""
        return self.labels.index(self.label) if self.label in self.labels else None

    @property
    def part(self) -> ProcessedSequence:
        """What is judged, as a recording of its own."""
        return self.processed.cut(slice(*self.frames))

    @cached_property
    def scores(self) -> np.ndarray:
        """Log-likelihood (G,) with each label minus that without a label, nats."""
        scores: np.ndarray = self.evidence.mean(axis=1).sum(axis=1)
        return scores

    @property
    def best(self) -> int:
        """Index of the most likely label."""
        return int(self.scores.argmax())

    @property
    def against(self) -> int:
        """Index of the label that `best` is compared with: the given one; the next if it is given or none."""
        if self.given is not None and self.given != self.best:
            return self.given
        return int(np.argsort(-self.scores, kind="stable")[1])

    @property
    def looks_otherwise(self) -> bool:
        """Whether the most likely label is another than the given one."""
        return self.given is not None and self.given != self.best

    @property
    def log_odds(self) -> float:
        """Log-likelihood ratio of `best` to `against`, nats, at least 0."""
        return float(self.scores[self.best] - self.scores[self.against])

    @property
    def log_odds_interval(self) -> tuple[float, float]:
        """95 % interval of `log_odds` over the draws of noise, times and latents."""
        totals = self.evidence.sum(axis=2)
        return student_interval(totals[self.best] - totals[self.against])

    def score_interval(self, index: int) -> tuple[float, float]:
        """Return the 95 % interval of a label's score over the draws."""
        return student_interval(self.evidence[index].sum(axis=-1))

    @property
    def doubt(self) -> float:
        """Log-likelihood ratio of the best other label to the given one, nats; above 0: looks otherwise.

        -inf where there is no label.
        """
        if self.given is None:
            return -np.inf
        return float(np.delete(self.scores, self.given).max() - self.scores[self.given])

    @property
    def chunk_log_odds(self) -> np.ndarray:
        """Share (C,) of each chunk in `log_odds`, nats."""
        mean = self.evidence.mean(axis=1)
        odds: np.ndarray = mean[self.best] - mean[self.against]
        return odds

    @property
    def decisive_chunks(self) -> tuple[int, int] | None:
        """Shortest run of chunks that holds half of the log-odds, (first, one after the last).

        None where labels are equally likely.
        """
        if self.log_odds <= 0:
            return None
        return find_shortest_run(self.chunk_log_odds, DECISIVE_SHARE * self.log_odds)

    @property
    def decisive_frames(self) -> tuple[int, int] | None:
        """Model frames of `decisive_chunks`, (first, one after the last)."""
        if self.decisive_chunks is None:
            return None
        first, stop = self.decisive_chunks
        return int(self.chunk_spans[first, 0]), int(self.chunk_spans[stop - 1, 1])

    def probability(self, temperature: float) -> np.ndarray:
        """Return the probability (G,) of each label, all as likely before.

        The log-likelihood is divided by the temperature times the square root of the number of chunks: chunks
        of one recording err together.

        Args:
            temperature: that of a single chunk.
        """
        return softmax(self.scores[None], temperature * self.evidence.shape[-1] ** 0.5)[0]


def sort_verdicts(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return verdicts, those of the most doubtful labels first, those without a label last."""
    return sorted(verdicts, key=lambda v: (-v.doubt, v.processed.name, v.frames))


def find_spans(processed: ProcessedSequence) -> list[tuple[tuple[int, int], str]]:
    """Return the model frames (first, one after the last) and the label of each labelled span."""
    source_frames, spans = processed.record.source_frames, []
    for span in processed.source.frame_labels:
        first, stop = np.searchsorted(source_frames, (span.start, span.stop)).tolist()
        if first < stop:
            spans.append(((first, stop), span.label))
    return spans


def cut_spans(processed: ProcessedSequence) -> list[tuple[ProcessedSequence, str]]:
    """Return each labelled span as a recording to measure, with its label."""
    return [(processed.cut(slice(*frames)), label) for frames, label in find_spans(processed)]
