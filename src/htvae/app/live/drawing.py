"""Motion that the prior draws: new, or after a recording's frame.

Axes: ``F`` poses, ``L`` landmarks, ``D`` coordinates.
"""

import numpy as np

from htvae.app.collect.generated import to_torso_lengths
from htvae.app.live.bodies import USUAL_SECONDS, Continue, Generate
from htvae.app.live.clips import Clip
from htvae.app.live.places import check_frame, choose_landmarks, cut_source, fill_from, to_page
from htvae.app.live.session import Session, check_length
from htvae.generation.script import Script
from htvae.poses.geometry import observed_points

CONTEXT_SECONDS = 1.0
"""Seconds of the recording that are shown beside what is made, at most."""
CONTEXT_FRAMES = 30
"""Frames that are shown where the report counts in frames."""


def generate(session: Session, wish: Generate) -> Clip:
    """Draw motion from the prior.

    Raises:
        ValueError: the model has no prior, a label is unknown, or the script is faulty or too long.
    """
    model = session.model
    label = None if wish.label is None else session.name_label(wish.label)
    script = Script.parse(wish.script, model.processor.fps) if wish.script else None
    seconds = USUAL_SECONDS if wish.seconds is None else wish.seconds
    frames = script.num_frames if script else session.count_frames(seconds, session.clock.rate)
    check_length(frames)
    is_free = label is None and script is None
    (made,) = model.generate(
        num_frames=frames,
        label=label,
        script=script,
        guidance=None if is_free else wish.guidance,
        seed=wish.seed,
    )
    return Clip(rate=session.clock.rate or 1.0, pose=to_torso_lengths(model, made))


def continue_moment(session: Session, wish: Continue) -> Clip:
    """Draw what follows a recording's frame; the clip begins with what leads there.

    Raises:
        ValueError: the model has no prior, the recording lacks the frame, or nothing is observed before it.
    """
    recording, model = session.recordings[wish.recording], session.model
    check_frame(recording, wish.frame)
    source, rate = recording.source, session.clock.source_rate(recording)
    frames = session.count_frames(wish.seconds, rate)
    head = cut_source(source, source.first_frame, wish.frame + 1)
    (made,) = model.continue_(head, frames, 1, wish.seed)
    pose = choose_landmarks(made, model.processor.landmarks)
    return surround(session, wish.recording, pose, wish.frame + 1, shows_after=False)


def surround(session: Session, index: int, pose: np.ndarray, start: int, shows_after: bool = True) -> Clip:
    """Return made motion, with a little of the recording before and after it, so that the seams are seen.

    Args:
        session: model and recordings.
        index: of the recording.
        pose: (F, L, D), made, in the recording's coordinates.
        start: source frame of its first.
        shows_after: whether the recording's frames after it are shown.
    """
    recording = session.recordings[index]
    source, rate = recording.source, session.clock.source_rate(recording)
    stop, end = start + len(pose), source.first_frame + source.num_frames
    first = max(source.first_frame, start - count_context(rate))
    last = max(stop, min(end, stop + count_context(rate))) if shows_after else stop
    before, seen_before = show_recording(session, index, first, start)
    after, seen_after = show_recording(session, index, stop, last)
    made = np.zeros(pose.shape[:2], bool)
    return Clip(
        rate=rate or 1.0,
        pose=to_page(recording, np.concatenate([before, pose, after])),
        given=np.concatenate([seen_before, made, seen_after]),
        recording=index,
        first=first,
        fps=rate,
    )


def show_recording(session: Session, index: int, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a recording's source frames (F, L, D), missing points as the model rebuilds them.

    Returns:
        The places in the recording's coordinates, and a mask (F, L), True where the recording has the point.
    """
    recording, model = session.recordings[index], session.model
    if start == stop:
        shape = (0, len(model.processor.landmarks), model.processor.num_coordinates)
        return np.zeros(shape), np.zeros(shape[:2], bool)
    own = choose_landmarks(cut_source(recording.source, start, stop), model.processor.landmarks)
    seen = observed_points(own)
    if not seen.all():
        (found,) = model.reconstruct_all([recording])
        own = fill_from(model.processor, recording, found.pose, own, start)
    return own, seen


def count_context(rate: float | None) -> int:
    """Return how many source frames are shown beside what is made."""
    return CONTEXT_FRAMES if rate is None else max(1, round(CONTEXT_SECONDS * rate))
