"""Where recordings are unlike what a model expects, and why: named scores of frames, and the worst spans.

`surprise_measures` has the scores, `surprise_scale` their common unit, `surprise_spans` joins frames.

Axes: ``T`` model frames, ``L`` landmarks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.reliability import RecordingReliability
from htvae.analysis.surprise.errors import find_pairs
from htvae.analysis.surprise.measures import (
    KINDS,
    Measures,
    Usual,
    find_rate,
    measure_recordings,
)
from htvae.analysis.surprise.reliability import measure_reliability
from htvae.analysis.surprise.scale import Scores, SurpriseScale
from htvae.analysis.surprise.spans import FoundSpan, find_spans, name_worst
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.inference.source import to_source_spans

THRESHOLD = 1.0
"""Score from which a frame belongs to a span."""
REFERENCE_FRAMES = 200_000
"""Most reference frames; of more recordings, some are taken, evenly spread."""
BATCH_FRAMES = 50_000
"""Frames that are measured at once, so that memory does not grow with the number of recordings."""


@dataclass(frozen=True, kw_only=True)
class SurpriseSpan:
    """A span of one recording that is unlike what the model expects."""

    recording: str
    start: int
    """First frame of the source."""
    stop: int
    """Frame of the source after the last one."""
    seconds: tuple[float, float] | None
    """Start and stop, in seconds from source frame 0; None if the frame rate is unknown."""
    kind: str
    """One of `KINDS`: what is wrong."""
    landmarks: tuple[str, ...]
    """Landmarks concerned, the worst first."""
    score: float
    """Highest score of the span; 1 is worth a look."""
    peak: int
    """Frame of the source with the highest score."""
    also: tuple[str, ...]
    """Other kinds above the threshold in the span or beside it."""
    observed: float
    """Share (0..1) of the points in the span that are observed."""
    model_frames: tuple[int, int]
    """Start and stop in the model's frames."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameScores:
    """The scores of one recording."""

    recording: str
    frames: np.ndarray
    """Source frame (T,) of each row."""
    seconds: np.ndarray | None
    """Time (T,) in seconds from source frame 0; None if the frame rate is unknown."""
    observed: np.ndarray
    """Share (T,) of the model's landmarks that are observed."""
    error_scales: np.ndarray
    """Median (T,) over points of the reconstruction error in multiples of its expected scale."""
    scores: dict[str, np.ndarray]
    """Kind to score (T,), NaN where nothing is observed."""
    worst: dict[str, np.ndarray]
    """Kind to index (T,) of the worst landmark, -1 where there is none."""


@dataclass(frozen=True, kw_only=True)
class SurpriseReport:
    """What is surprising in recordings."""

    spans: tuple[SurpriseSpan, ...]
    """Spans of all recordings, the highest score first; those of one recording do not overlap."""
    frames: tuple[FrameScores, ...]
    """Scores of each recording."""
    landmarks: tuple[str, ...]
    """The model's landmarks."""
    left_out: Mapping[str, str]
    """Kinds that could not be scored, and why."""
    num_reference: int
    """Number of recordings that say what is usual."""
    kinds: tuple[str, ...]
    """Kinds (k,) that are scored."""
    reliability: RecordingReliability
    """Reliability (k,) of each kind's mean score of a recording."""


def find_surprise(
    model: TrainedModel,
    recordings: Sequence[ProcessedSequence],
    reference: Sequence[ProcessedSequence] | None = None,
    *,
    threshold: float = THRESHOLD,
    refine_steps: int = 0,
    seed: int = 0,
    on_done: Callable[[int], None] = lambda done: None,
) -> SurpriseReport:
    """Score every frame of recordings, and find the spans that are unlike what the model expects.

    Args:
        model: the model.
        recordings: recordings in the model's coordinates.
        reference: recordings that say what is usual. None: the recordings themselves; faults in fewer than
            half of them then do not matter.
        threshold: score from which a frame belongs to a span; lower finds more.
        refine_steps: steps that fit the chunk latents to each recording; each about as slow as a pass.
        seed: of the intervals of the reliability.
        on_done: called with the number of recordings that are done.

    Raises:
        ValueError: no recordings, or a threshold that is not above 0.
    """
    if not recordings:
        raise ValueError("recordings must hold at least one recording, but there is none.")
    if not threshold > 0:
        raise ValueError(f"threshold must be above 0, but got {threshold}. 1 is the usual one.")
    chosen = _choose(reference or recordings)
    scale, known = _measure_reference(model, chosen, refine_steps)
    usual = scale.usual
    spans: list[SurpriseSpan] = []
    frames: list[FrameScores] = []
    for part in _batches(recordings):
        unknown = [recording for recording in part if id(recording) not in known]
        fresh = iter(measure_recordings(model, unknown, usual, refine_steps))
        for recording in part:
            own = known.pop(id(recording), None) or next(fresh)
            scores = scale.score(own)
            spans += _find_spans(model, recording, own, scores, threshold)
            frames.append(_keep_frames(recording, own, scores))
        on_done(len(frames))
    kinds, rate = tuple(scale.frames), model.processor.fps
    return SurpriseReport(
        spans=tuple(sorted(spans, key=lambda span: (-span.score, span.recording, span.start))),
        frames=tuple(frames),
        landmarks=model.processor.landmarks,
        left_out=_explain_left_out(model, scale),
        num_reference=len(chosen),
        kinds=kinds,
        reliability=measure_reliability([own.scores for own in frames], kinds, recordings, rate, seed),
    )


def fit_surprise(
    model: TrainedModel, reference: Sequence[ProcessedSequence], refine_steps: int = 0
) -> SurpriseScale:
    """Return what is usual in recordings, by which others are scored, such as those of a stream.

    Args:
        model: the model.
        reference: recordings in the model's coordinates.
        refine_steps: as for `find_surprise`.

    Raises:
        ValueError: no recordings.
    """
    if not reference:
        raise ValueError("reference must hold at least one recording, but there is none.")
    return _measure_reference(model, _choose(reference), refine_steps)[0]


def _measure_reference(
    model: TrainedModel, chosen: Sequence[ProcessedSequence], refine_steps: int
) -> tuple[SurpriseScale, dict[int, Measures]]:
    """Return the scale of recordings, and the measures of each by its id."""
    usual = Usual.of(model.processor, chosen)
    parts = (
        zip(part, measure_recordings(model, part, usual, refine_steps), strict=True)
        for part in _batches(chosen)
    )
    known = {id(recording): own for part in parts for recording, own in part}
    return SurpriseScale.fit(usual, list(known.values())), known


def _find_spans(
    model: TrainedModel, recording: ProcessedSequence, measures: Measures, scores: Scores, threshold: float
) -> Iterator[SurpriseSpan]:
    fps, source = recording.source.fps, recording.record.source_frames
    for own in find_spans(scores.frames, threshold, find_rate(model.processor, recording)):
        ((start, stop),) = to_source_spans(np.array([[own.start, own.stop]]), source).tolist()
        yield SurpriseSpan(
            recording=recording.name,
            start=start,
            stop=stop,
            seconds=None if fps is None else (start / fps, stop / fps),
            kind=own.kind,
            landmarks=_name_landmarks(own, scores, model.processor.landmarks),
            score=own.score,
            peak=round(float(source[own.peak])),
            also=own.also,
            observed=float(measures.observed[own.start : own.stop].mean()),
            model_frames=(own.start, own.stop),
        )


def _name_landmarks(span: FoundSpan, scores: Scores, landmarks: Sequence[str]) -> tuple[str, ...]:
    return name_worst(scores.points[span.kind][span.start : span.stop], landmarks)


def _keep_frames(recording: ProcessedSequence, measures: Measures, scores: Scores) -> FrameScores:
    source, fps = np.rint(recording.record.source_frames).astype(int), recording.source.fps
    worst = {}
    for kind, points in scores.points.items():
        known = np.where(np.isnan(points), -np.inf, points)
        worst[kind] = np.where(np.isfinite(known).any(axis=1), known.argmax(axis=1), -1).astype(np.int16)
    return FrameScores(
        recording=recording.name,
        frames=source,
        seconds=None if fps is None else recording.record.source_frames / fps,
        observed=measures.observed.astype(np.float32),
        error_scales=measures.error_scales.astype(np.float32),
        scores=scores.frames,
        worst=worst,
    )


def _choose(recordings: Sequence[ProcessedSequence]) -> list[ProcessedSequence]:
    """Return recordings of at most `REFERENCE_FRAMES` frames, or one."""
    total = sum(len(recording.pose) for recording in recordings)
    step = max(1, -(-total // REFERENCE_FRAMES))
    return list(recordings[::step])


def _batches(recordings: Sequence[ProcessedSequence]) -> Iterator[list[ProcessedSequence]]:
    """Yield recordings in groups of at most `BATCH_FRAMES` frames, or one recording."""
    batch: list[ProcessedSequence] = []
    for recording in recordings:
        if batch and sum(len(own.pose) for own in (*batch, recording)) > BATCH_FRAMES:
            yield batch
            batch = []
        batch.append(recording)
    yield batch


def _explain_left_out(model: TrainedModel, scale: SurpriseScale) -> dict[str, str]:
    """Return the kinds that cannot be scored, with the reason."""
    reasons = dict.fromkeys(KINDS, "the reference recordings are too short, too sparse or too still")
    if not find_pairs(model.processor):
        reasons["swap"] = "no landmark's name tells left from right"
    return {kind: reason for kind, reason in reasons.items() if kind not in scale.frames}
