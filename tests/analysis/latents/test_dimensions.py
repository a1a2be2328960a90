"""Active numbers, shares and reliability, with a truth that is known."""

import numpy as np
import pytest

from htvae.analysis.latents.dimensions import _remove_label_means, measure_dimensions


def test_active_numbers_and_shares_by_hand(make_latents):
    z = np.array([[1.0, 0.0], [-1, 0.02], [1, 0], [-1, 0.02]])
    level = measure_dimensions(make_latents(z)).levels[0]
    assert level.is_active.tolist() == [True, False] and level.num_inputs == 4
    np.testing.assert_allclose(level.variance, [1, 1e-4])
    assert level.posterior_variance.tolist() == [0.25, 0.25]
    assert level.kl.tolist() == [1, 1] and level.kl_share.tolist() == [0.5, 0.5]


def test_a_reliable_number_is_told_from_noise(make_latents):
    """20 subjects with three recordings each: the first number is the subject's, the second is noise."""
    rng = np.random.default_rng(0)
    subjects = np.repeat(np.arange(20), 3)
    own, noise = rng.normal(size=20)[subjects], rng.normal(size=(3, 60))

    def draw(number):
        return np.stack([own + 0.2 * rng.normal(size=60), noise[number]], axis=1).astype(np.float32)

    made = make_latents(draw(0), halves=(draw(1), draw(2)), subjects=[f"s{i}" for i in subjects])
    found = measure_dimensions(made).levels[0]
    assert found.split_half.value[0] > 0.9 and found.retest.value[0] > 0.9
    assert found.unreliable[:2] == ["", "both"]
    assert len(found.unreliable) == 2 + found.num_measured == 4


def test_labels_are_taken_off_before_retests(make_latents):
    """Two recordings of each subject, one a label; labels move all subjects alike."""
    rng = np.random.default_rng(1)
    subjects, is_run = np.repeat(np.arange(20), 2), np.arange(40) % 2
    z = (rng.normal(size=20)[subjects] + 5 * is_run)[:, None] * [1.0, 0.3]
    made = make_latents(
        z, labels=["run" if r else "walk" for r in is_run], subjects=[f"s{i}" for i in subjects]
    )
    found = measure_dimensions(made)
    assert found.levels[0].retest.value[0] > 0.95
    assert [doubt.kind for doubt in found.doubts if "retest" in doubt.kind] == ["retest_over_labels"]


def test_label_means():
    values = np.array([[1.0], [3], [10], [20], [7]])
    rest = _remove_label_means(values, np.array(["a", "a", "b", "b", ""]))
    assert rest.ravel().tolist() == [-1, 1, -5, 5, 0]


def test_what_is_missing_is_said(make_latents):
    found = measure_dimensions(make_latents(np.zeros((1, 3))))
    assert {doubt.kind for doubt in found.doubts} == {
        "short_recordings", "no_split_half", "no_retest", "few_recordings",
    }  # fmt: skip
    level = found.levels[0]
    assert level.num_measured == 0 and np.isnan(level.split_half.value).all() and level.unreliable == [""] * 3
    assert not level.is_active.any()


def test_of_a_trained_model(latents):
    found = measure_dimensions(latents)
    sequence, chunk = found.levels
    assert sequence.kl.shape == (6,) and chunk.kl.shape == (3,)
    assert sequence.kl_share.sum() == pytest.approx(1) and sequence.split_half.value.shape == (12,)
    assert np.isfinite(sequence.split_half.value).any() and np.isnan(sequence.retest.value).all()
    again = measure_dimensions(latents)
    np.testing.assert_array_equal(sequence.split_half.interval, again.levels[0].split_half.interval)
