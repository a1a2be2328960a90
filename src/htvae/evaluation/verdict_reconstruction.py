"""Rules of the verdict on reconstruction, latent levels and probes.

Each rule looks at the figures it needs and yields nothing where one is absent. Rules that touch on the same
question ask the same function (`is_still`, `compare_with_pca`), so that no sentence contradicts another.
"""

import math
from collections.abc import Iterator

from htvae.evaluation.findings import Figures, Finding, divide, times
from htvae.evaluation.tables import format_number
from htvae.metrics.rates import DEAD_KL
from htvae.metrics.units import TORSO_LENGTHS

STILL_RATIO = 0.9
"""Share of a still pose's error from which the model counts as no better."""
MARGIN = 0.05
"""Errors that differ by less than this share count as about equal."""
COPY_RATIO = 0.9
"""Share of the tracker's jitter below which an error can only be reached by copying noise."""
JITTER_RATIO = 1.5
"""An error of up to this many times the tracker's jitter counts as about the jitter."""
SMOOTH_RATIO, TREMBLE_RATIO, SEAM_RATIO = 0.5, 1.5, 1.2
"""Ratios of jerk below which motion is smoother, above which it trembles, and above which borders show."""
UNUSED_RATIO = 1.05
"""Ratio of errors, with a level swapped and as it is, up to which the decoder hardly uses the level."""
IDLE_SHARE = 0.1
"""Share of active numbers below which a level is mostly idle."""

_REVIVE = {
    "sequence": "raise --latent_span_dropout so that the sequence latent is needed, or set --free_bits 0.05",
    "chunk": "lower --chunk_kl_weight, or set --free_bits 0.05, so that chunk latents are used",
}
_SWAPPED = {"sequence": "swapped_sequence_mpjpe", "chunk": "swapped_chunks_mpjpe"}
_SIZES = {"sequence": "latent_dim", "chunk": "chunk_latent_dim"}
_TRAIN_LONGER = "train longer (--num_frames)"


def is_still(figures: Figures) -> bool:
    """Return whether the model is known to be no better than a still pose."""
    return divide(figures, "mpjpe", "static_mpjpe") >= STILL_RATIO


def compare_with_pca(figures: Figures) -> str:
    """Return "better", "equal" or "worse"; empty where PCA was not measured."""
    ratio = divide(figures, "mpjpe", "pca_mpjpe")
    if math.isnan(ratio):
        return ""
    if abs(ratio - 1) <= MARGIN:
        return "equal"
    return "better" if ratio < 1 else "worse"


def judge_error(figures: Figures, unit: str = TORSO_LENGTHS) -> Iterator[Finding]:
    """Say the error, beside PCA and a still pose."""
    if "mpjpe" not in figures:
        return
    error = f"the error is {format_number(figures['mpjpe'])} {unit}"
    known = {"PCA's": "pca_mpjpe", "a still pose's": "static_mpjpe"}
    beside = "".join(f", {words} {format_number(figures[n])}" for words, n in known.items() if n in figures)
    if is_still(figures):
        still = format_number(figures["static_mpjpe"])
        yield Finding(
            f"The model is no better than a still pose: {error}, the still pose's {still}.",
            f"{_TRAIN_LONGER}; if that changes nothing, look at the data with `htvae check-data`",
            is_fault=True,
        )
        return
    match compare_with_pca(figures):
        case "better":
            yield Finding(f"The model is better than PCA with as many numbers: {error}{beside}.")
        case "equal":
            yield Finding(
                f"The model is about as good as PCA with as many numbers: {error}{beside}.",
                _advise_against_pca(figures),
            )
        case "worse":
            yield Finding(
                f"The model is worse than PCA with as many numbers: {error}{beside}.",
                _advise_against_pca(figures),
                is_fault=True,
            )
        case _:
            yield Finding(f"{error[0].upper()}{error[1:]}{beside}.", is_note=True)


def judge_networks(figures: Figures) -> Iterator[Finding]:
    """Say whether the networks improve on the linear code that they add to."""
    ratio = divide(figures, "encoder_mpjpe", "linear_code_mpjpe")
    if math.isnan(ratio) or is_still(figures):
        return
    both = f"{format_number(figures['encoder_mpjpe'])} against {format_number(figures['linear_code_mpjpe'])}"
    if ratio > 1 + MARGIN / 2:
        yield Finding(
            f"The encoder's error is larger than that of the model's linear code alone ({both}): what the "
            "networks learned does not hold for these recordings.",
            "recordings of more subjects, or --dropout 0.1",
            is_fault=True,
        )
    elif ratio > 1 - MARGIN / 2:
        yield Finding(f"The networks add hardly anything to the linear code ({both}).", _TRAIN_LONGER)


def _advise_against_pca(figures: Figures) -> str:
    below_jitter = divide(figures, "mpjpe", "noise_floor") < COPY_RATIO  # then min_scale is too low already
    return (
        _TRAIN_LONGER if below_jitter else f"{_TRAIN_LONGER}, or lower --min_scale, so that latents say more"
    )


def judge_noise(figures: Figures, unit: str = TORSO_LENGTHS) -> Iterator[Finding]:
    """Compare the error with the tracker's noise: by the truth where it is known, else by the jitter."""
    if is_still(figures):
        return
    if figures.keys() >= {"truth_mpjpe", "truth_recording_mpjpe"}:
        yield _judge_truth(figures["truth_mpjpe"], figures["truth_recording_mpjpe"], unit)
        return
    ratio = divide(figures, "mpjpe", "noise_floor")
    if math.isnan(ratio):
        return
    floor = format_number(figures["noise_floor"])
    if ratio >= JITTER_RATIO:
        yield Finding(
            f"The error is {times(ratio)} the tracker's own jitter ({floor}): there is motion left to learn.",
            is_note=True,
        )
    elif ratio >= COPY_RATIO:
        end = "" if compare_with_pca(figures) == "worse" else ": it can hardly fall further"
        yield Finding(f"The error is about the tracker's own jitter ({floor}){end}.")
    elif figures.get("jerk_ratio", 1.0) < SMOOTH_RATIO:
        yield Finding(f"The error is below the tracker's own jitter ({floor}).")
    else:
        yield Finding(
            f"The error is below the tracker's own jitter ({floor}): the model copies noise.",
            "a higher --min_scale, so that latents spend nothing on noise and become smoother",
            is_fault=True,
        )


def _judge_truth(error: float, recording: float, unit: str) -> Finding:
    figures = f"{format_number(error)} against {format_number(recording)} {unit}"
    if error < (1 - MARGIN) * recording:
        return Finding(f"Reconstructions are nearer to the truth than the recordings are ({figures}).")
    if error <= (1 + MARGIN) * recording:
        return Finding(f"Reconstructions are as near to the truth as the recordings are ({figures}).")
    return Finding(
        f"Reconstructions are farther from the truth than the recordings are ({figures}): there is motion "
        "left to learn.",
        is_note=True,
    )


def judge_levels(figures: Figures) -> Iterator[Finding]:
    """Say which levels are dead, hardly used, idle or in use; each level is one of these."""
    used = []
    for level in ("sequence", "chunk"):
        names = {f"{level}_rate", f"{level}_active_units", f"{level}_largest_kl", _SIZES[level]}
        if not figures.keys() >= names or figures[_SIZES[level]] == 0:
            continue
        fault = _find_fault(figures, level)
        if fault is not None:
            yield fault
        else:
            used.append(f"{format_number(figures[f'{level}_rate'])} nats per frame in the {level} level")
    if len(used) == 2:
        yield Finding(f"Both latent levels are in use: {used[0]}, {used[1]}.")
    elif used:
        level = "sequence" if "sequence" in used[0] else "chunk"
        yield Finding(f"The {level} level is in use: {used[0].removesuffix(f' in the {level} level')}.")


def _find_fault(figures: Figures, level: str) -> Finding | None:
    """Return what is wrong with a level, the gravest fault first."""
    size, active = figures[_SIZES[level]], figures[f"{level}_active_units"]
    if figures[f"{level}_largest_kl"] < DEAD_KL:
        return Finding(
            f"The {level} level is dead: none of its {size:.0f} numbers has a KL of {DEAD_KL:g} nats.",
            _REVIVE[level],
            is_fault=True,
        )
    if divide(figures, _SWAPPED[level], "mpjpe") < UNUSED_RATIO:
        swapped, error = format_number(figures[_SWAPPED[level]]), format_number(figures["mpjpe"])
        return Finding(
            f"The decoder hardly uses the {level} level: with another recording's latents the error is "
            f"{swapped} instead of {error}.",
            _REVIVE[level],
            is_fault=True,
        )
    if active < IDLE_SHARE * size:
        return Finding(
            f"The {level} level is mostly idle: {active:.0f} of {size:.0f} numbers are active.",
            f"a smaller --{_SIZES[level]}",
            is_fault=True,
        )
    return None


def judge_smoothness(figures: Figures) -> Iterator[Finding]:
    """Say whether reconstructions tremble, and whether borders of chunks show."""
    ratio, seams = figures.get("jerk_ratio", 1.0), figures.get("seam_ratio", 1.0)
    if ratio > TREMBLE_RATIO:
        yield Finding(
            f"Reconstructions tremble: their jerk is {times(ratio)} the recordings'.",
            f"a larger --velocity_weight, or {_TRAIN_LONGER}",
            is_fault=True,
        )
    if seams > SEAM_RATIO:
        yield Finding(
            f"Borders of chunks show: the jerk there is {times(seams)} what it should be.",
            "a larger --chunk_overlap, which cross-fades for longer",
            is_fault=True,
        )
    smoothed = figures.get("smoothed_jerk_ratio", 1.0)
    if smoothed < SMOOTH_RATIO:
        yield Finding(
            f"Fast movement is flattened: the jerk of reconstructions is {times(smoothed)} that of the "
            "recordings after smoothing.",
            _TRAIN_LONGER,
        )
    elif ratio < SMOOTH_RATIO:
        yield Finding(
            f"Reconstructions are smoother than the recordings: their jerk is {times(ratio)} the "
            "recordings'.",
            is_note=True,
        )


def judge_probes(figures: Figures) -> Iterator[Finding]:
    """Say whether labels can be read off the latents better than off simple features."""
    latents = _name_live_latents(figures)
    scores = {name: figures[f"probe_{name}"] for name in latents if f"probe_{name}" in figures}
    simple = [figures.get(f"probe_{name}", 0.0) for name in ("mean_pose", "hand_made_statistics")]
    if not scores or "probe_shuffled_labels" not in figures:
        return
    best, guess = max(scores, key=lambda name: scores[name]), figures["probe_shuffled_labels"]
    score, words = scores[best], best.replace("_", " ")
    beside = f"{score:.0%}; simple features {max(simple):.0%}, a guess {guess:.0%}"
    if score <= guess + MARGIN:
        yield Finding(f"Labels cannot be read off the latents ({beside}).", is_fault=True)
    elif abs(score - max(simple)) <= MARGIN / 2:
        yield Finding(
            f"Labels are read off {words} about as well as off simple features ({beside}).", is_note=True
        )
    else:
        than = "better" if score > max(simple) else "worse"
        yield Finding(
            f"Labels are read off {words} {than} than off simple features ({beside}).",
            is_note=than == "worse",
        )


def _name_live_latents(figures: Figures) -> tuple[str, ...]:
    """Return the latents that hold no dead level: whatever is read off a dead one, the decoder ignores it."""
    dead = {level for level in _SIZES if figures.get(f"{level}_largest_kl", DEAD_KL) < DEAD_KL}
    levels = {
        "sequence_latent": {"sequence"},
        "chunk_latents": {"chunk"},
        "both_latents": {"sequence", "chunk"},
    }
    return tuple(name for name, own in levels.items() if not own & dead)
