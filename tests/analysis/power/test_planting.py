"""Planting: a limb moves less, a body slower; noise, gaps, origin and bones stay."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.analysis.measures import measure_motion
from htvae.analysis.power.latent_planting import LatentDirection, LatentPlanter
from htvae.analysis.power.motif_planting import MotifPlanter
from htvae.analysis.power.planting import LimbPlanter, WarpPlanter, find_movement
from htvae.data.limbs import build_limbs
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.demo.recordings import make_demo_sequences
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS

WRIST = MEDIAPIPE_LANDMARKS.index("RIGHT_WRIST")
HIPS = [MEDIAPIPE_LANDMARKS.index(f"{side}_HIP") for side in ("LEFT", "RIGHT")]
ARM = [MEDIAPIPE_LANDMARKS.index(f"RIGHT_{part}") for part in ("SHOULDER", "ELBOW", "WRIST", "INDEX")]


@pytest.fixture(scope="module", params=[2, 3])
def world(request: Any) -> tuple[PoseDataProcessor, list[ProcessedSequence]]:
    """A fitted processor and demo recordings, in two and in three dimensions."""
    made = make_demo_sequences(
        seed=3, num_subjects=2, recordings_per_subject=2, num_frames=300, dimensions=request.param
    )
    sequences = [recording.recorded for recording in made]
    processor = PoseDataProcessor(htvae.Config().data).fit(sequences)
    return processor, [processor.transform(sequence) for sequence in sequences]


def lengths(pose: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.diff(pose[:, ARM], axis=1), axis=-1)


def test_a_hand_moves_with_its_arm(world: Any) -> None:
    processor, recordings = world
    planter = LimbPlanter.of(processor, [WRIST])
    assert {processor.landmarks[i] for i in np.flatnonzero(planter.chain)} == {"RIGHT_ELBOW", "RIGHT_WRIST"}
    planted = [planter.plant(recording, -0.3) for recording in recordings]
    before, after = (measure_motion(part, processor.points) for part in (recordings, planted))
    change = dict(zip(before.names, (after.values / before.values - 1).mean(axis=0), strict=True))
    assert -0.3 < change["range of RIGHT_WRIST"] < -0.1 and -0.3 < change["range of RIGHT_ELBOW"] < -0.05
    assert change["range of RIGHT_INDEX"] < -0.1  # carried along
    others = [k for k in change if k.startswith(("range", "speed")) and "RIGHT" not in k]
    assert max(abs(change[name]) for name in others) < 1e-6


def test_bones_gaps_and_noise_stay(world: Any) -> None:
    processor, recordings = world
    for recording in recordings:
        planted = LimbPlanter.of(processor, [WRIST]).plant(recording, -0.2)
        np.testing.assert_array_equal(np.isnan(planted.pose), np.isnan(recording.pose))
        ratio = np.nanmean(lengths(planted.pose), axis=0) / np.nanmean(lengths(recording.pose), axis=0)
        assert (np.abs(ratio - 1) < (0.12 if recording.pose.shape[2] == 2 else 0.02)).all()
        fast = [np.diff(r.pose[:, WRIST], n=4, axis=0) for r in (recording, planted)]
        assert np.nanstd(fast[1]) == pytest.approx(np.nanstd(fast[0]), rel=0.05)
        same = LimbPlanter.of(processor, [WRIST]).plant(recording, 0.0)
        np.testing.assert_allclose(same.pose, recording.pose, atol=1e-6)


def test_the_origin_stays(world: Any) -> None:
    processor, recordings = world
    everything = LimbPlanter.of(processor, range(len(processor.landmarks)))
    for planter in (everything, WarpPlanter.of(processor)):
        pose = planter.plant(recordings[0], -0.2).pose
        assert np.nanmax(np.abs(pose[:, HIPS].mean(axis=1))) < 1e-5


@pytest.mark.parametrize("strength", [-0.2, 0.25])
def test_the_same_actions_take_longer(world: Any, strength: float) -> None:
    processor, recordings = world
    recording = recordings[0]
    planted = WarpPlanter.of(processor).plant(recording, strength)
    assert len(planted.pose) == pytest.approx(len(recording.pose) / (1 + strength), abs=1.5)
    assert planted.record.source_frames[-1] == pytest.approx(recording.record.source_frames[-1], abs=1.3)
    before, after = (measure_motion([r], processor.points) for r in (recording, planted))
    place = before.names.index("speed of the body")
    change = float(after.values[0, place] / before.values[0, place] - 1)
    assert change == pytest.approx(strength, abs=0.05)  # noise stays as fast as it was
    range_of = before.names.index("range of RIGHT_WRIST")
    assert after.values[0, range_of] == pytest.approx(before.values[0, range_of], rel=0.05)


def test_a_landmark_of_the_trunk_moves_alone(world: Any) -> None:
    processor, _ = world
    shoulder = MEDIAPIPE_LANDMARKS.index("LEFT_SHOULDER")
    assert np.flatnonzero(LimbPlanter.of(processor, [shoulder]).chain).tolist() == [shoulder]


def test_movement_has_no_gaps(world: Any) -> None:
    processor, recordings = world
    limbs = build_limbs(processor)
    pose = recordings[0].pose.copy()
    pose[:, 0] = np.nan
    movement = find_movement(replace(recordings[0], pose=pose), limbs, limbs.mean)
    assert movement.shape == (len(pose), 33, pose.shape[2]) and np.isfinite(movement).all()


@pytest.fixture(scope="module")
def model(trained: Any) -> Any:
    return htvae.load(trained.checkpoint, "cpu")


def test_time_in_a_motif(model: Any, make_walk: Any) -> None:
    """The wrist waves in frames 60 to 120 and rests elsewhere."""
    sequence = make_walk(1, 240)
    sequence.pose[:60, 5], sequence.pose[120:, 5] = sequence.pose[60, 5], sequence.pose[119, 5]
    recording = model.process(sequence)
    labels = np.zeros(240, int)
    labels[60:120] = 1
    limbs = build_limbs(model.processor)
    planter = MotifPlanter(model.processor, limbs, {recording.name: labels}, 1)
    for strength in (0.3, -0.3):
        planted = planter.plant(recording, strength)
        assert abs(len(planted.pose) - 240) <= 6
        shown = labels[planted.record.source_frames.astype(int)]
        assert shown.sum() == pytest.approx(60 * (1 + strength), abs=4)
        steps = [
            np.nanmax(np.linalg.norm(np.diff(r.pose[:, 5], axis=0), axis=-1)) for r in (recording, planted)
        ]
        assert steps[1] < 1.5 * steps[0]  # seams do not jump
    assert planter.plant(recording, 0.01) is recording  # less than a jump


def test_a_direction_goes_through_the_decoder(model: Any, trained: Any) -> None:
    recording = model.process(trained.recordings[0])
    rng = np.random.default_rng(0)
    size = model.encode_all([recording])[0]
    direction = LatentDirection("way", np.zeros(6), rng.normal(size=6), rng.normal(size=3))
    assert size.sequence_latent.shape == (6,)
    planter = LatentPlanter(model, direction, build_limbs(model.processor))
    moved, same = planter.plant(recording, 1.0), planter.plant(recording, 0.0)
    np.testing.assert_allclose(same.pose, recording.pose, atol=1e-6)
    np.testing.assert_array_equal(np.isnan(moved.pose), np.isnan(recording.pose))
    assert np.nanmax(np.abs(moved.pose - recording.pose)) > 1e-3
    place = direction.measure([size]).values[0, 0]
    latent = size.sequence_latent.astype(float)
    assert place == pytest.approx(latent @ direction.sequence / np.square(direction.sequence).sum())
