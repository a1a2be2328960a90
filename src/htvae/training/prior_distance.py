"""How far motion drawn from a prior is from validation motion, while the prior is fitted.

- The validation loss says little about the motion that a prior draws.
- Sequences with the lengths and labels of validation windows are drawn and decoded. They are compared with
  motion decoded from the posteriors of these windows, so that faults of the VAE count for neither.
- Both sets have one size, and the same random numbers at every validation.

Axes: ``n`` windows, ``C`` chunks, ``Z`` latent_dim, ``K`` chunk_latent_dim, ``F`` features.
"""

import logging
import math

import numpy as np
import torch
from torch import Tensor

from htvae.data.batching import cut_micro_batches
from htvae.inference.model import TrainedModel
from htvae.metrics.feature_space import FeatureSpace
from htvae.metrics.frechet import frechet_distance, pose_features
from htvae.models.latent import Gaussian
from htvae.models.prior import Condition, LatentPrior, Latents
from htvae.training.prior_data import LatentWindows
from htvae.utils.random import random_seed

logger = logging.getLogger(__name__)

LEAST_SEQUENCES = 8
"""Validation windows below which a distance would be chance; the validation loss is followed then."""
MOST_SEQUENCES = 48
"""Most sequences drawn in a validation. 35 sequences of 8 chunks took as long as 8 steps of fitting."""
NUM_STEPS = 8
"""Steps of Heun's method; motion drawn with 16 has the same Frechet distance."""
MOST_CHUNKS = 512
"""Padded chunks that pass through the prior at once."""


class MotionDistance:
    """The Frechet distance between drawn motion and validation motion.

    Features are those of the evaluation (`htvae.metrics.frechet`), in the principal components of the
    validation motion. Distances between features of the latents, and distances in the components of training
    motion, told the priors of one fit apart less well, measured in the spread over seeds.

    Args:
        model: the trained VAE.
        windows: posteriors of validation windows, two at least.
        seed: seed of the choice of windows and of all noise.
    """

    def __init__(self, model: TrainedModel, windows: LatentWindows, seed: int) -> None:
        generator = torch.Generator().manual_seed(random_seed("prior validation", seed, 1))
        chosen = torch.randperm(len(windows.labels), generator=generator)[:MOST_SEQUENCES]
        self.model, self.windows, self.seed = model, windows.select(chosen), seed
        levels = self.windows.sequence, self.windows.chunks
        sampled = (Gaussian(*level).sample(_noise(level, generator)) for level in levels)
        features = self._decode(Latents(*sampled))
        self.space = FeatureSpace.fit(features)
        self.real = self.space.project(features)

    @torch.no_grad()
    def measure(self, prior: LatentPrior) -> float:
        """Return the distance (features squared); infinite where a drawn latent is not finite."""
        latents = self._draw(prior)
        if not all(level.isfinite().all() for level in latents):
            return math.inf
        return frechet_distance(self.real, self.space.project(self._decode(latents)))

    def _draw(self, prior: LatentPrior) -> Latents:
        """Draw latents (n, Z) and (n, C, K) as long as the validation windows, with their labels."""
        generator = torch.Generator().manual_seed(random_seed("prior validation", self.seed, 2))
        windows, device = self.windows, prior.sequence_mean.device
        drawn = Latents(*(_noise(level, generator) for level in (windows.sequence, windows.chunks)))
        order = windows.num_chunks.argsort(stable=True)
        for cut in cut_micro_batches(windows.num_chunks[order].tolist(), MOST_CHUNKS):
            index = order[cut]
            part = windows.select(index)
            width = part.chunks[0].shape[1]
            mask = torch.arange(width) < part.num_chunks[:, None]
            condition = Condition(part.num_frames, mask, part.labels, part.chunk_labels)
            latents = prior.sample(
                Latents(drawn.sequence[index].to(device), drawn.chunks[index, :width].to(device)),
                Condition(*(values.to(device) for values in condition)),
                num_steps=NUM_STEPS,
            )
            drawn.sequence[index] = latents.sequence.cpu()
            drawn.chunks[index, :width] = latents.chunks.cpu()
        return drawn

    def _decode(self, latents: Latents) -> np.ndarray:
        """Return the features (n, F) of the decoded motion."""
        counts = self.windows.num_chunks.tolist()
        given = [[(z, chunks[:count])] for z, chunks, count in zip(*latents, counts, strict=True)]
        poses = self.model.windowed.decode(given, self.windows.num_frames.tolist())
        num_landmarks, num_coordinates = len(self.model.processor.landmarks), poses[0].shape[-1]
        fallback = np.zeros((num_landmarks, num_coordinates), np.float32)  # decoded motion has no gaps
        return pose_features([pose[:, :num_landmarks] for pose in poses], fallback)


def build_distance(model: TrainedModel, windows: LatentWindows | None, seed: int) -> MotionDistance | None:
    """Return the distance from validation motion; None, with a word, where it has too few sequences."""
    count = 0 if windows is None else len(windows.labels)
    if windows is None or count < LEAST_SEQUENCES:
        logger.info(
            "The best prior is the one with the %s: a Frechet distance needs %d validation sequences, but "
            "there are %d.",
            "least validation loss" if count else "most steps",
            LEAST_SEQUENCES,
            count,
        )
        return None
    logger.info(
        "The best prior is the one whose motion has the least Frechet distance from %d validation sequences.",
        min(count, MOST_SEQUENCES),
    )
    return MotionDistance(model, windows, seed)


def _noise(level: tuple[Tensor, Tensor], generator: torch.Generator) -> Tensor:
    return torch.randn(level[0].shape, generator=generator)
