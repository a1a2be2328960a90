"""What the figures of an evaluation mean, in plain words, and what to try next.

Each rule looks at the figures it needs (names as in `htvae.evaluation.tables.FIGURES`) and says nothing where
one of them is absent or not finite. So the verdict grows with what was measured.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from htvae.evaluation.tables import format_number

DEAD_RATE = 1e-3
"""Rate (nats per frame) below which a level says next to nothing: four nats in 4,096 frames."""

CLOSE_RATIO = 1.3
"""Up to so many times the excess of posterior samples, prior samples count as as close to real motion."""
LEAST_COVERAGE = 0.6
"""Share of the coverage of real motion below which generated motion lacks variety."""
COPY_RATIO = 0.9
"""Nearest distances below this share of held-out recordings' are taken for copying; they vary by chance."""
AGREEMENT_RATIO = 0.95
"""Share of what a classifier tells of real motion from which on labels count as followed."""

_YARDSTICKS = {
    "mean_pose": "the mean pose",
    "hand_made_statistics": "hand-made statistics",
    "shuffled_labels": "a guess",
}
_REVIVE = {
    "sequence": "raise --latent_span_dropout so that the sequence latent is needed, or set --free_bits 0.05",
    "chunk": "lower --chunk_kl_weight, or set --free_bits 0.05, so that chunk latents are used",
}
_FIT_PRIOR = "fit the prior for longer: htvae train-prior with more --prior_steps"


@dataclass(frozen=True)
class _Finding:
    sentence: str
    advice: str = ""


def give_verdict(figures: Mapping[str, float]) -> list[str]:
    """Return sentences: what was found, most important first, then up to three things to try next.

    Args:
        figures: values by name; see `FIGURES`. Any may be absent.
    """
    known = {name: float(value) for name, value in figures.items() if math.isfinite(value)}
    findings = [finding for rule in _RULES for finding in rule(known)]
    advice = list(dict.fromkeys(finding.advice for finding in findings if finding.advice))
    sentences = [finding.sentence for finding in findings]
    return sentences + [f"Try next: {text}." for text in advice[:3]]


def _against_static(figures: Mapping[str, float]) -> Iterator[_Finding]:
    if not figures.keys() >= {"mpjpe", "static_mpjpe"}:
        return
    error, static = figures["mpjpe"], figures["static_mpjpe"]
    if error < 0.9 * static:
        yield _Finding(f"The error is {_torso(error)}; a still pose errs by {format_number(static)}.")
    else:
        yield _Finding(
            f"The reconstruction is no better than a still pose: it errs by {_torso(error)}, "
            f"the pose by {format_number(static)}.",
            "train longer (--num_frames); if that changes nothing, look at the data with `htvae check-data`",
        )


def _against_pca(figures: Mapping[str, float]) -> Iterator[_Finding]:
    if not figures.keys() >= {"mpjpe", "pca_mpjpe"} or figures["pca_mpjpe"] == 0:
        return
    ratio, pca = figures["mpjpe"] / figures["pca_mpjpe"], format_number(figures["pca_mpjpe"])
    if ratio < 0.95:
        yield _Finding(f"The model beats PCA with as many numbers ({pca}): {_times(ratio)} its error.")
    else:
        yield _Finding(
            f"The model does not beat PCA with as many numbers ({pca}): {_times(ratio)} its error.",
            "train longer (--num_frames), or a lower --min_scale, so that latents carry more",
        )


def _against_jitter(figures: Mapping[str, float]) -> Iterator[_Finding]:
    if not figures.keys() >= {"mpjpe", "noise_floor"} or figures["noise_floor"] == 0:
        return
    ratio, floor = figures["mpjpe"] / figures["noise_floor"], format_number(figures["noise_floor"])
    if ratio < 0.9:
        yield _Finding(
            f"The error is below the tracker's own jitter ({floor}): the model copies noise.",
            "a higher --min_scale, which spends no rate on noise and makes latents smoother",
        )
    elif ratio < 1.5:
        yield _Finding(
            f"The error is about the tracker's own jitter ({floor}): there is nothing left to gain in it."
        )
    else:
        yield _Finding(
            f"The error is {_times(ratio)} the tracker's own jitter ({floor}): motion is left to be caught."
        )


def _levels(figures: Mapping[str, float]) -> Iterator[_Finding]:
    for level, size in (("sequence", "latent_dim"), ("chunk", "chunk_latent_dim")):
        needed = {f"{level}_rate", f"{level}_active_units", size}
        if figures.keys() >= needed and figures[size] > 0:
            yield _level(
                level, size, figures[f"{level}_rate"], figures[f"{level}_active_units"], figures[size]
            )


def _level(level: str, size: str, rate: float, active: float, total: float) -> _Finding:
    use = f"{format_number(rate)} nats per frame, {active:.0f} of {total:.0f} numbers active"
    if rate < DEAD_RATE or active < 1:
        return _Finding(f"The {level} level is dead: {use}. The decoder does without it.", _REVIVE[level])
    if active < 0.1 * total:
        return _Finding(
            f"The {level} level is hardly used: {use}.", f"a smaller --{size}; most of it is idle"
        )
    return _Finding(f"The {level} level is in use: {use}.")


def _swaps(figures: Mapping[str, float]) -> Iterator[_Finding]:
    for level, name in (("sequence", "swapped_sequence_mpjpe"), ("chunk", "swapped_chunks_mpjpe")):
        if figures.keys() >= {"mpjpe", name} and figures[name] < 1.05 * figures["mpjpe"]:
            yield _Finding(
                f"Latents of the {level} level taken from another recording change the error hardly "
                f"({format_number(figures['mpjpe'])} to {format_number(figures[name])}): the decoder ignores "
                f"them.",
                _REVIVE[level],
            )


def _seams(figures: Mapping[str, float]) -> Iterator[_Finding]:
    if "seam_ratio" not in figures:
        return
    ratio = figures["seam_ratio"]
    if ratio > 1.2:
        yield _Finding(
            f"Borders of chunks show: the jerk there is {_times(ratio)} what it should be.",
            "a larger --chunk_overlap, which cross-fades for longer",
        )
    else:
        yield _Finding(f"Borders of chunks do not show (seam ratio {format_number(ratio)}).")


def _smoothness(figures: Mapping[str, float]) -> Iterator[_Finding]:
    ratio = figures.get("jerk_ratio", 1.0)
    if ratio > 1.5:
        yield _Finding(
            f"The reconstruction trembles: its jerk is {_times(ratio)} the recording's.",
            "a larger --velocity_weight, or train longer (--num_frames)",
        )
    elif ratio < 0.5:
        yield _Finding(
            f"The reconstruction is smoother than the recording: its jerk is {_times(ratio)} the recording's."
        )


def _probes(figures: Mapping[str, float]) -> Iterator[_Finding]:
    scores = {
        name.removeprefix("probe_"): value for name, value in figures.items() if name.startswith("probe_")
    }
    latents = {name: value for name, value in scores.items() if name not in _YARDSTICKS}
    beside = [f"{text} {scores[name]:.0%}" for name, text in _YARDSTICKS.items() if name in scores]
    if not latents or not beside:
        return
    best = max(latents, key=lambda name: latents[name])
    yield _Finding(
        f"Labels can be read off {best.replace('_', ' ')} ({latents[best]:.0%}; {', '.join(beside)})."
    )


def _generated(figures: Mapping[str, float]) -> Iterator[_Finding]:
    """Say how real prior samples are; against training recordings, of which there are more, if possible."""
    for end in ("_train", ""):
        prior, posterior = (figures.get(f"frechet_{kind}_sample{end}") for kind in ("prior", "posterior"))
        posterior = figures.get(f"frechet_posterior_sample_held_out{end}", posterior)
        if prior is None or posterior is None:
            continue
        control = figures.get(f"frechet_fitted_gaussian{end}", math.inf)
        beside = f"excess Frechet distance {format_number(prior)} against {format_number(posterior)}"
        if prior >= control:
            yield _Finding(
                f"Prior samples are no more like real motion than latents from a fitted Gaussian ({beside} "
                f"of posterior samples, {format_number(control)} of the Gaussian).",
                _FIT_PRIOR,
            )
        elif prior <= max(CLOSE_RATIO * posterior, figures.get(f"frechet_floor{end}", 0)):
            yield _Finding(f"Prior samples are as close to real motion as posterior samples ({beside}).")
        else:
            yield _Finding(
                f"Prior samples are farther from real motion than posterior samples ({beside}).", _FIT_PRIOR
            )
        return


def _variety(figures: Mapping[str, float]) -> Iterator[_Finding]:
    if figures.keys() >= {"coverage_prior_sample", "coverage_real"}:
        share, real = figures["coverage_prior_sample"], figures["coverage_real"]
        if share < LEAST_COVERAGE * real:
            yield _Finding(
                f"Prior samples lack variety: they reach {share:.0%} of real windows, real ones {real:.0%}.",
                _FIT_PRIOR,
            )
    copied = ["windows"] if figures.get("copied_prior_sample", 0) > _most_copied(figures) else []
    nearest = figures.get("nearest_latent_prior_sample", math.inf)
    if nearest < COPY_RATIO * figures.get("nearest_latent_real", 0):
        copied.append("sequence latents")
    if copied:
        yield _Finding(
            f"Prior samples copy the training recordings: their {' and '.join(copied)} lie nearer to those "
            f"of training than held-out recordings do.",
            "a prior that learns less by heart: fewer --prior_steps, --prior_dropout 0.1, or more recordings",
        )


def _most_copied(figures: Mapping[str, float]) -> float:
    """Return the share of copied windows that is borne with: half-way from real motion's to all."""
    return (1 + figures.get("copied_real", 1.0)) / 2


def _agreement(figures: Mapping[str, float]) -> Iterator[_Finding]:
    for what, words in (("label", "the label"), ("script", "the script's label")):
        if not figures.keys() >= {f"{what}_agreement", f"{what}_agreement_real"}:
            continue
        share, real = figures[f"{what}_agreement"], figures[f"{what}_agreement_real"]
        close = share >= AGREEMENT_RATIO * real
        often = "not always" if share >= real / 2 else "seldom"
        yield _Finding(
            f"A classifier sees {words} asked for in {share:.0%} of generated motion, and in {real:.0%} of "
            f"real motion{'' if close else f': labels are {often} followed'}.",
            "" if close else "a larger --guidance when generating, or more --prior_steps",
        )


_RULES = (
    _against_static,
    _against_pca,
    _against_jitter,
    _levels,
    _swaps,
    _seams,
    _smoothness,
    _generated,
    _variety,
    _agreement,
    _probes,
)


def _torso(value: float) -> str:
    return f"{format_number(value)} torso lengths"


def _times(ratio: float) -> str:
    return f"{ratio:.2f} times" if ratio < 2 else f"{ratio:.1f} times"
