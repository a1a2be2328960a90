"""Filling in: what was observed stays to the digit, and what is filled in meets it."""

import csv
import dataclasses

import numpy as np
import pytest

import htvae
from htvae import cli
from htvae.data.pose_csv import read_pose_csv, write_pose_csv
from htvae.generation.completion import complete_recording, meet_observed


@pytest.fixture(scope="module")
def model(trained_with_prior):
    return htvae.load(trained_with_prior.checkpoint, "cpu")


@pytest.fixture
def gappy(make_walk):
    walk = make_walk(1, 90, first_frame=5)
    pose = walk.pose.copy()
    pose[30:50] = np.nan
    pose[:, 5] = np.nan
    return dataclasses.replace(walk, pose=pose)


def test_what_is_known_stays_and_the_rest_meets_it():
    known = np.full((60, 1, 1), np.nan, np.float32)
    known[:10], known[30:] = 1.0, 3.0
    filled = meet_observed(known, np.zeros((60, 1, 1), np.float32))[:, 0, 0]
    assert (filled[:10] == 1).all() and (filled[30:] == 3).all()
    assert np.abs(np.diff(filled[9:31])).max() < 0.25  # 2 within 21 frames, and a little more
    assert not meet_observed(np.full_like(known, np.nan), np.zeros_like(known)).any()


@pytest.mark.parametrize("num_samples", [1, 3])
def test_everything_is_filled_and_nothing_observed_changes(model, gappy, num_samples):
    completion = complete_recording(model, gappy, num_samples)
    for sequence in (completion.sequence, *completion.samples):
        assert sequence.first_frame == 5 and np.isfinite(sequence.pose).all()
        order = [sequence.landmarks.index(name) for name in gappy.landmarks]
        seen = gappy.observed
        assert np.array_equal(sequence.pose[:, order][seen], gappy.pose[seen])
        assert np.array_equal(~completion.filled[:, order], seen)
    assert len(completion.samples) == (num_samples if num_samples > 1 else 0)


def test_samples_differ_in_the_gap_and_lie_in_the_interval(model, gappy):
    completion = complete_recording(model, gappy, 8, seed=1)
    low, high = completion.interval
    poses = np.stack([sample.pose for sample in completion.samples])
    assert (low <= high).all()
    inside = ((poses >= low) & (poses <= high))[:, completion.filled]
    assert inside.mean() > 0.8
    assert poses[:, 30:50].std(axis=0).max() > 0
    again = complete_recording(model, gappy, 8, seed=1)
    assert np.array_equal(again.samples[3].pose, completion.samples[3].pose)


def test_what_is_not_kept_is_made_anew(model, make_walk):
    walk = make_walk(1, 90, first_frame=5)
    completion = complete_recording(
        model, walk, keep_frames=[(5, 40), (70, 95)], keep_landmarks=walk.landmarks[:5]
    )
    order = [completion.sequence.landmarks.index(name) for name in walk.landmarks]
    filled = completion.filled[:, order]
    assert filled[35:65].all() and filled[:, 5].all()
    assert not filled[1:35, :5].any()


def test_landmarks_that_the_model_does_not_know_stay(model, make_walk):
    walk = make_walk(1, 40)
    extra = dataclasses.replace(
        walk,
        landmarks=("TAIL", *walk.landmarks),
        pose=np.concatenate([np.full((40, 1, 2), 7, np.float32), walk.pose], axis=1),
    )
    completion = complete_recording(model, extra)
    assert (completion.sequence.pose[:, completion.sequence.landmarks.index("TAIL")] == 7).all()


def test_what_cannot_be_is_told(model, gappy, trained):
    with pytest.raises(ValueError, match="num_samples must be at least 1, but got 0"):
        complete_recording(model, gappy, 0)
    with pytest.raises(
        ValueError, match="keep_landmarks must be landmarks of the recording, but TAIL are not"
    ):
        complete_recording(model, gappy, keep_landmarks=["TAIL"])
    with pytest.raises(
        ValueError, match="must have an observed point of the model's landmarks, but has none"
    ):
        complete_recording(model, gappy, keep_frames=[(35, 50)])
    with pytest.raises(ValueError, match="must have a prior"):
        complete_recording(htvae.load(trained.checkpoint, "cpu"), gappy, 2)


def read_rows(path):
    with path.open(newline="") as file:
        return {(row["frame#"], row["landmark_name"]): row for row in csv.DictReader(file)}


def test_the_command_copies_what_was_observed_to_the_digit(trained_with_prior, gappy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "walk.csv"
    write_pose_csv(source, gappy)
    text = source.read_text().replace("\n6,NOSE,", "\n6,NOSE,+0").replace(".50000", ".5e0")
    source.write_text(text)
    checkpoint = str(trained_with_prior.checkpoint)
    asked = ["complete", "walk.csv", "--checkpoint", checkpoint, "--device", "cpu", "--num_samples", "2"]
    assert cli.main(asked) == 0
    before, after = read_rows(source), read_rows(tmp_path / "generated/walk.csv")
    assert len(after) == 90 * 6
    for key, row in before.items():
        assert (after[key]["x"], after[key]["y"], after[key]["filled"]) == (row["x"], row["y"], "0")
    new = [row for key, row in after.items() if key not in before]
    assert {row["filled"] for row in new} == {"1"}
    assert all(float(row["x_low"]) <= float(row["x_high"]) for row in new)
    again = read_pose_csv(tmp_path / "generated/walk.csv", htvae.Config().data)
    assert again.num_frames == 90 and again.observed.all()
    assert (tmp_path / "generated/walk_1.csv").is_file()
