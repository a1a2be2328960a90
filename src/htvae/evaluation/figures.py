"""What each figure of an evaluation means, by its name: unit, and what is good.

A name that is not here belongs to a metric of the user's own.
"""

from dataclasses import dataclass, replace

from htvae.metrics.units import TORSO_LENGTHS


@dataclass(frozen=True)
class Figure:
    """What a reader must know to judge a number."""

    unit: str
    """Unit, empty for a pure number."""
    good: str
    """Value that is good, or the purpose of the number."""


MOTION_KINDS = {
    "reconstruction": "reconstructions",
    "posterior_sample": "posterior samples",
    "prior_sample": "prior samples",
    "prior_sample_labels": "prior samples, labels asked for",
    "prior_sample_scripts": "prior samples, labels and scripts asked for",
    "fitted_gaussian": "a Gaussian fitted to the latents (control)",
    "standard_normal": "latents from N(0, I) (control)",
}
"""Kinds of motion that are scored side by side, in words."""
HELD_OUT = ("real", "posterior_sample_held_out")
"""Held-out motion that is compared with training recordings beside these kinds."""
PAIRED = ("reconstruction", "posterior_sample")
"""Kinds whose windows are those of the recordings, one for one."""

_DISTANCE = TORSO_LENGTHS
_REFERENCES = {"": "scored recordings", "_train": "training recordings"}
_HIDDEN = {
    "bursts": "half of the landmarks hidden for bursts",
    "landmarks": "landmarks hidden throughout",
} | {f"gap_{frames}": f"everything hidden for {frames} frames" for frames in (15, 30, 60, 120, 240)}

RECONSTRUCTION_FIGURES = {
    "mpjpe": Figure(_DISTANCE, "low: well below pca_mpjpe, down to noise_floor"),
    "noise_floor": Figure(_DISTANCE, "given: the tracker's own jitter"),
    "pca_mpjpe": Figure(_DISTANCE, "to beat: PCA with as many numbers"),
    "encoder_mpjpe": Figure(_DISTANCE, "low: the error without refinement"),
    "linear_code_mpjpe": Figure(_DISTANCE, "to beat: the linear code that the networks add to, by itself"),
    "static_mpjpe": Figure(_DISTANCE, "to beat by far: each recording's mean pose"),
    "truth_mpjpe": Figure(_DISTANCE, "low: error against the noise-free truth"),
    "truth_pca_mpjpe": Figure(_DISTANCE, "to beat: PCA's error against the truth"),
    "truth_recording_mpjpe": Figure(_DISTANCE, "to beat: the recording's error against the truth, its noise"),
    "numbers_per_48_frames": Figure("numbers", "given: latent numbers, and PCA's"),
    "velocity_error": Figure(f"{_DISTANCE}/frame", "low"),
    "acceleration_error": Figure(f"{_DISTANCE}/frame^2", "low; the tracker's jitter is in it"),
    "bone_length_error": Figure(_DISTANCE, "low"),
    "jerk_ratio": Figure("", "near 1; below where the tracker trembles"),
    "smoothed_jerk_ratio": Figure("", "near 1: the same, once most of the tracker's noise is off"),
    "seam_ratio": Figure("", "1: borders of chunks do not show"),
    "nll_learned": Figure("nats/frame", "low: minus the log-likelihood of observed points at learned scales"),
    "nll_calibrated": Figure("nats/frame", "low: the same by noise calibrated on validation recordings"),
}
"""Errors of reconstruction and their yardsticks."""

LEVEL_FIGURES = {
    "sequence_rate": Figure("nats/frame", "given: what the sequence latent says"),
    "sequence_active_units": Figure("numbers", "above 0, at most latent_dim"),
    "sequence_largest_kl": Figure("nats", "above 0.01: the sequence level is not dead"),
    "chunk_rate": Figure("nats/frame", "given: what chunk latents say"),
    "chunk_active_units": Figure("numbers", "above 0, at most chunk_latent_dim"),
    "chunk_largest_kl": Figure("nats", "above 0.01: the chunk level is not dead"),
    "latent_dim": Figure("numbers", "given: size of the sequence latent"),
    "chunk_latent_dim": Figure("numbers", "given: size of a chunk latent"),
    "swapped_sequence_mpjpe": Figure(_DISTANCE, "above mpjpe: the sequence latent matters"),
    "swapped_chunks_mpjpe": Figure(_DISTANCE, "above mpjpe: chunk latents matter"),
    "swapped_sequence_frechet": Figure("features^2", "near 0: motion stays real when it is swapped"),
    "swapped_chunks_frechet": Figure("features^2", "near 0: motion stays real when they are swapped"),
    "frechet_reconstruction": Figure("features^2", "near 0: excess over real against real"),
}
"""Latent levels: what they carry, and how much they matter."""

COMPLETION_FIGURES = {
    f"complete_{kind}{method}_mpjpe": Figure(_DISTANCE, good)
    for kind, what in _HIDDEN.items()
    for method, good in (
        ("", f"low: {what}"),
        ("_linear", "to beat: the same points, interpolated"),
        ("_shown", "at best: the same points, not hidden"),
    )
    if method != "_shown" or not kind.startswith("gap")
} | {
    f"complete_{kind}_coverage": Figure("", f"0.85 to 0.95: share in its 90 % interval, {what}")
    for kind, what in _HIDDEN.items()
}
"""Points that were hidden and filled in."""

PROBE_FIGURES = {
    "probe_sequence_latent": Figure("balanced accuracy", "high: above the other probes"),
    "probe_chunk_latents": Figure("balanced accuracy", "high: above the yardsticks"),
    "probe_both_latents": Figure("balanced accuracy", "high: above the yardsticks"),
    "probe_mean_pose": Figure("balanced accuracy", "to beat: where the body stands"),
    "probe_hand_made_statistics": Figure("balanced accuracy", "to beat: simple statistics of the pose"),
    "probe_shuffled_labels": Figure("balanced accuracy", "a guess: one over the number of labels"),
}
"""Labels that a linear classifier reads off the latents."""


def _list_generation() -> dict[str, Figure]:
    figures = {}
    for end, reference in _REFERENCES.items():
        figures[f"frechet_floor{end}"] = Figure("features^2", f"given: real against real, {reference}")
        for kind in (*HELD_OUT, *MOTION_KINDS):
            good = "to beat by far" if kind in ("fitted_gaussian", "standard_normal") else "near 0"
            name, limit = f"frechet_{kind}{end}", Figure("features^2", "given: range of the draws")
            figures[name] = Figure("features^2", f"{good}: excess over real against real, {reference}")
            figures |= {f"{name}_min": limit, f"{name}_max": limit}
    for kind in ("real", *MOTION_KINDS):
        figures |= {
            f"coverage_{kind}": Figure("", "near coverage_real: as varied as real windows"),
            f"nearest_window_{kind}": Figure("features", "not below nearest_window_real: no copies"),
            f"nearest_latent_{kind}": Figure("spreads", "not below nearest_latent_real: no copies"),
            f"copied_{kind}": Figure("", "not above copied_real: nearer to training than other recordings"),
        }
    for what in ("label", "script"):
        figures |= {
            f"{what}_agreement": Figure("", f"near {what}_agreement_real: shows what was asked for"),
            f"{what}_agreement_worst": Figure("", "high: the same of the label that comes out worst"),
            f"{what}_agreement_real": Figure("", "given: share of real motion that a classifier tells right"),
        }
    return figures


GENERATION_FIGURES = _list_generation()
"""Figures of `htvae.evaluation.generation.measure_generation`."""
FIGURES = RECONSTRUCTION_FIGURES | LEVEL_FIGURES | COMPLETION_FIGURES | PROBE_FIGURES | GENERATION_FIGURES
"""All figures whose names do not depend on the recordings."""


def explain(name: str, unit: str = TORSO_LENGTHS) -> Figure | None:
    """Return what a reader must know of a figure; None for a metric of the user's own.

    Args:
        name: of the figure.
        unit: of distances, see `htvae.metrics.units`.
    """
    if name.startswith(("label_recall_", "script_recall_")):
        return Figure("", "high: the share that shows this label where it was asked for")
    figure = FIGURES.get(name)
    return figure and replace(figure, unit=figure.unit.replace(_DISTANCE, unit))
