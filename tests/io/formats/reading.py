"""Reading files in tests, as the folder reader does, and made-up people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.formats.base import Format
from htvae.io.formats.registry import recognise
from htvae.io.opening import Source
from htvae.io.recordings import build_recordings
from htvae.io.tracks import Content, Detections, Track
from htvae.poses.sequence import PoseSequence


def source_of(files: Path | Sequence[Path]) -> Source:
    """Return the source of one file, or of a file per frame."""
    if isinstance(files, Path):
        return Source(files, files.name)
    return Source(files[0], files[0].parent.name, tuple(files))


def read_content(name: str, files: Path | Sequence[Path], **settings: Any) -> Content:
    """Return the content of files, which exactly the named format must recognise."""
    source = source_of(files)
    known = recognise(source)
    assert isinstance(known, Format) and known.name == name
    return known.read(source, ReadingConfig(**settings))


def read_recordings(
    name: str, files: Path | Sequence[Path], **settings: Any
) -> tuple[dict[str, PoseSequence], list[str]]:
    """Return the recordings of files by name, and the notes."""
    settings = {"min_individual_share": 0, **settings}
    content = read_content(name, files, **settings)
    found, notes = build_recordings(content, ReadingConfig(**settings), "video", source_of(files).shown)
    return {sequence.name: sequence for sequence in found}, notes


def detections(content: Content) -> Detections:
    assert isinstance(content.individuals, Detections)
    return content.individuals


def track(content: Content) -> Track:
    assert not isinstance(content.individuals, Detections)
    (found,) = content.individuals
    return found


def make_people(num_frames: int, num_points: int, num_people: int, seed: int = 0) -> np.ndarray:
    """Return people (P, T, L, 2) in pixels who stand beside each other and sway; three decimals."""
    rng = np.random.default_rng(seed)
    shape = rng.uniform(0, 200, (num_people, 1, num_points, 2))
    places = 300 * np.arange(1, num_people + 1)[:, None, None, None] * [1, 0] + [0, 150]
    sway = 20 * np.sin(np.arange(num_frames)[:, None, None] / 9 + rng.uniform(0, 6, (num_people, 1, 1, 2)))
    return np.round(shape + places + sway + rng.normal(0, 0.5, (num_people, num_frames, num_points, 2)), 3)
