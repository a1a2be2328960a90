"""Detectors from answers: what they learn, what is asked next, and whether their precision is honest."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from htvae.analysis.search.clicks import NUM_BEST, Answer, Lesson
from htvae.analysis.search.detector import THRESHOLD, Detection, Detector, join_bouts
from htvae.analysis.search.search import Query, Search, rank_spans
from htvae.analysis.search.span_index import SpanIndex
from htvae.analysis.search.span_ranking import Clip
from htvae.analysis.window_features import WindowFeatures, WindowGrid

FEATURES, WINDOWS, LENGTH = 6, 60, 5
NUMBERS = np.zeros(1), np.eye(1), np.zeros(1), np.eye(1)
MAP = WindowFeatures(WindowGrid(9, 6), np.ones(1), *NUMBERS)


def make_world(seed: int, num_subjects: int) -> tuple[SpanIndex, np.ndarray]:
    """Return recordings, one a subject, of three behaviours, and which windows are of the first."""
    rng = np.random.default_rng(seed)
    means = np.random.default_rng(seed // 1000).normal(0, 1.0, (3, FEATURES))
    states = rng.integers(0, 3, (num_subjects, WINDOWS // 10)).repeat(10, axis=1)
    own = rng.normal(0, 0.5, (num_subjects, 1, FEATURES))
    values = means[states] + own + rng.normal(0, 1.0, (num_subjects, WINDOWS, FEATURES))
    values = values.reshape(-1, FEATURES).astype(np.float32)
    index = SpanIndex(MAP, values, np.ones(len(values)), np.full(num_subjects, WINDOWS * 6))
    return index, states == 0


def is_right(wanted: np.ndarray, clip: Clip) -> bool:
    return bool(wanted[clip.recording, clip.start // 6 : clip.stop // 6].mean() > 0.5)


def begin(seed: int, num_subjects: int = 6) -> tuple[Lesson, np.ndarray]:
    index, wanted = make_world(seed, num_subjects)
    subject, block = np.argwhere(wanted[:, ::10])[0]
    clip = Clip(int(subject), int(block) * 60, int(block) * 60 + 30)
    row = index.span_at(clip.recording, clip.start, clip.stop, LENGTH)
    vector, spans = index.vectors(np.array([row]), LENGTH)[0], index.spans(LENGTH)
    query: Any = Query(None, clip.start, clip.stop)  # type: ignore[arg-type]
    hits = rank_spans(index, spans, vector, 50, [clip])
    found = Search(index, query, vector, LENGTH, clip, hits)
    return Lesson(found, [f"s{i}" for i in range(num_subjects)], seed=seed), wanted


def teach(lesson: Lesson, wanted: np.ndarray, count: int) -> Lesson:
    for _ in range(count):
        clip = lesson.propose()
        assert clip is not None
        said = is_right(wanted, clip)
        lesson = lesson.answer(Answer(clip.recording, clip.start, clip.stop, said, clip.reason))
    return lesson


def test_what_is_asked() -> None:
    lesson, wanted = begin(1)
    learned = teach(lesson, wanted, 11)
    reasons = [a.reason for a in learned.answers]
    assert reasons == ["best"] * NUM_BEST + ["check", "check", "uncertain"] * 2
    assert len({a.recording for a in learned.answers[:NUM_BEST]}) == NUM_BEST  # subjects in turn
    clips = [*learned.answers, lesson.search.own]
    assert not any(a.overlaps(b) for i, a in enumerate(clips) for b in clips[:i])
    again = teach(lesson, wanted, 4).answer(learned.answers[4])
    assert teach(again, wanted, 6).answers == learned.answers  # the same answers, the same questions
    uncertain = learned.answers[7]
    before = replace(lesson, answers=learned.answers[:7], _background={})
    at = before.index.span_at(uncertain.recording, uncertain.start, uncertain.stop, LENGTH)
    probability = before.detector.score_vectors(before.index.vectors(np.array([at]), LENGTH))
    assert abs(probability[0] - THRESHOLD) < 0.2


def test_every_clip_is_answered_in_the_end() -> None:
    lesson, wanted = begin(2, 2)
    for _ in range(60):
        clip = lesson.propose()
        if clip is None:
            break
        answer = Answer(clip.recording, clip.start, clip.stop, is_right(wanted, clip), clip.reason)
        lesson = lesson.answer(answer)
    assert lesson.propose() is None and len(lesson.answers) > 10


def test_answers_teach() -> None:
    lesson, wanted = begin(3)
    learned = teach(lesson, wanted, 20)
    index, truth = make_world(3 + 500, 40)
    found = [one.detector.detect(index) for one in (lesson, learned)]
    rights = [sum(is_right(truth, d) for d in own) for own in found]
    assert rights[1] > 5 * rights[0] and rights[1] > 0.75 * len(found[1])  # chance is a third


def test_the_stated_precision_holds_in_new_subjects() -> None:
    held, stated, true = [], [], []
    for world in range(1, 21):
        lesson, wanted = begin(1000 * world)
        learned = teach(lesson, wanted, 20)
        precision = learned.measure().precision
        index, truth = make_world(1000 * world + 1, 12)
        found = learned.detector.detect(index)
        if found:
            true.append(np.mean([is_right(truth, d) for d in found]))
            held.append(precision.low <= true[-1] <= precision.high)
            stated.append(precision.value)
    assert len(held) >= 18 and np.mean(held) >= 0.9
    assert abs(np.mean(stated) - np.mean(true)) < 0.1


def test_notes() -> None:
    lesson, _ = begin(5)
    first = lesson.search.hits[0]
    only = lesson.answer(Answer(first.recording, first.start, first.stop, True))
    notes = " ".join(only.measure().notes)
    assert "No clip was answered no" in notes and "fewer than two subjects" in notes
    assert "No clip was chosen at random" in notes and "forms that were never shown" in notes
    assert only.measure().precision.low < 0.5
    none = lesson.measure()
    assert np.isnan(none.precision.value) and (none.precision.low, none.precision.high) == (0.0, 1.0)


def test_a_subject_does_not_judge_itself() -> None:
    """One subject calls the behaviour by the other name: only its own answers are judged wrong."""
    lesson, _ = begin(6)
    hits = lesson.search.hits[:6]
    for hit in hits:
        lesson = lesson.answer(Answer(hit.recording, hit.start, hit.stop, hit.recording != hits[0].recording))
    judged = dict(lesson._judge())
    assert [a.is_yes for a in judged if a.recording == hits[0].recording] == [False] * Counter(
        h.recording for h in hits
    )[hits[0].recording]
    assert all(found for a, found in judged.items() if a.recording == hits[0].recording)


def test_saved_and_restored() -> None:
    lesson, wanted = begin(7)
    detector = teach(lesson, wanted, 8).detector
    again = Detector.from_state_dict(detector.state_dict())
    assert again.detect(lesson.index) == detector.detect(lesson.index)
    found = detector.detect(lesson.index)
    assert not any(a.overlaps(b) for i, a in enumerate(found) for b in found[:i])
    assert len(detector.detect(lesson.index, 0.9)) < len(found)
    assert all(d.probability > 0.9 for d in detector.detect(lesson.index, 0.9))


def test_bouts_join_what_touches() -> None:
    spans = [(0, 20, 30), (1, 30, 40), (0, 30, 40), (0, 0, 10), (1, 41, 51)]
    assert join_bouts([Detection(*span, probability=0.9) for span in spans]) == [2, 3, 2, 1, 4]
