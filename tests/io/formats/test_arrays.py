"""Arrays of numpy: poses, HumanML3D, features and parameters that are refused, and hostile files."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.formats import npy
from htvae.io.formats.registry import recognise
from htvae.io.inputs import read_file
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.layouts_3d import SMPL_22
from htvae.poses.sequence import Coordinates
from tests.io.formats.opened import check_damaged, fault_of, only_track, open_content, refusal_of


def make_points(*shape: int) -> np.ndarray:
    points = np.random.default_rng(0).normal(0, 1, shape)
    points[3, 2] = np.nan
    return points


def save(path: Path, *arrays: np.ndarray, **named: Any) -> Path:
    np.savez_compressed(path, *arrays, **named) if path.suffix == ".npz" else np.save(path, arrays[0])
    return path


@pytest.mark.parametrize("num_axes", [2, 3])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize("kind", ["<f8", ">f4", "<f2"])
def test_values_without_names(tmp_path: Path, num_axes: int, suffix: str, kind: str) -> None:
    points = make_points(37, 5, num_axes).astype(kind)
    content = open_content(save(tmp_path / f"a{suffix}", points), "arrays")
    assert only_track(content).landmarks == ("POINT_0", "POINT_1", "POINT_2", "POINT_3", "POINT_4")
    assert content.fps is None
    assert "--no_y_up" in content.notes[0]
    np.testing.assert_array_equal(only_track(content).points, points.astype(np.float64))


def test_fortran_order_and_whole_numbers(tmp_path: Path) -> None:
    points = np.asfortranarray(np.random.default_rng(0).integers(0, 500, (37, 5, 2)))
    np.testing.assert_array_equal(
        only_track(open_content(save(tmp_path / "a.npy", points), "arrays")).points, points
    )


@pytest.mark.parametrize("names", ["names", "landmarks"])
@pytest.mark.parametrize("kind", [str, bytes, object])
def test_an_archive_names_its_parts(tmp_path: Path, names: str, kind: type) -> None:
    points, sure = make_points(37, 5, 2), np.full((37, 5), 0.5)
    given = {names: np.array(list("abcde"), dtype=kind if kind is object else None)}
    if kind is bytes:
        given = {names: np.array([b"a", b"b", b"c", b"d", b"e"])}
    path = save(
        tmp_path / "a.npz", keypoints=points, other=points, fps=np.array(50), confidence=sure, **given
    )
    content = open_content(path, "arrays")
    track = only_track(content)
    assert track.landmarks == tuple("abcde")
    assert content.fps == 50
    np.testing.assert_array_equal(track.points, points)
    np.testing.assert_array_equal(track.confidence, sure)


def test_a_third_number_may_be_a_confidence(tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(0, 1, (37, 5, 3))
    points[..., :2] *= 640
    content = open_content(save(tmp_path / "a.npy", points), "arrays")
    assert content.coordinates == IMAGE
    assert "confidence" in content.notes[0]
    np.testing.assert_array_equal(only_track(content).points, points[..., :2])
    np.testing.assert_array_equal(only_track(content).confidence, points[..., 2])


def test_33_points_are_mediapipes(tmp_path: Path) -> None:
    content = open_content(save(tmp_path / "a.npy", make_points(37, 33, 3)), "arrays")
    assert only_track(content).landmarks == MEDIAPIPE_LANDMARKS
    assert content.coordinates == IMAGE
    assert "MediaPipe" in content.notes[0]


def test_humanml3d(tmp_path: Path) -> None:
    points = make_points(37, 22, 3).astype(np.float32)
    content = open_content(save(tmp_path / "a.npy", points), "humanml3d")
    assert only_track(content).landmarks == SMPL_22
    assert (content.fps, content.coordinates) == (20, Coordinates())
    assert "--source arrays" in content.notes[0]
    np.testing.assert_array_equal(only_track(content).points, points)
    assert only_track(open_content(save(tmp_path / "b.npy", points[..., :2]), "arrays")).points.shape == (
        37,
        22,
        2,
    )


@pytest.mark.parametrize(("shape", "kind"), [((4, 22, 3), "humanml3d"), ((4, 33, 3), "freemocap")])
@pytest.mark.parametrize("value", ["a", 1 + 2j])
def test_arrays_of_texts_and_complex_numbers(tmp_path: Path, shape, kind: str, value: object) -> None:
    path = save(tmp_path / "a.npy", np.full(shape, value))
    with pytest.raises(DataError, match=r"a\.npy: its array must hold real numbers"):
        read_file(path, DataConfig(source=kind))


@pytest.mark.parametrize(("kind", "shape"), [("|V0", (37, 33, 3)), ("<f8", (2**40, 2**40, 0))])
def test_arrays_of_nothing(tmp_path: Path, kind: str, shape: tuple[int, ...]) -> None:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}"
    (tmp_path / "a.npy").write_bytes(npy.MAGIC + bytes([1, 0, len(text), 0]) + text.encode())
    with pytest.raises(DataError, match=r"a\.npy: its array must hold something"):
        read_file(tmp_path / "a.npy", DataConfig(source="arrays"))


def test_features_and_parameters_are_refused(tmp_path: Path) -> None:
    assert refusal_of(save(tmp_path / "a.npy", np.zeros((37, 263)))) == "features of HumanML3D"
    parameters = {"poses": np.zeros((37, 156)), "betas": np.zeros(16), "trans": np.zeros((37, 3))}
    assert refusal_of(save(tmp_path / "b.npz", **parameters)) == "parameters of SMPL (AMASS)"


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((37, 5)),
        np.zeros((37, 5, 4)),
        np.zeros((0, 5, 2)),
        np.zeros((2, 37, 5, 2)),
        np.array("text"),
        np.array([{"a": 1}], dtype=object),
        np.zeros((37, 5, 2), dtype=complex),
        np.zeros(37, dtype=[("x", float), ("y", float)]),
    ],
)
def test_other_arrays_are_not_recognised(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "a.npy"
    np.save(path, array)
    assert recognise(Source(path, "a.npy")) is None
    np.savez(tmp_path / "a.npz", array)
    assert recognise(Source(tmp_path / "a.npz", "a.npz")) is None


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\0\xff\xff{", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)]
)
def test_broken_heads_are_not_recognised(tmp_path: Path, content: bytes) -> None:
    for name in ("a.npy", "a.npz"):
        (tmp_path / name).write_bytes(content)
        assert recognise(Source(tmp_path / name, name)) is None


def npy_head(shape: str, kind: str = "<f8") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text.encode()


def test_claims_of_large_arrays_allocate_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(npy_head("(1000000000, 1000000000, 3)") + bytes(100))
    assert "for its shape" in fault_of(path)
    path.write_bytes(npy_head("(37, 22, 3)") + bytes(100))
    assert "for its shape" in fault_of(path)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("pose.npy", npy_head("(1000000000, 1000000000, 3)") + bytes(100))
    assert "for its shape" in fault_of(tmp_path / "a.npz")


def test_archives_that_unpack_to_much_more_than_their_size_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("pose.npy", "w", force_zip64=True) as file,
    ):
        file.write(npy_head("(5000000, 5, 2)"))
        for _ in range(100):
            file.write(bytes(4_000_000))
    assert path.stat().st_size < 1_000_000
    assert npy.headers_of(Source(path, "a.npz")) == {}
    assert recognise(Source(path, "a.npz")) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"names": np.array(["a", "b"])}, "must be 5 different ones"),
        ({"names": np.array(list("abcda"))}, "must be 5 different ones"),
        ({"names": np.arange(5)}, "must be texts"),
        ({"pose": np.full((37, 5, 2), np.inf)}, "must be finite"),
    ],
)
def test_parts_that_do_not_fit(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    assert words in fault_of(save(tmp_path / "a.npz", **({"pose": make_points(37, 5, 2)} | given)))


class Evil:
    """A pickle that would make a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.mkdir, (self.path,)


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    names = np.empty(5, dtype=object)
    names[:] = [Evil(tmp_path / "made")] * 5
    path = save(tmp_path / "a.npz", pose=make_points(37, 5, 2), names=names)
    assert "is not run" in fault_of(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_any_damage_ends_in_a_sentence(tmp_path: Path, suffix: str) -> None:
    check_damaged(save(tmp_path / f"a{suffix}", make_points(37, 5, 2)), seed=9, count=80)


def test_a_packed_archive_is_read(tmp_path: Path) -> None:
    import gzip

    content = io.BytesIO()
    np.savez(content, make_points(37, 5, 2))
    (tmp_path / "a.npz.gz").write_bytes(gzip.compress(content.getvalue()))
    np.testing.assert_array_equal(
        only_track(open_content(tmp_path / "a.npz.gz", "arrays")).points, make_points(37, 5, 2)
    )
