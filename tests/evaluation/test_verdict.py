"""The verdict: what is said about which figures, and that nothing said contradicts anything else."""

import itertools
import math
import re

import numpy as np
import pytest

from htvae.evaluation.figures import FIGURES
from htvae.evaluation.verdict import (
    HEADLINES,
    MOST_SENTENCES,
    give_full_verdict,
    give_verdict,
    summarise_verdict,
)

GOOD = {
    "mpjpe": 0.021,
    "pca_mpjpe": 0.058,
    "static_mpjpe": 0.202,
    "noise_floor": 0.004,
    "sequence_rate": 0.15,
    "sequence_active_units": 50,
    "sequence_largest_kl": 2.1,
    "latent_dim": 128,
    "chunk_rate": 2.0,
    "chunk_active_units": 30,
    "chunk_largest_kl": 3.0,
    "chunk_latent_dim": 32,
    "swapped_sequence_mpjpe": 0.2,
    "swapped_chunks_mpjpe": 0.3,
    "seam_ratio": 1.02,
    "jerk_ratio": 0.9,
}
GENERATED = {
    "frechet_posterior_sample_train": 17.0,
    "frechet_prior_sample_train": 19.0,
    "frechet_fitted_gaussian_train": 120.0,
    "coverage_prior_sample": 0.8,
    "coverage_posterior_sample": 0.85,
    "coverage_real": 0.9,
    "copied_prior_sample": 0.5,
    "copied_real": 0.4,
    "nearest_latent_prior_sample": 2.8,
    "nearest_latent_real": 2.9,
    "label_agreement": 0.9,
    "label_agreement_real": 0.92,
}


def test_a_good_model_needs_no_advice():
    assert give_verdict(GOOD) == [
        "The model is better than PCA with as many numbers: the error is 0.0210 torso lengths, PCA's 0.0580, "
        "a still pose's 0.202.",
        "The error is 5.2 times the tracker's own jitter (0.00400): there is motion left to learn.",
        "Both latent levels are in use: 0.150 nats per frame in the sequence level, 2 nats per frame in the "
        "chunk level.",
    ]


@pytest.mark.parametrize(
    ("changes", "finding", "advice"),
    [
        ({"mpjpe": 0.2}, "no better than a still pose", "train longer"),
        (
            {"encoder_mpjpe": 0.024, "linear_code_mpjpe": 0.022},
            "larger than that of the model's linear code alone (0.0240 against 0.0220)",
            "recordings of more subjects, or --dropout 0.1",
        ),
        (
            {"encoder_mpjpe": 0.0219, "linear_code_mpjpe": 0.022},
            "The networks add hardly anything to the linear code (0.0219 against 0.0220)",
            "train longer",
        ),
        ({"mpjpe": 0.057}, "about as good as PCA", "train longer (--num_frames), or lower --min_scale"),
        ({"mpjpe": 0.07}, "worse than PCA", "train longer (--num_frames), or lower --min_scale"),
        (
            {"mpjpe": 0.003},
            "below the tracker's own jitter (0.00400): the model copies",
            "a higher --min_scale",
        ),
        (
            {"sequence_largest_kl": 0.002},
            "sequence level is dead: none of its 128 numbers has a KL of 0.01 nats",
            "raise --latent_span_dropout",
        ),
        ({"chunk_largest_kl": 0}, "The chunk level is dead", "lower --chunk_kl_weight"),
        ({"sequence_active_units": 5}, "mostly idle: 5 of 128 numbers", "a smaller --latent_dim"),
        (
            {"swapped_sequence_mpjpe": 0.0215},
            "hardly uses the sequence level: with another recording's latents the error is 0.0215 instead of",
            "raise --latent_span_dropout",
        ),
        (
            {"seam_ratio": 2.14},
            "Borders of chunks show: the jerk there is 2.1 times",
            "a larger --chunk_overlap",
        ),
        ({"jerk_ratio": 1.7}, "tremble: their jerk is 1.70 times", "a larger --velocity_weight"),
    ],
)
def test_each_fault_is_named_with_what_to_try(changes, finding, advice):
    sentences = give_verdict(GOOD | changes)
    assert any(finding in sentence for sentence in sentences), sentences
    assert any(sentence.startswith(f"Try next: {advice}") for sentence in sentences), sentences


@pytest.mark.parametrize("ratio", [0.96, 0.99, 1.0, 1.04])
def test_errors_that_hardly_differ_are_about_equal(ratio):
    text = " ".join(give_verdict(GOOD | {"mpjpe": ratio * GOOD["pca_mpjpe"]}))
    assert "about as good as PCA" in text
    assert "better than PCA" not in text and "worse than PCA" not in text


@pytest.mark.parametrize("num_frames", [64, 4096])
def test_a_level_is_not_dead_because_windows_are_long(num_frames):
    """One number of 128 with a KL of 2 nats a window, whatever the rate per frame comes to."""
    sentences = give_verdict(GOOD | {"sequence_rate": 2 / num_frames, "sequence_largest_kl": 2.0})
    assert not any("dead" in sentence for sentence in sentences)


def test_error_at_the_jitter_is_the_end():
    assert any(
        "it can hardly fall further" in sentence for sentence in give_verdict(GOOD | {"mpjpe": 0.0044})
    )


@pytest.mark.parametrize(
    ("error", "words"), [(0.01, "nearer to"), (0.02, "as near to"), (0.03, "farther from")]
)
def test_the_truth_goes_before_the_jitter(error, words):
    sentences = give_verdict(GOOD | {"truth_mpjpe": error, "truth_recording_mpjpe": 0.02, "mpjpe": 0.003})
    assert any(s.startswith(f"Reconstructions are {words} the truth") for s in sentences)
    assert not any("jitter" in sentence for sentence in sentences)


def test_a_smooth_reconstruction_is_said_without_advice():
    assert give_verdict({"jerk_ratio": 0.3}) == [
        "Reconstructions are smoother than the recordings: their jerk is 0.30 times the recordings'."
    ]


def test_fast_movement_is_judged_once_noise_is_off():
    flattened = give_verdict({"jerk_ratio": 0.3, "smoothed_jerk_ratio": 0.4})
    assert "0.40 times that of the recordings after smoothing" in " ".join(flattened)
    faithful = give_verdict({"jerk_ratio": 0.3, "smoothed_jerk_ratio": 0.9})
    assert "flattened" not in " ".join(faithful)


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ((0.5, 0.5, 0.5), "Gaps of up to 60 frames are filled in better than by interpolation"),
        ((0.5, 0.5, 1.0), "Gaps of up to 30 frames are filled in better .* longer ones are not"),
        ((0.5, 1.2, 0.5), "Gaps of up to 15 frames are filled in better .* longer ones are not"),
        ((0.98, 1.2, 1.2), "Gaps are filled in no better than by interpolation"),
    ],
)
def test_gaps_beside_interpolation(ratios, said):
    figures = {}
    for frames, ratio in zip((15, 30, 60), ratios, strict=True):
        figures[f"complete_gap_{frames}_mpjpe"] = ratio * frames / 100
        figures[f"complete_gap_{frames}_linear_mpjpe"] = frames / 100
    (sentence,) = give_verdict(figures)
    assert re.match(said, sentence)


def coverage(**shares):
    return {f"complete_{kind}_coverage": share for kind, share in shares.items()}


@pytest.mark.parametrize(
    ("shares", "finding"),
    [
        ({"gap_15": 0.91}, r"90 % intervals hold 91% of filled-in points, as they should \(85% to 95%\)\."),
        ({"gap_15": 0.86, "bursts": 0.94}, r"intervals hold 86% to 94% of filled-in points, as they should"),
        (
            {"gap_15": 0.9, "gap_240": 0.75, "landmarks": 0.8},
            "hold 75% to 90% of filled-in points, but should hold 85% to 95%: they are too narrow for gaps "
            r"of 240 frames, landmarks never seen\.",
        ),
        (
            {"gap_15": 0.99, "bursts": 0.8},
            r"too narrow for landmarks hidden for bursts and too wide for gaps of 15 frames\.",
        ),
    ],
)
def test_the_share_of_points_in_their_intervals(shares, finding):
    sentences = " ".join(give_full_verdict(GOOD | coverage(**shares)))
    assert re.search(finding, sentences)
    assert ("--val_fraction" in sentences) == ("as they should" not in sentences)
    assert set(coverage(**shares)) <= set(FIGURES)


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (0.91, "better than off simple features (91%; simple features 83%, a guess 8%)"),
        (0.84, "about as well as off simple features"),
        (0.5, "worse than off simple features"),
        (0.1, "cannot be read off the latents"),
    ],
)
def test_probes_stand_beside_their_yardsticks(score, said):
    scores = {"sequence_latent": 0.07, "both_latents": score, "mean_pose": 0.83, "shuffled_labels": 0.08}
    (sentence,) = give_verdict({f"probe_{name}": value for name, value in scores.items()})
    assert said in sentence


def test_nothing_is_said_about_what_is_absent_or_not_finite():
    assert give_verdict({}) == []
    assert give_verdict(dict.fromkeys(GOOD, math.nan)) == []
    assert give_verdict({"mpjpe": 0.0, "pca_mpjpe": 0.0, "noise_floor": 0.0}) == [
        "The error is 0 torso lengths, PCA's 0."
    ]


def test_a_model_without_chunk_latents_has_no_dead_chunk_level():
    chunks = {"chunk_latent_dim": 0, "chunk_rate": 0.0, "chunk_active_units": 0, "chunk_largest_kl": math.nan}
    sentences = give_verdict(GOOD | chunks)
    assert not any("chunk level" in sentence for sentence in sentences)
    assert "The sequence level is in use: 0.150 nats per frame." in sentences


def test_figures_of_the_verdict_are_known_to_the_tables():
    assert (GOOD | GENERATED).keys() <= FIGURES.keys()


def test_generation_that_is_good():
    assert give_verdict(GENERATED) == [
        "Generated motion is as close to real motion as decoded recordings are (excess Frechet distance 19 "
        "against 17).",
        "Generated motion shows its label in 90% of windows (real motion 92%).",
    ]


@pytest.mark.parametrize(
    ("changed", "said", "advised"),
    [
        ({"frechet_prior_sample_train": 40.0}, "farther from real motion than decoded", "--prior_steps"),
        ({"frechet_prior_sample_train": 130.0}, "no closer to real motion than a Gaussian", "--prior_steps"),
        (
            {"coverage_prior_sample": 0.5},
            "generated motion is less varied (it reaches 50% of real windows, real motion 90%)",
            "--prior_steps",
        ),
        (
            {"coverage_prior_sample": 0.4, "coverage_posterior_sample": 0.45},
            "generated and decoded motion are less varied (they reach 40% and 45% of real windows",
            "train the model, not the prior",
        ),
        ({"copied_prior_sample": 0.75}, "copies training recordings: 75% of its windows", "by heart"),
        ({"label_agreement": 0.5}, "labels are not always followed", "a larger --guidance"),
        ({"label_agreement": 0.4}, "labels are seldom followed", "a larger --guidance"),
    ],
)
def test_generation_that_falls_short(changed, said, advised):
    text = " ".join(give_verdict(GENERATED | changed))
    assert said in text and advised in text.split("Try next")[1]


def test_near_latents_are_no_copies_where_windows_are_none():
    assert "copies" not in " ".join(give_verdict(GENERATED | {"nearest_latent_prior_sample": 0.1}))


def test_generation_is_compared_with_scored_recordings_where_training_is_not_at_hand():
    figures = {"frechet_posterior_sample": 17.0, "frechet_prior_sample": 40.0}
    assert "farther" in give_verdict(figures)[0]
    figures["frechet_prior_sample_train"] = figures["frechet_posterior_sample_train"] = 1.0
    assert "as close" in give_verdict(figures)[0]


def test_held_out_recordings_are_decoded_where_there_are_some():
    figures = {"frechet_posterior_sample_train": 1.0, "frechet_prior_sample_train": 19.0}
    assert "farther" in give_verdict(figures)[0]
    figures["frechet_posterior_sample_held_out_train"] = 17.0
    assert "as close" in give_verdict(figures)[0]


CONTRADICTIONS = [
    ("better than PCA", "worse than PCA"),
    ("better than PCA", "about as good as PCA"),
    ("about as good as PCA", "worse than PCA"),
    (
        "no better than a still pose",
        "(better|worse) than PCA|about as good as PCA|copies noise|near.* the truth",
    ),
    ("can hardly fall further", "worse than PCA|left to learn|copies noise"),
    ("copies noise", "smoother than the recordings|left to learn|near.* the truth"),
    ("left to learn", "near.* to the truth"),
    ("smoother than the recordings", "tremble"),
    ("(sequence|chunk) level is dead", r"hardly uses the \1 level|The \1 level is (in use|mostly idle)"),
    (r"hardly uses the (sequence|chunk) level", r"The \1 level is (in use|mostly idle)"),
    ("Both latent levels are in use", "level is dead|hardly uses the|mostly idle"),
    ("sequence level is dead", "read off (sequence|both)"),
    ("chunk level is dead", "read off (chunk|both)"),
    ("copies training", "as close to real|farther from real|no closer to real|less varied"),
    ("as close to real motion", "farther from real motion|no closer to real motion"),
    ("cannot be read off", "are read off"),
    ("in no better than by interpolation", "in better than by interpolation"),
]
OPPOSITES = (r"(more|longer|higher|larger|raise) (--\w+)", r"(less|fewer|lower|smaller) (--\w+)")


def draw_figures(rng):
    """Return figures from all over their ranges, on either side of every threshold; some are absent."""
    choices = {
        "mpjpe": [0.001, 0.003, 0.0044, 0.02, 0.05, 0.0585, 0.07, 0.19, 0.3],
        "pca_mpjpe": [0.003, 0.02, 0.058, 0.2],
        "static_mpjpe": [0.02, 0.2],
        "noise_floor": [0.0, 0.004, 0.05],
        "truth_mpjpe": [0.01, 0.0201, 0.05],
        "truth_recording_mpjpe": [0.02],
        "jerk_ratio": [0.2, 0.9, 2.0],
        "seam_ratio": [1.0, 2.0],
        "latent_dim": [128],
        "chunk_latent_dim": [0, 16],
        "coverage_prior_sample": [0.1, 0.4, 0.9],
        "coverage_posterior_sample": [0.1, 0.4, 0.9],
        "coverage_real": [0.3, 0.95],
        "copied_prior_sample": [0.0, 0.5, 0.99],
        "copied_real": [0.4, 0.7],
        "nearest_latent_prior_sample": [0.1, 3.0],
        "nearest_latent_real": [1.0],
    }
    for level, swapped in (("sequence", "sequence"), ("chunk", "chunks")):
        choices[f"{level}_rate"] = [0.0, 1e-4, 0.15]
        choices[f"{level}_active_units"] = [0, 1, 16]
        choices[f"{level}_largest_kl"] = [0.0, 0.009, 0.011, 2.0]
        choices[f"swapped_{swapped}_mpjpe"] = [0.003, 0.05, 0.06, 0.3]
    for end, kind in itertools.product(
        ("", "_train"), ("prior_sample", "posterior_sample", "posterior_sample_held_out", "fitted_gaussian")
    ):
        choices[f"frechet_{kind}{end}"] = [-1.0, 15.0, 19.0, 120.0]
    for what in ("label", "script"):
        choices |= {f"{what}_agreement": [0.1, 0.6, 0.95], f"{what}_agreement_real": [0.5, 0.98]}
    for name in ("sequence_latent", "chunk_latents", "both_latents", "mean_pose", "shuffled_labels"):
        choices[f"probe_{name}"] = [0.1, 0.5, 0.9]
    for frames, method in itertools.product((15, 60), ("", "_linear")):
        choices[f"complete_gap_{frames}{method}_mpjpe"] = [0.05, 0.1]
    present = rng.random() ** 0.3
    return {name: rng.choice(values) for name, values in choices.items() if rng.random() < present}


def find_contradictions(sentences):
    """Return pairs of sentences that cannot both hold, and flags that are to be turned both ways."""
    found = []
    for one, (first, second) in itertools.product(sentences, CONTRADICTIONS):
        if match := re.search(first, one):
            pattern = match.expand(second) if r"\1" in second else second
            found += [(one, other) for other in sentences if other != one and re.search(pattern, other)]
    up, down = ({flag for s in sentences for _, flag in re.findall(pattern, s)} for pattern in OPPOSITES)
    return found + sorted(up & down)


def test_no_two_sentences_contradict_each_other_and_there_are_eight_at_most():
    rng = np.random.default_rng(0)
    longest = 0
    for _ in range(2000):
        figures = draw_figures(rng)
        sentences, everything = give_verdict(figures), give_full_verdict(figures)
        assert find_contradictions(everything) == [], figures
        assert len(sentences) <= MOST_SENTENCES == 8
        assert len(set(everything)) == len(everything) and set(sentences) <= set(everything)
        assert all(re.fullmatch(r"[A-Z][ -~]*[^.]\.", sentence) for sentence in everything), everything
        assert not any(re.search(r"\bnan\b|\binf\b", sentence) for sentence in everything), everything
        longest = max(longest, len(everything))
    assert longest > MOST_SENTENCES  # the walk reaches verdicts that have to be cut


@pytest.mark.parametrize(
    "pair",
    [
        ["The model is better than PCA.", "The model is worse than PCA."],
        ["The chunk level is dead.", "The decoder hardly uses the chunk level."],
        ["Try next: more --prior_steps.", "Try next: fewer --prior_steps."],
    ],
)
def test_a_contradiction_would_be_found(pair):
    assert find_contradictions(pair)
    assert not find_contradictions(
        ["The chunk level is dead.", "The decoder hardly uses the sequence level."]
    )


def test_faults_come_first_and_their_advice_has_room():
    worst = GOOD | GENERATED | {
        "mpjpe": 0.19, "sequence_largest_kl": 0.0, "chunk_largest_kl": 0.0, "seam_ratio": 3.0,
        "jerk_ratio": 2.0, "label_agreement": 0.1, "copied_prior_sample": 0.99,
    }  # fmt: skip
    sentences = give_verdict(worst)
    assert sentences[0].startswith("The model is no better than a still pose")
    assert len(sentences) == 8 and sum(s.startswith("Try next") for s in sentences) == 2
    assert all(s.startswith("Try next") for s in sentences[-2:])


class TestSummary:
    @pytest.mark.parametrize(
        ("changes", "level"),
        [
            ({}, "good"),
            ({"mpjpe": 0.057}, "fair"),  # about PCA
            ({"mpjpe": 0.08}, "poor"),  # worse than PCA
            ({"mpjpe": 0.2}, "poor"),  # a still pose
            ({"pca_mpjpe": math.nan}, "fair"),  # unknown whether it beats PCA
            ({"seam_ratio": 1.5}, "fair"),
            ({"chunk_largest_kl": 0.0}, "fair"),
            (GENERATED | {"label_agreement": 0.1}, "good"),  # generation is another matter, and said
            ({"mpjpe": math.nan}, "unknown"),
        ],
    )
    def test_levels(self, changes: dict[str, float], level: str) -> None:
        summary = summarise_verdict(GOOD | changes, "test", 3)
        faults = sum(finding.is_fault for finding in summary.findings)
        headline = "Good, with faults" if level == "good" and faults else HEADLINES[level]
        assert (summary.level, summary.headline) == (level, headline)

    def test_the_sentence_says_how_good_on_what_and_how_many_faults(self) -> None:
        figures = GOOD | GENERATED | {"label_agreement": 0.1, "jerk_ratio": 2.0}
        summary = summarise_verdict(figures, "test", 3)
        scored = "Scored on 3 recordings that training did not see."
        assert summary.sentence == f"{scored} {give_verdict(figures)[0]} 2 findings are faults."
        assert [own.is_fault for own in summary.findings[1:3]] == [True, True]
        assert not any(own.is_fault for own in summary.findings[3:])

    @pytest.mark.parametrize(
        ("split", "count", "words"),
        [
            ("new", 1, "1 recording that training did not see."),
            ("train", 2, "2 recordings that training saw."),
            ("all", 9, "9 recordings of which training saw most."),
        ],
    )
    def test_the_sentence_names_the_recordings(self, split: str, count: int, words: str) -> None:
        sentence = summarise_verdict(GOOD, split, count).sentence
        assert sentence.startswith(f"Scored on {words} ") and sentence.endswith("No finding is a fault.")

    def test_nothing_is_known(self) -> None:
        summary = summarise_verdict({}, "test", 0)
        assert (summary.level, summary.findings) == ("unknown", ())
        assert summary.sentence == "Score it with htvae evaluate."

    def test_the_words_are_those_of_the_verdict(self) -> None:
        figures = GOOD | GENERATED | {"label_agreement": 0.1, "jerk_ratio": 2.0, "seam_ratio": 1.5}
        findings = summarise_verdict(figures, "test", 3).findings
        advice = [f"Try next: {own.advice}." for own in findings if own.advice]
        assert [own.sentence for own in findings] + list(dict.fromkeys(advice)) == give_full_verdict(figures)

    def test_a_finding_is_a_fault_or_a_limit_or_good(self) -> None:
        findings = summarise_verdict(GOOD | {"seam_ratio": 1.5, "jerk_ratio": 0.2}, "test", 3).findings
        assert [(own.level, own.sentence[:24]) for own in findings] == [
            ("good", "The model is better than"),
            ("fault", "Borders of chunks show: "),
            ("note", "The error is 5.2 times t"),
            ("good", "Both latent levels are i"),
            ("note", "Reconstructions are smoo"),
        ]
