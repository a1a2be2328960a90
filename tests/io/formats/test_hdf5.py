"""HDF5 files that point elsewhere, claim too much, or are damaged."""

import gzip
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.formats.hdf5 import open_hdf5
from htvae.io.formats.registry import recognise
from htvae.io.opening import Source
from tests.io.formats.hdf5_files import write_sleap_h5
from tests.io.formats.tables import make_points

NODES = ("nose", "ear", "tail")


def source(path: Path) -> Source:
    return Source(path, path.name)


def read(path: Path) -> None:
    """Read a file as SLEAP's, whether it is recognised or not."""
    from htvae.io.formats import sleap

    sleap.FORMAT.read(source(path), DataConfig())


def write(path: Path) -> Path:
    return write_sleap_h5(path, {"a": make_points(37, 3)}, NODES)


def test_groups_numbers_texts_and_attributes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "file.h5", "w") as file:
        file["group/numbers"] = np.arange(35).reshape(7, 5)
        file["texts"] = ["nose", "ä"]
        file["fixed"] = np.array([b"nose", b"tail"])
        file["table"] = np.zeros(3, [("x", "f8"), ("name", "S3")])
        file["group"].attrs["rate"] = 29.97
        file["group"].attrs["name"] = "walk"
        file["group"].attrs["list"] = ["a", "b"]
    with open_hdf5(source(tmp_path / "file.h5")) as root:
        group = root.group("group")
        assert group is not None and group.names() == ["numbers"] and root.group("numbers") is None
        np.testing.assert_array_equal(
            root.numbers("group/numbers", slice(2, 4)), [[10, 11, 12, 13, 14], [15, 16, 17, 18, 19]]
        )
        assert root.strings("texts") == ["nose", "ä"] and root.strings("fixed") == ["nose", "tail"]
        assert (group.number("rate"), group.attribute("name"), group.attribute("list")) == (
            29.97,
            "walk",
            None,
        )
        assert group.attribute("absent") is None and root.attribute("name", "nothing") is None
        assert root.columns("table") == {"x": "f", "name": "S"} and root.kind("texts") == "O"
        np.testing.assert_array_equal(root.table("table", ("x",))["x"], [0, 0, 0])
        for name, wrong in (("texts", "numbers"), ("absent", "but has not"), ("group", "but has not")):
            with pytest.raises(DataError, match=wrong):
                root.numbers(name)
        with pytest.raises(DataError, match="must have columns of numbers, name"):
            root.table("table", ("name",))


def test_packed_files_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "plain.h5")
    (tmp_path / "packed.h5.gz").write_bytes(gzip.compress(path.read_bytes()))
    known = recognise(source(tmp_path / "packed.h5.gz"))
    assert known is not None and known.name == "sleap"


def secret(folder: Path) -> Path:
    """Write a file that another one points at."""
    return write(folder / "secret.h5")


def external_link(file: h5py.File, folder: Path) -> None:
    file["tracks"] = h5py.ExternalLink(str(secret(folder)), "/tracks")


def soft_link(file: h5py.File, folder: Path) -> None:
    file["hidden"] = np.zeros((1, 2, 3, 37))
    file["tracks"] = h5py.SoftLink("/hidden")


def external_storage(file: h5py.File, folder: Path) -> None:
    (folder / "secret.raw").write_bytes(np.ones(1 * 2 * 3 * 37).tobytes())
    created = [(str(folder / "secret.raw"), 0, h5py.h5f.UNLIMITED)]
    file.create_dataset("tracks", (1, 2, 3, 37), "f8", external=created)


def virtual(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout((1, 2, 3, 37), "f8")
    layout[:] = h5py.VirtualSource(str(secret(folder)), "tracks", (1, 2, 3, 37))
    file.create_virtual_dataset("tracks", layout)


@pytest.mark.parametrize("point", [external_link, soft_link, external_storage, virtual])
def test_nothing_outside_the_file_is_read(tmp_path: Path, point: object) -> None:
    path = write(tmp_path / "file.h5")
    with h5py.File(path, "r+") as file:
        del file["tracks"]
        point(file, tmp_path)  # type: ignore[operator]
    with h5py.File(path) as file:
        assert file["tracks"].shape == (1, 2, 3, 37)  # h5py itself follows
    with pytest.raises(DataError, match=r"file\.h5: .*(lacks some|points at another)"):
        read(path)


@pytest.mark.parametrize("shape", [(10**9, 2, 3, 10**9), (1, 2, 3, 10**9), (1, 2, 3, 10**7)])
@pytest.mark.parametrize("chunks", [None, (1, 1, 1, 1000)])
def test_claims_without_content_are_not_believed(
    tmp_path: Path, shape: tuple[int, ...], chunks: tuple[int, ...] | None
) -> None:
    path = write(tmp_path / "file.h5")
    with h5py.File(path, "r+") as file:
        del file["tracks"]
        if chunks or np.prod(shape, dtype=float) < 2**60:
            file.create_dataset("tracks", shape, "f8", chunks=chunks, fillvalue=np.nan)
    with pytest.raises(DataError, match=r"in proportion to the file, but it claims|each of|lacks some"):
        read(path)


def test_a_chunk_without_content_is_not_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "file.h5")
    with h5py.File(path, "r+") as file:
        del file["tracks"]
        file.create_dataset("tracks", (1, 2, 3, 5), "f8", chunks=(1, 2, 3, 10**7), maxshape=(None,) * 4)
    with pytest.raises(DataError, match="must be in proportion"):
        read(path)


def test_many_names_of_one_long_text_fill_no_memory(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "file.h5", "w") as file:
        names = file.create_dataset("names", (200,), h5py.string_dtype())
        names[0] = "x" * 1_000_000
        file.flush()
        offset = names.id.get_offset()
    content = bytearray((tmp_path / "file.h5").read_bytes())
    content[offset : offset + 200 * 16] = content[offset : offset + 16] * 200
    (tmp_path / "file.h5").write_bytes(content)
    with open_hdf5(source(tmp_path / "file.h5")) as root, pytest.raises(DataError, match="short texts"):
        root.strings("names")


def test_a_text_that_claims_4_gib_is_not_read(tmp_path: Path) -> None:
    """The library would make room for it before it looks for the text."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["names"] = ["seventeen letters"] * 2
        file.attrs["kind"] = "nineteen letters of"
        offset = file["names"].id.get_offset()
    content = path.read_bytes()
    damaged = bytearray(content)
    damaged[offset : offset + 4] = b"\xff" * 4
    path.write_bytes(damaged)
    with open_hdf5(source(path)) as root, pytest.raises(DataError, match="claims 4,295 MB"):
        root.strings("names")
    place = content.index(struct.pack("<I", 19), content.index(b"kind\0"))
    damaged = bytearray(content)
    damaged[place : place + 4] = b"\xff" * 4
    path.write_bytes(damaged)
    with open_hdf5(source(path)) as root, pytest.raises(DataError, match="claims 4,295 MB"):
        root.attribute("kind")


def test_a_heap_without_end_does_not_hang(tmp_path: Path) -> None:
    """Free space of no size keeps the library busy for ever."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["names"] = ["nose", "tail"]
        file.attrs["kind"] = "walk"
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 200] = bytes(184)
    path.write_bytes(content)
    with open_hdf5(source(path)) as root:
        assert root.attribute("kind") is None
        with pytest.raises(DataError, match="must be whole"):
            root.strings("names")


def test_groups_that_hold_each_other_end(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "file.nwb", "w") as file:
        file.create_group("a/b")
        file["a/b/a"] = file["a"]
        file["a/b/root"] = file["/"]
    assert recognise(source(tmp_path / "file.nwb")) is None


@pytest.mark.parametrize("keep", [9, 60, 500, 2000])
def test_cut_off_files_are_damaged(tmp_path: Path, keep: int) -> None:
    path = write(tmp_path / "file.h5")
    path.write_bytes(path.read_bytes()[:keep])
    known = recognise(source(path))
    assert known is not None and known.name == "damaged HDF5 files"
    with pytest.raises(DataError, match=r"file\.h5: must be a whole HDF5 file, but cannot be opened"):
        read(path)


def test_other_files_are_no_hdf5(tmp_path: Path) -> None:
    (tmp_path / "file.h5").write_bytes(b"frame#,landmark_name,x,y\n")
    assert recognise(source(tmp_path / "file.h5")) is None
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = np.zeros((5, 3))
        file["tracks"] = np.zeros((5, 3))
    assert recognise(source(tmp_path / "other.h5")) is None
