"""A trained model that encodes and reconstructs recordings.

`htvae.inference.windows` cuts and joins long recordings; `htvae.inference.source` returns to the source's
frames and coordinates.

Axes: ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks, ``W`` windows, ``Z``
latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from htvae.config import REFINE_STEPS
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.inference.checkpoint import BuildModel, Checkpoint
from htvae.inference.source import to_source, to_source_spans
from htvae.inference.weights import load_weights
from htvae.inference.windows import WindowedModel, WindowOutput, join_latents
from htvae.io.inputs import read_recording
from htvae.models.chunking import ChunkGrid
from htvae.models.prior import Latents
from htvae.models.vae import SCALE_GAIN
from htvae.poses.sequence import PoseSequence
from htvae.utils.device import choose_device

if TYPE_CHECKING:
    from htvae.inference.streaming.stream import PoseStream

Recording = str | Path | PoseSequence | np.ndarray
"""A CSV file, a sequence, or an array (T, L, D) with the model's landmarks in their order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoding:
    """The latents of one recording, of any length."""

    name: str
    sequence_latent: np.ndarray
    """Sequence latent (Z,): the precision-weighted mean over the recording's windows."""
    sequence_logvar: np.ndarray
    """Natural logarithm (Z,) of the sequence latent's variance."""
    chunk_latents: np.ndarray
    """Chunk latents (C, K)."""
    chunk_logvars: np.ndarray
    """Natural logarithms (C, K) of the chunk latents' variances."""
    chunk_frames: np.ndarray
    """Source frames (C, 2) of each chunk, (first, one after the last)."""
    chunk_seconds: np.ndarray | None
    """Times (C, 2) of these frames, in seconds from source frame 0; None if the frame rate is unknown."""
    window_latents: np.ndarray
    """Sequence latents (W, Z) of the recording's windows."""
    label: str | None
    subject: str | None
    covariates: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconstruction:
    """One recording, its latents and its reconstruction, in the model's coordinates."""

    processed: ProcessedSequence
    """The recording."""
    pose: np.ndarray
    """Reconstruction (T, N, D) of every point of every frame, torso lengths."""
    encoding: Encoding
    """Latents of the recording."""
    windows: tuple[WindowOutput, ...]
    """Posteriors and KL of each window."""


class TrainedModel:
    """A model with its preprocessing.

    Args:
        checkpoint: from `htvae.inference.checkpoint.load_checkpoint`.
        device: "auto", "cpu", "cuda" or "mps".
        build_model: function that builds the user's own architecture. None: the model has the default one.
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
        self._band_factors = checkpoint.bands
        self.noise = checkpoint.noise
        """Calibrated noise of points, None in files of before; see `noise_scale`."""
        self.device = choose_device(device)
        self.batch_frames = batch_frames
        self.model = load_weights(checkpoint, build_model).to(self.device).eval()

    def encode(self, recording: Recording) -> Encoding:
        """Return the latents of a recording.

        Raises:
            ValueError: no landmark is the model's, or the file is faulty.
            FileNotFoundError: the file does not exist.
        """
        return self.encode_all([self.process(recording)])[0]

    def reconstruct(self, recording: Recording, refine_steps: int = REFINE_STEPS) -> PoseSequence:
        """Return the reconstruction of a recording, with every landmark that the model knows.

        Coordinates and frames are the source's.

        Args:
            recording: a file, a sequence or an array.
            refine_steps: see `reconstruct_all`.

        Raises:
            ValueError: no landmark is the model's, or the file is faulty.
            FileNotFoundError: the file does not exist.
        """
        return self.to_source(self.reconstruct_all([self.process(recording)], refine_steps)[0])

    def stream(self, fps: float | None = None, **options: Any) -> "PoseStream":
        """Return a stream that encodes frames as they come; see `PoseStream`.

        Args:
            fps: frames per second of the source. None: the model's.
            options: landmarks, unit, first_frame, max_frames.

        Raises:
            ValueError: an argument is not allowed, or the model is of another architecture.
        """
        from htvae.inference.streaming.stream import PoseStream

        return PoseStream(self, fps, **options)

    def process(self, recording: Recording) -> ProcessedSequence:
        """Read a recording if it is a file, and bring it into the model's coordinates."""
        sequence = self.read(recording)
        self.check(sequence)
        return self.processor.transform(sequence)

    def read(self, recording: Recording) -> PoseSequence:
        """Return a recording as a sequence; a file is read."""
        if isinstance(recording, str | Path):
            return read_recording(Path(recording), self.config.data)
        if isinstance(recording, np.ndarray):
            return PoseSequence.from_array(recording, landmarks=self.processor.landmarks)
        return recording

    def check(self, sequence: PoseSequence) -> None:
        """Raise ValueError if a recording cannot be brought into the model's coordinates."""
        if not set(sequence.landmarks) & set(self.processor.landmarks):
            raise ValueError(
                f"{sequence.name}: must share landmarks with the model, but shares none. "
                f"The model knows {', '.join(self.processor.landmarks)}; "
                f"the recording has {', '.join(sequence.landmarks)}. Rename them with --rename OLD=NEW."
            )
        self.processor.check_coordinates(sequence)
        self.processor.check_rate(sequence)

    @cached_property
    def grid(self) -> ChunkGrid:
        """The chunks of recordings, and the windows of long recordings."""
        return ChunkGrid.of(self.config)

    @property
    def windowed(self) -> WindowedModel:
        """The network for recordings of any length."""
        return WindowedModel(self.model, self.grid, self.device, self.batch_frames)

    @property
    def has_learned_scale(self) -> bool:
        """Whether the network has a learned scale, as our own has."""
        return hasattr(self.model, "log_scale")

    @cached_property
    def learned_scale(self) -> np.ndarray:
        """Learned scale (2, N), torso lengths, of points that the model saw and of points hidden from it."""
        rows = [0, 1] if self.config.model.chunk_latent_dim else [2, 2]
        scale = (self.model.log_scale.detach()[rows] * SCALE_GAIN).exp().cpu().double().numpy()
        learned: np.ndarray = np.sqrt(scale**2 + self.config.loss.min_scale**2)
        return learned

    def noise_scale(self, pose: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """Return the scale (T, N) of points around their reconstruction, torso lengths.

        It is that of the calibrated noise, see `PointNoise`; in a file without it the learned scale, which
        belongs to the likelihood of the loss.

        Args:
            pose: (T, N, D), the reconstruction.
            observed: (T, N) bool, True where the model saw the point.
        """
        if self.noise is not None:
            return self.noise.scale(pose, observed)
        learned: np.ndarray = np.where(observed, *self.learned_scale).astype(np.float32)
        return learned

    def encode_all(self, processed: Sequence[ProcessedSequence]) -> list[Encoding]:
        """Return the latents of processed recordings; the decoder is not run."""
        return [encoding for encoding, _ in self.encode_windows(processed)]

    def encode_windows(
        self, processed: Sequence[ProcessedSequence]
    ) -> list[tuple[Encoding, list[WindowOutput]]]:
        """Return the latents of processed recordings, each with the posteriors of its windows."""
        outputs = self.windowed.encode([p.pose for p in processed])
        return [(self._assemble(p, windows), windows) for p, windows in zip(processed, outputs, strict=True)]

    def reconstruct_all(
        self,
        processed: Sequence[ProcessedSequence],
        refine_steps: int = 0,
        fitted: Sequence[ProcessedSequence] | None = None,
    ) -> list[Reconstruction]:
        """Return the reconstructions of processed recordings, with their latents.

        Args:
            processed: recordings in the model's coordinates.
            refine_steps: steps on the chunk latents, see `htvae.inference.refinement`. Poses and KL
                come from the refined latents. 0: they come from the encoder's.
            fitted: the same recordings with only the points to fit. None: all observed points are fitted.
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
        """Decode recordings of one length into poses (n, T, N, D), torso lengths.

        Args:
            latents: (n, Z) and (n, C, K).
            num_frames: T, any length.

        Raises:
            ValueError: C is not the number of chunks of T frames.
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
        sequence, chunks = join_latents(self.windowed.network, windows)
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
