"""Times reading recordings: the first start beside bare parsing, and the second start, format by format.

    python benchmarks/reading.py [--scale 1] [--only deeplabcut trc]

- Each format has 100,000 frames of one body of 14 points, in one file (C3D: 60,000 frames, which is near the
  most that it holds); formats of a file per frame have 10,000 files, those of OpenPose with two people of 25
  points each, who are followed from frame to frame.
- Bare parsing is `pandas.read_csv`, `json.loads`, `numpy.load`, or the bytes alone where there is no parser
  that everybody has.
- The second start finds the recordings in the cache. Turns alternate; the table, in Markdown, has medians.
- Seconds are those of CPU time, so that other programs count little; files of a folder are read in parallel.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from htvae.config import DataConfig
from htvae.io.cache import open_store
from htvae.io.folder import read_folder
from htvae.io.pose_csv import write_pose_csv
from htvae.io.writers.folders import write_sessions
from htvae.io.writers.registry import find_writer
from htvae.poses.sequence import PoseSequence

FRAMES, POINTS = 100_000, 14
C3D_FRAMES = 60_000
FILES, PEOPLE, BODY = 10_000, 2, 25
IMAGE = (1280, 720)
HEADER = """| format | size (MB) | frames | frames/s | MB/s | over bare parsing | second start (s) |
|---|---|---|---|---|---|---|"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="share of frames and files")
    parser.add_argument("--turns", type=int, default=3, help="turns of each")
    parser.add_argument("--only", nargs="+", choices=FORMATS, default=list(FORMATS), help="some formats")
    arguments = parser.parse_args(argv)
    print(HEADER)
    for name in arguments.only:
        with tempfile.TemporaryDirectory() as folder:
            data_dir = Path(folder) / "files"
            data_dir.mkdir()
            FORMATS[name](data_dir, arguments.scale)
            print(compare(name, data_dir, Path(folder) / "cache", arguments.turns), flush=True)
    return 0


def compare(name: str, data_dir: Path, cache_dir: Path, turns: int) -> str:
    """Return the row of a format: medians of first start, bare parsing and second start."""
    config = DataConfig(data_dir=str(data_dir), fps=30, image_size=IMAGE if name == "yolo" else None)
    recordings = open_store(config, cache_dir).sequences
    read = [
        (_time(lambda: read_folder(data_dir, config)), _time(lambda: parse_bare(data_dir)))
        for _ in range(turns)
    ]
    second = statistics.median(_time(lambda: open_store(config, cache_dir)) for _ in range(turns))
    first, bare = (statistics.median(times) for times in zip(*read, strict=True))
    frames = sum(recording.num_frames for recording in recordings)
    size = sum(path.stat().st_size for path in data_dir.iterdir()) / 1e6
    rates = f"{frames / first:,.0f} | {size / first:.1f} | {first / bare:.1f}"
    return f"| {name} | {size:.1f} | {frames:,} | {rates} | {second:.3f} |"


def parse_bare(folder: Path) -> None:
    """Parse all files of a folder without understanding them."""
    import pandas as pd

    for path in folder.iterdir():
        if path.suffix == ".csv":
            pd.read_csv(path, skiprows=3, header=None)
        elif path.suffix == ".trc":
            pd.read_csv(path, sep="\t", skiprows=5, header=None)
        elif path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.suffix == ".npy":
            np.load(path)
        else:
            path.read_bytes()


def make_recording(scale: float, num_coordinates: int = 2, frames: int = FRAMES) -> PoseSequence:
    """Return a body whose points tremble around places of their own."""
    rng = np.random.default_rng(0)
    places = rng.uniform(200, 500, (POINTS, num_coordinates))
    pose = places + rng.normal(0, 5, (round(frames * scale), POINTS, num_coordinates))
    return PoseSequence.from_array(pose, [f"PART_{i}" for i in range(POINTS)], "video", 30)


def write_format(name: str, num_coordinates: int, frames: int, folder: Path, scale: float) -> None:
    """Write a recording by one of our own writers."""
    write_sessions(folder, [make_recording(scale, num_coordinates, frames)], find_writer(name))


def write_ours(folder: Path, scale: float) -> None:
    """Write our own pose CSV."""
    write_pose_csv(folder / "video.csv", make_recording(scale))


def write_array(folder: Path, scale: float) -> None:
    """Write an array of NumPy."""
    np.save(folder / "video.npy", make_recording(scale).pose)


def write_wide(folder: Path, scale: float) -> None:
    """Write a table with a row for each frame, and columns for each point."""
    import pandas as pd

    sequence = make_recording(scale)
    columns = [f"{name}_{axis}" for name in sequence.landmarks for axis in "xy"]
    table = pd.DataFrame(sequence.pose.reshape(len(sequence.pose), -1), columns=columns)
    table.to_csv(folder / "video.csv", index_label="frame")


def write_coco(folder: Path, scale: float) -> None:
    """Write COCO's list of results, one person of 17 points a frame."""
    pose = np.random.default_rng(0).normal(300, 50, (round(FRAMES * scale), 17, 2))
    scored = np.concatenate([pose, np.full((*pose.shape[:2], 1), 0.9)], axis=2).reshape(len(pose), -1)
    records = [
        {"image_id": frame, "category_id": 1, "keypoints": row, "score": 0.9, "track_id": 1}
        for frame, row in enumerate(scored.round(3).tolist())
    ]
    (folder / "results.json").write_text(json.dumps(records))


def write_yolo(folder: Path, scale: float) -> None:
    """Write labels of YOLO, one file of one person per frame."""
    rng = np.random.default_rng(0)
    for frame in range(round(FILES * scale)):
        points = np.c_[rng.uniform(0.3, 0.7, (17, 2)), np.full(17, 0.9)].ravel()
        line = " ".join(f"{value:.6g}" for value in (0.5, 0.5, 0.5, 0.5, *points))
        (folder / f"video_{frame}.txt").write_text(f"0 {line} 0.9 1\n")


def write_deeplabcut(folder: Path, scale: float) -> None:
    """Write one DeepLabCut CSV of `FRAMES` frames."""
    rng = np.random.default_rng(0)
    values = rng.normal(300, 50, (round(FRAMES * scale), POINTS, 3))
    values[..., 2] = 0.9
    names = [f"part{i}" for i in range(POINTS) for _ in range(3)]
    with (folder / "videoDLC_resnet50_benchshuffle1_1000.csv").open("w") as file:
        for row in (["scorer", *["DLC"] * len(names)], ["bodyparts", *names]):
            file.write(",".join(row) + "\n")
        file.write(",".join(["coords", *["x", "y", "likelihood"] * POINTS]) + "\n")
        for frame, row in enumerate(values.reshape(len(values), -1).tolist()):
            file.write(f"{frame}," + ",".join(map(repr, row)) + "\n")


def write_openpose(folder: Path, scale: float) -> None:
    """Write `FILES` files of OpenPose, one per frame."""
    rng = np.random.default_rng(0)
    start = np.arange(PEOPLE)[:, None, None] * 500 + rng.uniform(100, 300, (PEOPLE, BODY, 2))
    for frame in range(round(FILES * scale)):
        points = start + 20 * np.sin(frame / 30) + rng.normal(0, 1, start.shape)
        people = [
            {"person_id": [-1], "pose_keypoints_2d": np.c_[own, np.full(BODY, 0.8)].round(3).ravel().tolist()}
            for own in points
        ]
        path = folder / f"video_{frame:012d}_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": people}))


def _time(run: Callable[[], object]) -> float:
    """Return seconds of CPU time, of processes that it starts as well."""
    started = _cpu_seconds()
    run()
    return _cpu_seconds() - started


def _cpu_seconds() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


FORMATS: dict[str, Callable[[Path, float], None]] = {
    "pose CSV (ours)": write_ours,
    "wide CSV": write_wide,
    "deeplabcut": write_deeplabcut,
    "sleap analysis H5": partial(write_format, "sleap", 2, FRAMES),
    "movement netCDF": partial(write_format, "movement", 2, FRAMES),
    "trc": partial(write_format, "trc", 3, FRAMES),
    "c3d": partial(write_format, "c3d", 3, C3D_FRAMES),
    "numpy": write_array,
    "coco": write_coco,
    "openpose": write_openpose,
    "yolo": write_yolo,
}
"""Name of each format, and what writes a folder of it."""


if __name__ == "__main__":
    sys.exit(main())
