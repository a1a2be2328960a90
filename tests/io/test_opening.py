"""Packed files are read like the files inside, and never fill the memory."""

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io import opening
from htvae.io.faults import DataError
from htvae.io.inputs import read_recording
from htvae.io.opening import Source

ROWS = "frame#,landmark_name,x,y\n0,A,1,2\n0,B,3,4\n1,A,5,6\n"


def pack(path: Path, *contents: bytes) -> Path:
    if path.suffix.lower() == ".gz":
        path.write_bytes(gzip.compress(contents[0]))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, content in enumerate(contents):
                archive.writestr(f"walk_{number}.csv", content)
    return path


@pytest.mark.parametrize("name", ["walk.csv.gz", "walk.csv.zip", "WALK.CSV.GZ"])
def test_packed_files_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain.csv").write_text(ROWS)
    packed = read_recording(pack(tmp_path / name, ROWS.encode()), DataConfig())
    assert packed.name == name[:4]
    np.testing.assert_array_equal(packed.pose, read_recording(tmp_path / "plain.csv", DataConfig()).pose)


@pytest.mark.parametrize("name", ["walk.csv.gz", "walk.csv.zip"])
def test_damaged_archives_are_faults(tmp_path: Path, name: str) -> None:
    path = pack(tmp_path / name, ROWS.encode() * 50)
    content = path.read_bytes()
    for broken in (b"", b"no archive", content[: len(content) // 2], content[:20] + content[40:]):
        path.write_bytes(broken)
        with pytest.raises(DataError, match=r"walk.csv.*must"):
            read_recording(path, DataConfig())


def test_a_damaged_archive_of_another_kind_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "walk.csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("walk.csv", ROWS * 50)
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"walk.csv.zip: must be readable"):
        read_recording(path, DataConfig())


def test_a_zip_of_several_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a zip must hold one recording's file, but holds 2"):
        read_recording(pack(tmp_path / "two.csv.zip", b"a", b"b"), DataConfig())


@pytest.mark.parametrize("name", ["walk.csv.gz", "walk.csv.zip"])
def test_bombs_are_not_unpacked(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "ALWAYS_UNPACKED", 1 << 16)
    path = pack(tmp_path / name, ROWS.encode() + b"\n" * 10_000_000)
    with pytest.raises(DataError, match="its content must be in proportion, but is larger than"):
        Source(path, name).read_bytes()


def test_nothing_outside_is_read_by_names_in_an_archive(tmp_path: Path) -> None:
    """Members are read, never extracted, so their names lead nowhere."""
    with zipfile.ZipFile(tmp_path / "walk.csv.zip", "w") as archive:
        archive.writestr("../../escaped.csv", ROWS)
    read_recording(tmp_path / "walk.csv.zip", DataConfig())
    assert not list(tmp_path.parent.glob("escaped.csv"))
