"""Opening single files as the folder reader does, for tests of readers."""

import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format, Refusal
from htvae.io.formats.registry import FORMATS, recognise
from htvae.io.opening import Source
from htvae.io.tracks import Content, Track

SAMPLES = Path(__file__).parents[3] / "../shared/formats/samples"
"""Real files of trackers, where they lie beside the repository."""
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not there")


def open_content(path: Path, expected: str, **settings: Any) -> Content:
    """Return the content of a file, which must be recognised as the format ``expected``, and as no other."""
    source = Source(path, path.name)
    known = recognise(source)
    assert isinstance(known, Format), known
    assert known.name == expected
    assert [other.name for other in FORMATS if other.recognise(source)] == [expected]
    return known.read(source, DataConfig(**settings))


def only_track(content: Content) -> Track:
    """Return the one track of a content."""
    assert not hasattr(content.individuals, "frames"), "detections"
    (track,) = content.individuals
    return track


def refusal_of(path: Path) -> str:
    """Return the name of what a refused file is."""
    known = recognise(Source(path, path.name))
    assert isinstance(known, Refusal), known
    return known.name


def fault_of(path: Path, **settings: Any) -> str:
    """Return the one sentence with which reading a recognised file ends."""
    source = Source(path, path.name)
    known = recognise(source)
    assert isinstance(known, Format), known
    with pytest.raises(DataError) as caught:
        known.read(source, DataConfig(**settings))
    (fault,) = caught.value.faults
    assert fault.startswith(path.name)
    return fault


def check_damaged(path: Path, seed: int, count: int = 40) -> None:
    """Damage a file in many ways: each is read, refused, or ends in a sentence, within a second."""
    content = path.read_bytes()
    chance = random.Random(seed)
    for number in range(count):
        path.write_bytes(_damage(content, chance, number))
        source = Source(path, path.name)
        start = time.process_time()
        faults: list[str] = []
        try:
            known = recognise(source)
            if isinstance(known, Format):
                found = known.read(source, DataConfig())
                for track in found.individuals if isinstance(found.individuals, list) else []:
                    assert not np.isinf(track.points).any()
        except DataError as error:
            faults = error.faults
        assert all(fault.startswith(path.name) for fault in faults)
        assert time.process_time() - start < 2
    path.write_bytes(content)


def _damage(content: bytes, chance: random.Random, number: int) -> bytes:
    """Return a content that is cut off, has other bytes, or a part twice or not at all."""
    if number % 4 == 0:
        return content[: chance.randrange(len(content))]
    changed = bytearray(content)
    if number % 4 == 1:
        for _ in range(chance.choice((1, 2, 8, 32))):
            changed[chance.randrange(min(len(changed), 2000))] = chance.choice(
                (0, 255, chance.randrange(256))
            )
    elif number % 4 == 2:
        for _ in range(chance.choice((1, 8))):
            place = chance.randrange(len(changed))
            changed[place : place + 4] = chance.choice(
                (b"9999", b"\xff\xff\xff\x7f", b"nan ", b"1e99", b"-\n,\t")
            )
    else:
        start = chance.randrange(len(changed))
        stop = min(len(changed), start + chance.randrange(1, 200))
        changed[start:stop] = b"" if chance.random() < 0.5 else bytes(changed[start:stop]) * 2
    return bytes(changed)
