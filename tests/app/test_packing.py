"""Blocks of packed numbers: read back by a slow reader that follows the layout step by step."""

import base64
import math
import struct
import zlib
from functools import partial

import numpy as np
import pytest

from htvae.app import packing

SHAPE = (37, 5, 2)
PARENTS = [-1, 0, 0, 2, 1]
"""Landmark that each is seen from."""
HALF_STEP = packing.STEP / 2 + 1e-9
"""What rounding to whole steps may cost."""


def slow_text(text: str) -> bytes:
    plain = text.translate(str.maketrans(":,.", "&<>"))  # what differs from Python's own base 85
    return zlib.decompress(base64.b85decode(plain), wbits=-15)


def wrap(value: int) -> int:
    return (value + 32_768) % 65_536 - 32_768


def slow_rests(content: bytes, shape: tuple[int, int, int]) -> np.ndarray:
    """Read int16 numbers: low bytes, high bytes, zigzag, half of the frame before."""
    frames, landmarks, coordinates = shape
    size = frames * landmarks * coordinates
    values = np.zeros(shape, int)
    for point in range(landmarks):
        for d in range(coordinates):
            for f in range(frames):
                at = (point * coordinates + d) * frames + f
                folded = content[at] + 256 * content[size + at]
                rest = folded // 2 if folded % 2 == 0 else -(folded + 1) // 2
                before = int(values[f - 1, point, d]) if f else 0
                values[f, point, d] = wrap(rest + math.floor(before / 2))
    return values


def slow_moves(content: bytes, shape: tuple[int, int, int]) -> np.ndarray:
    """Read places: moves are added up, and each landmark is seen from its parent."""
    moves, values = slow_rests(content, shape), np.zeros(shape, int)
    for point in range(shape[1]):
        for d in range(shape[2]):
            total = 0
            for f in range(shape[0]):
                total = wrap(total + int(moves[f, point, d]))
                parent = PARENTS[point]
                values[f, point, d] = wrap(total + (int(values[f, parent, d]) if parent >= 0 else 0))
    return values


def slow_poses(content: bytes, shape: tuple[int, int, int], scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Read a reconstruction and a recording, NaN where missing."""
    size = 2 * int(np.prod(shape))
    rebuilt, residual = slow_moves(content, shape), slow_rests(content[size:], shape)
    recording = np.full(shape, np.nan)
    for f in range(shape[0]):
        for point in range(shape[1]):
            bit = f * shape[1] + point
            if content[2 * size + bit // 8] >> (bit % 8) & 1:
                for d in range(shape[2]):
                    value = wrap(int(rebuilt[f, point, d]) + int(residual[f, point, d]))
                    recording[f, point, d] = scale * value
    return rebuilt * scale, recording


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("shape", [SHAPE, (1, 1, 2), (9, 3, 3)], ids=str)
def test_poses_come_back_within_half_a_step(shape: tuple[int, int, int], rng: np.random.Generator) -> None:
    rebuilt = np.cumsum(rng.normal(0, 0.2, shape), axis=0)
    recording = rebuilt + rng.normal(0, 0.05, shape)
    recording[rng.random(shape[:2]) < 0.2] = np.nan
    content = packing.pack_poses(rebuilt, recording, packing.STEP, PARENTS[: shape[1]])
    for read in (slow_poses, partial(packing.unpack_poses, parents=PARENTS[: shape[1]])):
        back, found = read(content, shape, packing.STEP)
        assert np.abs(back - rebuilt).max() <= HALF_STEP
        np.testing.assert_array_equal(np.isnan(found), np.isnan(recording))
        assert np.nanmax(np.abs(found - recording), initial=0) <= HALF_STEP


def test_landmarks_are_seen_from_the_last_one_before_them_that_a_bone_joins() -> None:
    assert packing.find_parents(6, [[0, 1], (3, 1), (4, 0), (4, 2), (5, 4)]) == [-1, 0, 1, 1, 2, 4]
    assert packing.find_parents(1, []) == [-1]


def test_a_body_that_moves_as_a_whole_takes_little(rng: np.random.Generator) -> None:
    path = np.cumsum(rng.normal(0, 0.3, (200, 1, 2)), axis=0)
    together, apart = (
        len(packing.to_text(packing.pack_motion(pose, packing.STEP, PARENTS)))
        for pose in (path + rng.normal(0, 1, (1, 5, 2)), np.cumsum(rng.normal(0, 0.3, (200, 5, 2)), axis=0))
    )
    assert together < 0.4 * apart


def test_missing_points_cost_nothing(rng: np.random.Generator) -> None:
    rebuilt = rng.normal(0, 1, SHAPE)
    content = packing.pack_poses(rebuilt, np.full(SHAPE, np.nan), packing.STEP, PARENTS)
    size = 2 * int(np.prod(SHAPE))
    assert set(content[size:]) == {0}
    assert np.isnan(packing.unpack_poses(content, SHAPE, packing.STEP, PARENTS)[1]).all()


def test_jumps_across_the_whole_range_wrap_around() -> None:
    ends = np.tile(np.array([-125.0, 125.0]), 10)[:, None, None] * np.ones((1, 2, 2))
    content = packing.pack_poses(ends, -ends, packing.STEP, PARENTS[:2])
    for read in (slow_poses, partial(packing.unpack_poses, parents=PARENTS[:2])):
        back, found = read(content, ends.shape, packing.STEP)
        np.testing.assert_array_equal(back, ends)
        np.testing.assert_array_equal(found, -ends)


def test_motion_comes_back(rng: np.random.Generator) -> None:
    poses = np.cumsum(rng.normal(0, 0.3, SHAPE), axis=0)
    content = packing.pack_motion(poses, packing.STEP, PARENTS)
    np.testing.assert_array_equal(
        slow_moves(content, SHAPE) * packing.STEP,
        packing.unpack_motion(content, SHAPE, packing.STEP, PARENTS),
    )
    assert np.abs(packing.unpack_motion(content, SHAPE, packing.STEP, PARENTS) - poses).max() <= HALF_STEP


def test_the_scale_grows_with_the_path_but_not_with_a_stray_point() -> None:
    path = np.zeros((4_000, 2, 2))
    assert packing.choose_scale(path) == packing.STEP
    path[0, 0] = 1e6  # one point of 8,000 that a tracker threw away
    assert packing.choose_scale(path) == packing.STEP
    content = packing.pack_poses(np.zeros_like(path), path, packing.STEP, PARENTS[:2])
    assert (
        packing.unpack_poses(content, path.shape, packing.STEP, PARENTS[:2])[1][0, 0, 0]
        == 32_767 * packing.STEP
    )
    walk = np.linspace(0, 300, 4_000)[:, None, None] * np.ones((1, 2, 2))
    scale = packing.choose_scale(walk, np.full((1, 1, 2), np.nan))
    assert scale == 4 * packing.STEP  # 128 torso lengths fit at 1, 256 at 2, 512 at 4 steps
    back = packing.unpack_motion(packing.pack_motion(walk, scale, [-1, 0]), walk.shape, scale, [-1, 0])
    assert np.abs(back - walk).max() <= scale / 2 + 1e-9


def test_lanes_are_bytes_of_their_largest_value() -> None:
    lanes = [np.array([0, 1.0, np.nan]), np.array([5, 2.5, 50.0])]
    assert list(packing.pack_lanes(lanes, (1.0, 5.0))) == [0, 255, 0, 255, 128, 255]


def test_moments_lie_column_by_column() -> None:
    moments = packing.Moments(
        recording=np.array([0, 700]),
        start=np.array([5, 70_000]),
        stop=np.array([53, 70_048]),
        maps=(np.array([[-1.0, 1.0], [0.5, 2.0]]), np.array([[0.0, 0.25], [1.0, -1.0]])),
        label=np.array([-1, 3]),
        motif=np.array([300, 0]),
        surprise=np.array([0.5, 7.0]),
    )
    layout = "<2H2I2I2h2h2h2h2B2B2B"
    assert struct.calcsize(layout) == len(moments.pack())
    assert struct.unpack(layout, moments.pack()) == (
        *(0, 700, 5, 70_000, 53, 70_048),
        *(-32_767, 16_384, 32_767, 32_767, 0, 32_767, 8_192, -32_767),
        *(255, 3, 255, 0, 128, 255),
    )


def test_features_are_bytes_and_strays_are_cut_off(rng: np.random.Generator) -> None:
    features = rng.normal(0, 2, (200, 7))
    features[3, 3] = 1e4
    content, step = packing.pack_windows(features)
    back = np.frombuffer(content, np.int8).reshape(features.shape) * step
    kept = np.abs(features) < 127 * step
    assert np.abs(back - features)[kept].max() <= step / 2 + 1e-9
    assert kept.sum() == features.size - 1
    assert abs(step * packing.FEATURE_STEPS - 2) < 0.15  # the spread, from 1,400 numbers
    assert packing.pack_windows(np.zeros((0, 4)))[0] == b""
    assert packing.pack_windows(np.zeros((2, 3)))[0] == bytes(6)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 999, 1000])
def test_text_is_raw_deflate_in_base_85(length: int, rng: np.random.Generator) -> None:
    content = rng.integers(0, 256, length).astype(np.uint8).tobytes()
    text = packing.to_text(content)
    assert slow_text(text) == packing.from_text(text) == content
    assert text.isascii() and not set("<>&\"'\\ ") & set(text)
