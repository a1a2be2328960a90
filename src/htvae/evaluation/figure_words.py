"""Names of figures in words: what a reader sees beside ``complete_gap_30_linear_mpjpe``.

Most figures are named by a pattern: what is measured, of which motion, against what.
"""

import re

from htvae.evaluation.figures import MOTION_KINDS

PLAIN = {
    "mpjpe": "error of reconstructions",
    "noise_floor": "jitter of the tracker",
    "pca_mpjpe": "error of PCA",
    "encoder_mpjpe": "error of reconstructions before refinement",
    "linear_code_mpjpe": "error of the linear code",
    "static_mpjpe": "error of a still pose",
    "truth_mpjpe": "error of reconstructions against the noise-free truth",
    "truth_pca_mpjpe": "error of PCA against the noise-free truth",
    "truth_recording_mpjpe": "error of the recordings against the noise-free truth",
    "numbers_per_48_frames": "numbers that say 48 frames",
    "velocity_error": "error of velocities",
    "acceleration_error": "error of accelerations",
    "bone_length_error": "error of bone lengths",
    "jerk_ratio": "jerk over that of recordings",
    "smoothed_jerk_ratio": "jerk over that of recordings, both smoothed",
    "seam_ratio": "jumps at borders of chunks over those elsewhere",
    "nll_learned": "unlikelihood at learned scales",
    "nll_calibrated": "unlikelihood at calibrated scales",
    "latent_dim": "size of the sequence latent",
    "chunk_latent_dim": "size of a chunk latent",
    "frechet_floor": "distance between two halves of real motion",
    "frechet_floor_train": "distance between real motion and training recordings",
    "probe_sequence_latent": "labels read off the sequence latent",
    "probe_chunk_latents": "labels read off chunk latents",
    "probe_both_latents": "labels read off both latents",
    "probe_mean_pose": "labels read off the mean pose",
    "probe_hand_made_statistics": "labels read off simple statistics",
    "probe_shuffled_labels": "labels that were shuffled, read off latents",
    "label_agreement": "samples that show the label asked for",
    "label_agreement_worst": "samples that show the label asked for, worst label",
    "label_agreement_real": "real motion whose label is told right",
    "script_agreement": "moments that show the label of the script",
    "script_agreement_worst": "moments that show the label of the script, worst label",
    "script_agreement_real": "real moments whose label is told right",
}
_LEVELS = {"sequence": "sequence latent", "chunk": "chunk latents", "chunks": "chunk latents"}
_LEVEL_WORDS = {
    "rate": "what the {} says",
    "active_units": "numbers in use, {}",
    "largest_kl": "largest information of a number, {}",
}
_METHODS = {"": "by the model", "_linear": "by linear interpolation", "_shown": "by the model, not hidden"}
_LIKENESS = {
    "coverage": "variety",
    "nearest_window": "distance to the nearest training window",
    "nearest_latent": "distance to the nearest training latent",
    "copied": "near copies of training recordings",
}
_KINDS = {
    **MOTION_KINDS,
    "real": "real motion",
    "posterior_sample_held_out": "posterior samples of held-out recordings",
}
_KIND = "|".join(sorted(_KINDS, key=len, reverse=True))


def name_figure(figure: str) -> str:
    """Return a figure's name in words; an empty string for a metric of the user's own."""
    if figure in PLAIN:
        return PLAIN[figure]
    if found := re.fullmatch(r"(sequence|chunk)_(rate|active_units|largest_kl)", figure):
        return _LEVEL_WORDS[found[2]].format(_LEVELS[found[1]]).replace("latents says", "latents say")
    if found := re.fullmatch(r"swapped_(sequence|chunks)_(mpjpe|frechet)", figure):
        what = "error" if found[2] == "mpjpe" else "distance from real motion"
        return f"{what} with another recording's {_LEVELS[found[1]]}"
    if found := re.fullmatch(r"complete_(\w+?)(_linear|_shown)?_mpjpe", figure):
        return f"error of hidden points, {_name_hole(found[1])}, {_METHODS[found[2] or '']}"
    if found := re.fullmatch(r"complete_(\w+)_coverage", figure):
        return f"hidden points in their 90 % band, {_name_hole(found[1])}"
    if found := re.fullmatch(rf"frechet_({_KIND})(_train)?(_min|_max)?", figure):
        end = {"_min": ", least", "_max": ", most"}.get(found[3], "")
        other = "training recordings" if found[2] else "real motion"
        return f"distance from {other} of {_KINDS[found[1]]}{end}"
    if found := re.fullmatch(rf"({'|'.join(_LIKENESS)})_({_KIND})", figure):
        return f"{_LIKENESS[found[1]]}: {_KINDS[found[2]]}"
    if found := re.fullmatch(r"(label|script)_recall_(.+)", figure):
        return f"shows {found[2]} where it was asked for" + (" by a script" if found[1] == "script" else "")
    return ""


def _name_hole(kind: str) -> str:
    names = {"bursts": "half of the landmarks in bursts", "landmarks": "some landmarks throughout"}
    return names.get(kind) or f"everything for {kind.removeprefix('gap_')} frames"
