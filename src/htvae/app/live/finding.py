"""Search by example: what resembles the clips that were marked yes and not those marked no.

With one example it is the search of `htvae find`; with more, a detector learns from them as it does there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.search.clicks import Answer, Lesson, Score
from htvae.analysis.search.search import place_query, search
from htvae.analysis.search.span_index import LEAST_OBSERVED
from htvae.analysis.search.span_ranking import choose_apart
from htvae.app.live.session import Session
from htvae.data.processing import ProcessedSequence
from htvae.inference.source import to_source_spans

NUM_HITS = 12
Marked = tuple[int, int, int, bool]
"""Recording, first source frame, frame after the last one, and whether it is what is looked for."""


@dataclass(frozen=True)
class Findings:
    """What a search gives."""

    hits: list[tuple[int, int, int, float]]
    """Recording, first source frame, frame after the last one, score 0..1; the best first."""
    text: str
    """What can be said of the score."""


def find_like(session: Session, examples: Sequence[Marked]) -> Findings:
    """Return the clips that are most like the examples; none overlaps an example or another.

    Raises:
        ValueError: no example is yes, or one lies outside of its recording or shows hardly any point.
    """
    lesson = learn(session, examples)
    if not lesson.answers:
        hits = [(h.recording, h.start, h.stop, max(0.0, h.similarity)) for h in lesson.search.hits]
        words = "Similarity to the one example, 1 the same. Mark clips yes or no, and search again."
        return Findings([_place(session, *hit) for hit in hits], words)
    spans, chances = lesson.spans, lesson.detector.score(lesson.index)
    chances = np.where(spans.observed >= LEAST_OBSERVED, chances, -1.0)
    taken = [*lesson.answers, *([lesson.search.own] if lesson.search.own else [])]
    chosen = choose_apart(spans, chances, NUM_HITS, taken, least=0.0)
    hits = [
        (int(spans.recording[i]), int(spans.start[i]), int(spans.stop[i]), float(chances[i])) for i in chosen
    ]
    return Findings([_place(session, *hit) for hit in hits], describe_quality(lesson))


def learn(session: Session, examples: Sequence[Marked]) -> Lesson:
    """Return what examples teach: the first yes is what is looked for, the others are answers.

    Raises:
        ValueError: as `find_like`.
    """
    first = next((i for i, example in enumerate(examples) if example[3]), None)
    if first is None:
        raise ValueError("At least one example must be marked yes, but none is.")
    recordings = session.recordings
    index, start, stop, _ = examples[first]
    query = place_query(recordings[index], (start, stop))
    found = search(session.model, session.index, recordings, query, "filled", NUM_HITS)
    subjects = [own.source.subject or own.name for own in recordings]
    answers = [_to_answer(recordings[own[0]], *own) for place, own in enumerate(examples) if place != first]
    return Lesson(found, subjects, answers)


def describe_quality(lesson: Lesson) -> str:
    """Return how good the detector is on subjects that it has not seen, as `htvae find` says it.

    Without a clip that was marked no, nothing says where to stop: then none are counted.
    """
    if all(answer.is_yes for answer in lesson.answers):
        return (
            "Mark at least one clip no: until then nothing tells which clips are not it, so none are counted."
        )
    quality = lesson.measure()
    sentences = [
        f"{len(lesson.detections)} clips detected.",
        f"Precision on new subjects {_spell(quality.precision)}",
        f"Recall of clips asked about {_spell(quality.recall)}",
    ]
    return " ".join([*sentences, *quality.notes])


def _to_answer(recording: ProcessedSequence, index: int, start: int, stop: int, is_yes: bool) -> Answer:
    query = place_query(recording, (start, stop))
    return Answer(index, query.start, query.stop, is_yes)


def _place(session: Session, index: int, start: int, stop: int, score: float) -> tuple[int, int, int, float]:
    """Return a hit in source frames."""
    frames = session.recordings[index].record.source_frames
    ((first, end),) = to_source_spans(np.array([[start, stop]]), frames).tolist()
    return index, first, end, round(score, 4)


def _spell(score: Score) -> str:
    if not score.cases:
        return "is unknown: no answer tells of it."
    return f"{score.value:.2f} ({score.low:.2f} to {score.high:.2f}, from {score.cases} answers)."
