"""A trained model with its prior, which draws the latents of sequences of any length.

Axes: ``n`` sequences, ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks, ``Z``
latent_dim, ``K`` chunk_latent_dim.
"""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from htvae.generation.drawing import Request, draw_labels, draw_latents
from htvae.generation.lengths import shares_at_length
from htvae.generation.script import Script, draw_script
from htvae.inference.checkpoint import PriorState, hash_weights
from htvae.inference.model import TrainedModel
from htvae.inference.point_noise import NORMAL_RATIO
from htvae.inference.windows import join_latents
from htvae.models.latent import Gaussian
from htvae.models.prior import NO_LABEL, LatentPrior, Latents
from htvae.poses.geometry import measure_movement, rotate
from htvae.poses.ground import level_path
from htvae.poses.sequence import Coordinates, FrameLabel, PoseSequence
from htvae.utils.random import random_stream

MOST_MOVEMENT = 3.0
"""Bound of the ratio of a recording's movement to training's, which is clipped to [1/3, 3]."""
SEED_STRIDE = 1_000_003
"""Factor of a request's seed. Each of its sequences adds its index to the product, so that two requests
hardly ever share a seed."""


class Place(NamedTuple):
    """Unit, place and coordinates of generated motion, so that it can be compared with recordings."""

    unit: float
    """Torso length, in the recordings' units."""
    origin: np.ndarray
    """Beginning (D,) of the path, in the recordings' units."""
    coordinates: Coordinates
    """Meaning of the numbers in the file."""
    turn: float = 0.0
    """Angle (radians) by which the motion is turned about the beginning of its path, as `rotate` turns."""


class MotionSampler(TrainedModel):
    """A model with its preprocessing and its prior."""

    @property
    def has_prior(self) -> bool:
        """Whether motion can be generated."""
        return self._prior_state is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of recordings that the prior knows."""
        return self._prior_state.labels if self._prior_state else ()

    @property
    def chunk_labels(self) -> tuple[str, ...]:
        """Labels of spans that the prior knows."""
        return self._prior_state.chunk_labels if self._prior_state else ()

    def draw_labels(self, count: int, num_frames: int, seed: int) -> Tensor:
        """Draw labels (n,) for motion of ``num_frames`` frames without a requested label.

        A label comes as often as training recordings of about this length have it; see `shares_at_length`.
        """
        saved = self._require_prior()
        shares = shares_at_length(saved.label_shares, saved.scripts, num_frames)
        return draw_labels(shares, count, seed)

    def draw_scripts(self, labels: Tensor, num_frames: int, seed: int) -> list[Script]:
        """Draw a script for each label (n,), like the scripts of training; see `draw_script`."""
        saved = self._require_prior()
        return [
            draw_script(
                saved.scripts, saved.chunk_labels, label, num_frames, random_stream("script", seed, 0, number)
            )
            for number, label in enumerate(labels.tolist())
        ]

    def label_chunks(self, frame_labels: Sequence[str | None]) -> Tensor:
        """Return the indices (C, Q) of the labels of a sequence's chunks.

        Args:
            frame_labels: label of each frame; a label that the prior does not know is left open.
        """
        known: dict[str | None, int] = {name: index for index, name in enumerate(self.chunk_labels, start=1)}
        frames = torch.tensor([known.get(name, NO_LABEL) for name in frame_labels])
        return frames[self.grid.label_places(len(frames))]

    @cached_property
    def prior(self) -> LatentPrior:
        """The prior over the latents.

        Raises:
            ValueError: the model has no prior, or the prior belongs to another VAE.
        """
        saved, sizes = self._require_prior(), self.config.model
        if saved.vae_hash != hash_weights(self.model.state_dict()):
            raise ValueError(
                "The prior must belong to the model's own VAE, but was fitted to another VAE's latents. "
                "Fit a new prior: htvae train-prior --checkpoint FILE."
            )
        prior = LatentPrior(
            saved.config, sizes.latent_dim, sizes.chunk_latent_dim, len(saved.labels), len(saved.chunk_labels)
        )
        try:
            prior.load_state_dict(saved.state)
        except RuntimeError as error:
            raise ValueError(
                "The prior's weights must fit its settings, but do not: the file is damaged. "
                "Fit it again: htvae train-prior --checkpoint FILE."
            ) from error
        return prior.to(self.device).eval()

    def _require_prior(self) -> PriorState:
        if self._prior_state is None:
            raise ValueError(
                "The model must have a prior to generate, but has none. Add one: htvae train-prior "
                "--checkpoint FILE (train.py adds one unless prior_steps is 0)."
            )
        return self._prior_state

    @property
    def latent_dims(self) -> tuple[int, int]:
        """Sizes Z and K of the sequence latent and of a chunk latent."""
        return self.config.model.latent_dim, self.config.model.chunk_latent_dim

    def draw(self, request: Request, seed: int) -> Latents:
        """Draw the latents of a request; see `draw_latents`."""
        seeds = [seed * SEED_STRIDE + i for i in range(len(request.labels))]
        return draw_latents(self.prior, self.grid, request, seeds)

    def encode_sequence(self, pose: np.ndarray) -> tuple[Gaussian, Gaussian]:
        """Return the posteriors of z (1, Z) and of the chunks (1, C, K) of a recording of any length.

        The means are the latents that `encode` returns.

        Args:
            pose: (T, N, D) in torso lengths, NaN where missing.
        """
        levels = join_latents(self.windowed.network, self.windowed.encode([pose])[0])
        sequence, chunks = (Gaussian(level.mu[None], level.logvar[None]) for level in levels)
        return sequence, chunks

    def point_scale(self, pose: np.ndarray, filled: np.ndarray) -> np.ndarray:
        """Return the spread (T, L) of hidden landmarks around their decoded places, torso lengths.

        It is that of the calibrated noise, as the standard deviation of a normal distribution whose middle
        90 % are as wide. In a file without it, it is the learned spread times the ratio of the recording's
        movement to training's, clipped by `MOST_MOVEMENT`.

        Args:
            pose: (T, N, D), the recording in torso lengths, NaN where missing.
            filled: (T, N, D), the recording with all points.
        """
        num_landmarks = len(self.processor.landmarks)
        scale = self.noise_scale(filled, np.zeros(filled.shape[:2], bool))[:, :num_landmarks]
        if self.noise is not None:
            return scale * np.float32(NORMAL_RATIO)
        usual = self._prior_state.movement if self._prior_state else 0.0
        movement = measure_movement(pose[:, :num_landmarks])
        ratio = movement / usual if usual and movement else 1.0
        return scale * np.float32(np.clip(ratio, 1 / MOST_MOVEMENT, MOST_MOVEMENT))

    @property
    def has_band_factors(self) -> bool:
        """Whether the widths of intervals are calibrated."""
        return self._band_factors is not None

    def band_factor(self, observed: np.ndarray, frame_ratio: float = 1.0) -> np.ndarray:
        """Return the factor (T, L) of the half-width of 90 % intervals, 1 where they are not calibrated.

        See `BandFactors.find`.
        """
        if self._band_factors is None:
            return np.ones(observed.shape, np.float32)
        return self._band_factors.find(observed, frame_ratio)

    @cached_property
    def training_place(self) -> Place:
        """Place of the training recordings, for motion that belongs to no recording."""
        processor = self.processor
        return Place(
            processor.typical_unit, np.array(processor.typical_origin, np.float32), processor.coordinates
        )

    def to_sequence(
        self,
        pose: np.ndarray,
        name: str,
        label: str | None = None,
        frame_labels: tuple[FrameLabel, ...] = (),
        place: Place | None = None,
    ) -> PoseSequence:
        """Return poses (T, N, D), in torso lengths, as a recording.

        The root's velocity becomes its path, on a ground as level as in training (see `level_path`).

        Args:
            pose: the poses.
            name: name of the recording.
            label: label of the recording.
            frame_labels: labelled spans.
            place: unit, beginning of the path, coordinates of the file, and direction. None:
                `training_place`.
        """
        place = place or self.training_place
        landmarks = self.processor.landmarks
        places = pose[:, : len(landmarks)]
        if self.processor.root_motion:
            path = np.cumsum(pose[:, -1], axis=0)
            places = places + self.level_path(places, path - path[0])[:, None]
        places = rotate(places, place.turn) if place.turn else places
        return PoseSequence(
            name=name,
            landmarks=landmarks,
            pose=np.ascontiguousarray(places * place.unit + place.origin, dtype=np.float32),
            fps=self.processor.fps,
            label=label,
            frame_labels=frame_labels,
            coordinates=place.coordinates,
        )

    def level_path(self, pose: np.ndarray, path: np.ndarray) -> np.ndarray:
        """Keep the ground under a path (T, D) of poses (T, L, D) as level as training's.

        See `htvae.poses.ground.level_path`.
        """
        most = self._prior_state.ground_range if self._prior_state else math.inf
        return level_path(pose, path, self.processor.fps, most)
