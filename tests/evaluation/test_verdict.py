"""The verdict: what is said about which figures."""

import math

import pytest

from htvae.evaluation.tables import FIGURES
from htvae.evaluation.verdict import give_verdict

GOOD = {
    "mpjpe": 0.021,
    "pca_mpjpe": 0.058,
    "static_mpjpe": 0.202,
    "noise_floor": 0.004,
    "sequence_rate": 0.15,
    "sequence_active_units": 50,
    "latent_dim": 128,
    "chunk_rate": 2.0,
    "chunk_active_units": 30,
    "chunk_latent_dim": 32,
    "swapped_sequence_mpjpe": 0.2,
    "swapped_chunks_mpjpe": 0.3,
    "seam_ratio": 1.02,
    "jerk_ratio": 0.9,
}


def test_a_good_model_needs_no_advice():
    assert give_verdict(GOOD) == [
        "The error is 0.0210 torso lengths; a still pose errs by 0.202.",
        "The model beats PCA with as many numbers (0.0580): 0.36 times its error.",
        "The error is 5.2 times the tracker's own jitter (0.00400): motion is left to be caught.",
        "The sequence level is in use: 0.150 nats per frame, 50 of 128 numbers active.",
        "The chunk level is in use: 2 nats per frame, 30 of 32 numbers active.",
        "Borders of chunks do not show (seam ratio 1.02).",
    ]


@pytest.mark.parametrize(
    ("changes", "finding", "advice"),
    [
        ({"mpjpe": 0.2}, "no better than a still pose", "train longer"),
        ({"mpjpe": 0.06}, "does not beat PCA with as many numbers (0.0580): 1.03 times", "train longer"),
        (
            {"mpjpe": 0.003},
            "below the tracker's own jitter (0.00400): the model copies noise",
            "a higher --min_scale",
        ),
        ({"sequence_rate": 1e-4}, "The sequence level is dead: 0.000100 nats", "raise --latent_span_dropout"),
        ({"chunk_active_units": 0}, "The chunk level is dead", "lower --chunk_kl_weight"),
        ({"sequence_active_units": 5}, "The sequence level is hardly used", "a smaller --latent_dim"),
        ({"swapped_sequence_mpjpe": 0.0215}, "the decoder ignores them", "raise --latent_span_dropout"),
        (
            {"seam_ratio": 2.14},
            "Borders of chunks show: the jerk there is 2.1 times",
            "a larger --chunk_overlap",
        ),
        (
            {"jerk_ratio": 1.7},
            "The reconstruction trembles: its jerk is 1.70 times",
            "a larger --velocity_weight",
        ),
    ],
)
def test_each_fault_is_named_with_what_to_try(changes, finding, advice):
    sentences = give_verdict(GOOD | changes)
    assert any(finding in sentence for sentence in sentences)
    assert any(sentence.startswith(f"Try next: {advice}") for sentence in sentences)


def test_error_at_the_jitter_is_the_end():
    assert any("nothing left to gain" in sentence for sentence in give_verdict(GOOD | {"mpjpe": 0.0044}))


def test_a_smooth_reconstruction_is_said_without_advice():
    sentences = give_verdict({"jerk_ratio": 0.3})
    assert sentences == [
        "The reconstruction is smoother than the recording: its jerk is 0.30 times the recording's."
    ]


def test_probes_stand_beside_their_yardsticks():
    scores = {"sequence_latent": 0.86, "both_latents": 0.91, "mean_pose": 0.83, "shuffled_labels": 0.08}
    sentences = give_verdict({f"probe_{name}": value for name, value in scores.items()})
    assert sentences == ["Labels can be read off both latents (91%; the mean pose 83%, a guess 8%)."]


def test_nothing_is_said_about_what_is_absent_or_not_finite():
    assert give_verdict({}) == []
    assert give_verdict(dict.fromkeys(GOOD, math.nan)) == []
    assert give_verdict({"mpjpe": 0.0, "pca_mpjpe": 0.0, "noise_floor": 0.0}) == []


def test_a_model_without_chunk_latents_has_no_dead_chunk_level():
    sentences = give_verdict(GOOD | {"chunk_latent_dim": 0, "chunk_rate": 0.0, "chunk_active_units": 0})
    assert not any("chunk level" in sentence for sentence in sentences)


def test_advice_is_given_once_and_three_times_at_most():
    bad = {"mpjpe": 0.3, "sequence_rate": 0, "chunk_rate": 0, "swapped_sequence_mpjpe": 0.3, "seam_ratio": 3}
    advice = [sentence for sentence in give_verdict(GOOD | bad) if sentence.startswith("Try next")]
    assert len(advice) == len(set(advice)) == 3


def test_figures_of_the_verdict_are_known_to_the_tables():
    assert GOOD.keys() <= FIGURES.keys()


GENERATED = {
    "frechet_posterior_sample_train": 17.0,
    "frechet_prior_sample_train": 19.0,
    "frechet_fitted_gaussian_train": 120.0,
    "coverage_prior_sample": 0.8,
    "coverage_real": 0.9,
    "copied_prior_sample": 0.5,
    "copied_real": 0.4,
    "nearest_latent_prior_sample": 2.8,
    "nearest_latent_real": 2.9,
    "label_agreement": 0.9,
    "label_agreement_real": 0.92,
}


def test_generation_that_is_good():
    assert give_verdict(GENERATED) == [
        "Prior samples are as close to real motion as posterior samples (excess Frechet distance 19 against "
        "17).",
        "A classifier sees the label asked for in 90% of generated motion, and in 92% of real motion.",
    ]


@pytest.mark.parametrize(
    ("changed", "said", "advised"),
    [
        ({"frechet_prior_sample_train": 40.0}, "farther from real motion than posterior", "--prior_steps"),
        ({"frechet_prior_sample_train": 130.0}, "no more like real motion than latents", "--prior_steps"),
        (
            {"coverage_prior_sample": 0.5},
            "lack variety: they reach 50% of real windows, real",
            "--prior_steps",
        ),
        ({"copied_prior_sample": 0.75}, "copy the training recordings: their windows lie", "by heart"),
        ({"nearest_latent_prior_sample": 2.0}, "copy the training recordings: their sequence", "by heart"),
        (
            {"label_agreement": 0.5},
            "50% of generated motion, and in 92% of real motion: labels are not always followed",
            "a larger --guidance",
        ),
        ({"label_agreement": 0.4}, "labels are seldom followed", "a larger --guidance"),
    ],
)
def test_generation_that_falls_short(changed, said, advised):
    text = " ".join(give_verdict(GENERATED | changed))
    assert said in text and advised in text.split("Try next")[1]


def test_generation_is_compared_with_scored_recordings_where_training_is_not_at_hand():
    figures = {"frechet_posterior_sample": 17.0, "frechet_prior_sample": 40.0}
    assert "farther" in give_verdict(figures)[0]
    figures["frechet_prior_sample_train"] = figures["frechet_posterior_sample_train"] = 1.0
    assert "as close" in give_verdict(figures)[0]


def test_samples_of_held_out_posteriors_are_what_prior_samples_are_held_against():
    figures = {"frechet_posterior_sample_train": 1.0, "frechet_prior_sample_train": 19.0}
    assert "farther" in give_verdict(figures)[0]
    figures["frechet_posterior_sample_held_out_train"] = 17.0
    assert "as close" in give_verdict(figures)[0]
