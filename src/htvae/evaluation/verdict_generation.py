"""Rules of the verdict on generated motion: copies, closeness to real motion, variety, labels.

Generated motion is judged beside decoded recordings, samples from the posteriors of real recordings: a prior
cannot do better than the decoder that it draws for.
"""

import math
from collections.abc import Iterator

from htvae.evaluation.findings import Figures, Finding
from htvae.evaluation.tables import format_number

CLOSE_RATIO = 1.3
"""Multiple of decoded recordings' excess up to which generated motion counts as being as close."""
LEAST_COVERAGE = 0.6
"""Share of real motion's coverage below which motion lacks variety."""
DECODER_SHARE = 0.8
"""Share of decoded recordings' coverage from which a lack of variety is the decoder's, not the prior's."""
AGREEMENT_RATIO = 0.95
"""Ratio of generated to real motion that shows its label, from which labels count as followed."""

_FIT_PRIOR = "fit the prior for longer: htvae train-prior with more --prior_steps"


def judge_generation(figures: Figures) -> Iterator[Finding]:
    """Say whether generated motion copies training; if not, how close to real motion and how varied it is."""
    if is_copied(figures):
        share, real = figures["copied_prior_sample"], figures["copied_real"]
        yield Finding(
            f"Generated motion copies training recordings: {share:.0%} of its windows (of held-out motion "
            f"{real:.0%}) lie nearer to a training window than any other recording's do.",
            "a prior that learns less by heart: fewer --prior_steps, --prior_dropout 0.3, or more recordings",
            is_fault=True,
        )
        return
    for end in ("_train", ""):  # training recordings first, of which there are more
        decoded = figures.get(
            f"frechet_posterior_sample_held_out{end}", figures.get(f"frechet_posterior_sample{end}")
        )
        if decoded is not None and f"frechet_prior_sample{end}" in figures:
            yield _judge_closeness(figures, end, decoded)
            return


def is_copied(figures: Figures) -> bool:
    """Return whether generated windows are copies: their share is nearer to all than to real motion's.

    Sequence latents alone do not decide: they may lie close together without any window being a copy.
    """
    if not figures.keys() >= {"copied_prior_sample", "copied_real"}:
        return False
    return figures["copied_prior_sample"] > (1 + figures["copied_real"]) / 2


def _judge_closeness(figures: Figures, end: str, decoded: float) -> Finding:
    prior, floor = figures[f"frechet_prior_sample{end}"], figures.get(f"frechet_floor{end}", 0.0)
    control = figures.get(f"frechet_fitted_gaussian{end}", math.inf)
    lack, is_decoders = _describe_lack(figures)
    beside = f"excess Frechet distance {format_number(prior)} against {format_number(decoded)}"
    if prior >= control:
        beside = f"excess Frechet distance {format_number(prior)} against {format_number(control)}"
        found = (
            f"Generated motion is no closer to real motion than a Gaussian fitted to the latents ({beside})"
        )
    elif prior > max(CLOSE_RATIO * decoded, floor):
        found = f"Generated motion is farther from real motion than decoded recordings are ({beside})"
    else:
        found = f"Generated motion is as close to real motion as decoded recordings are ({beside})"
        if not lack:
            return Finding(f"{found}.")
        advice = "train the model, not the prior, for longer (--num_frames)" if is_decoders else _FIT_PRIOR
        return Finding(f"{found}; {lack}.", advice, is_fault=True)
    return Finding(f"{found}; {lack}." if lack else f"{found}.", _FIT_PRIOR, is_fault=True)


def _describe_lack(figures: Figures) -> tuple[str, bool]:
    """Return the lack of variety in words, empty where there is none, and whether it is the decoder's."""
    if not figures.keys() >= {"coverage_prior_sample", "coverage_real"}:
        return "", False
    share, real = figures["coverage_prior_sample"], figures["coverage_real"]
    if share >= LEAST_COVERAGE * real:
        return "", False
    decoded = figures.get("coverage_posterior_sample", math.inf)
    if share < DECODER_SHARE * decoded:
        reached = f"{share:.0%} of real windows, real motion {real:.0%}"
        return f"generated motion is less varied (it reaches {reached})", False
    reached = f"{share:.0%} and {decoded:.0%} of real windows, real motion {real:.0%}"
    return f"generated and decoded motion are less varied (they reach {reached})", True


def judge_agreement(figures: Figures) -> Iterator[Finding]:
    """Say in how much of generated motion a classifier sees the label or the script that was asked for."""
    parts, missed = [], []
    for what, words in (("label", "its label"), ("script", "its script")):
        if figures.keys() >= {f"{what}_agreement", f"{what}_agreement_real"}:
            share, real = figures[f"{what}_agreement"], figures[f"{what}_agreement_real"]
            parts.append(f"{words} in {share:.0%} of windows (real motion {real:.0%})")
            if share < AGREEMENT_RATIO * real:
                missed.append(f"{what}s are {'not always' if share >= real / 2 else 'seldom'} followed")
    if parts:
        end = f": {' and '.join(missed)}" if missed else ""
        yield Finding(
            f"Generated motion shows {' and '.join(parts)}{end}.",
            "a larger --guidance when generating" if missed else "",
            is_fault=bool(missed),
        )
