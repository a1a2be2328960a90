import json
import logging

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.data.processing import PoseDataProcessor
from htvae.poses.landmarks import ROOT_VELOCITY
from htvae.poses.sequence import PoseSequence

NAN = np.float32(np.nan)
HIPS = [3, 4]


def fit(*sequences, **settings):
    return PoseDataProcessor(DataConfig(**settings)).fit(sequences)


def hide(sequence, frames, landmarks):
    pose = sequence.pose.copy()
    pose[frames, landmarks] = NAN
    return PoseSequence(name=sequence.name, landmarks=sequence.landmarks, pose=pose, fps=sequence.fps)


def test_the_body_stands_at_the_origin_in_torso_lengths(make_sequence):
    walk = make_sequence(size=40, origin=300, speed=5)
    processed = fit(walk).transform(walk)
    body = processed.pose[:, :-1]
    np.testing.assert_allclose(body[:, HIPS].mean(axis=1), 0, atol=1e-5)  # float32 at 300 pixels
    np.testing.assert_allclose(body[:, [1, 2]].mean(axis=1), [[0, 1]] * 37, atol=1e-5)
    assert processed.record.unit == pytest.approx(40)


def test_the_root_velocity_is_the_last_point(make_sequence):
    walk = make_sequence(size=2, speed=0.1)
    processor = fit(walk)
    velocity = processor.transform(walk).pose[:, -1]
    assert processor.points == (*walk.landmarks, ROOT_VELOCITY)
    assert np.isnan(velocity[0]).all()
    np.testing.assert_allclose(velocity[1:], [[0.05, 0]] * 36, atol=1e-6)


def test_centred_recordings_have_no_root_velocity(make_sequence):
    still = make_sequence(origin=0, speed=0)
    processor = fit(still)
    assert not processor.root_motion
    assert processor.transform(still).pose.shape == (37, 5, 2)
    assert np.shape(processor.pose_mean) == (5, 2)


@pytest.mark.parametrize("settings", [{}, {"heading": ("LEFT_HIP", "NOSE")}])
@pytest.mark.parametrize("num_coordinates", [2, 3])
@given(seed=st.integers(0, 1000), missing=st.floats(0, 1))
def test_inverse_restores_the_source(settings, num_coordinates, seed, missing):
    rng = np.random.default_rng(seed)
    pose = rng.normal(100, 50, size=(13, 5, num_coordinates)).astype(np.float32)
    pose[rng.random((13, 5)) < missing] = NAN
    names = ("NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP")
    sequence = PoseSequence(name="a", landmarks=names, pose=pose, fps=30.0, first_frame=4)
    seen = sequence.observed.any(axis=0)
    assume(seen[[0, 3]].all() or not seen.any() or not settings)
    processor = fit(sequence, **settings)
    processed = processor.transform(sequence)
    restored = processor.inverse(processed.pose, processed.record)
    kept = pose[:, seen] if seen.any() else pose
    np.testing.assert_allclose(restored, kept, rtol=1e-4, atol=1e-3)  # float32, some hundred units
    assert restored.dtype == np.float32
    np.testing.assert_array_equal(processed.record.source_frames, 4 + np.arange(13))


def test_missing_hips_are_interpolated(make_sequence):
    walk = make_sequence()
    gappy = hide(walk, slice(10, 20), HIPS[0])
    processor = fit(walk)
    whole, processed = processor.transform(walk), processor.transform(gappy)
    np.testing.assert_allclose(processed.record.anchor, whole.record.anchor, atol=1e-5)
    seen = ~np.isnan(processed.pose)
    np.testing.assert_allclose(processed.pose[seen], whole.pose[seen], atol=1e-5)
    assert np.isnan(processed.pose[10:21, -1]).all()  # no velocity from an interpolated anchor
    assert not np.isnan(processed.pose[21, -1]).any()


def test_a_recording_without_hips_is_of_about_the_right_size(make_sequence, caplog):
    walk = make_sequence(size=2)
    legless = hide(make_sequence("legless", size=50), slice(None), HIPS)
    processor = fit(walk)
    processed = processor.transform(legless)
    assert processed.record.unit == pytest.approx(50, rel=0.7)  # the centroid is not the mid-hip
    assert "legless: hips are hardly seen" in caplog.text
    caplog.clear()
    processor.transform(legless)
    assert not caplog.records


def test_a_recording_without_shoulders_is_measured_by_its_spread(make_sequence):
    walk = make_sequence(size=2)
    processed = fit(walk).transform(hide(make_sequence(size=50), slice(None), [1, 2]))
    assert processed.record.unit == pytest.approx(50, rel=0.01)  # the nods differ a little


def test_recordings_without_anchor_take_no_part_in_the_statistics(make_sequence, caplog):
    walks = [make_sequence(f"walk_{i}") for i in range(3)]
    legless = hide(make_sequence("legless"), slice(None), HIPS)
    assert fit(*walks, legless).pose_mean == fit(*walks).pose_mean
    assert "1 of 4 recordings" in caplog.text


def test_animals_have_a_centroid(make_sequence):
    pose = make_sequence(size=7).pose
    mouse = PoseSequence(name="mouse", landmarks=("snout", "ear", "neck", "back", "tail"), pose=pose)
    processor = fit(mouse)
    assert (processor.anchor, processor.unit) == ("centroid", "spread")
    body = processor.transform(mouse).pose[:, :-1]
    np.testing.assert_allclose(body.mean(axis=1), 0, atol=1e-5)
    assert np.square(body).sum(axis=2).mean() == pytest.approx(1)


def test_mostly_missing_hips_in_training_give_a_centroid(make_sequence):
    legless = [hide(make_sequence(f"legless_{i}"), slice(None), HIPS) for i in range(3)]
    assert fit(make_sequence(), *legless).anchor == "centroid"


def test_the_heading_points_up(make_sequence):
    walk = make_sequence()
    processor = fit(walk, heading=("LEFT_HIP", "RIGHT_HIP"))
    body = processor.transform(walk).pose
    np.testing.assert_allclose(body[:, 4] - body[:, 3], [[0, 0.4]] * 37, atol=1e-6)
    np.testing.assert_allclose(body[1:, -1], [[0, 0.05]] * 36, atol=1e-6)  # the velocity turns with it


def test_an_unknown_heading_is_refused(make_sequence):
    with pytest.raises(ValueError, match="two landmarks of the recordings, but snout is none"):
        fit(make_sequence(), heading=("snout", "NOSE"))


def test_landmarks_are_the_union_in_order_of_appearance(make_sequence, caplog):
    walk = make_sequence()
    tail = PoseSequence(name="tail", landmarks=("TAIL", "NOSE"), pose=walk.pose[:, :2])
    processor = fit(walk, walk, tail)
    assert processor.landmarks == (*walk.landmarks, "TAIL")
    assert np.isnan(processor.transform(walk).pose[:, 5]).all()
    assert np.isnan(processor.transform(tail).pose[:, 1:5]).all()


def test_landmarks_that_are_never_seen_are_left_out_and_said(make_sequence, caplog):
    first, second = make_sequence("a"), make_sequence("b")
    never, partly = hide(first, slice(None), [0, 2]), hide(second, slice(None), [0])
    processor = PoseDataProcessor(DataConfig()).fit([never, partly])
    assert processor.landmarks == first.landmarks[1:]  # the third is seen in the second recording
    assert len(processor.pose_mean) == len(processor.points) == 5
    assert caplog.text.count(f"left out of the model: {first.landmarks[0]}.") == 1
    processed = processor.transform(never)
    assert processed.pose.shape[1] == 5
    assert "not trained on" not in caplog.text  # the recording has no point of it either
    processor.transform(first)
    assert f"not trained on; they are left out: {first.landmarks[0]}" in caplog.text


def test_landmarks_that_training_did_not_have_are_left_out_and_said_once(make_sequence, caplog):
    walk = make_sequence()
    more = PoseSequence(
        name="more", landmarks=("EXTRA", *walk.landmarks), pose=walk.pose[:, [0, 0, 1, 2, 3, 4]]
    )
    processor = fit(walk)
    for _ in range(2):
        np.testing.assert_array_equal(processor.transform(more).pose, processor.transform(walk).pose)
    assert caplog.text.count("EXTRA") == 1


def test_resampling_to_the_commonest_rate(make_sequence):
    slow, fast = make_sequence("slow", fps=30.0), make_sequence("fast", 73, speed=0.05, fps=60.0)
    unknown = make_sequence("unknown")
    processor = fit(slow, slow, fast, unknown)
    assert processor.fps == 30
    processed = processor.transform(fast)
    np.testing.assert_array_equal(processed.record.source_frames, 2 * np.arange(37))
    np.testing.assert_allclose(processed.record.anchor, processor.transform(slow).record.anchor, atol=1e-5)
    np.testing.assert_allclose(processed.pose[1:, -1], [[0.05, 0]] * 36, atol=1e-6)
    assert processor.transform(unknown).record.fps is None
    assert len(processor.transform(unknown).pose) == 37


def test_resampling_to_a_wanted_rate(make_sequence):
    walk = make_sequence(fps=25.0, first_frame=100)
    record = fit(walk, fps=50.0).transform(walk).record
    np.testing.assert_allclose(record.source_frames, 100 + 0.5 * np.arange(73))
    assert record.fps == 50


def test_nearly_equal_rates_are_the_same(make_sequence):
    walk = make_sequence(fps=29.97)
    record = fit(walk, fps=30.0).transform(walk).record
    np.testing.assert_array_equal(record.source_frames, np.arange(37))
    assert record.fps == 29.97


def test_one_frame_is_enough(make_sequence):
    still = make_sequence(num_frames=1, fps=30.0)
    assert fit(still, fps=60.0).transform(still).pose.shape == (1, 6, 2)


def test_an_empty_recording_gives_no_infinities(make_sequence):
    walk, empty = make_sequence(), hide(make_sequence("empty"), slice(None), slice(None))
    processed = fit(walk).transform(empty)
    assert np.isnan(processed.pose).all()
    assert np.isfinite(processed.record.anchor).all()
    assert processed.record.unit > 0
    assert np.isfinite(fit(empty).pose_mean).all()


def test_the_statistics_are_those_of_the_processed_poses(make_sequence):
    sequences = [make_sequence(f"walk_{i}", 20 + i, size=1 + i, speed=0.1 * i) for i in range(4)]
    processor = fit(*sequences)
    poses = np.concatenate([processor.transform(s).pose for s in sequences])
    np.testing.assert_allclose(processor.pose_mean, np.nanmean(poses, axis=0), atol=1e-6)
    deviation = np.sqrt(np.nanvar(poses, axis=0).mean(axis=1))
    np.testing.assert_allclose(processor.pose_scale, np.maximum(deviation, 1e-3), atol=1e-5)


def test_typical_unit_and_origin_are_medians_over_recordings(make_sequence):
    """The bodies are at x = 3, 4 and 90, y = 0; the third walks, and the middle of its walk counts."""
    recordings = [
        make_sequence("a", 11, size=2, origin=3, speed=0),
        make_sequence("b", 11, size=5, origin=4, speed=0),
        make_sequence("c", 11, size=7, origin=85, speed=1),
    ]
    processor = fit(*recordings)
    assert processor.typical_unit == pytest.approx(5)
    assert processor.typical_origin == pytest.approx([4, 0])
    assert fit(recordings[2]).typical_origin == pytest.approx([90, 0])
    centred = fit(make_sequence("d", size=1, origin=0, speed=0))
    assert (centred.typical_unit, centred.typical_origin) == (1, [0, 0])


def test_what_fitting_has_done_already_is_what_transforming_does(make_sequence):
    """Recordings of the fit, transformed twice and by a loaded processor, are equal bit for bit."""
    walk = make_sequence(fps=30.0)
    recordings = [
        walk,
        make_sequence("slower", size=3, num_frames=50, fps=25.0),
        hide(make_sequence("gaps", fps=30.0), [3, 4], 3),
        hide(make_sequence("no hips", fps=30.0), slice(None), HIPS),
        PoseSequence(name="part", landmarks=walk.landmarks[1:], pose=walk.pose[:, 1:], fps=30.0),
    ]
    fitted = fit(*recordings, heading=("LEFT_HIP", "LEFT_SHOULDER"))
    loaded = PoseDataProcessor.from_state_dict(fitted.state_dict())
    for recording in recordings:
        first, again, other = (p.transform(recording) for p in (fitted, fitted, loaded))
        for processed in (again, other):
            np.testing.assert_array_equal(processed.pose, first.pose)
            assert processed.record.unit == first.record.unit
            assert (processed.record.fps, processed.record.landmarks) == (
                first.record.fps,
                recording.landmarks,
            )
            for path in ("anchor", "rotation", "source_frames"):
                np.testing.assert_array_equal(getattr(processed.record, path), getattr(first.record, path))


def test_the_state_is_plain_and_complete(make_sequence):
    sequences = [make_sequence(fps=60.0), hide(make_sequence(), slice(None), [1, 2])]
    processor = fit(*sequences, fps=30.0, heading=("LEFT_HIP", "NOSE"))
    state = json.loads(json.dumps(processor.state_dict()))
    restored = PoseDataProcessor.from_state_dict(state)
    assert restored.state_dict() == processor.state_dict()
    for sequence in sequences:
        np.testing.assert_array_equal(restored.transform(sequence).pose, processor.transform(sequence).pose)


def test_other_numbers_of_coordinates_are_refused(make_sequence):
    with pytest.raises(ValueError, match="space: poses must have 2 coordinates"):
        fit(make_sequence()).transform(make_sequence("space", num_coordinates=3))


def test_nothing_to_fit_to_is_refused():
    with pytest.raises(ValueError, match="at least one recording"):
        fit()


def test_what_was_chosen_is_said(make_sequence, caplog):
    with caplog.at_level(logging.INFO, logger="htvae"):
        fit(make_sequence())
    assert "5 landmarks; origin midhip, unit torso, unknown frames per second" in caplog.text


def test_resampled_recordings_and_unknown_rates_are_said(make_sequence, caplog):
    rates = (25.0, 30.0, 30.0, 29.97, 60.0, 60.0, 120.0, None)
    sequences = [make_sequence(f"walk_{i}", fps=rate) for i, rate in enumerate(rates)]
    with caplog.at_level("INFO"):
        processor = fit(*sequences)
    assert processor.fps == 30
    assert "resampled to 30 frames per second: 1 at 25, 2 at 60, 1 at 120, of 8." in caplog.text
    assert "1 of 8 recordings have no frame rate and count as 30, the model's (walk_7)" in caplog.text
    frames = {s.fps: len(processor.transform(s).pose) for s in sequences}
    assert frames[25.0] == 1 + int(np.floor((sequences[0].num_frames - 1) * 30 / 25 + 1e-6))
    assert frames[None] == frames[30.0] == frames[29.97] == sequences[0].num_frames


def test_one_motion_at_several_rates_is_one_motion_to_the_model(make_sequence):
    """The same second of motion, sampled at 30 and at 120, gives the same poses at whole frames."""
    slow, fast = make_sequence("slow", 31, fps=30.0), make_sequence("fast", 121, speed=0.025, fps=120.0)
    processor = fit(slow, fast, fps=30.0)
    first, second = processor.transform(slow), processor.transform(fast)
    assert len(first.pose) == len(second.pose) == 31
    np.testing.assert_array_equal(second.record.source_frames, np.arange(31) * 4.0)


def test_models_of_before_formats_had_their_own_axes_can_be_read(make_sequence):
    """Their settings say which way y grows, and nothing says what the bones are."""
    state = fit(make_sequence()).state_dict()
    del state["coordinates"], state["skeleton"]
    processor = PoseDataProcessor.from_state_dict(state, DataConfig(y_up=False, image_size=(640, 480)))
    assert not processor.coordinates.y_up and processor.coordinates.image_size == (640, 480)
    assert processor.edges
