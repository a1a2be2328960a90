"""A trained model that also generates: ``htvae.load("best_model.pt").generate(num_frames=4000)``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from htvae.config import Level, PathKind
from htvae.data.loader import PoseDataLoader
from htvae.generation.completion import Completion, complete_recording
from htvae.generation.continuation import continue_recording
from htvae.generation.drawing import SCRIPT_GUIDANCE, make_request
from htvae.generation.editing import edit_towards, find_direction, take_style
from htvae.generation.interpolation import interpolate_recordings
from htvae.generation.sampler import MotionSampler
from htvae.generation.script import Script
from htvae.inference.checkpoint import BuildModel, load_checkpoint
from htvae.inference.model import Encoding, Recording
from htvae.models.prior import NO_LABEL
from htvae.poses.sequence import PoseSequence


class GenerativeModel(MotionSampler):
    """A model with its preprocessing and its prior; made by `htvae.load`."""

    @torch.no_grad()
    def generate(
        self,
        num_frames: int = 0,
        num_sequences: int = 1,
        label: str | None = None,
        script: str | Script | None = None,
        guidance: float | None = None,
        seed: int = 0,
    ) -> list[PoseSequence]:
        """Draw new motion, walking where the training recordings walk.

        Unit, place and coordinates are those of the training recordings (medians over them), so that both can
        be used together; see `MotionSampler.training_place`.

        Args:
            num_frames: length, at the model's frame rate; with a script, the script's where 0.
            num_sequences: how many.
            label: what recordings, or spans of frames, of this label show. None: anything; without a script a
                label is drawn first, as often as training has it, and noted in the sequence.
            script: what happens when, e.g. "walk:12s,wave:4s"; see `Script.parse`. None: it is drawn too, as
                training recordings of the label have it, and noted likewise.
            guidance: more than 1 exaggerates label and script. None: `SCRIPT_GUIDANCE` with a script, else 1.
            seed: the same gives the same motion.

        Raises:
            ValueError: no prior, a label that is not known, a length below 1, or a seed below 0.
        """
        self._require_prior()
        script = Script.parse(script, self.processor.fps) if isinstance(script, str) else script
        num_frames = num_frames or (script.num_frames if script else 0)
        anything = label is None and script is None
        if guidance is None:
            guidance = SCRIPT_GUIDANCE if script else 1.0
        _check_request(num_frames, num_sequences, seed, guidance != 1 and anything)
        index, script = self._find_labels(label, script, num_frames)
        labels = self.draw_labels(num_sequences, seed) if anything else torch.full((num_sequences,), index)
        scripts = [script] * num_sequences if script else self.draw_scripts(labels, num_frames, seed)
        chunk_labels = torch.stack([self.label_chunks(part.label_frames(num_frames)) for part in scripts])
        request = make_request(self.grid, self.latent_dims, num_frames, labels, chunk_labels, guidance)
        poses = self.decode_all(self.draw(request, seed), num_frames)
        width = len(str(num_sequences - 1))
        return [
            self.to_sequence(
                pose,
                f"generated_{i:0{width}d}",
                label=self.labels[index - 1] if index else label,
                frame_labels=part.frame_labels(num_frames),
            )
            for i, (pose, index, part) in enumerate(zip(poses, labels.tolist(), scripts, strict=True))
        ]

    def continue_(
        self, recording: Recording, num_frames: int, num_samples: int = 1, seed: int = 0
    ) -> list[PoseSequence]:
        """Go on where a recording ends; see `continue_recording`."""
        return continue_recording(self, recording, num_frames, num_samples, seed)

    def complete(self, recording: Recording, **options: Any) -> Completion:
        """Fill in what a recording lacks; see `complete_recording` for the options."""
        return complete_recording(self, recording, **options)

    def interpolate(
        self,
        first: Recording,
        second: Recording,
        steps: int = 7,
        level: Level = "both",
        kind: PathKind = "spherical",
    ) -> list[PoseSequence]:
        """Go from one recording to another; see `interpolate_recordings`."""
        return interpolate_recordings(self, first, second, steps, level, kind)

    def edit(
        self,
        recording: Recording,
        towards: str | None = None,
        style_from: Recording | None = None,
        strength: float = 1.0,
        training: Sequence[Encoding] = (),
    ) -> PoseSequence:
        """Change what a recording is like.

        Args:
            recording: a file, a sequence or an array.
            towards: label, or COLUMN=VALUE, to move towards; see `edit_towards`.
            style_from: recording whose sequence latent is taken instead; see `take_style`.
            strength: how far to move.
            training: encodings of the training recordings, from `encode_training`; ``towards`` needs them.

        Raises:
            ValueError: neither or both of ``towards`` and ``style_from``, or an unknown label.
        """
        if (towards is None) == (style_from is None):
            raise ValueError("edit must be given either towards or style_from, but got neither or both.")
        if towards is None:
            return take_style(self, recording, style_from)  # type: ignore[arg-type]
        return edit_towards(self, recording, find_direction(training, towards), strength)

    def encode_training(self, data_dir: Path | None, experiments_dir: Path) -> list[Encoding]:
        """Return the latents of the recordings that the model was trained on.

        Args:
            data_dir: their folder. None: where they were in training.
            experiments_dir: folder of the cache.

        Raises:
            ValueError: the folder holds none of them.
        """
        folder = str(data_dir or self.config.data.data_dir)
        config = self.config.replace(data_dir=folder, experiments_dir=str(experiments_dir))
        data = PoseDataLoader(config, processor=self.processor, splits=self.splits)
        if not data.processed("train"):
            raise ValueError(
                f"{folder} must hold the recordings that the model was trained on, but has none of them. "
                "Give their folder with --data_dir."
            )
        return self.encode_all(data.processed("train"))

    def _find_labels(
        self, label: str | None, script: Script | None, num_frames: int
    ) -> tuple[int, Script | None]:
        """Return the index of a recording's label, and the script: of a label of spans, it alone."""
        for name, _ in script.parts if script else ():
            self._check_chunk_label(name)
        if label is None or label in self.labels:
            return (NO_LABEL if label is None else self.labels.index(label) + 1), script
        if script is None and label in self.chunk_labels:
            return NO_LABEL, Script(((label, num_frames),))
        known = ", ".join((*self.labels, *(() if script else self.chunk_labels))) or "none"
        raise ValueError(f"label must be one that the prior knows, but got {label!r}. Known: {known}.")

    def _check_chunk_label(self, name: str | None) -> None:
        if name is not None and name not in self.chunk_labels:
            known = ", ".join(self.chunk_labels) or "none; recordings need a frame_labels.csv in training"
            raise ValueError(
                f"A script must hold labels of spans that the prior knows, but has {name!r}. Known: {known}."
            )


def _check_request(num_frames: int, num_sequences: int, seed: int, guided_by_nothing: bool) -> None:
    if num_frames < 1 or num_sequences < 1:
        raise ValueError(
            f"num_frames and num_sequences must be at least 1, but got {num_frames} and {num_sequences}."
        )
    if seed < 0:
        raise ValueError(f"seed must be at least 0, but got {seed}.")
    if guided_by_nothing:
        raise ValueError("guidance must come with a label or a script, but got neither. Give --label.")


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
