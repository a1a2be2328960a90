"""Learning a detector by asking: which clip to ask about next, how good the detector is on new subjects.

- The first clips are the query's best hits. Then come, in turn, random detections (``check``) and the clip
  that is least certain (``uncertain``). Best and uncertain clips come from subjects asked about least.
- Precision comes from checks, which are drawn at random from what the detector finds, and from best hits for
  themselves. Each subject's answers are judged by a detector that has not seen them.

Axes: ``S`` spans, ``V`` features of a span, ``A`` answers.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from htvae.analysis.search.detector import THRESHOLD, Detection, Detector, draw_background
from htvae.analysis.search.search import Search
from htvae.analysis.search.span_index import LEAST_OBSERVED, SpanIndex, Spans
from htvae.analysis.search.span_ranking import Clip, choose_apart, mean_vector
from htvae.metrics.shares import predictive_interval, wilson_interval

Reason = Literal["best", "check", "uncertain", "given"]
NUM_BEST = 5
"""Best hits that are asked about first."""
LEAST_CASES = 5
"""Answers below which the interval of the precision says next to nothing."""
ALIKE_WITHIN_SUBJECTS = 1.5
"""Answers that count as one independent answer, since those of one subject are alike (design effect)."""
NUM_FUTURE = 20
"""Detections of new subjects that the precision's interval is for, or as many as there are if fewer."""


@dataclass(frozen=True)
class Answer(Clip):
    """A clip, and what a person said of it."""

    is_yes: bool
    reason: Reason = "given"
    """Why the clip was chosen; ``given``: by the user."""


@dataclass(frozen=True)
class Proposal(Clip):
    """The clip to ask about next."""

    reason: Reason
    probability: float
    """Probability of the behaviour as far as the answers tell; NaN before there are any."""


@dataclass(frozen=True)
class Score:
    """A share, with its interval."""

    value: float
    """NaN without cases."""
    low: float
    """95 % interval."""
    high: float
    cases: int
    """Answers that it comes from."""


@dataclass(frozen=True)
class Quality:
    """How good a detector is on subjects it has not seen."""

    precision: Score
    """Share of its detections that are right; the interval is for the next `NUM_FUTURE` detections."""
    recall: Score
    """Share of the clips answered yes that it detects; of those asked about, not of all there are."""
    num_subjects: int
    """Subjects whose answers were judged."""
    notes: tuple[str, ...]
    """What a reader must know."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A search, and the answers given so far."""

    search: Search
    subjects: Sequence[str]
    """(R,) subject of each recording."""
    answers: Sequence[Answer] = ()
    seed: int = 0
    _background: dict[str, np.ndarray] = field(default_factory=dict)

    def answer(self, answer: Answer) -> "Lesson":
        """Return the lesson with one more answer."""
        return replace(self, answers=(*self.answers, answer))

    @property
    def index(self) -> SpanIndex:
        """The recordings that are searched."""
        return self.search.index

    @cached_property
    def spans(self) -> Spans:
        """All spans of the query's length."""
        return self.index.spans(self.search.length)

    @cached_property
    def detector(self) -> Detector:
        """The detector that all answers give."""
        return self._fit(self.answers, with_query=True)

    @cached_property
    def detections(self) -> list[Detection]:
        """What the detector finds in the recordings searched."""
        return self.detector.detect(self.index)

    def propose(self) -> Proposal | None:
        """Return the clip to ask about next; None where every clip was answered."""
        done = len(self.answers)
        if done < NUM_BEST:
            hits = [Proposal(h.recording, h.start, h.stop, "best", np.nan) for h in self.search.hits]
            return self._prefer_new(self._unanswered(hits)) or self._propose_uncertain()
        if (done - NUM_BEST) % 3 < 2:
            return self._propose_check() or self._propose_uncertain()
        return self._propose_uncertain()

    def measure(self) -> Quality:
        """Return precision and recall on subjects that the detector has not seen."""
        judged = self._judge()
        precision = self._measure_precision(judged)
        recall = _score([found for a, found in judged if a.is_yes])
        num_subjects = len({self.subjects[a.recording] for a, _ in judged})
        return Quality(precision, recall, num_subjects, tuple(self._note(num_subjects, precision)))

    def _measure_precision(self, judged: Sequence[tuple[Answer, bool]]) -> Score:
        """Return the share of detections in new subjects that are right.

        Checks stand for the detections that nobody was asked about for other reasons, best hits for
        themselves, by their share of all detections. Uncertain clips stand for none.
        """
        found = [a for a, is_found in judged if is_found]
        checks = [a.is_yes for a in found if a.reason == "check"]
        best = [a.is_yes for a in found if a.reason == "best"]
        num_best, rest = self._count_detections()
        parts = [(num_best, best), (rest, checks)]
        used = [(weight, right) for weight, right in parts if weight and right]
        if not any(a.reason == "check" for a in self.answers):
            used = [(1, [a.is_yes for a in found])] if found else []
        if not used:
            return Score(float("nan"), 0.0, 1.0, 0)
        total = sum(weight for weight, _ in used)
        value = sum(weight / total * float(np.mean(right)) for weight, right in used)
        cases = 1 / sum((weight / total) ** 2 / len(right) for weight, right in used) / ALIKE_WITHIN_SUBJECTS
        future = max(1, min(NUM_FUTURE, len(self.detections)))
        return Score(value, *predictive_interval(value * cases, cases, future), sum(len(r) for _, r in used))

    def _count_detections(self) -> tuple[int, int]:
        """Return how many detections were best hits, and how many nobody was asked about or were checked."""
        best = [a for a in self.answers if a.reason == "best"]
        other = [a for a in self.answers if a.reason not in ("best", "check")]
        num_best = sum(any(d.overlaps(a) for a in best) for d in self.detections)
        asked = sum(any(d.overlaps(a) for a in other) for d in self.detections)
        return num_best, max(0, len(self.detections) - num_best - asked)

    def _judge(self) -> list[tuple[Answer, bool]]:
        """Return each answer, and whether a detector without its subject detects the clip."""
        judged = []
        for subject in dict.fromkeys(self.subjects[a.recording] for a in self.answers):
            others = [a for a in self.answers if self.subjects[a.recording] != subject]
            own = [a for a in self.answers if self.subjects[a.recording] == subject]
            own_query = self.search.own is not None and self.subjects[self.search.own.recording] == subject
            if own_query and not any(a.is_yes for a in others):
                continue
            detector = self._fit(others, with_query=not own_query)
            probability = detector.score_vectors(self._vectors(own))
            judged += [(a, bool(p > THRESHOLD)) for a, p in zip(own, probability, strict=True)]
        return judged

    def _note(self, num_subjects: int, precision: Score) -> Iterator[str]:
        """Yield what a reader must know."""
        if all(a.is_yes for a in self.answers):
            yield "No clip was answered no: only random clips stand for what it is not. Ask on."
        if num_subjects < 2:
            yield "Answers of fewer than two subjects could be judged: new subjects may differ."
        if precision.cases < LEAST_CASES:
            yield f"Only {precision.cases} answers tell of the precision, so it is open. Answer more."
        if not any(a.reason == "check" for a in self.answers):
            yield "No clip was chosen at random: precision holds only if your clips are typical."
        yield "Recall is of the clips asked about; forms that were never shown are not counted."

    def _fit(self, answers: Sequence[Answer], with_query: bool) -> Detector:
        vectors = self._vectors(answers)
        said = np.array([a.is_yes for a in answers], bool)
        if with_query:
            vectors = np.concatenate([vectors, self.search.vector[None]])
            said = np.append(said, True)
        length = self.search.length
        if not self._background:
            self._background["spans"] = draw_background(self.index, length, self.seed)
            self._background["mean"] = mean_vector(self.index, self.spans)
        return Detector.fit(
            self.index, length, self._background["mean"], vectors, said, self._background["spans"]
        )

    def _vectors(self, clips: Sequence[Clip]) -> np.ndarray:
        """Return the features (A, V) of clips."""
        length = self.search.length
        rows = [self.index.span_at(clip.recording, clip.start, clip.stop, length) for clip in clips]
        return self.index.vectors(np.array(rows, int), length)

    def _propose_check(self) -> Proposal | None:
        """Return a random detection; each is as likely, so that checks tell of all of them."""
        found = [Proposal(d.recording, d.start, d.stop, "check", d.probability) for d in self.detections]
        free = self._unanswered(found)
        rng = np.random.default_rng([self.seed, len(self.answers)])
        return free[int(rng.integers(len(free)))] if free else None

    def _propose_uncertain(self) -> Proposal | None:
        """Return the least certain clip."""
        probability, spans = self.detector.score(self.index), self.spans
        doubt = np.where(spans.observed >= LEAST_OBSERVED, -np.abs(probability - THRESHOLD), -np.inf)
        taken = [*self.answers, *([self.search.own] if self.search.own else [])]
        chosen = choose_apart(spans, doubt, 3 * len(set(self.subjects)), taken)
        found = [
            Proposal(
                recording=int(spans.recording[i]),
                start=int(spans.start[i]),
                stop=int(spans.stop[i]),
                reason="uncertain",
                probability=float(probability[i]),
            )
            for i in chosen
        ]
        return self._prefer_new(found)

    def _prefer_new(self, proposals: Sequence[Proposal]) -> Proposal | None:
        """Return the first proposal of a subject who was asked about least."""
        asked = Counter(self.subjects[a.recording] for a in self.answers)
        return min(proposals, key=lambda p: asked[self.subjects[p.recording]], default=None)

    def _unanswered(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        taken = [*self.answers, *([self.search.own] if self.search.own else [])]
        return [p for p in proposals if not any(p.overlaps(clip) for clip in taken)]


def _score(right: Sequence[bool]) -> Score:
    value = float(np.mean(right)) if right else float("nan")
    return Score(value, *wilson_interval(sum(right), len(right)), len(right))
