"""The judge with a tiny model: what it needs, and what it does with what it gets."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from htvae.analysis.model import AnalysisModel, load
from htvae.models.prior import LatentPrior
from htvae.poses.sequence import FrameLabel


@pytest.fixture(scope="module")
def model(trained_with_prior: Any) -> AnalysisModel:
    """The tiny model; its prior also knows labels of spans, and has random weights."""
    model = load(trained_with_prior.checkpoint, "cpu")
    assert model._prior_state is not None
    model._prior_state = replace(model._prior_state, chunk_labels=("down", "up"))
    torch.manual_seed(0)
    prior = LatentPrior(model._prior_state.config, *model.latent_dims, 2, 2)
    for weight in prior.parameters():  # fresh priors ignore labels
        torch.nn.init.normal_(weight, std=0.2)
    model.__dict__["prior"] = prior.eval()
    return model


@pytest.fixture(scope="module")
def own(model: AnalysisModel, trained_with_prior: Any) -> list[Any]:
    """The model's own recordings, with labelled spans."""
    spans = (FrameLabel(0, 20, "up"), FrameLabel(20, 33, "down"))
    recordings = [model.read(path) for path in sorted(trained_with_prior.folder.glob("walk*.csv"))]
    labels = {r.name: r for r in trained_with_prior.recordings}
    return [
        model.process(
            replace(r, frame_labels=spans, label=labels[r.name].label, subject=labels[r.name].subject)
        )
        for r in recordings
    ]


def test_recordings(model: AnalysisModel, own: list[Any]) -> None:
    held_out = [p for p in own if p.name in model.splits.test]
    judgement = model.judge(held_out, own, num_rounds=2)
    assert judgement.labels == ("a", "b")
    assert sorted(v.processed.name for v in judgement.verdicts) == sorted(model.splits.test)
    assert judgement.calibration.num_recordings == len(model.splits.val)
    assert judgement.trust is not None and judgement.trust.parts == ("test",)
    assert "linear probe on z" in judgement.trust.scores
    assert judgement.verdicts[0].doubt > judgement.verdicts[-1].doubt
    for verdict in judgement.verdicts:
        assert verdict.evidence.shape == (2, 2, model.grid.num_chunks(len(verdict.processed.pose)))
        assert np.isfinite(verdict.evidence).all()


def test_a_verdict_does_not_depend_on_other_recordings(model: AnalysisModel, own: list[Any]) -> None:
    together = {v.processed.name: v for v in model.judge(own[:3], num_rounds=2, seed=3).verdicts}
    (alone,) = model.judge(own[1:2], num_rounds=2, seed=3).verdicts
    np.testing.assert_array_equal(alone.evidence, together[own[1].name].evidence)
    (other,) = model.judge(own[1:2], num_rounds=2, seed=4).verdicts
    assert not np.array_equal(alone.evidence, other.evidence)


def test_recordings_without_a_label(model: AnalysisModel, own: list[Any]) -> None:
    open_one = replace(own[0].source, label=None)
    judgement = model.judge([open_one], num_rounds=2)
    assert judgement.trust is None and judgement.verdicts[0].given is None
    assert judgement.verdicts[0].labels[judgement.verdicts[0].best] in ("a", "b")


def test_spans(model: AnalysisModel, own: list[Any]) -> None:
    judgement = model.judge(own[:2], own, spans=True, num_rounds=2)
    assert judgement.labels == ("down", "up")
    assert sorted((v.frames, str(v.label)) for v in judgement.verdicts) == 2 * [((0, 20), "up")] + 2 * [
        ((20, 33), "down")
    ]
    assert judgement.trust is not None and judgement.trust.num_judged == 4


def test_what_is_missing(
    model: AnalysisModel, own: list[Any], trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="must have a prior to judge"):
        load(trained.checkpoint, "cpu").judge(own)
    with pytest.raises(ValueError, match="must be a recording to judge"):
        model.judge([])
    with pytest.raises(ValueError, match="num_rounds must be at least 2"):
        model.judge(own, num_rounds=1)
    bare = [replace(own[0].source, frame_labels=())]
    with pytest.raises(ValueError, match=r"no recording has any\. Add frame_labels\.csv"):
        model.judge(bare, spans=True)
    assert model._prior_state is not None
    few = replace(model._prior_state, labels=("a",), chunk_labels=())
    monkeypatch.setattr(model, "_prior_state", few)
    with pytest.raises(ValueError, match=r"two labels of recordings, but knows only 'a'\. Fill the column"):
        model.judge(own)
    with pytest.raises(ValueError, match=r"two labels of spans, but knows none\. Fill frame_labels\.csv"):
        model.judge(own, spans=True)
