"""A span of a recording made anew from what is around it, with the band in which nine of ten points lie.

Axes: ``F`` source frames, ``L`` landmarks, ``D`` coordinates.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from htvae.app.live.bodies import Complete
from htvae.app.live.clips import Clip
from htvae.app.live.drawing import count_context
from htvae.app.live.places import check_span, choose_landmarks, cut_source, to_page
from htvae.app.live.session import Session, check_length
from htvae.generation.completion import Completion
from htvae.poses.geometry import observed_points
from htvae.poses.sequence import PoseSequence

NUM_SAMPLES = 10
"""Completions that the band comes from."""
CHUNKS_AROUND = 3
"""Chunks before and after the span that the model sees: what is farther away hardly changes the answer."""


def complete_span(session: Session, wish: Complete) -> Clip:
    """Fill in a span; without a prior there is no band.

    Raises:
        ValueError: the recording lacks the span, a landmark is unknown, or nothing is left to fill in from.
    """
    recording, model = session.recordings[wish.recording], session.model
    check_span(recording, wish.start, wish.stop)
    check_length(wish.stop - wish.start)
    chunks = round(CHUNKS_AROUND * session.chunk_frames(recording))
    around = max(chunks, count_context(session.clock.source_rate(recording)))
    part = cut_source(recording.source, wish.start - around, wish.stop + around)
    hidden = _hide(part, wish.start, wish.stop, _name_landmarks(session, wish.landmarks))
    if not observed_points(choose_landmarks(hidden, model.processor.landmarks)).any():
        raise ValueError("Something must be left to fill in from, but the span holds all. Make it shorter.")
    samples = NUM_SAMPLES if model.has_prior else 1
    found = model.complete(hidden, num_samples=samples, seed=wish.seed)
    return _cut_clip(session, wish, hidden, found)


def _cut_clip(session: Session, wish: Complete, hidden: PoseSequence, found: Completion) -> Clip:
    """Return the span, and a little of what is around it."""
    recording = session.recordings[wish.recording]
    rate = session.clock.source_rate(recording)
    first = max(hidden.first_frame, wish.start - count_context(rate))
    own = slice(first - hidden.first_frame, wish.stop + count_context(rate) - hidden.first_frame)
    order = [found.sequence.landmarks.index(name) for name in session.model.processor.landmarks]
    bounds = None if found.interval is None else found.interval[:, own][:, :, order]
    return Clip(
        rate=rate or 1.0,
        pose=to_page(recording, found.sequence.pose[own][:, order]),
        given=~found.filled[own][:, order],
        low=None if bounds is None else to_page(recording, bounds[0]),
        high=None if bounds is None else to_page(recording, bounds[1]),
        recording=wish.recording,
        first=first,
        fps=rate,
        span=(wish.start, wish.stop),
    )


def _hide(part: PoseSequence, start: int, stop: int, names: Sequence[str]) -> PoseSequence:
    """Return frames in which these landmarks are missing from start to stop (exclusive)."""
    pose = part.pose.copy()
    places = [i for i, name in enumerate(part.landmarks) if name in names]
    pose[start - part.first_frame : stop - part.first_frame, places] = np.nan
    return replace(part, pose=pose)


def _name_landmarks(session: Session, indices: Sequence[int] | None) -> Sequence[str]:
    names = session.model.processor.landmarks
    if indices is None:
        return names
    if max(indices) >= len(names):
        raise ValueError(f"landmarks must be below {len(names)}, but one is {max(indices)}.")
    return [names[i] for i in indices]
