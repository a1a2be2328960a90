"""Times reading trackers' files: the first start beside their bare parsing, and the second start.

    python benchmarks/reading.py [--scale 1]

- deeplabcut: one CSV of 100,000 frames of 14 points (80 MB); bare parsing is pandas.read_csv.
- openpose: 10,000 JSON files of two people with 25 points; bare parsing is json.loads of each file.
- The second start finds the recordings in the cache. Turns alternate; medians and their ratio are printed.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from htvae.config import DataConfig
from htvae.io.cache import open_store
from htvae.io.folder import read_folder

FRAMES, POINTS = 100_000, 14
FILES, PEOPLE, BODY = 10_000, 2, 25


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="share of frames and files")
    parser.add_argument("--turns", type=int, default=3, help="turns of each")
    arguments = parser.parse_args(argv)
    for name, write, parse in (
        ("deeplabcut", write_deeplabcut, parse_csvs),
        ("openpose", write_openpose, parse_jsons),
    ):
        with tempfile.TemporaryDirectory() as folder:
            data_dir = Path(folder) / "files"
            write(data_dir, arguments.scale)
            compare(name, data_dir, Path(folder) / "cache", parse, arguments.turns)
    return 0


def compare(name: str, data_dir: Path, cache_dir: Path, parse: Callable[[Path], None], turns: int) -> None:
    """Print medians (s) of first start, bare parsing and second start, and the ratio of the first two."""
    config = DataConfig(data_dir=str(data_dir), fps=30)
    frames = sum(s.num_frames for s in open_store(config, cache_dir).sequences)
    read = [
        (_time(lambda: read_folder(data_dir, config)), _time(lambda: parse(data_dir))) for _ in range(turns)
    ]
    second = [_time(lambda: open_store(config, cache_dir)) for _ in range(turns)]
    first, bare = (statistics.median(times) for times in zip(*read, strict=True))
    print(
        f"{name}: {frames:,} frames; read in {first:.2f} s, {first / bare:.2f} times bare parsing "
        f"({bare:.2f} s); second start {statistics.median(second):.3f} s"
    )


def write_deeplabcut(folder: Path, scale: float) -> None:
    """Write one DeepLabCut CSV of `FRAMES` frames."""
    rng = np.random.default_rng(0)
    values = rng.normal(300, 50, (round(FRAMES * scale), POINTS, 3))
    values[..., 2] = 0.9
    names = [f"part{i}" for i in range(POINTS) for _ in range(3)]
    folder.mkdir(parents=True)
    with (folder / "videoDLC_resnet50_benchshuffle1_1000.csv").open("w") as file:
        for row in (["scorer", *["DLC"] * len(names)], ["bodyparts", *names]):
            file.write(",".join(row) + "\n")
        file.write(",".join(["coords", *["x", "y", "likelihood"] * POINTS]) + "\n")
        for frame, row in enumerate(values.reshape(len(values), -1).tolist()):
            file.write(f"{frame}," + ",".join(map(repr, row)) + "\n")


def write_openpose(folder: Path, scale: float) -> None:
    """Write `FILES` files of OpenPose, one per frame."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    start = np.arange(PEOPLE)[:, None, None] * 500 + rng.uniform(100, 300, (PEOPLE, BODY, 2))
    for frame in range(round(FILES * scale)):
        points = start + 20 * np.sin(frame / 30) + rng.normal(0, 1, start.shape)
        people = [
            {"person_id": [-1], "pose_keypoints_2d": np.c_[own, np.full(BODY, 0.8)].round(3).ravel().tolist()}
            for own in points
        ]
        path = folder / f"video_{frame:012d}_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": people}))


def parse_csvs(folder: Path) -> None:
    """Parse CSVs by pandas alone."""
    import pandas as pd

    for path in folder.iterdir():
        pd.read_csv(path, skiprows=3, header=None)


def parse_jsons(folder: Path) -> None:
    """Parse JSON files alone."""
    for path in folder.iterdir():
        json.loads(path.read_bytes())


def _time(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
