"""Files of results: their names, and the individuals of a session in one file."""

from dataclasses import replace
from pathlib import Path

import pytest

from htvae.config import DataConfig
from htvae.io.inputs import read_file
from htvae.io.writers.base import Writer
from htvae.io.writers.folders import write_sessions
from htvae.io.writers.registry import WRITERS, find_writer
from tests.conftest import make_walk


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.name)
def test_a_session_is_one_file_where_the_format_holds_several(writer: Writer, tmp_path: Path) -> None:
    walk = replace(make_walk(0, 30), fps=30.0)
    pair = [replace(walk, name=f"lab/cage/{who}", covariates={"session": "lab/cage"}) for who in ("a", "b")]
    files = write_sessions(tmp_path, [*pair, replace(walk, name="alone")], writer)
    names = ["lab/cage"] if writer.holds_several else ["lab/cage/a", "lab/cage/b"]
    assert files == [tmp_path / f"{name}{writer.suffix}" for name in [*names, "alone"]]
    assert sum(len(read_file(file, DataConfig(dimensions=2))) for file in files) == 3


def test_an_ending_is_not_doubled(tmp_path: Path) -> None:
    walks = [replace(make_walk(0, 30), name=name) for name in ("a.analysis", "b.analysis", "b")]
    files = write_sessions(tmp_path, walks, find_writer("sleap"))
    assert [file.name for file in files] == ["a.analysis.h5", "b.analysis.analysis.h5", "b.analysis.h5"]
