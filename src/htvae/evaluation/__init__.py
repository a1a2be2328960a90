"""Yardsticks, probes, distances of motions, a verdict. The names below are imported when first asked for."""

from typing import TYPE_CHECKING

from htvae.utils.lazy import lazy_names

if TYPE_CHECKING:
    from htvae.evaluation.controls import PCAControl, hold_mean_pose, numbers_per_window
    from htvae.evaluation.frechet import FrechetScore, frechet_distance, frechet_excess, pose_features
    from htvae.evaluation.probe import hand_made_statistics, probe_latents, probe_with_yardsticks
    from htvae.evaluation.tables import FIGURES, format_figures, format_table
    from htvae.evaluation.verdict import give_verdict

__all__ = [
    "FIGURES",
    "FrechetScore",
    "PCAControl",
    "format_figures",
    "format_table",
    "frechet_distance",
    "frechet_excess",
    "give_verdict",
    "hand_made_statistics",
    "hold_mean_pose",
    "numbers_per_window",
    "pose_features",
    "probe_latents",
    "probe_with_yardsticks",
]

_HOMES = {
    "FIGURES": "htvae.evaluation.tables",
    "FrechetScore": "htvae.evaluation.frechet",
    "PCAControl": "htvae.evaluation.controls",
    "format_figures": "htvae.evaluation.tables",
    "format_table": "htvae.evaluation.tables",
    "frechet_distance": "htvae.evaluation.frechet",
    "frechet_excess": "htvae.evaluation.frechet",
    "give_verdict": "htvae.evaluation.verdict",
    "hand_made_statistics": "htvae.evaluation.probe",
    "hold_mean_pose": "htvae.evaluation.controls",
    "numbers_per_window": "htvae.evaluation.controls",
    "pose_features": "htvae.evaluation.frechet",
    "probe_latents": "htvae.evaluation.probe",
    "probe_with_yardsticks": "htvae.evaluation.probe",
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
