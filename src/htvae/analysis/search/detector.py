"""A detector of one behaviour: a linear classifier of spans, learned from a query and a few yes/no answers.

It sees what the search sees: the direction, from the mean of all spans, in which a span's features point.
Random spans stand for all that nobody was asked about: together they count as `BACKGROUND_WEIGHT` answers of
no.

Axes: ``T`` frames, ``S`` spans, ``V`` features of a span, ``A`` answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from htvae.analysis.motion_series import SeriesKind
from htvae.analysis.search.search import describe_recordings
from htvae.analysis.search.second_looks import score_again
from htvae.analysis.search.span_index import LEAST_OBSERVED, SpanIndex
from htvae.analysis.search.span_ranking import Clip, choose_apart
from htvae.analysis.window_features import WindowFeatures, WindowGrid
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel

THRESHOLD = 0.5
"""Probability from which a span counts as the behaviour."""
NUM_BACKGROUND, BACKGROUND_WEIGHT = 300, 4.0
"""Random spans, and the number of answers that they count as together."""
INVERSE_RIDGE = 30.0
"""Inverse strength of the ridge; fixed, since a few answers cannot choose it."""


@dataclass(frozen=True)
class Detection(Clip):
    """A clip that the detector takes for the behaviour."""

    probability: float
    """Probability of the behaviour, as answers were given; `THRESHOLD`..1."""
    found_again: float = float("nan")
    """Share of the clip's neighbours, a little earlier and later, that exceed the threshold, too."""


@dataclass(frozen=True, eq=False)
class Detector:
    """Everything that finds one behaviour in recordings."""

    features: WindowFeatures
    length: int
    """Windows of a span."""
    mean: np.ndarray
    """(V,) mean of spans' features."""
    weights: np.ndarray
    """(V,)."""
    bias: float

    @classmethod
    def fit(
        cls,
        index: SpanIndex,
        length: int,
        mean: np.ndarray,
        vectors: np.ndarray,
        answers: np.ndarray,
        background: np.ndarray,
    ) -> "Detector":
        """Learn from answers.

        Args:
            index: recordings that were searched.
            length: windows of a span.
            mean: (V,), mean of all spans' features.
            vectors: (A, V) features of the clips that were answered, the query's among them.
            answers: (A,) bool, True for yes; at least one is.
            background: (S, V) features of random spans.
        """
        from sklearn.linear_model import LogisticRegression

        shown = _directions(np.concatenate([vectors, background]) - mean)
        wanted = np.concatenate([answers, np.zeros(len(background), bool)])
        share = BACKGROUND_WEIGHT / max(len(background), 1)
        counts = np.concatenate([np.ones(len(vectors)), np.full(len(background), share)])
        model = LogisticRegression(C=INVERSE_RIDGE, max_iter=1000).fit(shown, wanted, sample_weight=counts)
        return cls(index.features, length, mean, model.coef_[0], float(model.intercept_[0]))

    def score(self, index: SpanIndex) -> np.ndarray:
        """Return the probability (S,) of each span of `SpanIndex.spans`."""
        parts = [self.score_vectors(block) for block in index.blocks(self.length)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def score_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """Return the probability (S,) of spans from their features (S, V)."""
        logits = _directions(vectors - self.mean) @ self.weights + self.bias
        probability: np.ndarray = 1 / (1 + np.exp(-logits.clip(-50, 50)))
        return probability

    def detect(self, index: SpanIndex, threshold: float = THRESHOLD) -> list[Detection]:
        """Return the clips that are taken for the behaviour, without overlap, the surest first.

        Args:
            index: recordings described by the detector's own features.
            threshold: probability that a clip must exceed.
        """
        spans, probability = index.spans(self.length), self.score(index)
        seen = np.where(spans.observed >= LEAST_OBSERVED, probability, -1.0)
        chosen = choose_apart(spans, seen, len(seen), least=threshold)
        again = score_again(spans, seen > threshold, chosen)
        return [
            Detection(
                recording=int(spans.recording[i]),
                start=int(spans.start[i]),
                stop=int(spans.stop[i]),
                probability=float(probability[i]),
                found_again=float(share),
            )
            for i, share in zip(chosen, again, strict=True)
        ]

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return everything that was learned, as arrays of numbers."""
        features = self.features
        return {
            "grid": np.array([features.grid.width, features.grid.stride]),
            "scale": features.scale,
            "pose_mean": features.pose_mean,
            "pose_basis": features.pose_basis,
            "window_mean": features.window_mean,
            "window_basis": features.window_basis,
            "length": np.array(self.length),
            "mean": self.mean,
            "weights": self.weights,
            "bias": np.array(self.bias),
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, np.ndarray]) -> "Detector":
        """Make a detector from `state_dict`'s result; it detects the same to the last bit."""
        names = ("scale", "pose_mean", "pose_basis", "window_mean", "window_basis")
        features = WindowFeatures(WindowGrid(*map(int, state["grid"])), *(state[name] for name in names))
        rest: dict[str, Any] = {"length": int(state["length"]), "bias": float(state["bias"])}
        return cls(features, mean=state["mean"], weights=state["weights"], **rest)


def apply_detector(
    model: TrainedModel,
    detector: Detector,
    recordings: Sequence[ProcessedSequence],
    kind: SeriesKind = "filled",
    threshold: float = THRESHOLD,
) -> list[Detection]:
    """Return the clips of recordings that a detector takes for its behaviour, the surest first.

    Args:
        model: model that fills in or encodes the recordings.
        detector: from `Detector.fit`.
        recordings: in the model's coordinates.
        kind: what the detector looks at, as when it was learned.
        threshold: probability that a clip must exceed.

    Raises:
        ValueError: every recording is shorter than the detector's clips.
    """
    index = describe_recordings(model, detector.features, recordings, kind)
    if not len(index.spans(detector.length).rows):
        frames = detector.length * detector.features.grid.stride
        raise ValueError(
            f"Recordings must be at least as long as the detector's clips ({frames} frames at the model's "
            f"rate), but the longest has {int(index.lengths.max())}. Give longer ones."
        )
    return detector.detect(index, threshold)


def draw_background(index: SpanIndex, length: int, seed: int) -> np.ndarray:
    """Return the features (S, V) of random spans, `NUM_BACKGROUND` at most."""
    rows = index.spans(length).rows
    chosen = np.random.default_rng(seed).permutation(len(rows))[:NUM_BACKGROUND]
    return index.vectors(rows[np.sort(chosen)], length)


def join_bouts(detections: Sequence[Detection]) -> list[int]:
    """Return the number of each detection's bout, from 1 in order; detections that touch are one bout."""
    order = sorted(range(len(detections)), key=lambda i: (detections[i].recording, detections[i].start))
    bouts, number = [0] * len(detections), 0
    for place, i in enumerate(order):
        before = detections[order[place - 1]] if place else None
        own = detections[i]
        if before is None or before.recording != own.recording or before.stop != own.start:
            number += 1
        bouts[i] = number
    return bouts


def _directions(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (S, V) of length 1."""
    lengths = np.sqrt(np.einsum("sv,sv->s", vectors, vectors, dtype=np.float64))
    unit: np.ndarray = vectors / np.maximum(lengths, 1e-12)[:, None]
    return unit
