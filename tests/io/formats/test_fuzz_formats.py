"""Damaged files of all formats end in a recording or in sentences, soon, and never in a traceback."""

import random
import re
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.inputs import read_file
from htvae.io.writers.registry import WRITERS
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.sequence import PoseSequence
from tests.io.formats.tables import make_points
from tests.io.formats.users import FOLDERS

SECONDS = 20.0
"""Far more than any of these small files takes, on a busy machine too; a hang takes for ever."""
NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
ODD = [
    b"1e400",
    b"-1",
    b"NaN",
    b"999999999999",
    b"",
    b"null",
    b'"',
    b"[]",
    b"{}",
    b"\xff",
    b"0x10",
    b"1e9",
    b"\0",
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return sound files: the first of each folder of users, and one of each writer."""
    root = tmp_path_factory.mktemp("sound")
    files = []
    for name, write in FOLDERS.items():
        write(root / name)
        files += [path for path in sorted((root / name).rglob("*")) if is_recording(path)][:1]
    for dimensions in (2, 3):
        points = make_points(20, 33, dimensions=dimensions)
        sequence = PoseSequence.from_array(points, MEDIAPIPE_LANDMARKS, "walk", fps=25)
        for writer in WRITERS:
            if (writer.name, dimensions) == ("sleap", 3):
                continue  # has two alone
            files.append(root / f"{writer.name}_{dimensions}{writer.suffix}")
            writer.write(files[-1], [sequence])
        files.append(root / f"array_{dimensions}.npy")
        np.save(files[-1], points)
    return files


def is_recording(path: Path) -> bool:
    """Return whether a file of a user's folder is a recording."""
    others = (".mp4", ".pickle", ".yaml", ".toml", "")
    return (
        path.is_file() and path.suffix not in others and not path.name.startswith(("CollectedData", "params"))
    )


def damage(content: bytes, rng: random.Random) -> bytes:
    """Return a file with one to four changes: bytes, numbers, parts and ends."""
    for _ in range(rng.randint(1, 4)):
        kind, place = rng.randrange(6), rng.randrange(len(content) or 1)
        if kind == 0:
            content = content[:place] + bytes([rng.randrange(256)]) + content[place + 1 :]
        elif kind == 1:
            content = content[:place]
        elif kind == 2:
            length = rng.randint(1, 200)
            content = content[:place] + content[place + length :]
        elif kind == 3:
            length = rng.randint(1, 200)
            content = content[:place] + content[place : place + length] * 2 + content[place + length :]
        elif kind == 4:
            numbers = list(NUMBER.finditer(content[:4000]))
            if numbers:
                start, stop = rng.choice(numbers).span()
                content = content[:start] + rng.choice(ODD) + content[stop:]
        else:
            lines = content.split(b"\n")
            rng.shuffle(lines)
            content = b"\n".join(lines) if rng.random() < 0.3 else content + rng.choice(ODD)
    return content


def read(path: Path) -> list[str]:
    """Return the faults of a file; without faults its recordings are sound."""
    try:
        recordings = read_file(path, DataConfig())
    except DataError as error:
        return error.faults
    assert recordings and all(np.isfinite(s.pose[s.observed]).all() for s in recordings)
    return []


def check(sound: list[Path], folder: Path, count: int, seed: int) -> None:
    rng = random.Random(seed)
    for number in range(count):
        source = sound[number % len(sound)]
        ending = source.name.partition(".")[2]
        path = folder / f"damaged_1.{ending}"
        path.write_bytes(damage(source.read_bytes(), rng))
        started = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            faults = read(path)
        assert all(fault.isprintable() for fault in faults), (source, number)
        assert time.process_time() - started < SECONDS, (source, number)


def test_sound_files_are_read(sound: list[Path]) -> None:
    for path in sound:
        assert read_file(path, DataConfig())[0].observed.any(), path


def test_damaged_files_end_in_sentences(sound: list[Path], tmp_path: Path) -> None:
    check(sound, tmp_path, 4 * len(sound), seed=0)


@pytest.mark.soak
def test_a_thousand_damaged_files_end_in_sentences(sound: list[Path], tmp_path: Path) -> None:
    check(sound, tmp_path, 1000, seed=1)
