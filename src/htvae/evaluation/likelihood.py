"""How likely recordings are, given their reconstruction: by the learned scale and by the calibrated noise.

Axes: ``T`` frames, ``N`` points, ``D`` coordinates.
"""

from collections.abc import Sequence

import numpy as np
import torch

from htvae.inference.model import Reconstruction, TrainedModel
from htvae.metrics.likelihoods import LIKELIHOODS
from htvae.poses.geometry import observed_points


def measure_likelihood(model: TrainedModel, reconstructions: Sequence[Reconstruction]) -> dict[str, float]:
    """Return negative log-likelihoods of the observed points, root's velocity included, in nats per frame.

    ``nll_learned`` has the learned scale and the likelihood of the loss, ``nll_calibrated`` the calibrated
    noise, where the model has it. Neither has the rate of the latents.
    """
    if not model.has_learned_scale:
        return {}
    frames = sum(len(r.pose) for r in reconstructions)
    figures = {"nll_learned": sum(_learned_nll(model, r) for r in reconstructions) / frames}
    if model.noise is not None:
        figures["nll_calibrated"] = sum(_calibrated_nll(model, r) for r in reconstructions) / frames
    return figures


def _learned_nll(model: TrainedModel, reconstruction: Reconstruction) -> float:
    nll, scale = LIKELIHOODS[model.config.loss.likelihood], model.learned_scale[0]
    error = torch.from_numpy(_error(reconstruction)).double()
    return float(nll(error, torch.from_numpy(scale)[:, None]).nansum())


def _calibrated_nll(model: TrainedModel, reconstruction: Reconstruction) -> float:
    if model.noise is None:
        return np.nan
    scale = model.noise.scale(reconstruction.pose, observed_points(reconstruction.processed.pose))
    return float(np.nansum(model.noise.nll(_error(reconstruction), scale), dtype=np.float64))


def _error(reconstruction: Reconstruction) -> np.ndarray:
    """Return the errors (T, N, D), NaN where a point is missing."""
    error: np.ndarray = reconstruction.pose - reconstruction.processed.pose
    return error
