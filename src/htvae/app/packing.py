"""Numbers as small blocks of text: what the page unpacks with its browser's own means.

- Poses are whole numbers of steps of `scale` torso lengths. Each landmark is stored as seen from another one,
  its parent, which mostly moves along: as the change from frame to frame, less half of the change before.
- The recording is stored as its difference from the reconstruction, less half of the difference before.
- Differences wrap around at 16 bits, so that adding them up gives the exact numbers again.
- Zigzag maps small differences of either sign to small unsigned numbers, whose high bytes are mostly 0. Low
  and high bytes stand apart, and so do coordinates, since alike bytes compress better together.

Axes: ``F`` packed poses, ``L`` landmarks, ``D`` coordinates, ``n`` moments, ``w`` windows, ``K`` features.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STEP = 1 / 256
"""Torso lengths per step of a packed coordinate, unless a recording reaches too far."""
REACH = 32_000
"""Steps that a packed coordinate may be away from the origin."""
LEVEL = 9
"""Effort of the compression, 1 to 9."""
FEATURE_STEPS = 8
"""Whole numbers on either side of 0 that features usually take."""
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%:()*+-;,=.?@^_`{|}~"
"""Digits of base 85: those of Python's ``b85encode`` with others for ``&``, ``<`` and ``>``."""
_POWERS = [85**k for k in (4, 3, 2, 1, 0)]
_PLACES = np.zeros(128, np.uint64)
_PLACES[np.frombuffer(DIGITS.encode(), np.uint8)] = np.arange(85)
NO_CLASS = 255
"""Byte of a moment without a label, or without a motif."""


def find_parents(num_landmarks: int, edges: Sequence[Sequence[int]]) -> list[int]:
    """Return the landmark that each is seen from: the last one before it that a bone joins to it.

    Without such a bone it is the one before; -1 for the first landmark, which is seen from nowhere.
    """
    joined = [[a for a, b in _both_ways(edges) if b == i and a < i] for i in range(num_landmarks)]
    return [max(own, default=i - 1) for i, own in enumerate(joined)]


def choose_scale(*poses: np.ndarray) -> float:
    """Return the torso lengths per step with which poses (F, L, D) fit into 16 bits: `STEP` or more.

    The farthest thousandth of points does not count: single points that a tracker throws far away would make
    all others coarse. They are packed at the end of the range.
    """
    scale = STEP
    for pose in poses:
        distances = np.abs(pose[np.isfinite(pose)])
        while distances.size and np.quantile(distances, 0.999, method="higher") / scale > REACH:
            scale *= 2
    return scale


def pack_poses(
    reconstruction: np.ndarray, recording: np.ndarray, scale: float, parents: Sequence[int]
) -> bytes:
    """Return a reconstruction (F, L, D), the recording beside it (NaN: missing), and its mask as bytes.

    Args:
        reconstruction: torso lengths.
        recording: torso lengths.
        scale: torso lengths per step.
        parents: from `find_parents`.
    """
    rebuilt, seen = quantise(reconstruction, scale), np.isfinite(recording).all(axis=-1)
    found = quantise(np.where(seen[..., None], recording, 0), scale)
    apart = np.where(seen[..., None], found - rebuilt, np.int16(0))
    return _pack_moves(rebuilt, parents) + _pack_rests(apart) + pack_mask(seen)


def pack_motion(poses: np.ndarray, scale: float, parents: Sequence[int]) -> bytes:
    """Return poses (F, L, D) without a recording beside them as bytes; see `pack_poses`."""
    return _pack_moves(quantise(poses, scale), parents)


def pack_apart(distances: np.ndarray, scale: float) -> bytes:
    """Return how far poses lie from others (F, L, D) as bytes, mostly 0."""
    return _pack_rests(quantise(distances, scale))


def pack_mask(mask: np.ndarray) -> bytes:
    """Return a mask (F, L) as a bit a point."""
    return np.packbits(mask, bitorder="little").tobytes()


def unpack_poses(
    content: bytes, shape: tuple[int, int, int], scale: float, parents: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the reconstruction and the recording (F, L, D) of `pack_poses`; NaN where missing."""
    size = 2 * int(np.prod(shape))
    rebuilt = _unpack_moves(content[:size], shape, parents)
    apart = _unpack_rests(content[size : 2 * size], shape)
    bits = np.unpackbits(np.frombuffer(content[2 * size :], np.uint8), bitorder="little")
    seen = bits[: shape[0] * shape[1]].reshape(shape[:2]).astype(bool)
    return rebuilt * scale, np.where(seen[..., None], (rebuilt + apart) * scale, np.nan)


def unpack_motion(
    content: bytes, shape: tuple[int, int, int], scale: float, parents: Sequence[int]
) -> np.ndarray:
    """Return the poses (F, L, D) of `pack_motion`."""
    return _unpack_moves(content, shape, parents) * scale


def pack_lanes(lanes: Sequence[np.ndarray], most: Sequence[float]) -> bytes:
    """Return curves (F,) as a byte a value, one curve after the other.

    Args:
        lanes: values from 0 on; NaN counts as 0.
        most: value of byte 255 of each curve; larger values are cut off.
    """
    return b"".join(_to_bytes(lane / max(top, 1e-12)) for lane, top in zip(lanes, most, strict=True))


@dataclass(frozen=True, eq=False)
class Moments:
    """Short spans of recordings, each a point of the maps."""

    recording: np.ndarray
    """Index (n,) of the recording."""
    start: np.ndarray
    """First source frame (n,)."""
    stop: np.ndarray
    """Source frame (n,) after the last one."""
    maps: tuple[np.ndarray, ...]
    """Places (n, 2) of each map, -1..1."""
    label: np.ndarray
    """Index (n,) of the label; -1 none."""
    motif: np.ndarray
    """Index (n,) of the motif; -1 none."""
    surprise: np.ndarray
    """0..1 (n,) of the largest surprise of the curves."""

    def pack(self) -> bytes:
        """Return all moments as bytes, one column after the other."""
        places = [(np.clip(own[:, axis], -1, 1) * 32_767) for own in self.maps for axis in (0, 1)]
        columns = [
            self.recording.astype("<u2"),
            self.start.astype("<u4"),
            self.stop.astype("<u4"),
            *(np.rint(place).astype("<i2") for place in places),
            _to_class(self.label),
            _to_class(self.motif),
        ]
        return b"".join(column.tobytes() for column in columns) + _to_bytes(self.surprise)


def pack_windows(features: np.ndarray) -> tuple[bytes, float]:
    """Return features (w, K) as whole numbers of a byte, and the value of 1.

    Two thirds of the features lie within `FEATURE_STEPS`; what lies 16 times as far out is cut off.
    """
    usual = float(np.quantile(np.abs(features), 0.68)) if features.size else 0.0
    step = (usual or 1.0) / FEATURE_STEPS
    return np.rint(np.clip(features / step, -127, 127)).astype(np.int8).tobytes(), step


def to_text(content: bytes) -> str:
    """Return bytes compressed (raw deflate), as text of base 85: five characters for four bytes.

    A twentieth smaller than base 64. No character of `DIGITS` means anything in HTML.
    """
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    packed = packer.compress(content) + packer.flush()
    pad = -len(packed) % 4
    numbers = np.frombuffer(packed + bytes(pad), ">u4")
    places = numbers[:, None] // np.array(_POWERS, np.uint32) % np.uint32(85)
    text = np.frombuffer(DIGITS.encode(), np.uint8)[places].tobytes().decode("ascii")
    return text[: len(text) - pad]


def from_text(text: str) -> bytes:
    """Return the bytes of `to_text`."""
    return zlib.decompress(to_packed(text), -15)


def to_packed(text: str) -> bytes:
    """Return the compressed bytes (raw deflate) of `to_text`."""
    pad = -len(text) % 5
    places = _PLACES[np.frombuffer((text + DIGITS[-1] * pad).encode("ascii"), np.uint8)].reshape(-1, 5)
    packed = (places * np.array(_POWERS, np.uint64)).sum(axis=1).astype(">u4").tobytes()
    return packed[: len(packed) - pad]


def quantise(pose: np.ndarray, scale: float) -> np.ndarray:
    """Return places as whole numbers of steps of ``scale``, int16; those beyond 16 bits at their end."""
    limit = np.iinfo(np.int16)
    return np.rint(np.clip(pose / scale, limit.min, limit.max)).astype(np.int16)


def _both_ways(edges: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    return [pair for a, b in edges for pair in ((a, b), (b, a))]


def _pack_moves(values: np.ndarray, parents: Sequence[int]) -> bytes:
    """Return int16 places (F, L, D) as moves relative to parents."""
    relative = values.copy()
    for own, parent in enumerate(parents):
        if parent >= 0:
            relative[:, own] -= values[:, parent]
    return _pack_rests(np.diff(relative, axis=0, prepend=np.zeros_like(values[:1])))


def _pack_rests(values: np.ndarray) -> bytes:
    """Return int16 numbers (F, ...) less half of the frame before, in zigzag, low bytes before high bytes."""
    rests = values.copy()
    rests[1:] -= values[:-1] >> 1
    folded = np.ascontiguousarray(np.moveaxis((rests << 1) ^ (rests >> 15), 0, -1)).astype("<u2")
    return folded.reshape(-1).view(np.uint8).reshape(-1, 2).T.tobytes()


def _unpack_moves(content: bytes, shape: tuple[int, int, int], parents: Sequence[int]) -> np.ndarray:
    values = np.cumsum(_unpack_rests(content, shape), axis=0, dtype=np.int16)
    for own, parent in enumerate(parents):  # a parent comes before those that are seen from it
        if parent >= 0:
            values[:, own] += values[:, parent]
    return values


def _unpack_rests(content: bytes, shape: tuple[int, int, int]) -> np.ndarray:
    low, high = np.frombuffer(content, np.uint8).reshape(2, -1).astype(np.uint16)
    folded = low | (high << 8)
    rests = ((folded >> 1) ^ (-(folded & 1).astype(np.int16)).astype(np.uint16)).astype(np.int16)
    values = np.moveaxis(rests.reshape(*shape[1:], shape[0]), -1, 0).copy()
    for frame in range(1, len(values)):
        values[frame] += values[frame - 1] >> 1
    return values


def _to_bytes(shares: np.ndarray) -> bytes:
    return np.rint(255 * np.clip(np.nan_to_num(shares), 0, 1)).astype(np.uint8).tobytes()


def _to_class(indices: np.ndarray) -> np.ndarray:
    return np.where((indices < 0) | (indices >= NO_CLASS), NO_CLASS, indices).astype(np.uint8)
