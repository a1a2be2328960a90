"""Poses on their way to the page: whole numbers of 16 bits, one array after the other, never JSON.

Axes: ``F`` poses, ``L`` landmarks, ``D`` coordinates.
"""

import json
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from htvae.app.packing import choose_scale, quantise


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """Poses, in torso lengths from the middle of the path that the body has in the report."""

    rate: float
    """Poses per second; 1 where the report counts in frames."""
    pose: np.ndarray
    """(F, L, D), every point."""
    given: np.ndarray | None = None
    """(F, L), True where the recording has the point; None: the model made all."""
    low: np.ndarray | None = None
    """(F, L, D), below which a point lies in one of twenty cases; None: unknown."""
    high: np.ndarray | None = None
    """(F, L, D), above which it lies in one of twenty."""
    recording: int | None = None
    """Index of the recording that the poses belong to."""
    first: float | None = None
    """Source frame of the first pose."""
    fps: float | None = None
    """Source frames per second of that recording."""
    span: tuple[int, int] | None = None
    """Source frames that were asked for, the second exclusive."""

    def pack(self) -> "PackedClip":
        """Return the clip as it is sent."""
        named = {"pose": self.pose, "low": self.low, "high": self.high}
        places = {name: own for name, own in named.items() if own is not None}
        scale = choose_scale(*places.values())
        parts = [quantise(own, scale).astype("<i2").tobytes() for own in places.values()]
        if self.given is not None:
            parts.append(self.given.astype(np.uint8).tobytes())
        count, landmarks, coordinates = self.pose.shape
        about = {
            "rate": self.rate,
            "scale": scale,
            "count": count,
            "landmarks": landmarks,
            "coordinates": coordinates,
            "arrays": [*places, *([] if self.given is None else ["given"])],
            "recording": self.recording,
            "first": self.first,
            "fps": self.fps,
            "span": self.span,
        }
        return PackedClip(json.dumps(about), b"".join(parts))


class PackedClip(NamedTuple):
    """A clip as it is sent."""

    header: str
    """What the bytes are, as JSON."""
    content: bytes
    """The arrays: int16, little endian; ``given`` a byte a point."""
