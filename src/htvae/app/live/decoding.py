"""One chunk of a recording, with its latents moved along the page's directions.

Only windows that hold the chunk are decoded, however long the recording is.

Axes: ``T`` model frames, ``N`` points, ``L`` landmarks, ``D`` coordinates, ``C`` chunks, ``K`` latent
numbers.
"""

from collections.abc import Sequence

import numpy as np
import torch

from htvae.app.live.clips import Clip
from htvae.app.live.places import check_frame, to_page
from htvae.app.live.session import Session
from htvae.inference.source import to_source_spans
from htvae.inference.windows import WindowOutput, fade_windows


def decode_moment(session: Session, index: int, frame: int, shifts: Sequence[float]) -> Clip:
    """Return the reconstruction of the chunk around a source frame, its latents moved.

    Args:
        session: model and recordings.
        index: of the recording.
        frame: source frame.
        shifts: distance along each of the report's directions, in spreads of the latents; 0 everywhere is
            the plain reconstruction.

    Raises:
        ValueError: the recording lacks the frame, or there is not one distance a direction.
    """
    recording, model = session.recordings[index], session.model
    check_frame(recording, frame)
    if len(shifts) != len(session.directions):
        raise ValueError(
            f"shifts must be a number for each of the {len(session.directions)} directions, but are "
            f"{len(shifts)}."
        )
    frames = recording.record.source_frames
    spans = model.grid.spans(len(recording.pose))
    place = int(np.abs(frames - frame).argmin())
    chunk = int(np.abs(spans.mean(axis=1) - place).argmin())
    move = np.asarray(shifts) @ session.directions if len(shifts) else np.zeros(0)
    start, stop = map(int, spans[chunk])
    pose = _decode(session, index, chunk, (start, stop), torch.from_numpy(move.astype(np.float32)))
    ((first, end),) = to_source_spans(spans[chunk][None], frames).tolist()
    places = model.processor.inverse(pose, recording.record.cut(slice(start, stop)))
    return Clip(
        rate=session.clock.model_rate(recording) or 1.0,
        pose=to_page(recording, places),
        recording=index,
        first=float(frames[start]),
        fps=session.clock.source_rate(recording),
        span=(first, end),
    )


def _decode(
    session: Session, index: int, chunk: int, span: tuple[int, int], move: torch.Tensor
) -> np.ndarray:
    """Return the poses (T, N, D) of a span of frames; windows are faded into each other as always."""
    (found,) = session.model.reconstruct_all([session.recordings[index]])
    start, stop = span
    weights = fade_windows([output.window for output in found.windows])
    pose = np.zeros((stop - start, *found.pose.shape[1:]), np.float32)
    for output, weight in zip(found.windows, weights, strict=True):
        low, high = max(start, output.window.start), min(stop, output.window.stop)
        own = weight[max(0, low - output.window.start) : max(0, high - output.window.start)]
        if low < high and own.any():
            decoded = _decode_window(session, output, chunk, move)
            part = decoded[low - output.window.start : high - output.window.start]
            pose[low - start : high - start] += own[:, None, None] * part
    return pose


@torch.no_grad()
def _decode_window(session: Session, output: WindowOutput, chunk: int, move: torch.Tensor) -> np.ndarray:
    """Return the poses (T, N, D) of a window; the chunk's latent is moved, or z where chunks have none."""
    windowed = session.model.windowed
    sequence, chunks = output.sequence.mu.clone(), output.chunks.mu.clone()
    first, stop = output.window.chunks
    if len(move) and not chunks.shape[1]:
        sequence += move
    elif len(move) and first <= chunk < stop:
        chunks[chunk - first] += move
    given = (sequence[None], chunks[None], torch.tensor([output.window.num_frames]))
    decoded: np.ndarray = (
        windowed.network.decode(*(own.to(windowed.device) for own in given))[0].float().cpu().numpy()
    )
    return decoded
