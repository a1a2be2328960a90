"""Accuracies beside controls, and temperatures."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from htvae.analysis.judge.controls import answer_by_controls, score_answers
from htvae.analysis.judge.trust import calibrate, measure_trust
from htvae.analysis.judge.verdicts import Verdict
from htvae.analysis.model import AnalysisModel, load


@pytest.fixture(scope="module")
def model(trained: Any) -> AnalysisModel:
    return load(trained.checkpoint, "cpu")


@pytest.fixture
def walks(model: AnalysisModel, make_walk: Any) -> list[Any]:
    """Twelve walks of six subjects: those of b wave twice as far."""
    made = []
    for i in range(12):
        walk = make_walk(i % 2, 60 + i, f"walk_{i:02d}", subject=f"s{i // 2}", label="ab"[i % 2])
        pose = walk.pose.copy()
        pose[:, 5] += (i % 2) * 2.0
        made.append(model.process(replace(walk, pose=pose)))
    return made


def make_verdict(processed: Any, evidence: np.ndarray, split: str = "new") -> Verdict:
    frames, spans = (0, len(processed.pose)), np.array([[0, 8]] * evidence.shape[-1])
    return Verdict(processed, split, frames, ("a", "b"), processed.source.label, evidence, spans)


def test_scores_by_hand() -> None:
    judge, other = np.ones(12), np.repeat([1.0, 0.0], 6)
    subjects = [f"s{i // 2}" for i in range(12)]
    score = score_answers(other, judge, subjects, np.random.default_rng(0))
    assert score.accuracy == 0.5 and score.judge_is_better_by == 0.5
    low, high = score.interval
    assert 0.15 < low < 0.25 and 0.75 < high < 0.85  # 3 of 6 subjects, Wilson
    low, high = score.difference_interval
    assert 0 < low < 0.2 and 0.8 < high < 1
    few = score_answers(other[:6], judge[:6], subjects[:6], np.random.default_rng(0))
    assert np.isnan(few.difference_interval).all()


def test_controls(model: AnalysisModel, walks: list[Any]) -> None:
    pairs = [(p, str(p.source.label)) for p in walks]
    answers = answer_by_controls(model, pairs[:8], pairs[8:], 0)
    assert list(answers) == [
        "mean pose",
        "hand-made statistics",
        "shuffled labels",
        "speed and range",
        "linear probe on z",
        "commonest label",
    ]
    assert answers["hand-made statistics"].tolist() == [1, 1, 1, 1]
    assert answers["commonest label"].mean() == 0.5
    assert 0.2 < answers["shuffled labels"].mean() < 0.8


def test_trust(model: AnalysisModel, walks: list[Any]) -> None:
    """One of four held-out labels is missed; training recordings do not count."""
    evidence = np.zeros((2, 3, 4))
    evidence[0] = 2.0  # all look like a
    verdicts = [make_verdict(p, evidence) for p in (walks[8], walks[10], walks[4], walks[9])]
    verdicts += [make_verdict(walks[1], evidence, "train"), make_verdict(walks[3], evidence, "val")]
    calibration = calibrate(verdicts)
    assert calibration.num_recordings == 1 and calibration.temperature > 1
    trust = measure_trust(model, verdicts, [(p, str(p.source.label)) for p in walks[:6]], calibration, 0)
    assert trust is not None
    assert (trust.parts, trust.num_judged, trust.num_subjects) == (("new",), 4, 3)
    assert trust.scores["judge"].accuracy == 0.75
    assert trust.confusion.tolist() == [[3, 0], [1, 0]]
    seen = measure_trust(model, verdicts[4:5], [], calibration, 0)
    assert seen is not None and seen.parts == ("train",) and list(seen.scores) == ["judge"]
    unknown = replace(walks[0], source=replace(walks[0].source, label=None))
    assert measure_trust(model, [make_verdict(unknown, evidence)], [], calibration, 0) is None


def test_no_validation_no_temperature(walks: list[Any]) -> None:
    calibration = calibrate([make_verdict(walks[0], np.ones((2, 3, 4)))])
    assert (calibration.temperature, calibration.num_recordings) == (1.0, 0)
