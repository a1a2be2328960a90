"""``htvae judge`` from its flags to its files, and what a user is told."""

import contextlib
import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from htvae.analysis.judge.controls import Score
from htvae.analysis.judge.judge import Judgement
from htvae.analysis.judge.trust import Calibration, Trust
from htvae.analysis.judge.verdicts import Verdict
from htvae.cli.judge.report import describe_judgement, describe_verdict
from htvae.cli.main import main
from htvae.metrics.reliability import Reliability


@pytest.fixture(scope="module")
def finished(trained_with_prior: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A run of the command on the model's own recordings."""
    folder = tmp_path_factory.mktemp("judge")
    argv = ["judge", "--checkpoint", str(trained_with_prior.checkpoint), "--device", "cpu"]
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(folder)
        code = main([*argv, "--num_rounds", "2", "--num_drawn", "2"])
    return SimpleNamespace(code=code, said=said.getvalue(), folder=folder / "judge", argv=argv)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_verdict(finished: SimpleNamespace) -> None:
    assert finished.code == 0
    assert finished.said.startswith("On 2 recordings (test) of 2 subjects, the judge names the label in ")
    assert "\n  hand-made statistics: " in finished.said
    assert "\nProbabilities are calibrated on " in finished.said
    assert " of 10 recordings look like another label than theirs." in finished.said
    names = sorted(path.name for path in finished.folder.iterdir())
    assert names == ["judge.csv", "judge.json", "judge.png", "judge_labels.csv", "judge_seconds.csv"]


def test_the_tables_agree(finished: SimpleNamespace) -> None:
    rows = rows_of(finished.folder / "judge.csv")
    by_label = {(r["recording"], r["label"]): r for r in rows_of(finished.folder / "judge_labels.csv")}
    seconds = rows_of(finished.folder / "judge_seconds.csv")
    assert len(rows) == 10 and len(by_label) == 20
    doubts = []
    for row in rows:
        best, against = (by_label[row["recording"], row[name]] for name in ("looks_like", "against"))
        odds = float(best["log_likelihood"]) - float(against["log_likelihood"])
        assert float(row["log_odds"]) == pytest.approx(odds, rel=1e-3, abs=1e-5)
        assert (row["unreliable"] == "True") == (float(row["split_half"] or 1) < 0.5)
        assert float(row["log_odds_low"]) <= float(row["log_odds"]) <= float(row["log_odds_high"])
        own = [r for r in seconds if r["recording"] == row["recording"]]
        assert sum(float(r["log_odds"]) for r in own) == pytest.approx(odds, rel=1e-3, abs=1e-5)
        decided = [r for r in own if r["decides"] == "True"]
        assert decided[0]["start_frame"] == row["decided_start_frame"]
        assert decided[-1]["stop_frame"] == row["decided_stop_frame"]
        assert own[0]["start_frame"] == row["start_frame"] == "0"
        assert float(row["stop_second"]) == pytest.approx(float(row["stop_frame"]) / 30, rel=1e-4)
        given = {label: float(by_label[row["recording"], label]["log_likelihood"]) for label in "ab"}
        other = given["b" if row["label"] == "a" else "a"]
        doubts.append(other - given[row["label"]])
    assert doubts == pytest.approx(sorted(doubts, reverse=True), abs=1e-4)


def test_the_json(finished: SimpleNamespace) -> None:
    content = json.loads((finished.folder / "judge.json").read_text(encoding="utf-8"))
    assert content["verdict"] == finished.said.rstrip("\n").split("\n")
    found = content["recordings"]
    assert found["labels"] == ["a", "b"] and np.sum(found["trust"]["confusion"]) == 2
    assert found["trust"]["scores"]["judge"]["accuracy"] * 2 == np.trace(found["trust"]["confusion"])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--num_rounds", "1"], "num_rounds must be at least 2"),
        (["--num_drawn", "-1"], "num_drawn must be at least 0"),
    ],
)
def test_wrong_flags(flags: list[str], message: str, capsys: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["judge", *flags])
    assert message in capsys.readouterr().err


def test_what_is_missing(
    finished: SimpleNamespace, trained: Any, capsys: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*finished.argv, "--spans", "--split", "val", "--num_rounds", "2"]) == 1
    assert "two labels of spans, but knows none. Fill frame_labels.csv" in capsys.readouterr().err
    assert main(["judge", "--checkpoint", str(trained.checkpoint), "--device", "cpu"]) == 1
    assert "error: The model must have a prior to judge, but has none." in capsys.readouterr().err
    assert not (tmp_path / "judge").exists()


@pytest.fixture
def judgement(as_processed: Any) -> Judgement:
    """Two recordings written by hand: one looks like b, not a; one has a label that the prior lacks."""
    processed = as_processed(np.zeros((20, 2, 2)))
    spans = np.array([[0, 8], [6, 14], [12, 20]])
    evidence = np.zeros((2, 2, 3))
    evidence[1, :, 1] = [5.0, 5.5]
    verdicts = [
        Verdict(processed, "new", (0, 20), ("a", "b"), label, evidence, spans) for label in ("a", "jump")
    ]
    scores = {
        "judge": Score(0.5, (0.1, 0.9)),
        "mean pose": Score(0.75, (0.3, 0.95), -0.25, (-0.5, 0.1)),
        "shuffled labels": Score(0.6, (0.2, 0.9), -0.1, (float("nan"),) * 2),
    }
    trust = Trust(("new",), 4, 3, scores, np.zeros((2, 2), int), 0.12, 2, 1)
    value = np.array([0.8, 0.4])
    return Judgement(("a", "b"), verdicts, Calibration(2.0, 5), trust, Reliability(value, (value, value)))


def test_what_is_said(judgement: Judgement) -> None:
    assert describe_judgement(judgement, "recordings") == [
        "On 4 recordings (new) of 3 subjects, the judge names the label in 50% (10% to 90%).",
        "  mean pose: 75%; judge minus this: -25 points (-50 to +10)",
        "  shuffled labels: 60%; judge minus this: -10 points",
        "Note: mean pose: better than the judge here; rather use it.",
        "Probabilities are calibrated on 5 validation recordings; calibration error 0.12. Of 2 verdicts with "
        "a probability of 0.9 or more, 1 are right.",
        "Reliability of the evidence below 0.5 (halves of recordings): b. Other seconds of the same "
        "recording might favour another label.",
        "1 of 1 recordings look like another label than theirs.",
        "  walk looks like b, not like its label a (probability 0.82): 5.2 nats (2.1 to 8.4), half of it at "
        "0.2 to 0.5 s.",
        "The prior does not know these labels, so they are not judged: jump. It knows a, b.",
        "1 recordings without a label that the prior knows:",
        "  walk looks like b rather than a (probability 0.82): 5.2 nats (2.1 to 8.4), half of it at 0.2 to "
        "0.5 s.",
    ]


def test_close_calls_are_named(judgement: Judgement) -> None:
    verdict = judgement.verdicts[0]
    close = replace(verdict, evidence=verdict.evidence * np.array([-18.0, 20])[:, None])
    text = describe_verdict(close, judgement)
    assert text.endswith("10.0 nats (-1260.6 to 1280.6), too close to call.")


def test_what_makes_it_doubtful(judgement: Judgement) -> None:
    assert judgement.trust is not None
    alone = {"judge": judgement.trust.scores["judge"]}
    seen = replace(judgement.trust, parts=("train",), scores=alone)
    lines = describe_judgement(replace(judgement, trust=seen, calibration=Calibration(1.0, 0)), "recordings")
    assert lines[1].startswith("Note: the model saw these labels in training, so the accuracy is too high.")
    assert lines[2].startswith("Note: no controls") and lines[3].startswith("Note: probabilities are not")
    lines = describe_judgement(replace(judgement, trust=None), "recordings")
    assert lines[:2] == [
        "No recording has a label that the prior knows (a, b).",
        "How far the judge can be trusted is unknown.",
    ]
