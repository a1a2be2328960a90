"""A trained model that also generates: ``model.generate(num_frames=4000)``."""

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
from htvae.inference.model import Encoding, Recording
from htvae.models.prior import NO_LABEL
from htvae.poses.sequence import PoseSequence


class GenerativeModel(MotionSampler):
    """A trained model that generates, continues, completes, interpolates and edits."""

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
        """Draw new motion; people walk through the picture if they do in the training recordings.

        Motion has the unit, the place and the coordinates of the training recordings (medians over them), so
        that both can be used together; see `MotionSampler.training_place`.

        Args:
            num_frames: length (frames, at the model's frame rate). 0: the script's length.
            num_sequences: sequences to draw.
            label: label of the recordings, or of the spans, that the motion should resemble. None: without a
                script, each sequence gets a random label, as frequent as in training recordings of about this
                length; the sequence names it.
            script: labels of spans in their order, e.g. "walk:12s,wave:4s"; see `Script.parse`. None: each
                sequence gets a random script, like the scripts of training recordings with the label; the
                sequence's ``frame_labels`` hold it.
            guidance: strength of label and script; more than 1 exaggerates them. None: `SCRIPT_GUIDANCE` with
                a script, else 1.
            seed: seed of the random numbers, at least 0; the same seed gives the same motion.

        Raises:
            ValueError: the model has no prior, a label is unknown, or a number is too small.
        """
        self._require_prior()
        script = Script.parse(script, self.processor.fps) if isinstance(script, str) else script
        num_frames = num_frames or (script.num_frames if script else 0)
        is_free = label is None and script is None
        if guidance is None:
            guidance = SCRIPT_GUIDANCE if script else 1.0
        _check_request(num_frames, num_sequences, seed, guidance != 1 and is_free)
        index, script = self._find_labels(label, script, num_frames)
        labels = (
            self.draw_labels(num_sequences, num_frames, seed)
            if is_free
            else torch.full((num_sequences,), index)
        )
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
        """Continue a recording after its last frame; see `continue_recording`."""
        return continue_recording(self, recording, num_frames, num_samples, seed)

    def complete(self, recording: Recording, **options: Any) -> Completion:
        """Fill in a recording's missing points; see `complete_recording` for the options."""
        return complete_recording(self, recording, **options)

    def interpolate(
        self,
        first: Recording,
        second: Recording,
        steps: int = 7,
        level: Level = "both",
        kind: PathKind = "spherical",
    ) -> list[PoseSequence]:
        """Change step by step from one recording into another; see `interpolate_recordings`."""
        return interpolate_recordings(self, first, second, steps, level, kind)

    def edit(
        self,
        recording: Recording,
        towards: str | None = None,
        style_from: Recording | None = None,
        strength: float = 1.0,
        training: Sequence[Encoding] = (),
    ) -> PoseSequence:
        """Move a recording towards a label, or give it another recording's style.

        Args:
            recording: a file, a sequence or an array.
            towards: label, or COLUMN=VALUE of the manifest, to move towards; see `edit_towards`.
            style_from: recording whose sequence latent replaces this recording's; see `take_style`.
            strength: distance to move towards the label.
            training: encodings of the training recordings, from `encode_training`; ``towards`` needs them.

        Raises:
            ValueError: neither or both of ``towards`` and ``style_from`` are given, or the label is unknown.
        """
        if (towards is None) == (style_from is None):
            raise ValueError("edit must be given either towards or style_from, but got neither or both.")
        if towards is None:
            return take_style(self, recording, style_from)  # type: ignore[arg-type]
        return edit_towards(self, recording, find_direction(training, towards), strength)

    def encode_training(self, data_dir: Path | None, experiments_dir: Path) -> list[Encoding]:
        """Return the latents of the recordings that the model was trained on.

        Args:
            data_dir: folder of the recordings. None: their folder in training.
            experiments_dir: folder of the cache.

        Raises:
            ValueError: the folder holds no training recording.
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
        """Return the index of the recordings' label, and the script.

        A label of spans becomes a script of this one label.
        """
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


def _check_request(num_frames: int, num_sequences: int, seed: int, is_guided_by_nothing: bool) -> None:
    if num_frames < 1 or num_sequences < 1:
        raise ValueError(
            f"num_frames and num_sequences must be at least 1, but got {num_frames} and {num_sequences}."
        )
    if seed < 0:
        raise ValueError(f"seed must be at least 0, but got {seed}.")
    if is_guided_by_nothing:
        raise ValueError("guidance must come with a label or a script, but got neither. Give --label.")
