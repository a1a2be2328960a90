"""movement's netCDF, of version 4 (HDF5) and 3."""

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.formats import movement
from htvae.io.formats.base import Refusal
from htvae.io.formats.netcdf3 import ClassicFile
from htvae.io.formats.registry import recognise
from htvae.io.inputs import read_file
from htvae.io.opening import Source
from htvae.poses.sequence import PoseSequence
from tests.io.formats.hdf5_files import write_movement
from tests.io.formats.tables import make_points

KEYPOINTS = ("snout", "left ear", "täil")
ORDERS = [
    ("time", "space", "keypoints", "individuals"),
    ("time", "individuals", "keypoints", "space"),
    ("individual", "keypoint", "time", "space"),
]


def read(path: Path, **settings: object) -> list[PoseSequence]:
    return read_file(path, DataConfig(**settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_axes_go_by_name(tmp_path: Path, order: tuple[str, ...]) -> None:
    points = {"black": make_points(37, 3, 1), "white": make_points(37, 3, 2)}
    points["black"][3, 1] = np.nan
    path = write_movement(tmp_path / "a.nc", points, KEYPOINTS, order, ds_type="poses", time_unit="frames")
    black, white = read(path)
    assert (black.name, white.name, black.landmarks) == ("a/black", "a/white", KEYPOINTS)
    assert black.fps is None and not black.coordinates.y_up
    np.testing.assert_array_equal(black.pose, np.float32(points["black"] * [1, -1]))
    np.testing.assert_array_equal(white.pose, np.float32(points["white"] * [1, -1]))


def test_seconds_become_frames(tmp_path: Path) -> None:
    times = (np.arange(37) + 60) / 29.97
    path = write_movement(tmp_path / "a.nc", {"a": make_points(37, 3)}, KEYPOINTS, times=times, fps=29.97)
    (mouse,) = read(path)
    assert (mouse.first_frame, mouse.num_frames, mouse.fps) == (60, 37, 29.97)
    path = write_movement(tmp_path / "b.nc", {"a": make_points(37, 3)}, KEYPOINTS, times=np.arange(37) / 50)
    assert read(path)[0].fps == 50


def test_frames_that_were_left_out_are_missing(tmp_path: Path) -> None:
    times = np.delete(np.arange(38), 4)
    path = write_movement(
        tmp_path / "a.nc", {"a": make_points(37, 3)}, KEYPOINTS, times=times, time_unit="frames"
    )
    (mouse,) = read(path)
    assert mouse.num_frames == 38 and np.flatnonzero(~mouse.observed.any(axis=1)).tolist() == [4]


def test_three_dimensions(tmp_path: Path) -> None:
    points = make_points(37, 3, dimensions=3)
    (mouse,) = read(write_movement(tmp_path / "a.nc", {"a": points}, KEYPOINTS))
    np.testing.assert_array_equal(mouse.pose, np.float32(points))


def test_confidence(tmp_path: Path) -> None:
    """Where the tracker had none, movement fills in NaN; SLEAP has none for points set by hand."""
    path = write_movement(tmp_path / "a.nc", {"a": make_points(9, 3)}, KEYPOINTS, confidence=np.nan)
    assert read(path)[0].observed.all()
    path = write_movement(tmp_path / "b.nc", {"a": make_points(9, 3)}, KEYPOINTS)
    with h5py.File(path, "r+") as file:
        file["confidence"][2, 1, 0] = np.nan
        file["confidence"][3, 1, 0] = 0.2
    assert np.argwhere(~read(path)[0].observed).tolist() == [[3, 1]]
    path = write_movement(tmp_path / "c.nc", {"a": make_points(9, 3)}, KEYPOINTS, confidence=None)
    assert read(path)[0].observed.all()


def test_boxes_are_no_poses(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        file["position"], file["shape"], file["space"] = np.ones((4, 2, 1)), np.ones((4, 2, 1)), ["x", "y"]
        file["time"] = np.arange(4)
        file.attrs["ds_type"] = np.bytes_("bboxes")
    write_classic(tmp_path / "b.nc", {n: ((n,), np.ones(2)) for n in ("position", "space")}, ds_type="bboxes")
    for name in ("a.nc", "b.nc"):
        with pytest.raises(DataError, match="is one of bounding boxes of movement"):
            read(tmp_path / name)
        with pytest.raises(DataError, match="must hold positions of keypoints"):
            read(tmp_path / name, source="movement")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("keypoints", ["a", "a", "b"], "each keypoint of 3 must have a name of its own"),
        ("individuals", ["a", "b"], "each individual of 1 must have a name"),
        ("space", ["u", "v"], "positions must have x, y"),
        ("time", np.arange(4), r"each of 9 frames must have a time, but \(4,\) have"),
        ("confidence", np.ones((9, 3)), "the axes must be time, keypoint, individual"),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, value: object, message: str) -> None:
    path = write_movement(tmp_path / "a.nc", {"m": make_points(9, 3)}, KEYPOINTS)
    with h5py.File(path, "r+") as file:
        for dataset in file.values():  # without scales the axes are taken to be in movement's order
            for attribute in {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS"} & set(dataset.attrs):
                del dataset.attrs[attribute]
        del file[name]
        file[name] = value
    with pytest.raises(DataError, match=message):
        read(path, source="movement")


def write_classic(
    path: Path, variables: dict[str, tuple[tuple[str, ...], np.ndarray]], **attributes: str
) -> Path:
    """Write netCDF-3 with 64-bit offsets by hand; texts are characters with an axis of their own."""
    kinds = {"S": 2, "i": 4, "f": 6}
    stored: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    for name, (axes, values) in variables.items():
        if values.dtype.kind == "U":
            encoded = np.array([text.encode() for text in values])
            stored[name] = ((*axes, f"string{name}"), encoded.view("S1").reshape(len(values), -1))
        else:
            stored[name] = (axes, values.astype(">f8" if values.dtype.kind == "f" else ">i4"))
    sizes = {
        axis: length
        for axes, values in stored.values()
        for axis, length in zip(axes, values.shape, strict=True)
    }
    dimensions = list(sizes)

    def text(value: str) -> bytes:
        data = value.encode()
        return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)

    def header(begins: dict[str, int]) -> bytes:
        out = b"CDF\x02" + struct.pack(">III", 0, 10, len(sizes))
        out += b"".join(text(axis) + struct.pack(">I", length) for axis, length in sizes.items())
        out += struct.pack(">II", 12, len(attributes)) if attributes else bytes(8)
        for key, value in attributes.items():
            out += text(key) + struct.pack(">I", 2) + text(value)
        out += struct.pack(">II", 11, len(stored))
        for name, (axes, values) in stored.items():
            out += text(name) + struct.pack(">I", len(axes))
            out += b"".join(struct.pack(">I", dimensions.index(axis)) for axis in axes)
            out += bytes(8) + struct.pack(">IIQ", kinds[values.dtype.kind], values.nbytes, begins[name])
        return out

    begins, place = {}, len(header(dict.fromkeys(stored, 0)))
    for name, (_, values) in stored.items():
        begins[name] = place
        place += values.nbytes + -values.nbytes % 4
    body = b"".join(values.tobytes() + bytes(-values.nbytes % 4) for _, values in stored.values())
    path.write_bytes(header(begins) + body)
    return path


def classic(path: Path, points: np.ndarray) -> Path:
    return write_classic(
        path,
        {
            "position": (("time", "space", "keypoints", "individuals"), points.transpose(0, 2, 1)[..., None]),
            "confidence": (("time", "keypoints", "individuals"), np.full((*points.shape[:2], 1), 0.9)),
            "time": (("time",), np.arange(len(points)) + 5),
            "space": (("space",), np.array(["x", "y"])),
            "keypoints": (("keypoints",), np.array(KEYPOINTS)),
            "individuals": (("individuals",), np.array(["black"])),
        },
        ds_type="poses",
        time_unit="frames",
    )


def test_netcdf_3_is_read(tmp_path: Path) -> None:
    points = make_points(37, 3)
    (mouse,) = read(classic(tmp_path / "a.nc", points))
    assert (mouse.name, mouse.landmarks, mouse.first_frame) == ("a", KEYPOINTS, 5)
    np.testing.assert_array_equal(mouse.pose, np.float32(points * [1, -1]))


def test_netcdf_3_agrees_with_scipy(tmp_path: Path) -> None:
    from scipy.io import netcdf_file

    path = classic(tmp_path / "a.nc", make_points(37, 3))
    own = ClassicFile(path.read_bytes())
    with netcdf_file(path, mmap=False) as file:
        for name in ("position", "time", "keypoints"):
            np.testing.assert_array_equal(own.array(name), file.variables[name].data)
            assert own.axes(name) == file.variables[name].dimensions
        assert own.attributes["time_unit"] == file.time_unit.decode()


def test_every_cut_of_netcdf_3_is_damaged(tmp_path: Path) -> None:
    path = classic(tmp_path / "a.nc", make_points(3, 3))
    whole = path.read_bytes()
    for length in range(5, len(whole) - 8):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="must be a whole netCDF file"):
            movement.FORMAT.read(Source(path, "a.nc"), DataConfig())


@given(place=st.integers(4, 600), value=st.binary(min_size=4, max_size=4))
def test_damaged_headers_of_netcdf_3_claim_nothing(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: bytes
) -> None:
    path = classic(tmp_path_factory.mktemp("a") / "a.nc", make_points(3, 3))
    content = bytearray(path.read_bytes())
    content[place : place + 4] = value
    path.write_bytes(content)
    source = Source(path, "a.nc")
    try:
        known = recognise(source)
        assert not isinstance(known, Refusal)
        movement.FORMAT.read(source, DataConfig())
    except DataError as error:
        assert error.faults[0].startswith("a.nc: ")  # noqa: PT017
