"""MediaPipe's landmarks as people save them: tables and JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.io.faults import DataError
from htvae.io.formats.base import Refusal
from htvae.io.formats.registry import recognise
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from tests.io.formats.reading import detections, read_content, read_recordings, source_of, track

FRAMES = 37


def landmarks(num_frames: int = FRAMES, seed: int = 0) -> np.ndarray:
    """Return landmarks (T, 33, 4): shares x and y, z, visibility; six decimals."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0.2, 0.8, (1, 33, 4)) + rng.normal(0, 0.01, (num_frames, 33, 4))
    return np.round(place, 6)


def world(num_frames: int = FRAMES) -> np.ndarray:
    """Return world landmarks (T, 33, 3) in metres with the middle of the hips at 0."""
    points = np.random.default_rng(1).normal(0, 0.4, (num_frames, 33, 3))
    hips = [MEDIAPIPE_LANDMARKS.index(f"{side}_HIP") for side in ("LEFT", "RIGHT")]
    return points - points[:, hips].mean(axis=1, keepdims=True)


def save(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    path.write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]) + "\n")
    return path


def numbered(first: int = 0) -> list[str]:
    return [f"{axis}{i}" for i in range(first, first + 33) for axis in "xyzv"]


@pytest.mark.parametrize("first", [0, 1])
def test_numbered_columns(tmp_path: Path, first: int) -> None:
    values = landmarks()
    rows = [[t + 3, *values[t].ravel()] for t in range(FRAMES)]
    content = read_content("mediapipe", save(tmp_path / "a.csv", ["frame", *numbered(first)], rows))
    found = track(content)
    assert found.landmarks == MEDIAPIPE_LANDMARKS and found.first_frame == 3
    np.testing.assert_array_equal(found.points, values[..., :2])  # z is no length
    np.testing.assert_array_equal(found.confidence, values[..., 3])
    assert content.are_shares and not content.coordinates.y_up


@pytest.mark.parametrize("spelling", [str.upper, str.lower])
def test_named_columns_with_gaps_and_times(tmp_path: Path, spelling: Any) -> None:
    values = landmarks()
    names = [spelling(name) for name in MEDIAPIPE_LANDMARKS]
    header = [
        "frame_index",
        "timestamp_ms",
        *(f"{n}_{a}" for n in names for a in ("x", "y", "z", "visibility")),
    ]
    rows = [[t, f"{t * 1000 / 29.97:.3f}", *values[t].ravel()] for t in range(FRAMES) if t not in (4, 5)]
    rows[7][2:] = [""] * (33 * 4)
    content = read_content("mediapipe", save(tmp_path / "a.csv", header, rows))
    found = track(content)
    missing = np.isnan(found.points).all(axis=(1, 2))
    assert found.landmarks == tuple(names) and np.flatnonzero(missing).tolist() == [4, 5, 9]
    np.testing.assert_array_equal(found.points[~missing], values[~missing][..., :2])
    assert content.fps == pytest.approx(29.97, abs=0.001)


def test_three_dimensions_on_request(tmp_path: Path) -> None:
    values = landmarks()
    path = save(tmp_path / "a.csv", ["frame", *numbered()], [[t, *values[t].ravel()] for t in range(FRAMES)])
    np.testing.assert_array_equal(
        track(read_content("mediapipe", path, dimensions=3)).points, values[..., :3]
    )
    recordings, _ = read_recordings("mediapipe", path, dimensions=3, image_size=(640, 480), min_confidence=0)
    np.testing.assert_allclose(recordings["video"].pose, values[..., :3] * [640, -480, -640], rtol=1e-5)


@pytest.mark.parametrize("unit", ["timestamp_ms", "timestamp", "time_s"])
def test_times_number_the_frames_where_nothing_else_does(tmp_path: Path, unit: str) -> None:
    values = landmarks()
    factor = 1 if unit == "time_s" else 1000  # a timestamp without unit: what gives a usual rate
    rows = [[f"{factor * t / 25:.4f}", *values[t].ravel()] for t in range(FRAMES) if t != 6]
    content = read_content("mediapipe", save(tmp_path / "a.csv", [unit, *numbered()], rows))
    assert content.fps == pytest.approx(25) and not content.notes
    assert np.flatnonzero(np.isnan(track(content).points[:, 0, 0])).tolist() == [6]


def test_tables_without_frames_and_times_are_read_in_order_and_said(tmp_path: Path) -> None:
    values = landmarks()
    content = read_content(
        "mediapipe", save(tmp_path / "a.csv", numbered(), [[*values[t].ravel()] for t in range(9)])
    )
    assert content.notes == (
        "it has no column of frame numbers, so that rows are read as consecutive frames",
    )
    np.testing.assert_array_equal(track(content).points, values[:9, :, :2])


@pytest.mark.parametrize("frames", ["", "frame,"])
def test_class_tables_are_no_recordings(tmp_path: Path, frames: str) -> None:
    values = landmarks()
    header = f"{frames}class,{','.join(numbered(1))}".split(",")
    rows = [[*([t] if frames else []), "Happy", *values[t].ravel()] for t in range(5)]
    path = save(tmp_path / "coords.csv", header, rows)
    if frames:
        assert len(track(read_content("mediapipe", path)).points) == 5
        return
    known = recognise(source_of(path))
    assert isinstance(known, Refusal) and "examples for a classifier, not a recording" in known.remedy


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (
            "frame,timestamp,landmark_name,x,y,z,visibility",
            lambda t, i: [t, f"{t / 30:.4f}", MEDIAPIPE_LANDMARKS[i]],
        ),
        ("Pose,Landmark,X,Y,Z,Visibility", lambda t, i: [t, MEDIAPIPE_LANDMARKS[i].lower()]),
        ("Frame,LandmarkID,X,Y,Z,Visibility", lambda t, i: [t, i]),
    ],
)
def test_long_tables(tmp_path: Path, header: str, cells: Any) -> None:
    values = landmarks()
    rows = [
        [*cells(t, i), *values[t, i]] for t in range(FRAMES) for i in range(33) if (t, i) != (5, 3) and t != 8
    ]
    np.random.default_rng(0).shuffle(rows)
    content = read_content("mediapipe", save(tmp_path / "a.csv", header.split(","), rows))
    found = track(content)
    order = [[name.upper() for name in found.landmarks].index(name) for name in MEDIAPIPE_LANDMARKS]
    expected = values[..., :2].copy()
    expected[8], expected[5, 3] = np.nan, np.nan
    np.testing.assert_array_equal(found.points[:, order], expected)
    assert content.are_shares and content.fps == (30 if "timestamp" in header else None)


def as_dicts(points: np.ndarray) -> list[dict[str, float]]:
    return [dict(zip(("x", "y", "z", "visibility"), map(float, point), strict=False)) for point in points]


def test_json_by_frame_with_rate_and_size(tmp_path: Path) -> None:
    values = landmarks()
    frames = [{"frame": t, "landmarks": as_dicts(values[t]) if t != 3 else []} for t in range(FRAMES)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"fps": 29.97, "width": 1280, "height": 720, "frames": frames}))
    content = read_content("mediapipe", path)
    found = detections(content)
    assert content.fps == 29.97 and content.coordinates.image_size == (1280, 720) and content.are_shares
    assert found.landmarks == MEDIAPIPE_LANDMARKS and found.frames.tolist() == [
        t for t in range(FRAMES) if t != 3
    ]
    np.testing.assert_array_equal(found.points, np.delete(values, 3, axis=0)[..., :2])
    recordings, notes = read_recordings("mediapipe", path, min_confidence=0)
    assert not notes and recordings["video"].num_frames == FRAMES


@pytest.mark.parametrize(
    "shape",
    [
        lambda v: [{"timestamp_ms": 33 * t, "landmarks": [as_dicts(p)]} for t, p in enumerate(v)],
        lambda v: [{"frameIndex": t, "poseLandmarks": as_dicts(p)} for t, p in enumerate(v)],
        lambda v: [{"frame": t, "pose_landmarks": {"landmark": as_dicts(p)}} for t, p in enumerate(v)],
        lambda v: {f"frame_{t}": as_dicts(p) for t, p in enumerate(v)},
        lambda v: {str(t): {"pose_landmarks": p.tolist()} for t, p in enumerate(v)},
        lambda v: {
            "results": [{"landmarks": dict(zip(MEDIAPIPE_LANDMARKS, as_dicts(p), strict=True))} for p in v]
        },
        lambda v: v.tolist(),
    ],
)
def test_json_in_many_spellings(tmp_path: Path, shape: Any) -> None:
    values = landmarks(5)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(shape(values)))
    found = detections(read_content("mediapipe", path))
    assert found.landmarks == MEDIAPIPE_LANDMARKS and found.frames.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(found.points, values[..., :2])
    np.testing.assert_array_equal(found.confidence, values[..., 3])


def test_times_number_the_frames_of_json(tmp_path: Path) -> None:
    values = landmarks(9)
    path = tmp_path / "a.json"
    frames = [
        {"timestamp_ms": 40 * t, "pose_landmarks": [as_dicts(p)]} for t, p in enumerate(values) if t != 4
    ]
    path.write_text(json.dumps(frames))
    content = read_content("mediapipe", path)
    assert content.fps == 25 and not content.notes
    assert detections(content).frames.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("spell", "fps", "settings"),
    [
        (lambda t: f"{t / 30:.3f}", 30, {}),
        (lambda t: f"{t / 10:.1f}", 10, {}),
        (lambda t: f"{t / 10:.2f}", 10, {}),
        (lambda t: str(t / 10), 10, {}),  # 0.30000000000000004
        (lambda t: str(t / 2).removesuffix(".0"), 2, {}),  # 0, 0.5, 1, ...
        (lambda t: str(t * 1000 / 30), 30, {}),  # ms, as OpenCV gives them
        (lambda t: str(t * 2.5), 0.4, {"time_unit": "s"}),
        (lambda t: f"{t}.0", None, {}),  # frame numbers
        (lambda t: f"frame_{t:03d}", None, {}),
    ],
)
@pytest.mark.parametrize("wrap", [lambda p: as_dicts(p), lambda p: {"landmarks": as_dicts(p)}])
def test_keys_of_json_are_numbers_or_times(
    tmp_path: Path, spell: Any, fps: float | None, settings: dict[str, Any], wrap: Any
) -> None:
    values = landmarks(25)
    path = tmp_path / "a.json"
    path.write_text(json.dumps({spell(t): wrap(p) for t, p in enumerate(values) if t != 4}))
    content = read_content("mediapipe", path, **settings)
    assert content.fps == fps and not content.notes
    assert detections(content).frames.tolist() == [t for t in range(25) if t != 4]


def test_frame_numbers_come_before_keys_that_are_times(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    frames = {f"{t / 30:.3f}": {"frame": t, "landmarks": as_dicts(p)} for t, p in enumerate(landmarks(9))}
    path.write_text(json.dumps(dict(list(frames.items())[3:])))
    assert detections(read_content("mediapipe", path)).frames.tolist() == list(range(3, 9))


def test_the_tasks_api_has_several_people_and_world_landmarks(tmp_path: Path) -> None:
    one, other, metres = landmarks(9), landmarks(9, 5), world(9)
    value = [
        {
            "frame": t,
            "pose_landmarks": [as_dicts(one[t]), as_dicts(other[t])][: 1 + t % 2],
            "pose_world_landmarks": [as_dicts(metres[t]), as_dicts(metres[t])][: 1 + t % 2],
        }
        for t in range(9)
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value))
    content = read_content("mediapipe", path)
    assert np.bincount(detections(content).frames).tolist() == [1, 2] * 4 + [1] and content.are_shares
    deep = read_content("mediapipe", path, dimensions=3)
    assert not deep.are_shares and not deep.coordinates.y_up
    np.testing.assert_allclose(detections(deep).points[0], metres[0])


def test_world_landmarks_alone_have_three_dimensions(tmp_path: Path) -> None:
    points = world()
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps([{"frame": t, "poseWorldLandmarks": as_dicts(p)} for t, p in enumerate(points)])
    )
    content = read_content("mediapipe", path)
    np.testing.assert_allclose(detections(content).points, points)
    assert not content.are_shares
    rows = [[t, *np.c_[points[t], np.ones(33)].ravel()] for t in range(FRAMES)]
    table = read_content("mediapipe", save(tmp_path / "b.csv", ["frame", *numbered()], rows))
    np.testing.assert_allclose(track(table).points, points)
    assert not table.are_shares and not table.coordinates.y_up


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda v: v[2].pop("frame"), "each frame must have a whole number"),
        (lambda v: v[2].update(frame=1.5), "each frame must have a whole number"),
        (lambda v: v[2]["landmarks"].pop(), "each pose must have as many landmarks"),
        (lambda v: v[2]["landmarks"].__setitem__(4, "x"), "a landmark must have x, y and z"),
        (lambda v: v[2]["landmarks"][4].update(x="0.5"), "points must be numbers, but some are str"),
        (lambda v: v[2]["landmarks"][4].update(x=[1]), "points must be numbers, but some are list"),
    ],
)
def test_damaged_json(tmp_path: Path, damage: Any, message: str) -> None:
    value = [{"frame": t, "landmarks": as_dicts(p)} for t, p in enumerate(landmarks(5))]
    damage(value)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value))
    with pytest.raises(DataError, match=message):
        read_content("mediapipe", path)


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2]",
        "[[1, 2, 3]]",
        '{"type": "FeatureCollection", "features": []}',
        '[{"landmarks": [{"x": 1, "y": 2}]}]',
        '{"frames": {"frames": {"frames": []}}}',
    ],
)
def test_other_json_is_not_recognised(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert recognise(source_of(path)) is None
