"""Recordings changed in the latent space: towards a label, into another's style, from one moment to another.

Axes: ``n`` steps, ``F`` frames, ``L`` landmarks, ``D`` coordinates.
"""

import numpy as np
import torch

from htvae.app.live.bodies import Edit, Interpolate
from htvae.app.live.clips import Clip
from htvae.app.live.drawing import surround
from htvae.app.live.places import check_frame, check_span, choose_landmarks, cut_source, to_page
from htvae.app.live.session import Session, check_length
from htvae.generation.editing import Direction, edit_towards, find_direction, take_style
from htvae.models.latent import LatentSpace
from htvae.poses.sequence import PoseSequence, find_main_label

NUM_STEPS = 9
"""Steps from one moment to the other, both included; the clip passes through all of them."""


def edit_span(session: Session, wish: Edit) -> Clip:
    """Move a span of a recording towards a label, or give it another recording's style.

    Raises:
        ValueError: the recording lacks the span, the goal is unknown, or there is not one goal.
    """
    recording, model = session.recordings[wish.recording], session.model
    check_span(recording, wish.start, wish.stop)
    check_length(wish.stop - wish.start)
    if sum(goal is not None for goal in (wish.label, wish.towards, wish.style)) != 1:
        raise ValueError("An edit must have one goal: a label to move towards, or a recording to be like.")
    part = cut_source(recording.source, wish.start, wish.stop)
    if wish.style is not None:
        made = take_style(model, part, session.recordings[wish.style].source)
    else:
        made = edit_towards(model, part, _find_goal(session, wish), wish.strength)
    pose = choose_landmarks(made, model.processor.landmarks)
    return surround(session, wish.recording, pose, wish.start)


def _find_goal(session: Session, wish: Edit) -> Direction:
    """Return the direction towards a label, of spans where training's spans have it, else of recordings."""
    training, model = session.training, session.model
    encodings = model.encode_all(training)
    name = wish.towards if wish.label is None else session.name_label(wish.label)
    assert name is not None
    if wish.label is None or name not in model.chunk_labels:
        return find_direction(encodings, name)
    labels = [
        find_main_label(recording.source.frame_labels, int(start), int(stop))
        for recording, own in zip(training, encodings, strict=True)
        for start, stop in own.chunk_frames
    ]
    members = torch.tensor([label == name for label in labels])
    if members.all() or not members.any():
        raise ValueError(f"label must be shown by some of the recordings, but {name!r} is by all or none.")
    chunks = torch.tensor(np.concatenate([own.chunk_latents for own in encodings]))
    still = torch.zeros(len(encodings[0].sequence_latent))
    return Direction(still, LatentSpace.direction(chunks, members))


def interpolate_moments(session: Session, wish: Interpolate) -> Clip:
    """Return motion that begins as it does at one moment, and ends as it does after another.

    The steps of `GenerativeModel.interpolate` between the two pieces of motion are faded into each other, so
    that frame t of F lies at the share t / F of the way.

    Raises:
        ValueError: a recording lacks a frame.
    """
    model = session.model
    begin, end = (_cut_moment(session, *place, wish.seconds) for place in (wish.begin, wish.end))
    steps = model.interpolate(begin, end, NUM_STEPS)
    pose = fade_through(np.stack([own.pose for own in steps]))
    return Clip(
        rate=session.clock.rate or 1.0,
        pose=to_page(session.recordings[wish.begin[0]], pose),
        recording=wish.begin[0],
        first=wish.begin[1],
    )


def fade_through(steps: np.ndarray) -> np.ndarray:
    """Return poses (F, L, D) that go through steps (n, F, L, D) evenly, from the first to the last."""
    count, frames = steps.shape[:2]
    places = np.linspace(0, count - 1, frames)
    low = np.minimum(places.astype(int), max(count - 2, 0))
    high = np.minimum(low + 1, count - 1)
    share = (places - low)[:, None, None]
    every = np.arange(frames)
    faded: np.ndarray = steps[low, every] * (1 - share) + steps[high, every] * share
    return faded


def _cut_moment(session: Session, index: int, frame: int, seconds: float) -> PoseSequence:
    """Return the motion from a frame on; near the recording's end it begins earlier."""
    recording = session.recordings[index]
    check_frame(recording, frame)
    frames = session.count_frames(seconds, session.clock.source_rate(recording))
    source = recording.source
    stop = min(frame + frames, source.first_frame + source.num_frames)
    return cut_source(source, stop - frames, stop)
