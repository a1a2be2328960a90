"""Recordings of which only every n-th frame was kept, whatever their format: the frames are closed up.

Axes: T frames, L landmarks, D coordinates.
"""

from dataclasses import replace

import numpy as np

from htvae.io.formats.steps import common_step
from htvae.io.tracks import Content, Detections, Track

_FEWEST = 3
"""Fewest frames with a point that tell a step."""


def keep_every_nth(content: Content) -> Content:
    """Return the content with frame numbers divided by n, where every n-th frame has points and no other has.

    The file's frame rate is divided by n, too. Other contents come back as they are.
    """
    found = content.individuals
    seen = (
        found.frames if isinstance(found, Detections) else np.concatenate([_seen(track) for track in found])
    )
    step = common_step(seen) if len(np.unique(seen)) >= _FEWEST else 1
    if step == 1:
        return content
    fps = None if content.fps is None else content.fps / step
    if isinstance(found, Detections):
        return replace(content, fps=fps, individuals=replace(found, frames=found.frames // step))
    offset = int(seen.min()) % step
    return replace(content, fps=fps, individuals=[_thin(track, step, offset) for track in found])


def _seen(track: Track) -> np.ndarray:
    """Return the numbers of the frames with a point."""
    return np.flatnonzero(~np.isnan(track.points).all(axis=(1, 2))) + track.first_frame


def _thin(track: Track, step: int, offset: int) -> Track:
    """Return the frames whose numbers leave the rest ``offset``."""
    start = (offset - track.first_frame) % step
    return replace(
        track,
        points=track.points[start::step],
        confidence=None if track.confidence is None else track.confidence[start::step],
        first_frame=(track.first_frame + start) // step,
    )
