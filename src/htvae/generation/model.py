"""A trained model that also generates: ``htvae.load("best_model.pt").generate(num_frames=4000)``.

Axes: ``n`` sequences, ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks, ``Z``
latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from htvae.checkpoint import BuildModel, Checkpoint, PriorState, hash_weights, load_checkpoint
from htvae.data.sequence import FrameLabel, PoseSequence
from htvae.generation.drawing import ChunkGrid, Request, draw_latents, make_request
from htvae.generation.script import Script
from htvae.inference import TrainedModel
from htvae.models.prior import NO_LABEL, LatentPrior, Latents

SEED_STRIDE = 1_000_003
"""Seeds of neighbouring sequences are this far apart, so that those of two runs hardly meet."""


class GenerativeModel(TrainedModel):
    """A model with its preprocessing and its prior.

    Args:
        checkpoint: from `htvae.checkpoint.load_checkpoint`.
        device: "auto", "cpu", "cuda" or "mps".
        build_model: makes the user's own architecture, where it was trained with one.
        batch_frames: frames that pass through the model at once.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        device: str = "auto",
        build_model: BuildModel | None = None,
        batch_frames: int = 16_384,
    ) -> None:
        super().__init__(checkpoint, device, build_model, batch_frames)
        self._prior_state = checkpoint.prior
        self._vae_hash = hash_weights(checkpoint.state) if checkpoint.prior else ""

    @property
    def has_prior(self) -> bool:
        """Whether motion can be generated."""
        return self._prior_state is not None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of recordings that can be asked for."""
        return self._prior_state.labels if self._prior_state else ()

    @property
    def chunk_labels(self) -> tuple[str, ...]:
        """Labels of spans that a script can ask for."""
        return self._prior_state.chunk_labels if self._prior_state else ()

    @cached_property
    def prior(self) -> LatentPrior:
        """The prior over the latents.

        Raises:
            ValueError: the model has none, or that of another VAE.
        """
        saved, sizes = self._require_prior(), self.config.model
        if saved.vae_hash != self._vae_hash:
            raise ValueError(
                "The prior must belong to the model's own VAE, but was fitted to another one's latents. "
                "Fit one to this: htvae train-prior --checkpoint FILE."
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
                "--checkpoint FILE (train.py does so itself unless prior_steps is 0)."
            )
        return self._prior_state

    @cached_property
    def grid(self) -> ChunkGrid:
        """How chunks lie in a sequence."""
        model = self.config.model
        return ChunkGrid(
            model.chunk_size, model.resolved_chunk_overlap, self.model.num_chunks(self.config.data.max_frames)
        )

    @torch.no_grad()
    def generate(
        self,
        num_frames: int = 0,
        num_sequences: int = 1,
        label: str | None = None,
        script: str | Script | None = None,
        guidance: float = 1.0,
        seed: int = 0,
    ) -> list[PoseSequence]:
        """Draw new motion, in torso lengths, y up, walking where the training recordings walk.

        Args:
            num_frames: length, at the model's frame rate; with a script, the script's where 0.
            num_sequences: how many.
            label: what recordings, or spans of frames, of this label show. None: anything.
            script: what happens when, e.g. "walk:12s,wave:4s"; see `Script.parse`.
            guidance: more than 1 exaggerates label and script.
            seed: the same gives the same motion.

        Raises:
            ValueError: no prior, a label that is not known, or a length below 1.
        """
        self._require_prior()
        script = Script.parse(script, self.processor.fps) if isinstance(script, str) else script
        num_frames = num_frames or (script.num_frames if script else 0)
        if num_frames < 1 or num_sequences < 1:
            raise ValueError(
                f"num_frames and num_sequences must be at least 1, but got {num_frames} and {num_sequences}."
            )
        if guidance != 1 and label is None and script is None:
            raise ValueError("guidance must come with a label or a script, but got neither. Give --label.")
        index, chunk_labels = self._find_labels(label, script, num_frames)
        request = make_request(
            self.grid,
            (self.config.model.latent_dim, self.config.model.chunk_latent_dim),
            num_frames,
            torch.full((num_sequences,), index),
            chunk_labels.expand(num_sequences, -1),
            guidance,
        )
        poses = self.decode_all(self.draw(request, seed), num_frames)
        spans = script.frame_labels(num_frames) if script else ()
        width = len(str(num_sequences - 1))
        return [
            self.to_sequence(pose, f"generated_{i:0{width}d}", label=label, frame_labels=spans)
            for i, pose in enumerate(poses)
        ]

    def draw(self, request: Request, seed: int) -> Latents:
        """Draw the latents of a request; see `draw_latents`."""
        seeds = [seed * SEED_STRIDE + i for i in range(len(request.labels))]
        return draw_latents(self.prior, self.grid, request, seeds)

    @torch.no_grad()
    def decode_all(self, latents: Latents, num_frames: int) -> np.ndarray:
        """Decode sequences of any length into poses (n, T, N, D), torso lengths.

        Long ones are decoded as overlapping windows of chunks and cross-faded in the middle of the overlaps,
        where both windows say nearly the same.
        """
        grid, total, weights = self.grid, None, np.zeros(num_frames)
        windows = grid.windows(latents.chunks.shape[1])
        for number, (start, stop) in enumerate(windows):
            frames = min(grid.num_frames(stop - start), num_frames - start * grid.stride)
            before = windows[number - 1][1] - start if number else 0
            after = stop - windows[number + 1][0] if number + 1 < len(windows) else 0
            fade = _fade(frames, before * grid.stride, after * grid.stride)
            pose = self._decode_window(latents.sequence, latents.chunks[:, start:stop], frames)
            if total is None:
                total = np.zeros((len(pose), num_frames, *pose.shape[2:]), np.float32)
            place = slice(start * grid.stride, start * grid.stride + frames)
            total[:, place] += pose * fade[:, None, None].astype(np.float32)
            weights[place] += fade
        assert total is not None
        return total / weights[:, None, None].astype(np.float32)

    def to_sequence(
        self,
        pose: np.ndarray,
        name: str,
        label: str | None = None,
        frame_labels: tuple[FrameLabel, ...] = (),
    ) -> PoseSequence:
        """Return poses (T, N, D) as a recording in torso lengths; the root's velocity becomes its path."""
        landmarks = self.processor.landmarks
        places = pose[:, : len(landmarks)]
        if self.processor.root_motion:
            path = np.cumsum(pose[:, -1], axis=0)
            places = places + (path - path[0])[:, None]
        return PoseSequence(
            name=name,
            landmarks=landmarks,
            pose=np.ascontiguousarray(places, dtype=np.float32),
            fps=self.processor.fps,
            label=label,
            frame_labels=frame_labels,
        )

    def _decode_window(self, sequence: Tensor, chunks: Tensor, num_frames: int) -> np.ndarray:
        at_once = max(1, self.batch_frames // num_frames)
        parts = []
        for first in range(0, len(sequence), at_once):
            part = slice(first, first + at_once)
            frames = torch.full((len(sequence[part]),), num_frames, device=self.device)
            pose = self.model.decode(sequence[part].to(self.device), chunks[part].to(self.device), frames)
            parts.append(pose.float().cpu().numpy())
        return np.concatenate(parts)

    def _find_labels(self, label: str | None, script: Script | None, num_frames: int) -> tuple[int, Tensor]:
        """Return the index of the label and those (1, C) of the chunks."""
        chunk_labels = torch.zeros(1, self.grid.num_chunks(num_frames), dtype=torch.long)
        if script is not None:
            names = script.label_chunks(self.grid, num_frames)
            chunk_labels[0] = torch.tensor([self._chunk_label(name) for name in names])
        if label is None or label in self.labels:
            return (NO_LABEL if label is None else self.labels.index(label) + 1), chunk_labels
        if script is None and label in self.chunk_labels:
            return NO_LABEL, chunk_labels + self._chunk_label(label)
        known = ", ".join((*self.labels, *(() if script else self.chunk_labels))) or "none"
        raise ValueError(f"label must be one that the prior knows, but got {label!r}. Known: {known}.")

    def _chunk_label(self, name: str) -> int:
        if name not in self.chunk_labels:
            known = ", ".join(self.chunk_labels) or "none; recordings need a frame_labels.csv in training"
            raise ValueError(
                f"A script must hold labels of spans that the prior knows, but has {name!r}. Known: {known}."
            )
        return self.chunk_labels.index(name) + 1


def load(path: str | Path, device: str = "auto", build_model: BuildModel | None = None) -> GenerativeModel:
    """Load a trained model.

    Args:
        path: ``best_model.pt`` of a run.
        device: "auto", "cpu", "cuda" or "mps".
        build_model: makes the user's own architecture, where it was trained with one.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a damaged or foreign file, or an absent device.
    """
    return GenerativeModel(load_checkpoint(path), device, build_model)


def _fade(num_frames: int, before: int, after: int) -> np.ndarray:
    """Return weights (T,): ramps over the middle half of the overlaps with the windows before and after."""
    frames = np.arange(num_frames) + 0.5
    rise = np.clip((frames - 0.25 * before) / (0.5 * before), 0, 1) if before else np.ones(num_frames)
    left = num_frames - frames
    fall = np.clip((left - 0.25 * after) / (0.5 * after), 0, 1) if after else np.ones(num_frames)
    return np.maximum(rise * fall, 1e-6)


__all__: Sequence[str] = ("GenerativeModel", "load")
