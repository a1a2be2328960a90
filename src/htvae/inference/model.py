"""A trained model and what it does with recordings: encoding and reconstructing.

A recording longer than ``max_frames`` is a fixed grid of overlapping windows, each run alone, of which the
centres are kept. Windows of all recordings are batched together by length; how they are batched changes
results in their last digits alone.

Axes: ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks, ``W`` windows, ``Z``
latent_dim, ``K`` chunk_latent_dim.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from htvae.config import REFINE_STEPS
from htvae.data.batching import PoseBatch, collate, cut_micro_batches
from htvae.data.dataset import PoseSequenceDataset, Window
from htvae.data.processing import PoseDataProcessor, ProcessedSequence
from htvae.inference.checkpoint import BuildModel, Checkpoint, build_model
from htvae.inference.refinement import refine
from htvae.io.pose_csv import read_pose_csv
from htvae.models.chunking import compute_num_chunks
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
class WindowOutput:
    """What the model said of one window."""

    window: Window
    sequence: tuple[Tensor, Tensor]
    """Mean and log variance, (Z,)."""
    chunks: tuple[Tensor, Tensor]
    """Mean and log variance, (C, K)."""
    pose: np.ndarray | None = None
    """(T, N, D) reconstruction, where it was asked for."""
    sequence_kl: float = 0.0
    """KL of the sequence latent, nats."""
    chunk_kl: float = 0.0
    """KL of the chunk latents, nats."""


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
        self.device = choose_device(device)
        self.batch_frames = batch_frames
        self.model = _load_weights(checkpoint, build_model).to(self.device).eval()

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

    @torch.no_grad()
    def encode_all(self, processed: Sequence[ProcessedSequence]) -> list[Encoding]:
        """Return the latents of processed recordings; the decoder is not run."""
        outputs: list[list[WindowOutput]] = [[] for _ in processed]
        for windows, batch in self._batches(processed):
            posteriors = self.model.encode(batch.pose, batch.observed, batch.num_frames)
            for i, window in enumerate(windows):
                outputs[window.sequence_index].append(
                    WindowOutput(
                        window=window,
                        sequence=(posteriors.sequence.mu[i].cpu(), posteriors.sequence.logvar[i].cpu()),
                        chunks=self._real_chunks(posteriors.chunks, i, window),
                    )
                )
        return [self._assemble(p, _ordered(windows)) for p, windows in zip(processed, outputs, strict=True)]

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
        outputs: list[list[WindowOutput]] = [[] for _ in processed]
        points = repeat(None) if fitted is None else (batch.observed for _, batch in self._batches(fitted))
        for (windows, batch), fit in zip(self._batches(processed), points, strict=False):
            output = refine(
                *(self.model, batch.pose, batch.observed, batch.num_frames),
                *(refine_steps, self.config.loss.min_scale, fit),
            )
            for i, window in enumerate(windows):
                outputs[window.sequence_index].append(
                    WindowOutput(
                        window=window,
                        sequence=(
                            output.sequence_posterior.mu[i].cpu(),
                            output.sequence_posterior.logvar[i].cpu(),
                        ),
                        chunks=self._real_chunks(output.chunk_posterior, i, window),
                        pose=output.reconstruction[i, : window.num_frames].cpu().numpy(),
                        sequence_kl=float(output.sequence_kl[i].sum()),
                        chunk_kl=float(output.chunk_kl[i].sum()),
                    )
                )
        return [self._join(p, _ordered(windows)) for p, windows in zip(processed, outputs, strict=True)]

    @torch.no_grad()
    def decode(self, sequence_latent: Tensor, chunk_latents: Tensor, num_frames: int) -> np.ndarray:
        """Decode one window's latents, (Z,) and (C, K), into poses (T, N, D) in torso lengths."""
        frames = torch.tensor([num_frames], device=self.device)
        latents = (latent[None].to(self.device) for latent in (sequence_latent, chunk_latents))
        return self.model.decode(*latents, frames)[0].cpu().numpy()

    def to_source(self, reconstruction: Reconstruction) -> PoseSequence:
        """Return a reconstruction in the source's coordinates, on the source's frames."""
        processed = reconstruction.processed
        pose = self.processor.inverse(reconstruction.pose, processed.record)
        source = processed.source
        frames = source.first_frame + np.arange(source.num_frames)
        return replace(
            source,
            landmarks=self.processor.landmarks,
            pose=interpolate_frames(pose, processed.record.source_frames, frames),
        )

    def _batches(self, processed: Sequence[ProcessedSequence]) -> Iterator[tuple[list[Window], PoseBatch]]:
        """Yield the windows of all recordings in batches of similar lengths."""
        dataset = PoseSequenceDataset(processed, self.processor, self.config.data)
        order = np.argsort(dataset.lengths, kind="stable")
        for cut in cut_micro_batches(dataset.lengths[order].tolist(), self.batch_frames):
            batch = collate([dataset[index] for index in order[cut].tolist()])
            yield [dataset.windows[index] for index in order[cut]], batch.to(self.device)

    @property
    def chunk_stride(self) -> int:
        """Frames from the start of a chunk to that of the next."""
        size, overlap = self._chunk_grid()
        return size - overlap

    def _chunk_grid(self) -> tuple[int, int]:
        model = self.config.model
        return model.chunk_size, model.resolved_chunk_overlap

    def _real_chunks(self, posterior: Any, index: int, window: Window) -> tuple[Tensor, Tensor]:
        count = compute_num_chunks(window.num_frames, *self._chunk_grid())
        return posterior.mu[index, :count].cpu(), posterior.logvar[index, :count].cpu()

    def _join(self, processed: ProcessedSequence, windows: list[WindowOutput]) -> Reconstruction:
        pose = np.concatenate(
            [
                w.pose[w.window.keep_start - w.window.start : w.window.keep_stop - w.window.start]
                for w in windows
                if w.pose is not None
            ]
        )
        encoding = self._assemble(processed, windows)
        return Reconstruction(processed=processed, pose=pose, encoding=encoding, windows=tuple(windows))

    def _assemble(self, processed: ProcessedSequence, windows: list[WindowOutput]) -> Encoding:
        """Join the windows of a recording: z by precision, chunks where their middle is kept."""
        mu, logvar = (torch.stack([w.sequence[i] for w in windows]) for i in (0, 1))
        precision = (-logvar).exp()
        total = precision.sum(0)
        spans = [self._chunk_spans(w.window) for w in windows]
        chosen = _choose_chunks(spans, [w.window for w in windows])
        kept = np.concatenate([part[k] for part, k in zip(spans, chosen, strict=True)])
        frames = _source_spans(kept, processed.record.source_frames)
        source = processed.source
        return Encoding(
            name=processed.name,
            sequence_latent=((precision * mu).sum(0) / total).numpy(),
            sequence_logvar=(-total.log()).numpy(),
            chunk_latents=np.concatenate(
                [w.chunks[0].numpy()[k] for w, k in zip(windows, chosen, strict=True)]
            ),
            chunk_logvars=np.concatenate(
                [w.chunks[1].numpy()[k] for w, k in zip(windows, chosen, strict=True)]
            ),
            chunk_frames=frames,
            chunk_seconds=None if source.fps is None else frames / source.fps,
            window_latents=mu.numpy(),
            label=source.label,
            subject=source.subject,
            covariates=source.covariates,
        )

    def _chunk_spans(self, window: Window) -> np.ndarray:
        """Return the model frames (C, 2) of a window's chunks."""
        size, overlap = self._chunk_grid()
        count = compute_num_chunks(window.num_frames, size, overlap)
        starts = window.start + np.arange(count) * (size - overlap)
        return np.stack([starts, np.minimum(starts + size, window.stop)], axis=1)


def _load_weights(checkpoint: Checkpoint, build: BuildModel | None) -> Any:
    try:
        if build is None:
            _check_sizes(checkpoint)
        model = build_model(checkpoint.config, checkpoint.processor, build)
        model.load_state_dict(checkpoint.state)
    except RuntimeError as error:
        raise ValueError(
            "The checkpoint's weights must fit the architecture, but do not. Was it trained with a model of "
            f"your own? Give the settings file that defines its build_model. "
            f"({str(error).splitlines()[-1].strip()})"
        ) from error
    return model


def _check_sizes(checkpoint: Checkpoint) -> None:
    """Raise RuntimeError where the file's settings tell of other sizes than its weights have.

    They may tell of anything, so the model is first built where it takes no memory.
    """
    if checkpoint.config.model.num_layers > len(checkpoint.state):
        raise RuntimeError(f"num_layers={checkpoint.config.model.num_layers} are more than it has weights")
    with torch.device("meta"):
        expected = build_model(checkpoint.config, checkpoint.processor).state_dict()
    for name, value in expected.items():
        found = checkpoint.state.get(name)
        if found is None or found.shape != value.shape:
            raise RuntimeError(f"{name} has other sizes than its settings say")


def _ordered(windows: list[WindowOutput]) -> list[WindowOutput]:
    return sorted(windows, key=lambda output: output.window.start)


def _choose_chunks(spans: Sequence[np.ndarray], windows: Sequence[Window]) -> list[np.ndarray]:
    """Return which chunks (C,) of each window stand for the recording.

    Those whose middle the window keeps; and, where this would leave frames between two windows without a
    chunk, the next one of the first window.
    """
    middles = [part.mean(axis=1) for part in spans]
    chosen = [
        (w.keep_start <= middle) & (middle < w.keep_stop) for middle, w in zip(middles, windows, strict=True)
    ]
    for left, right in pairwise(range(len(spans))):
        last, first = np.flatnonzero(chosen[left])[-1], np.flatnonzero(chosen[right])[0]
        if spans[left][last, 1] < spans[right][first, 0]:
            chosen[left][last + 1] = True
    return chosen


def _source_spans(spans: np.ndarray, source_frames: np.ndarray) -> np.ndarray:
    """Return spans (C, 2) of model frames as spans of source frames."""
    first = np.rint(source_frames[spans[:, 0]]).astype(int)
    last = np.rint(source_frames[spans[:, 1] - 1]).astype(int)
    return np.stack([first, last + 1], axis=1)


def interpolate_frames(pose: np.ndarray, positions: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return pose (T, L, D), known at ``positions``, at the ``wanted`` frames; linear, ends held."""
    if len(positions) == len(wanted) and np.array_equal(positions, wanted):
        return pose.astype(np.float32)
    right = np.searchsorted(positions, wanted).clip(1, max(len(positions) - 1, 1))
    left = right - 1
    right = right.clip(max=len(positions) - 1)
    gap = np.maximum(positions[right] - positions[left], 1e-9)
    share = ((wanted - positions[left]) / gap).clip(0, 1)[:, None, None]
    return (pose[left] * (1 - share) + pose[right] * share).astype(np.float32)
