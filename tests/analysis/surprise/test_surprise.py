"""Surprise of a tiny model: faults planted in recordings that tremble as tracked ones do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from htvae.analysis.model import AnalysisModel, load
from htvae.analysis.surprise.findings import FINDINGS, REMEDIES, to_findings
from htvae.analysis.surprise.measures import KINDS
from htvae.analysis.surprise.surprise import SurpriseReport, find_surprise
from htvae.data.processing import PoseDataProcessor
from htvae.poses.landmarks import mirror_permutation
from htvae.poses.sequence import PoseSequence

WRIST = 5


@pytest.fixture(scope="module")
def model(trained: Any) -> AnalysisModel:
    return load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def sound(make_walk: Callable[..., PoseSequence]) -> list[PoseSequence]:
    """Seven walks with a tracker's noise, numbered from frame 10."""
    rng = np.random.default_rng(0)
    walks = [make_walk(i % 3, 200 + 11 * i, f"walk_{i}", first_frame=10) for i in range(7)]
    return [
        replace(w, pose=(w.pose + 0.02 * rng.normal(size=w.pose.shape)).astype(np.float32)) for w in walks
    ]


def plant(
    sequences: list[PoseSequence], change: Callable[[np.ndarray], None], **known: Any
) -> list[PoseSequence]:
    """Return the recordings with a change to the poses of the third one."""
    pose = sequences[2].pose.copy()
    change(pose)
    return [*sequences[:2], replace(sequences[2], pose=pose, **known), *sequences[3:]]


def freeze(pose: np.ndarray) -> None:
    pose[100:150] = pose[100]


def exchange(pose: np.ndarray) -> None:
    body = mirror_permutation(
        ("NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP", "LEFT_WRIST")
    )
    pose[100:130] = pose[100:130, body]


def jump(pose: np.ndarray) -> None:
    pose[100:103, WRIST] += 40.0


def shake(pose: np.ndarray) -> None:
    pose[100:150, WRIST] += np.random.default_rng(1).normal(size=(50, 2))


@pytest.mark.parametrize(
    ("change", "kind", "length", "landmark"),
    [
        (freeze, "stillness", 50, None),
        (exchange, "swap", 30, None),
        (shake, "tremble", 50, "LEFT_WRIST"),
        (jump, "acceleration", 3, "LEFT_WRIST"),
    ],
)
def test_the_highest_score_is_in_the_planted_fault(
    model: AnalysisModel,
    sound: list[PoseSequence],
    change: Callable[[np.ndarray], None],
    kind: str,
    length: int,
    landmark: str | None,
) -> None:
    report = model.surprise(plant(sound, change))
    highest = [float(np.nanmax(own.scores[kind])) for own in report.frames]
    assert np.argmax(highest) == 2
    assert highest[2] > 1
    peak = int(np.nanargmax(report.frames[2].scores[kind]))
    assert 97 <= peak < 100 + length + 3
    assert landmark is None or report.landmarks[report.frames[2].worst[kind][peak]] == landmark


@pytest.mark.parametrize(("change", "kind", "length"), [(freeze, "stillness", 50), (exchange, "swap", 30)])
def test_the_span_has_the_frames_of_the_fault(
    model: AnalysisModel,
    sound: list[PoseSequence],
    change: Callable[[np.ndarray], None],
    kind: str,
    length: int,
) -> None:
    worst = next(span for span in model.surprise(plant(sound, change)).spans if span.kind == kind)
    assert worst.recording == "walk_2"
    assert abs(worst.start - 110) <= 3 and abs(worst.stop - 110 - length) <= 3
    assert worst.seconds == (worst.start / 30, worst.stop / 30)


def test_every_frame_has_scores_and_a_source_frame(model: AnalysisModel, sound: list[PoseSequence]) -> None:
    report = model.surprise(sound)
    assert not report.left_out
    assert [own.recording for own in report.frames] == [f"walk_{i}" for i in range(7)]
    for own, sequence in zip(report.frames, sound, strict=True):
        assert own.frames.tolist() == list(range(10, 10 + sequence.num_frames))
        assert list(own.scores) == list(KINDS)
        assert all(len(values) == sequence.num_frames for values in own.scores.values())
        assert np.isfinite(own.scores["error"]).all()
        assert own.seconds is not None and own.seconds[0] == pytest.approx(1 / 3)


def test_frames_without_points_have_no_score(model: AnalysisModel, sound: list[PoseSequence]) -> None:
    def hide(pose: np.ndarray) -> None:
        pose[60:120] = np.nan

    report = model.surprise(plant(sound, hide))
    own = report.frames[2]
    assert (own.observed[60:120] == 0).all() and own.observed[:50].mean() > 0.9
    assert all(np.isnan(values[60:120]).all() for values in own.scores.values())
    assert all((worst[60:120] == -1).all() for worst in own.worst.values())
    assert not [s for s in report.spans if s.recording == "walk_2" and s.start < 130 and s.stop > 70]


def test_a_recording_without_any_point_is_no_error(model: AnalysisModel, sound: list[PoseSequence]) -> None:
    def hide(pose: np.ndarray) -> None:
        pose[:] = np.nan

    report = model.surprise(plant(sound, hide))
    assert not [span for span in report.spans if span.recording == "walk_2"]


@pytest.mark.parametrize("num_frames", [1, 2, 5])
def test_recordings_shorter_than_a_chunk(
    model: AnalysisModel, sound: list[PoseSequence], num_frames: int
) -> None:
    short = replace(sound[0], name="short", pose=sound[0].pose[5 : 5 + num_frames])
    report = model.surprise([*sound, short])
    assert len(report.frames[-1].frames) == num_frames
    alone = model.surprise([short])
    assert set(alone.left_out) <= set(KINDS)


def test_another_frame_rate_gives_source_frames(model: AnalysisModel, sound: list[PoseSequence]) -> None:
    twice = plant(sound, freeze, fps=60.0)
    worst = model.surprise(twice).spans[0]
    assert (worst.recording, worst.kind) == ("walk_2", "stillness")
    assert abs(worst.start - 110) <= 18 and abs(worst.stop - 160) <= 18  # 0.3 s at 60 frames per second
    assert worst.seconds == (worst.start / 60, worst.stop / 60)


def test_an_unknown_frame_rate_gives_frames_alone(model: AnalysisModel, sound: list[PoseSequence]) -> None:
    worst = model.surprise(plant(sound, freeze, fps=None)).spans[0]
    assert worst.seconds is None
    assert abs(worst.start - 110) <= 9


def test_the_reference_says_what_is_usual(model: AnalysisModel, sound: list[PoseSequence]) -> None:
    frozen = plant(sound, freeze)[2]
    alone, beside = model.surprise([frozen]), model.surprise([frozen], reference=sound)
    assert beside.num_reference == 7
    assert beside.spans[0].kind == "stillness"
    assert beside.spans[0].score > max((span.score for span in alone.spans), default=0)


def test_without_sides_swaps_are_left_out_with_a_reason(
    model: AnalysisModel, sound: list[PoseSequence], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PoseDataProcessor, "mirror", property(lambda self: list(range(len(self.points)))))
    report = model.surprise(plant(sound, exchange))
    assert report.left_out == {"swap": "no landmark's name tells left from right"}
    assert "swap" not in report.frames[0].scores
    assert not [span for span in report.spans if span.kind == "swap"]


def test_the_threshold_orders_what_is_found(model: AnalysisModel, sound: list[PoseSequence]) -> None:
    faulty = plant(sound, shake)
    few, many = (model.surprise(faulty, threshold=threshold) for threshold in (3.0, 0.5))
    assert len(few.spans) <= len(many.spans)
    scores = [span.score for span in many.spans]
    assert scores == sorted(scores, reverse=True) and scores[-1] >= 0.5


def test_batches_change_nothing(
    model: AnalysisModel, sound: list[PoseSequence], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = model.surprise(plant(sound, freeze))
    monkeypatch.setattr("htvae.analysis.surprise.surprise.BATCH_FRAMES", 1)
    apart = model.surprise(plant(sound, freeze))
    for one, other in zip(together.frames, apart.frames, strict=True):
        for kind in KINDS:  # batches change the last digits of a reconstruction
            np.testing.assert_allclose(one.scores[kind], other.scores[kind], atol=1e-3)


@pytest.fixture(scope="module")
def frozen(model: AnalysisModel, sound: list[PoseSequence]) -> SurpriseReport:
    return model.surprise(plant(sound, freeze))


def test_spans_are_findings_of_check_data(frozen: SurpriseReport) -> None:
    assert set(FINDINGS) < set(REMEDIES) == set(KINDS)
    finding = to_findings(frozen)["walk_2"][0]
    assert finding.kind == "frozen"
    assert finding.spans == ((frozen.spans[0].start, frozen.spans[0].stop),)
    assert set(finding.landmarks) == set(frozen.spans[0].landmarks)
    assert 0 < finding.share < 0.3


def test_no_recordings_and_a_useless_threshold_are_refused(model: AnalysisModel, sound: Any) -> None:
    with pytest.raises(ValueError, match="recordings must hold at least one recording"):
        model.surprise([])
    with pytest.raises(ValueError, match="threshold must be above 0, but got 0"):
        find_surprise(model, [model.process(sound[0])], threshold=0)
