"""Filling in: observed points stay to the digit, and filled-in points meet them."""

import csv
import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

import htvae
from htvae.cli import main as cli
from htvae.config import DataConfig
from htvae.generation.completion import complete_recording
from htvae.generation.completion_files import write_completion
from htvae.generation.filling import LAST_STEPS, NUM_PASSES, REACH, fill_in, meet_observed
from htvae.generation.intervals import SPREAD_REACH, SPREAD_SHARE, compute_interval, spread_between
from htvae.io.inputs import read_recording
from htvae.io.pose_csv import write_pose_csv
from htvae.models.chunking import ChunkGrid


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


def test_known_points_stay_and_the_others_meet_them():
    known = np.full((60, 1, 1), np.nan, np.float32)
    known[:10], known[30:] = 1.0, 3.0
    filled = meet_observed(known, np.zeros((60, 1, 1), np.float32))[:, 0, 0]
    assert (filled[:10] == 1).all() and (filled[30:] == 3).all()
    assert np.abs(np.diff(filled[9:31])).max() < 0.25  # 2 within 21 frames, and a little more
    assert not meet_observed(np.full_like(known, np.nan), np.zeros_like(known)).any()


def test_spread_grows_from_what_is_observed():
    observed = np.ones((200, 2), bool)
    observed[10:190, 0] = False
    observed[:, 1] = False
    spread = spread_between(observed, np.array([2.0, 3.0], np.float32), np.zeros(2, np.float32))
    assert not spread[observed].any()
    share = 1 - 6 / SPREAD_REACH  # correlation with the error at the edge, 6 frames away
    assert spread[15, 0] == pytest.approx(SPREAD_SHARE * 2 * (1 - share**2) ** 0.5)
    assert (np.diff(spread[9:71, 0]) >= 0).all() and spread[80, 0] == pytest.approx(SPREAD_SHARE * 2)
    assert spread[:, 1] == pytest.approx(SPREAD_SHARE * 3)  # never observed, there is no edge


def test_jitter_is_added_everywhere_in_a_gap_and_twice_at_its_edges():
    observed = np.ones((200, 1), bool)
    observed[10:190] = False
    none, jitter = np.zeros(1, np.float32), np.full(1, 0.5, np.float32)
    spread = spread_between(observed, none, jitter)[:, 0]
    assert not spread[observed[:, 0]].any()
    assert spread[100] == pytest.approx(0.5)
    assert spread[10] == pytest.approx(0.5 * (1 + (1 - 1 / REACH) ** 2) ** 0.5)


@pytest.mark.parametrize(("factor", "ratio"), [(1, 1), (2, 2), (0.5, 0.5), (100, 3), (0.01, 1 / 3), (0, 1)])
def test_spread_grows_with_movement(model, monkeypatch, factor, ratio):
    moving = np.zeros((9, 7, 2), np.float32)
    moving[::2] = 0.1  # every point, and the root's velocity beside them
    saved = dataclasses.replace(model._prior_state, movement=0.1)
    monkeypatch.setattr(model, "_prior_state", saved)
    monkeypatch.setattr(model, "noise", None)  # of an older file
    usual = model.point_scale(moving, moving)
    assert usual.shape == (9, 6)
    assert model.point_scale(factor * moving, moving) == pytest.approx(ratio * usual)
    monkeypatch.setattr(model, "_prior_state", dataclasses.replace(saved, movement=0.0))  # older still
    assert model.point_scale(factor * moving, moving) == pytest.approx(usual)


def test_calibrated_spread_follows_each_point_in_each_frame(model):
    """The normal distribution has its middle 90 % as wide as the noise has."""
    filled = np.zeros((9, 7, 2), np.float32)
    filled[4:, 5] = 0.5  # the wrist jumps
    spread = model.point_scale(filled, filled)
    scale = model.noise.scale(filled, np.zeros((9, 7), bool))[:, :6]
    assert 1.645 * spread == pytest.approx(2.353 * scale)
    assert spread[4, 5] != spread[0, 5] and (spread[:, :5] == spread[0, :5]).all()


def test_the_interval_of_draws_from_a_normal_distribution_holds_nine_in_ten():
    """Half of the variance lies between samples, half around each of them."""
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(8, 200, 50, 2)).astype(np.float32)
    truth = rng.normal(scale=2**0.5, size=(200, 50, 2))
    low, high = compute_interval(samples, np.ones((200, 50), np.float32))
    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.9, abs=0.02)  # 8 samples: 0.89


def test_the_interval_of_an_observed_point_is_the_point(model, gappy):
    completion = complete_recording(model, gappy, 2)
    observed = ~completion.filled
    low, high = completion.interval
    np.testing.assert_allclose(low[observed], completion.sequence.pose[observed], rtol=1e-6)
    np.testing.assert_allclose(high[observed], low[observed], rtol=1e-6)
    assert (high > low)[completion.filled].all()


def test_each_pass_sees_the_last_answer_beside_the_observed_points(as_processed):
    shown, shifts, steps = [], [], []

    class Half:
        """Returns half of its input, and 8 where the input is missing."""

        grid = ChunkGrid(64, 16, 8)
        processor = SimpleNamespace(landmarks=())

        def reconstruct_all(self, processed, refine_steps, fitted):
            shift = len(fitted[0].pose) - 200
            np.testing.assert_array_equal(fitted[0].pose[shift:], recording.pose)
            assert np.isnan(fitted[0].pose[:shift]).all()
            steps.append(refine_steps)
            shown.extend(p.pose[shift:, 0, 0] for p in processed)
            shifts.append(shift)
            return [SimpleNamespace(pose=np.nan_to_num(p.pose, nan=16.0) / 2) for p in processed]

    pose = np.ones((200, 2, 1), np.float32)
    pose[50:150, 0], pose[:, 1] = np.nan, np.nan
    recording = as_processed(pose)
    (filled,) = fill_in(Half(), [recording])
    assert len(shown) == NUM_PASSES and np.isnan(shown[0][100])
    halves = [8 / 2**i for i in range(NUM_PASSES)]
    assert [values[100] for values in shown[1:]] == halves[:-1]  # far from what is seen
    assert set(shifts) == set(shifts[-4:]) == {0, 12, 24, 36}  # quarters of a stride of 48
    assert steps == [0] * (NUM_PASSES - 4) + [LAST_STEPS] * 4
    mean = sum(halves[-4:]) / 4  # mean of the last answer for each place of the chunks
    assert filled[100, 0] == pytest.approx(mean) and filled[:, 1] == pytest.approx(mean)
    assert (filled[:50, 0] == 1).all()
    assert np.isnan(recording.pose[100, 0])


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


def test_points_that_are_not_kept_are_made_anew(model, make_walk):
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


def test_faulty_requests_are_refused(model, gappy, trained):
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
    again = read_recording(tmp_path / "generated/walk.csv", htvae.Config().data)
    assert again.num_frames == 90 and again.observed.all()
    assert (tmp_path / "generated/walk_1.csv").is_file()


def test_text_is_copied_only_where_it_is_the_point_of_the_recording(model, make_walk, tmp_path):
    """Settings may rename landmarks, so that the file's text of a name belongs to another point."""
    walk = make_walk(1, 40)
    write_pose_csv(tmp_path / "walk.csv", walk)
    names = list(walk.landmarks)
    names[1], names[2] = names[2], names[1]
    completion = model.complete(dataclasses.replace(walk, landmarks=tuple(names)))
    write_completion(tmp_path / "out", tmp_path / "walk.csv", completion)
    written = read_recording(tmp_path / "out/walk.csv", DataConfig())
    order = [written.landmarks.index(name) for name in names]
    seen = walk.observed
    np.testing.assert_allclose(written.pose[:, order][seen], walk.pose[seen], atol=1e-5)
