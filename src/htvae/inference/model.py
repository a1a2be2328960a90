"""A trained model and what it does with recordings: encoding and reconstructing.

How a long recording is cut and joined stands in `htvae.inference.windows`, the way back to the source's
frames and coordinates in `htvae.inference.source`.

Axes: ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks, ``W`` windows, ``Z``
latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from htvae.config import REFINE_STEPS
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.inference.checkpoint import BuildModel, Checkpoint
from htvae.inference.source import to_source, to_source_spans
from htvae.inference.weights import load_weights
from htvae.inference.windows import WindowedModel, WindowOutput, join_latents
from htvae.io.pose_csv import read_pose_csv
from htvae.models.chunking import ChunkGrid
from htvae.models.prior import Latents
from htvae.poses.sequence import PoseSequence
from htvae.utils.device import choose_device

Recording = str | Path | PoseSequence | np.ndarray
"""A CSV file, a sequence, or an array (T, L, D) whose landmarks are the model's, in its order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoding:
    """The latents of one recording, of any length."""

    name: str
    sequence_latent: np.ndarray
    """(Z,): what the recording is; the precision-weighted mean over its windows."""
    sequence_logvar: np.ndarray
    """(Z,): natural logarithm of its variance."""
    chunk_latents: np.ndarray
    """(C, K): what happens when."""
    chunk_logvars: np.ndarray
    """(C, K)."""
    chunk_frames: np.ndarray
    """(C, 2): first source frame of each chunk, and the one after its last."""
    chunk_seconds: np.ndarray | None
    """(C, 2): the same in seconds from source frame 0, None where the frame rate is unknown."""
    window_latents: np.ndarray
    """(W, Z): the sequence latent of each window of a long recording."""
    label: str | None
    subject: str | None
    covariates: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconstruction:
    """One recording and what the model makes of it, in the model's coordinates."""

    processed: ProcessedSequence
    pose: np.ndarray
    """(T, N, D) torso lengths, every point of every frame."""
    encoding: Encoding
    windows: tuple[WindowOutput, ...]


class TrainedModel:
    """A model with its preprocessing.

    Args:
        checkpoint: from `htvae.inference.checkpoint.load_checkpoint`.
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
        self.config = checkpoint.config
        self.processor: PoseDataProcessor = checkpoint.processor
        self.splits = checkpoint.splits
        self.figures = checkpoint.figures
        self._prior_state = checkpoint.prior
        self.device = choose_device(device)
        self.batch_frames = batch_frames
        self.model = load_weights(checkpoint, build_model).to(self.device).eval()

    def encode(self, recording: Recording) -> Encoding:
        """Return the latents of a recording.

        Raises:
            ValueError: no landmark in common with the model, or a faulty file.
            FileNotFoundError: no such file.
        """
        return self.encode_all([self.process(recording)])[0]

    def reconstruct(self, recording: Recording, refine_steps: int = REFINE_STEPS) -> PoseSequence:
        """Return a recording as the model gives it back, with every landmark that the model knows.

        Coordinates and frames are the source's.

        Args:
            recording: a file, a sequence or an array.
            refine_steps: see `reconstruct_all`.

        Raises:
            ValueError: no landmark in common with the model, or a faulty file.
            FileNotFoundError: no such file.
        """
        return self.to_source(self.reconstruct_all([self.process(recording)], refine_steps)[0])

    def process(self, recording: Recording) -> ProcessedSequence:
        """Read a recording where it is a file, and bring it into the model's coordinates."""
        sequence = self.read(recording)
        self.check(sequence)
        return self.processor.transform(sequence)

    def read(self, recording: Recording) -> PoseSequence:
        """Return a recording as a sequence, read where it is a file."""
        if isinstance(recording, str | Path):
            return read_pose_csv(Path(recording), self.config.data)
        if isinstance(recording, np.ndarray):
            return PoseSequence.from_array(recording, landmarks=self.processor.landmarks)
        return recording

    def check(self, sequence: PoseSequence) -> None:
        """Raise ValueError where a recording cannot be brought into the model's coordinates."""
        if not set(sequence.landmarks) & set(self.processor.landmarks):
            raise ValueError(
                f"{sequence.name}: must share landmarks with the model, but has none of its. "
                f"The model knows {', '.join(self.processor.landmarks)}; "
                f"the recording has {', '.join(sequence.landmarks)}."
            )
        self.processor.check_rate(sequence)

    @cached_property
    def grid(self) -> ChunkGrid:
        """How chunks lie in a recording, and how a long one is cut."""
        return ChunkGrid.of(self.config)

    @property
    def windowed(self) -> WindowedModel:
        """The network for recordings of any length."""
        return WindowedModel(self.model, self.grid, self.device, self.batch_frames)

    def encode_all(self, processed: Sequence[ProcessedSequence]) -> list[Encoding]:
        """Return the latents of processed recordings; the decoder is not run."""
        outputs = self.windowed.encode([p.pose for p in processed])
        return [self._assemble(p, windows) for p, windows in zip(processed, outputs, strict=True)]

    def reconstruct_all(
        self,
        processed: Sequence[ProcessedSequence],
        refine_steps: int = 0,
        fitted: Sequence[ProcessedSequence] | None = None,
    ) -> list[Reconstruction]:
        """Return processed recordings as the model gives them back, with their latents.

        Args:
            processed: recordings in the model's coordinates.
            refine_steps: gradient steps on their chunk latents, from which their poses and KL then come, see
                `htvae.inference.refinement`. 0: as the encoder gives them.
            fitted: the same recordings with only the points to fit. None: all that are observed.
        """
        poses, outputs = self.windowed.reconstruct(
            [p.pose for p in processed],
            refine_steps,
            self.config.loss.min_scale,
            None if fitted is None else [p.pose for p in fitted],
        )
        return [
            Reconstruction(processed=p, pose=pose, encoding=self._assemble(p, own), windows=tuple(own))
            for p, pose, own in zip(processed, poses, outputs, strict=True)
        ]

    def decode_all(self, latents: Latents, num_frames: int) -> np.ndarray:
        """Decode recordings of one length, any, into poses (n, T, N, D) in torso lengths.

        Args:
            latents: (n, Z) and (n, C, K).
            num_frames: T.

        Raises:
            ValueError: another number of chunks than so long a recording has.
        """
        expected, found = self.grid.num_chunks(num_frames), latents.chunks.shape[1]
        if found != expected:
            raise ValueError(f"{num_frames} frames must have {expected} chunk latents, but got {found}.")
        spans = [slice(*window.chunks) for window in self.grid.cut(num_frames)]
        given = [[(z, chunks[span]) for span in spans] for z, chunks in zip(*latents, strict=True)]
        return np.stack(self.windowed.decode(given, [num_frames] * len(given)))

    def to_source(self, reconstruction: Reconstruction) -> PoseSequence:
        """Return a reconstruction in the source's coordinates, on the source's frames."""
        return to_source(self.processor, reconstruction.processed, reconstruction.pose)

    def _assemble(self, processed: ProcessedSequence, windows: Sequence[WindowOutput]) -> Encoding:
        """Return the latents of a recording from its windows."""
        sequence, chunks = join_latents(windows)
        frames = to_source_spans(self.grid.spans(len(processed.pose)), processed.record.source_frames)
        source = processed.source
        return Encoding(
            name=processed.name,
            sequence_latent=sequence.mu.numpy(),
            sequence_logvar=sequence.logvar.numpy(),
            chunk_latents=chunks.mu.numpy(),
            chunk_logvars=chunks.logvar.numpy(),
            chunk_frames=frames,
            chunk_seconds=None if source.fps is None else frames / source.fps,
            window_latents=torch.stack([output.sequence.mu for output in windows]).numpy(),
            label=source.label,
            subject=source.subject,
            covariates=source.covariates,
        )
