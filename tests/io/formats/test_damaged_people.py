"""Files of people with random damage: each is read, or is a fault in a sentence."""

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.registry import FORMATS, recognise
from htvae.io.opening import Source
from htvae.io.recordings import build_recordings
from tests.io.formats.reading import make_people, source_of

NAMES = {"openpose", "coco", "mmpose", "alphapose", "mediapipe", "yolo", "wide", "long"}
FRAMES, PEOPLE = 7, make_people(7, 17, 2)
WEIRD: list[Any] = [None, True, "x", "12", -1, 0, 1e308, 1e31, 10**400, 1.5, float("nan"), float("inf")]
WEIRD += [[], {}, [[]], [1], {"a": 1}, "../..", "\u202e\x00", 2**63, [None], [[1, 2, 3]]]
CELLS = [
    "",
    "nan",
    "inf",
    "-1",
    "1e400",
    "1e31",
    "x",
    '"',
    '""',
    "0",
    "5.5",
    "99999999",
    ",",
    "\n",
    "\0",
    "é",
    "../..",
]


def flat(points: np.ndarray, third: float) -> list[float]:
    return np.c_[points, np.full(len(points), third)].ravel().tolist()


def json_files() -> list[Any]:
    """Return a sound value of each JSON format."""
    each = [(t, p) for t in range(FRAMES) for p in range(2)]
    images = [{"id": t, "file_name": f"f_{t:04d}.jpg"} for t in range(FRAMES)]
    labelled = [
        {"image_id": t, "category_id": 1, "track_id": p, "keypoints": flat(PEOPLE[p, t], 2)} for t, p in each
    ]
    points = [
        [{"x": x, "y": y, "z": 0.1, "visibility": 0.9} for x, y in pose.tolist()] for pose in PEOPLE[0] / 999
    ]
    instances = [
        [{"keypoints": PEOPLE[p, t].tolist(), "keypoint_scores": [0.9] * 17} for p in range(2)]
        for t in range(FRAMES)
    ]
    return [
        {
            "images": images,
            "annotations": labelled,
            "categories": [{"id": 1, "keypoints": [f"k{i}" for i in range(17)]}],
        },
        [
            {"image_id": t, "category_id": 1, "keypoints": flat(PEOPLE[p, t], 0.9), "score": 1}
            for t, p in each
        ],
        [
            {"image_id": f"{t}.jpg", "keypoints": flat(PEOPLE[p, t], 0.9), "idx": [[p]], "box": []}
            for t, p in each
        ],
        {
            "meta_info": {"num_keypoints": 17},
            "instance_info": [{"frame_id": t + 1, "instances": instances[t]} for t in range(FRAMES)],
        },
        {
            "fps": 30,
            "width": 640,
            "height": 480,
            "frames": [{"frame": t, "landmarks": points[t]} for t in range(FRAMES)],
        },
        [{"pose_landmarks": [points[t]], "pose_world_landmarks": [points[t]]} for t in range(FRAMES)],
    ]


def tables() -> list[str]:
    """Return sound tables, wide and long."""
    wide = [["frame", "track_id", *(f"p{i}_{axis}" for i in "ab" for axis in ("x", "y", "conf"))]]
    wide += [[t, p, *flat(PEOPLE[p, t, :2], 0.9)] for t in range(FRAMES) for p in range(2)]
    numbered = [["timestamp", *(f"{axis}{i}" for i in range(17) for axis in "xyv")]]
    numbered += [[t / 30, *flat(PEOPLE[0, t] / 999, 0.9)] for t in range(FRAMES)]
    long = [["video", "frame", "person", "keypoint", "x", "y", "score"]]
    long += [
        ["a.mp4", t, p, f"k{i}", *PEOPLE[p, t, i], 0.9]
        for t in range(FRAMES)
        for p in range(2)
        for i in range(5)
    ]
    return ["\n".join(",".join(map(str, row)) for row in rows) + "\n" for rows in (wide, numbered, long)]


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths_in(item, (*path, key))


def damage_value(value: Any, rng: random.Random) -> Any:
    """Return a value in which some parts are replaced, removed or doubled."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 2, 5])):
        paths = list(paths_in(value))
        *above, key = rng.choice([path for path in paths if len(path) <= rng.randrange(1, 6)])
        parent = value
        for step in above:
            parent = parent[step]
        kind = rng.random()
        if kind < 0.6:
            parent[key] = copy.deepcopy(rng.choice(WEIRD))
        elif kind < 0.8 and len(parent) > 1:
            del parent[key]
        elif isinstance(parent, list):
            parent.insert(key, copy.deepcopy(rng.choice([*WEIRD, parent[key]])))
        else:
            parent[rng.choice(["", "..", "x/../y"])] = parent.pop(key)
    return value


def damage_rows(text: str, separator: str, rng: random.Random) -> str:
    """Return rows in which some cells are replaced, added or cut off."""
    lines = text.split("\n")
    for _ in range(rng.choice([1, 1, 2, 6])):
        row = rng.randrange(len(lines))
        cells = lines[row].split(separator)
        kind = rng.random()
        if kind < 0.6:
            cells[rng.randrange(len(cells))] = rng.choice(CELLS)
        elif kind < 0.8:
            cells.insert(rng.randrange(len(cells) + 1), rng.choice(CELLS))
        else:
            del cells[rng.randrange(len(cells)) :]
        lines[row] = separator.join(cells)
    return "\n".join(lines)


def damage_bytes(content: bytes, rng: random.Random) -> bytes:
    start, stop = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    flipped = bytearray(content)
    flipped[start % len(content)] = rng.randrange(256)
    return rng.choice(
        [content[:start], content[:start] + content[stop:], bytes(flipped), content[:start] + b"[" * 99_999]
    )


def read_all(source: Source, rng: random.Random) -> None:
    """Read a source with the format that recognises it and with all others of its suffix."""
    settings = [{}, {"link": "nearest"}, {"link": "ids"}, {"dimensions": 3}, {"min_individual_share": 0.0}]
    config = ReadingConfig(**rng.choice(settings))
    with suppress(DataError):  # several formats fit
        recognise(source)
    for known in FORMATS:
        fits = source.suffix in known.suffixes and known.is_per_frame == bool(source.frame_files)
        if known.name not in NAMES or not fits:
            continue
        faults = [source.shown]
        try:
            content = known.read(source, config)
            build_recordings(content, config, "recording", source.shown)
        except DataError as error:
            faults = error.faults
        assert faults and all(source.shown in fault for fault in faults)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_json(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    value = rng.choice(json_files())
    path = tmp_path / "a_1.json"
    is_valid = rng.random() < 0.75
    content = json.dumps(damage_value(value, rng) if is_valid else value).encode()
    path.write_bytes(content if is_valid else damage_bytes(content, rng))
    read_all(source_of(path), rng)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_tables(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    content = damage_rows(rng.choice(tables()), ",", rng).encode()
    path = tmp_path / "a.csv"
    path.write_bytes(content if rng.random() < 0.8 else damage_bytes(content or b" ", rng))
    read_all(source_of(path), rng)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_of_single_frames(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    files = []
    for frame in range(FRAMES):
        if seed % 2:
            people = [
                {"pose_keypoints_2d": flat(PEOPLE[p, frame], 0.9), "face_keypoints_2d": []} for p in range(2)
            ]
            value = {"version": 1.3, "people": people}
            text = json.dumps(damage_value(value, rng) if frame == seed % FRAMES else value)
        else:
            poses = [" ".join(f"{cell:g}" for cell in flat(PEOPLE[p, frame] / 999, 0.9)) for p in range(2)]
            text = "".join(f"0 0.5 0.4 0.9 0.7 {pose} 0.8 {p + 1}\n" for p, pose in enumerate(poses))
            text = damage_rows(text, " ", rng) if frame == seed % FRAMES else text
        files.append(tmp_path / f"v_{frame}.{'json' if seed % 2 else 'txt'}")
        files[-1].write_text(text)
    read_all(source_of(files), rng)
