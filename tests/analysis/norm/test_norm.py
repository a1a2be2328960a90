"""Norms: what is hidden from the model, what is measured, and where a changed recording differs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from htvae.analysis.model import AnalysisModel, load
from htvae.analysis.norm.held_out import predict_held_out
from htvae.analysis.norm.measures import MeasurePlan, measure_recording
from htvae.analysis.norm.norm import NormFit, fit_norm, identify_model
from htvae.analysis.norm.score import NormScore, score_norm
from htvae.data.processing import ProcessedSequence
from htvae.poses.body_groups import group_landmarks


@pytest.fixture(scope="module")
def model(trained: Any) -> AnalysisModel:
    return load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def people(model: AnalysisModel, make_walk: Callable[..., Any]) -> list[ProcessedSequence]:
    """Seven people, two recordings each, alike up to their waving."""
    return [
        model.process(make_walk(k % 3, 150 + 7 * k, f"p{k}_{n}", subject=f"p{k}", first_frame=5))
        for k in range(7)
        for n in range(2)
    ]


@pytest.fixture(scope="module")
def fit(model: AnalysisModel, people: list[ProcessedSequence]) -> NormFit:
    return fit_norm(model, people)


def change(processed: ProcessedSequence, pose: np.ndarray) -> ProcessedSequence:
    return replace(processed, pose=pose.astype(np.float32))


def arm_of(fit: NormFit) -> tuple[list[int], int]:
    """Return the landmarks of the arm, and the place of its group."""
    place = [group.name for group in fit.norm.groups].index("left arm")
    return list(fit.norm.groups[place].landmarks), place


def top(score: NormScore) -> str:
    placement = score.recordings[0].placement
    return score.norm.measures[placement.order[0]].name


def test_a_part_is_predicted_without_itself(model: AnalysisModel, people: list[ProcessedSequence]) -> None:
    groups = group_landmarks(model.processor.landmarks, model.processor.edges)
    assert {group.name for group in groups} == {"head", "trunk", "left arm"}
    arm = next(list(group.landmarks) for group in groups if group.name == "left arm")
    pose = people[0].pose.copy()
    pose[:, arm] += 5.0
    first, second = predict_held_out(model, [people[0], change(people[0], pose)], groups)
    np.testing.assert_allclose(first[:, arm], second[:, arm], atol=1e-5)  # batches differ in last digits
    assert np.abs(first - second).max() > 0.01  # other parts are predicted from the arm


def test_measures_by_hand(model: AnalysisModel) -> None:
    """The wrist moves twice as far as predicted, and is seen in most frames."""
    processor = model.processor
    groups = group_landmarks(processor.landmarks, processor.edges)
    plan = MeasurePlan.of(groups, processor)
    wave = 0.3 * np.sin(np.linspace(0, 20, 201))
    predicted = np.zeros((201, len(processor.landmarks), 2)) + np.array(processor.pose_mean)[:6]
    predicted += 0.01 * wave[:, None, None]
    wrist = processor.landmarks.index("LEFT_WRIST")
    pose = predicted.copy()
    predicted[:, wrist, 1] += wave
    pose[:, wrist, 1] += 2 * wave
    pose[50:60, wrist] = np.nan
    found = dict(
        zip([m.name for m in plan.measures], measure_recording(pose, predicted, plan, 30.0), strict=True)
    )
    assert found["range of left arm"] == pytest.approx(np.log(2), abs=0.03)  # the filter takes a little
    assert found["speed of left arm"] == pytest.approx(np.log(2), abs=0.03)
    assert found["range of head"] == pytest.approx(0, abs=0.03)
    short = measure_recording(pose[:40], predicted[:40], plan, 30.0)
    assert np.isnan(short).all()


def test_what_a_norm_says_of_its_controls(fit: NormFit) -> None:
    norm = fit.norm
    assert norm.num_subjects == 7 and norm.num_recordings == 14 and norm.span == 30
    assert fit.values.shape == (14, len(norm.measures))
    assert norm.point_coverage.shape == (7, 3) and (norm.point_coverage.mean(axis=0) > 0.8).all()
    assert {doubt.kind for doubt in norm.doubts} == {"few_subjects"}
    assert np.isfinite(norm.spread.smallest_real_change).any() and norm.largest_z > 0


def test_controls_are_as_controls_and_a_still_arm_is_not(
    model: AnalysisModel, people: list[ProcessedSequence], fit: NormFit
) -> None:
    arm, _ = arm_of(fit)
    still = people[0].pose.copy()
    still[:, arm] = np.nanmean(still[:, arm], axis=0) + 0.1 * (
        still[:, arm] - np.nanmean(still[:, arm], axis=0)
    )
    usual, changed = (score_norm(model, [p], fit.norm) for p in (people[0], change(people[0], still)))
    assert top(changed) in ("range of left arm", "speed of left arm")
    placement = changed.recordings[0].placement
    assert placement.z[placement.order[0]] < -2
    assert np.nanmax(abs(usual.recordings[0].placement.z)) < np.nanmax(abs(placement.z))


def test_a_second_of_raised_arm_is_found_in_its_second(
    model: AnalysisModel, people: list[ProcessedSequence], fit: NormFit
) -> None:
    arm, place = arm_of(fit)
    raised = people[3].pose.copy()
    raised[60:90, arm, 1] += 4.0
    recording = score_norm(model, [change(people[3], raised)], fit.norm).recordings[0]
    assert np.nanargmax(recording.deviations[place]) == 2 and recording.deviations[place, 2] > 2
    assert recording.offsets[place, 2, 1] > 2


def test_people_with_several_recordings_are_compared_by_their_mean(
    model: AnalysisModel, people: list[ProcessedSequence], fit: NormFit
) -> None:
    score = score_norm(model, people[:3], fit.norm)
    (subject,) = score.subjects
    assert subject.subject == "p0" and subject.recordings == ("p0_0", "p0_1")
    mean = np.mean([own.placement.values for own in score.recordings[:2]], axis=0)
    np.testing.assert_allclose(subject.placement.values, mean)
    low, high = subject.placement.interval
    single = score.recordings[0].placement.interval
    assert (np.nan_to_num(high - low) <= np.nan_to_num(single[1] - single[0]) + 1e-12).all()


def test_a_missing_limb_and_a_short_recording_have_no_score(
    model: AnalysisModel, people: list[ProcessedSequence], fit: NormFit
) -> None:
    lost = people[0].pose.copy()
    arm, place = arm_of(fit)
    lost[:, arm] = np.nan
    short = model.process(replace(people[1].source, pose=people[1].source.pose[:20]))
    first, second = score_norm(model, [change(people[0], lost), short], fit.norm).recordings
    assert np.isnan(first.deviations[place]).all()
    assert np.isfinite(first.deviations[np.arange(3) != place]).all()
    measures = [i for i, m in enumerate(fit.norm.measures) if "left arm" in m.name]
    assert np.isnan(first.placement.z[measures]).all()
    assert [doubt.kind for doubt in first.doubts] == ["unseen_parts"]
    assert [doubt.kind for doubt in second.doubts] == ["short"] and second.deviations.shape == (3, 1)


def test_too_few_controls_and_controls_without_subjects(
    model: AnalysisModel, people: list[ProcessedSequence]
) -> None:
    with pytest.raises(ValueError, match="at least 3 controls, but got 2, in 4 recordings"):
        fit_norm(model, people[:4])
    unnamed = [replace(p, source=replace(p.source, subject=None)) for p in people[:4]]
    norm = model.fit_norm(unnamed).norm
    assert norm.num_subjects == 4
    assert "4 of 4 recordings have no subject" in norm.doubts[0].text
    assert np.isnan(norm.spread.smallest_real_change).all()


def test_controls_that_training_saw_are_named(model: AnalysisModel, trained: Any) -> None:
    norm = model.fit_norm(sorted(trained.folder.glob("walk_*.csv"))).norm
    (doubt,) = [doubt for doubt in norm.doubts if doubt.kind == "trained_on_controls"]
    assert f"trained on {len(model.splits.train)} of 10 recordings" in doubt.text


def test_a_norm_of_another_model_is_refused(
    model: AnalysisModel, people: list[ProcessedSequence], fit: NormFit
) -> None:
    assert identify_model(model) == fit.norm.model_id
    with pytest.raises(ValueError, match="must be used with the model that it was fitted with"):
        model.score_norm(people[:1], replace(fit.norm, model_id="0"))
