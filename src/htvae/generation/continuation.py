"""Continuing a recording after its last observed frame.

- The recording's tail is cut so that its last chunk ends with the tail. The tail's latents are known to the
  prior, which draws the latents of the chunks that follow; the decoder gets both.
- The decoded tail differs from the recording by the error of reconstruction. At the seam this difference, in
  place and in velocity, is added to the decoded motion; it fades out within half a second.
- For the same half second the decoded motion is smoothed, since decoder jitter would show as a jerk at the
  seam.

Axes: ``n`` samples, ``T`` frames, ``N`` points, ``L`` landmarks, ``D`` coordinates.
"""

import math
from dataclasses import replace

import numpy as np
import torch

from htvae.data.processing import ProcessedSequence
from htvae.generation.drawing import make_request
from htvae.generation.sampler import MotionSampler
from htvae.inference.model import Recording
from htvae.inference.source import place_on_source
from htvae.io.writing import fit_name
from htvae.models.chunking import ChunkGrid
from htvae.models.prior import Known
from htvae.poses.geometry import fill_gaps, observed_points, rotate
from htvae.poses.ground import USUAL_RATE
from htvae.poses.sequence import PoseSequence

FADE_SECONDS = 0.5
"""Seconds after the seam in which correction and smoothing fade out."""
SMOOTHING_SECONDS = 0.05
"""Standard deviation of the smoothing at the seam (s)."""
SEAM_FRAMES = 3
"""Frames over which the velocity at the seam is measured."""


def continue_recording(
    model: MotionSampler, recording: Recording, num_frames: int, num_samples: int = 1, seed: int = 0
) -> list[PoseSequence]:
    """Return new frames that follow a recording, in its coordinates and at its frame rate.

    The recording's own frames after its last observed one are drawn too, but not returned. A recording
    shorter than a chunk counts as the end of a longer one whose beginning was not observed.

    Args:
        model: a model with a prior.
        recording: a file, a sequence or an array.
        num_frames: frames to add, at least 1.
        num_samples: different continuations to draw, at least 1.
        seed: seed of the random numbers; the same seed gives the same motion.

    Returns:
        Sequences of ``num_frames`` frames; their ``first_frame`` follows the recording's last frame.

    Raises:
        ValueError: nothing is observed, no landmark is the model's, or the model has no prior.
    """
    if num_frames < 1 or num_samples < 1:
        raise ValueError(
            f"num_frames and num_samples must be at least 1, but got {num_frames} and {num_samples}."
        )
    processed = model.process(recording)
    seen = np.flatnonzero(observed_points(processed.pose).any(axis=1))
    if not len(seen):
        raise ValueError(f"{processed.name}: must have an observed point to continue from, but has none.")
    last = int(seen[-1])
    missing = len(processed.pose) - 1 - last
    behind = (
        processed.source.first_frame + processed.source.num_frames - 1 - processed.record.source_frames[-1]
    )
    count = missing + math.ceil((num_frames + behind) / _source_step(processed))
    tail = cut_tail(processed.pose[: last + 1], model.grid)
    poses = _draw(model, tail, count, num_samples, seed)
    rate = processed.record.fps or USUAL_RATE
    poses = np.stack([_join(tail, pose, rate) for pose in poses])[:, missing:]
    return [
        _to_source(model, processed, pose, num_frames, fit_name(processed.name, f"_continued_{i}"))
        for i, pose in enumerate(poses)
    ]


def cut_tail(pose: np.ndarray, grid: ChunkGrid) -> np.ndarray:
    """Return the end of a pose (T, N, D) that full chunks cover exactly, at most three quarters of a window.

    A pose shorter than one chunk gets missing frames before its first.
    """
    if len(pose) < grid.chunk_size:
        before = np.full((grid.chunk_size - len(pose), *pose.shape[1:]), np.nan, pose.dtype)
        return np.concatenate([before, pose])
    fitting = (len(pose) - grid.chunk_size) // grid.stride + 1
    chunks = min(fitting, max(1, grid.window - grid.window // 4))
    return pose[-grid.num_frames(chunks) :]


def _draw(model: MotionSampler, tail: np.ndarray, count: int, num_samples: int, seed: int) -> np.ndarray:
    """Draw ``count`` frames after a tail (T, N, D) and return both decoded, (n, T + count, N, D)."""
    grid, total = model.grid, len(tail) + count
    sequence, latents = (level.mode() for level in model.encode_sequence(tail))
    chunks = latents.shape[1]
    labels = torch.zeros(num_samples, dtype=torch.long)
    request = make_request(grid, model.latent_dims, total, labels)
    request.given.sequence[:] = sequence
    request.given.chunks[:, :chunks] = latents
    request.known.chunks[:, :chunks] = True
    known = Known(torch.ones_like(request.known.sequence), request.known.chunks)
    return model.decode_all(model.draw(replace(request, known=known), seed), total)


def _join(tail: np.ndarray, decoded: np.ndarray, rate: float) -> np.ndarray:
    """Return the tail's last frame and the frames after it, moved so that no jump shows at the seam.

    Args:
        tail: (T, N, D), NaN where missing. A point that is missing at the end keeps its last known difference
            from the decoded tail.
        decoded: (T + count, N, D), the tail and the new frames, decoded.
        rate: frames per second.

    Returns:
        (1 + count, N, D).
    """
    length, observed = len(tail), observed_points(tail)
    after = np.arange(len(decoded))[:, None, None] - (length - 1)
    weight = 0.5 * (1 + np.cos(np.pi * np.clip(after / max(FADE_SECONDS * rate, 1), 0, 1)))
    decoded = decoded + weight * (_smooth(decoded, SMOOTHING_SECONDS * rate) - decoded)
    difference = fill_gaps(np.where(observed[..., None], tail - decoded[:length], np.nan), observed)
    difference = np.nan_to_num(difference[-SEAM_FRAMES:])
    slope = (difference[-1] - difference[0]) / max(len(difference) - 1, 1)
    joined: np.ndarray = (decoded + (difference[-1] + after * slope) * weight)[length - 1 :]
    return joined.astype(np.float32)


def _smooth(pose: np.ndarray, deviation: float) -> np.ndarray:
    """Smooth a pose (T, N, D) in time by a Gaussian of a standard deviation (frames); the ends are held."""
    reach = math.ceil(3 * deviation)
    kernel = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / deviation))
    padded = np.pad(pose.astype(np.float64), ((reach, reach), (0, 0), (0, 0)), mode="edge")
    shifted = (share * padded[i : i + len(pose)] for i, share in enumerate(kernel / kernel.sum()))
    return np.sum(list(shifted), axis=0)


def _to_source(
    model: MotionSampler, processed: ProcessedSequence, pose: np.ndarray, num_frames: int, name: str
) -> PoseSequence:
    """Return the frames that follow a recording, in its coordinates and on its frames.

    Args:
        model: the model that drew the frames.
        processed: the recording.
        pose: (1 + T, N, D), the recording's last model frame and the frames that follow. Source frames
            between two model frames are interpolated.
        num_frames: source frames to return.
        name: name of the new sequence.
    """
    processor, record, source = model.processor, processed.record, processed.source
    step = _source_step(processed)
    frames = record.source_frames[-1] + step * np.arange(len(pose))
    anchor = np.repeat(record.anchor[-1:], len(pose), axis=0)
    if processor.root_motion:
        path = np.cumsum(np.where(np.arange(len(pose))[:, None] > 0, pose[:, -1], 0), axis=0)
        path = model.level_path(pose[:, : len(processor.landmarks)], path)
        path = path if record.rotation is None else rotate(path, -record.rotation[-1])
        anchor += path * np.float32(record.unit)
    rotation = None if record.rotation is None else np.repeat(record.rotation[-1:], len(pose))
    further = replace(record, anchor=anchor, rotation=rotation, source_frames=frames)
    first = source.first_frame + source.num_frames
    return replace(
        source,
        name=name,
        landmarks=processor.landmarks,
        pose=place_on_source(processor, pose, further, first, num_frames),
        first_frame=first,
        split=None,
        frame_labels=(),
    )


def _source_step(processed: ProcessedSequence) -> float:
    """Return the source frames from one model frame to the next."""
    frames = processed.record.source_frames
    return float(frames[1] - frames[0]) if len(frames) > 1 else 1.0
