"""Yardsticks of reconstruction: the truth above all."""

import numpy as np
import pytest
import torch

import htvae
from htvae.evaluation.controls import (
    fit_control,
    measure_linear_code,
    read_truth,
    score_controls,
    score_truth,
)
from htvae.evaluation.reconstruction import score_recording
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def reconstructions(model, trained):
    return model.reconstruct_all([model.process(walk) for walk in trained.recordings[:2]])


def test_a_still_pose_and_pca_are_scored_as_the_model_is(model, reconstructions):
    scored = [score_recording(r, 6, (), (8, 2)) for r in reconstructions]
    assert set(score_controls(scored, None)) == {"static_mpjpe"}
    poses = [s.pose.numpy() for s in scored]
    figures = score_controls(scored, fit_control(poses, reconstructions))
    assert 0 < figures["pca_mpjpe"] < figures["static_mpjpe"]  # fitted to the recordings themselves
    assert fit_control([], reconstructions) is None


def test_the_linear_code_is_the_model_without_its_networks(model, reconstructions):
    processed = [r.processed for r in reconstructions]
    figures = measure_linear_code(model, processed)
    poses = [r.pose for r in model.reconstruct_all(processed, refine_steps=0)]
    distance = [
        np.linalg.norm(a[:, :6] - p.pose[:, :6], axis=-1) for a, p in zip(poses, processed, strict=True)
    ]
    assert figures["encoder_mpjpe"] == pytest.approx(float(np.nanmean(np.concatenate(distance))), rel=1e-4)
    with torch.no_grad():  # whatever the networks would add
        model.windowed.network.decoder.output.bias += 1.0
        assert measure_linear_code(model, processed)["linear_code_mpjpe"] == figures["linear_code_mpjpe"]
        model.windowed.network.decoder.output.bias -= 1.0


def test_truth_must_be_there_for_every_recording(model, reconstructions, make_walk, tmp_path):
    write_pose_csv(tmp_path / "new.csv", make_walk(3, 20))
    with pytest.raises(ValueError, match="the truth of every scored recording, but lacks walk_00, walk_01"):
        score_truth(model, tmp_path, reconstructions, None)


def test_errors_against_the_truth_are_in_torso_lengths(model, reconstructions, trained, tmp_path):
    """A truth that lies 0.6 beside the recordings, whose torsos are 2 long."""
    for walk in trained.recordings[:2]:
        moved = PoseSequence.from_array(walk.pose + np.array([0.6, 0.0]), walk.landmarks, walk.name, fps=30.0)
        write_pose_csv(tmp_path / f"{walk.name}.csv", moved)
    figures = score_truth(model, tmp_path, reconstructions, None)
    assert set(figures) == {"truth_mpjpe", "truth_recording_mpjpe"}
    assert figures["truth_recording_mpjpe"] == pytest.approx(0.3, rel=1e-3)  # CSVs hold a few digits


def test_truth_is_read_at_the_recordings_frames():
    pose = np.zeros((5, 2, 2), np.float32)
    pose[:, 0, 0] = [10, 20, 30, 40, 50]
    pose[:, 1, 0] = -pose[:, 0, 0]
    truth = PoseSequence(name="walk", landmarks=("A", "B"), pose=pose, first_frame=3)
    read = read_truth(truth, np.array([2.0, 3.0, 3.5, 7.0, 7.5]), ("B",))
    np.testing.assert_array_equal(read[:, 0, 0], [np.nan, -10, -15, -50, np.nan])
    with pytest.raises(ValueError, match="walk: the truth must have the model's landmarks, but lacks C"):
        read_truth(truth, np.array([3.0]), ("A", "C"))
