"""What is read off latents of a known making."""

import numpy as np
import pytest

from htvae.analysis.latents.probes import probe_latents
from htvae.poses.sequence import FrameLabel

NUM_SUBJECTS = 12


@pytest.fixture(scope="module")
def probed(make_latents):
    """Three recordings a subject: z holds camera and age, chunk latents what happens, poses nothing."""
    rng = np.random.default_rng(0)
    count = 3 * NUM_SUBJECTS
    subjects = [f"s{i // 3}" for i in range(count)]
    cameras = [("front", "side")[i] for i in rng.integers(2, size=count)]
    ages = [str(30 + 3 * (i // 3)) for i in range(count)]
    z = rng.normal(size=(count, 5))
    z[:, 0] += 6 * np.equal(cameras, "side")
    z[:, 1] = 0.3 * np.array(ages, float) + 0.1 * rng.normal(size=count)
    chunks = rng.normal(size=(count, 3, 4))
    chunks[:, 1] += 6
    spans = [(FrameLabel(0, 6, "walk"), FrameLabel(6, 14, "wave"), FrameLabel(14, 20, "walk"))] * count
    made = make_latents(
        z,
        chunks,
        labels=["only"] * count,
        subjects=subjects,
        covariates={"camera": cameras, "age": ages},
        frame_labels=spans,
    )
    probes, doubts = probe_latents(made, num_landmarks=3)
    return {(p.column, p.features): p for p in probes}, doubts


def test_a_category_is_read_off_where_it_is(probed):
    found, _ = probed
    assert found["camera", "z"].score > 0.9 and found["camera", "z"].p == 0.01
    for features in ("chunk_mean", "chunk_mean_and_spread", "mean_pose", "hand_made_statistics"):
        other = found["camera", features]
        assert other.score < 0.75 and other.folds_by == "subject" and other.measure == "balanced accuracy"
        assert 0.35 < other.chance < 0.65 < other.chance_high + 0.2


def test_a_number_is_read_off_where_it_is(probed):
    found, _ = probed
    assert found["age", "z"].measure == "R squared" and found["age", "z"].score > 0.7
    assert found["age", "z"].p <= 0.05 and found["age", "mean_pose"].score < 0.3


def test_subjects_are_read_off_over_recordings(probed):
    found, _ = probed
    assert found["subject", "z"].folds_by == "recording" and found["subject", "z"].num_values == NUM_SUBJECTS


def test_moments_are_read_off_their_chunk_latents(probed):
    found, _ = probed
    probe = found["frame_label", "chunk"]
    assert probe.rows == "moments" and probe.num_rows == 9 * NUM_SUBJECTS and probe.score > 0.95
    assert found["frame_label", "z"].score < 0.65 and found["frame_label", "z_and_chunk"].score > 0.95


def test_a_column_of_one_value_is_left_out_and_said(probed):
    found, doubts = probed
    assert not any(column == "label" for column, _ in found)
    (said,) = [doubt.text for doubt in doubts if "label" in doubt.text]
    assert said.startswith("label is not probed: two values must have at least two subjects each, but 1 of 1")


def test_nothing_known_is_said(make_latents):
    probes, doubts = probe_latents(make_latents(np.zeros((2, 3))), 3)
    assert probes == [] and [doubt.kind for doubt in doubts] == ["no_label", "no_subject"]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_recordings_or_one_subject(make_latents, count):
    z = np.random.default_rng(count).normal(size=(count, 3))
    made = make_latents(z, labels=[("a", "b")[i % 2] for i in range(count)], subjects=["one"] * count)
    probes, doubts = probe_latents(made, 3)
    assert probes == [] and all(doubt.kind == "not_probed" for doubt in doubts) and len(doubts) == 2
    numbers = make_latents(z, covariates={"age": [str(i) for i in range(count)]})
    assert probe_latents(numbers, 3)[1]


def test_a_number_of_one_subject_is_said(make_latents):
    z = np.random.default_rng(0).normal(size=(8, 3))
    made = make_latents(z, subjects=["one"] * 8, covariates={"age": [str(i) for i in range(8)]})
    assert "age is not probed: it is known for one subject only." in {
        d.text for d in probe_latents(made, 3)[1]
    }
