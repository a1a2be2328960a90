"""Real files of motion capture and arrays, each against a reading by hand."""

import csv
import struct
from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.formats.base import Refusal
from htvae.io.formats.registry import recognise
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, Track
from htvae.poses.sequence import Coordinates
from tests.io.formats.opened import SAMPLES, needs_samples, only_track, open_content
from tests.io.formats.test_bvh import slow_places

pytestmark = needs_samples


def sample(*parts: str) -> Path:
    path = SAMPLES.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    return path


def check(track: Track, points: np.ndarray) -> None:
    """The number of frames and points, and all places, hence the first and last finite ones, are equal."""
    assert track.points.shape == points.shape
    np.testing.assert_allclose(track.points, points, rtol=1e-12, equal_nan=True)
    assert np.isfinite(points).any()


@pytest.mark.parametrize(
    "name", ["pose2sim_StaticTrial_0-12.trc", "pose2sim_BalancingTrial_first25frames.trc"]
)
def test_trc(name: str) -> None:
    lines = sample("trc", name).read_text().splitlines()
    rows = np.array(
        [[float(cell) for cell in line.split("\t") if cell] for line in lines[5:] if line.strip()]
    )
    content = open_content(sample("trc", name), "trc")
    track = only_track(content)
    assert list(track.landmarks) == [cell for cell in lines[3].split("\t")[2:] if cell]
    assert (content.fps, track.first_frame) == (60, 1)
    assert content.coordinates == Coordinates()
    check(track, rows[:, 2:].reshape(len(rows), 21, 3))


def test_bvh() -> None:
    path = sample("bvh", "AV_8Walk_Meredith_first40frames.bvh")
    content = open_content(path, "bvh")
    track = only_track(content)
    points = np.array(slow_places(path.read_text()))
    assert track.points.shape == (40, 30, 3)
    np.testing.assert_allclose(track.points, points, atol=1e-9)
    assert content.fps == 120
    height = points[:, track.landmarks.index("Head_end"), 1] - points[..., 1].min(axis=1)
    assert (height > 50).all()  # y points upwards: a standing person of 59.7 inches


def test_c3d() -> None:
    path = sample("c3d", "Optotrak.c3d")
    content = path.read_bytes()
    num_points, block = struct.unpack_from("<H", content, 2)[0], struct.unpack_from("<H", content, 16)[0]
    values = np.frombuffer(content, "<f4", offset=512 * (block - 1)).reshape(-1, num_points, 4).astype(float)
    points = np.where(values[..., 3:] < 0, np.nan, values[..., :3])
    read = open_content(path, "c3d")
    track = only_track(read)
    assert track.points.shape == (29, 54, 3)
    assert track.landmarks == tuple(f"Marker_{i}" for i in range(1, 55))
    assert (read.fps, track.first_frame) == (30, 1)
    assert read.coordinates == Coordinates(z_up=True)
    check(track, points)


def test_c3d_equals_ezc3d() -> None:
    ezc3d = pytest.importorskip("ezc3d")
    path = sample("c3d", "Optotrak.c3d")
    check(
        only_track(open_content(path, "c3d")), ezc3d.c3d(str(path))["data"]["points"][:3].transpose(2, 1, 0)
    )


def read_csv(path: Path) -> dict[str, np.ndarray]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def test_anipose() -> None:
    path = sample("anipose", "SYNTHETIC_anipose_3d.csv")
    table = read_csv(path)
    track = only_track(open_content(path, "anipose"))
    points = np.stack([[table[f"{n}_{axis}"] for axis in "xyz"] for n in track.landmarks]).transpose(2, 0, 1)
    scores = np.stack([table[f"{name}_score"] for name in track.landmarks], axis=1)
    assert track.landmarks == ("wrist", "elbow", "shoulder", "hip")
    assert (scores == 2).any()
    check(track, np.where((scores == 2)[..., None], np.nan, points))
    assert track.first_frame == table["fnum"][0]


def test_freemocap() -> None:
    path = sample("freemocap", "SYNTHETIC_mediapipe_body_3d_xyz.csv")
    table = read_csv(path)
    content = open_content(path, "freemocap")
    track = only_track(content)
    check(track, np.stack([[table[f"{n}_{a}"] for a in "xyz"] for n in track.landmarks]).transpose(2, 0, 1))
    assert content.coordinates == Coordinates(z_up=True)
    path = sample("freemocap", "SYNTHETIC_mediaPipeSkel_3d_body_hands_face.npy")
    check(only_track(open_content(path, "freemocap")), np.load(path))


def test_pose_format_version_0() -> None:
    """The file has one person in each frame; each person is a number of 16 bits and 137 points."""
    path = sample("pose_format", "openpose.pose")
    content = path.read_bytes()
    size = 93 * (2 + 2 + 137 * 3 * 4)
    rows = np.frombuffer(content[-size:], np.uint8).reshape(93, -1)
    assert (rows[:, :2] == (1, 0)).all()
    values = np.ascontiguousarray(rows[:, 4:]).view("<f4").reshape(93, 137, 3).astype(float)
    read = open_content(path, "pose")
    track = only_track(read)
    check(track, np.where(values[..., 2:] > 0, values[..., :2], np.nan))
    assert (read.fps, read.coordinates) == (24, IMAGE)
    assert (track.landmarks[0], track.landmarks[-21]) == ("Nose", "RIGHT_HAND_BASE")


def test_pose_format_version_1() -> None:
    path = sample("pose_format", "mediapipe_hand_normalized.pose")
    content = path.read_bytes()
    numbers = np.frombuffer(content[-170 * 21 * 4 * 4 :], "<f4").astype(float)
    points, confidence = numbers[: 170 * 21 * 3].reshape(170, 21, 3), numbers[170 * 21 * 3 :].reshape(170, 21)
    points = np.where(confidence[..., None] > 0, points, np.nan)
    read = open_content(path, "pose")
    check(only_track(read), points[..., :2])
    assert read.fps == 24
    deep = only_track(open_content(path, "pose", dimensions=3))
    check(deep, points * (1, 1, struct.unpack_from("<H", content, 4)[0]))


def test_ntu() -> None:
    path = sample("ntu_skeleton", "SYNTHETIC_S001C001P001R001A050.skeleton")
    words = iter(path.read_text().split())
    bodies: dict[str, np.ndarray] = {}
    num_frames = int(next(words))
    for frame in range(num_frames):
        for _ in range(int(next(words))):
            own = bodies.setdefault(next(words), np.full((num_frames, 25, 3), np.nan))
            for _ in range(9):
                next(words)
            for joint in range(int(next(words))):
                numbers = [float(next(words)) for _ in range(12)]
                if numbers[-1] > 0:
                    own[frame, joint] = numbers[:3]
    content = open_content(path, "ntu")
    assert len(content.individuals) == len(bodies) == 2
    for track, points in zip(content.individuals, bodies.values(), strict=True):
        check(track, points)
    assert content.fps == 30


def test_parameters_of_amass_are_refused() -> None:
    path = sample("humanml3d_amass", "SYNTHETIC_amass_poses.npz")
    known = recognise(Source(path, path.name))
    assert isinstance(known, Refusal)
    assert "body model" in known.remedy


@pytest.mark.parametrize(
    ("name", "num_takes", "shape", "fps"),
    [
        ("SYNTHETIC_data_2d_h36m_gt.npz", 8, (30, 17, 2), 50),
        ("SYNTHETIC_data_3d_h36m.npz", 1, (30, 32, 3), 50),
        ("SYNTHETIC_data_2d_custom_myvideos.npz", 1, (30, 17, 2), None),
    ],
)
def test_videopose3d(name: str, num_takes: int, shape: tuple[int, ...], fps: float | None) -> None:
    path = sample("videopose3d", name)
    archive = np.load(path, allow_pickle=True)  # our own made-up file
    subjects = archive["positions_3d" if "3d" in name else "positions_2d"].item()
    arrays = []
    for actions in subjects.values():
        for cameras in actions.values():
            arrays += cameras if isinstance(cameras, list) else [cameras]
    content = open_content(path, "videopose3d")
    assert content.fps == fps
    assert len(content.individuals) == len(arrays) == num_takes
    for track, array in zip(content.individuals, arrays, strict=True):
        assert array.shape == shape
        check(track, array)


def test_every_sample_of_this_family_is_read_or_refused() -> None:
    folders = "trc bvh c3d anipose freemocap pose_format ntu_skeleton humanml3d_amass videopose3d".split()
    files = [
        path for folder in folders for path in sorted((SAMPLES / folder).glob("*")) if path.suffix != ".md"
    ]
    for path in files:
        source = Source(path, path.name)
        known = recognise(source)
        assert known is not None, path.name
        if not isinstance(known, Refusal):
            assert known.read(source, DataConfig()).individuals
