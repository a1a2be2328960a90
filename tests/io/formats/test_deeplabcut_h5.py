"""DeepLabCut's HDF5 in both layouts of pandas."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.folder import read_sources
from htvae.io.formats.registry import recognise
from htvae.io.inputs import read_file
from htvae.io.opening import Source
from htvae.poses.sequence import PoseSequence
from tests.io.formats.hdf5_files import dlc_columns, write_dlc_fixed, write_dlc_table
from tests.io.formats.tables import make_points, write_deeplabcut

PARTS = ("nose", "leftear", "rightear", "tail.base", "cénter")
WRITERS = [write_dlc_table, write_dlc_fixed]
Write = Callable[..., Path]


def read(path: Path, **settings: object) -> list[PoseSequence]:
    return read_file(path, DataConfig(**settings))  # type: ignore[arg-type]


def with_likelihood(points: np.ndarray, likelihood: float = 0.9) -> np.ndarray:
    """Return cells (T, 3 L) of points (T, L, 2)."""
    known = np.where(np.isnan(points[..., :1]), 0.0, likelihood)
    return np.concatenate([points, known], axis=-1).reshape(len(points), -1)


@pytest.mark.parametrize("write", WRITERS)
def test_one_animal(tmp_path: Path, write: Write) -> None:
    points = make_points(37, 5)
    points[3, 2] = np.nan
    index = np.arange(42150, 42187)
    (mouse,) = read(write(tmp_path / "mouse.h5", dlc_columns(PARTS), with_likelihood(points), index))
    assert (mouse.name, mouse.landmarks, mouse.first_frame) == ("mouse", PARTS, 42150)
    assert not mouse.coordinates.y_up and mouse.subject is None
    np.testing.assert_array_equal(mouse.pose, np.float32(points * [1, -1]))


@pytest.mark.parametrize("write", WRITERS)
def test_several_animals_by_name_and_not_by_place(tmp_path: Path, write: Write) -> None:
    """Body parts differ between animals; the columns are shuffled."""
    columns = dlc_columns(PARTS, ["black", "white"]) + dlc_columns(["corner"], ["single"])
    values = np.random.default_rng(0).uniform(1, 9, (37, len(columns)))
    order = np.random.default_rng(1).permutation(len(columns))
    path = write(tmp_path / "cage.h5", [columns[i] for i in order], values[:, order], np.arange(37))
    black, white = sorted(read(path, min_confidence=0.0), key=lambda recording: recording.name)
    assert (black.name, white.name) == ("cage/black", "cage/white")
    assert set(black.landmarks) == set(PARTS)
    for index, recording in enumerate((black, white)):
        for part in PARTS:
            place = columns.index(("net", recording.name.split("/")[1], part, "x"))
            own = recording.pose[:, recording.landmarks.index(part)]
            np.testing.assert_array_equal(own, np.float32(values[:, place : place + 2] * [1, -1]), str(index))


@pytest.mark.parametrize("write", WRITERS)
def test_three_dimensions_have_no_likelihood(tmp_path: Path, write: Write) -> None:
    points = make_points(37, 5, dimensions=3)
    columns = dlc_columns(PARTS, coords=("x", "y", "z"))
    (mouse,) = read(write(tmp_path / "mouse_DLC_3D.h5", columns, points.reshape(37, -1), np.arange(37)))
    np.testing.assert_array_equal(mouse.pose, np.float32(points))


def test_several_blocks_of_the_fixed_layout(tmp_path: Path) -> None:
    """Pandas keeps a block for each kind of numbers."""
    points = make_points(37, 2)
    columns, cells = dlc_columns(PARTS[:2]), with_likelihood(points)
    path = write_dlc_fixed(
        tmp_path / "a.h5", [c for c in columns if c[2] != "x"], cells[:, [1, 2, 4, 5]], np.arange(37)
    )
    write_dlc_fixed(
        tmp_path / "b.h5", [c for c in columns if c[2] == "x"], np.float32(cells[:, [0, 3]]), np.arange(37)
    )
    with h5py.File(path, "r+") as file, h5py.File(tmp_path / "b.h5") as other:
        for name in other["tracks"]:
            if name.startswith("block0"):
                other.copy(f"tracks/{name}", file["tracks"], name.replace("block0", "block1"))
        file["tracks"].attrs["nblocks"] = 2
        values = file["tracks/block1_values"][()]
        del file["tracks/block1_values"]
        file["tracks/block1_values"] = values.T  # without the attribute "transposed"
    (mouse,) = read(path)
    np.testing.assert_array_equal(mouse.pose, np.float32(points * [1, -1]))


def test_h5_is_read_before_csv_of_the_same_video(tmp_path: Path) -> None:
    name = "mouseDLC_resnet50_cageshuffle1_30000"
    points = make_points(37, 5)
    write_deeplabcut(tmp_path / f"{name}.csv", {"": make_points(9, 5)}, PARTS)
    write_dlc_table(tmp_path / f"{name}.h5", dlc_columns(PARTS), with_likelihood(points), np.arange(37))
    for path in tmp_path.iterdir():
        os.utime(path, (1e9, 1e9))
    (mouse,) = read_sources(tmp_path, DataConfig()).sequences
    assert mouse.num_frames == 37


def hand_labels(path: Path, layout: str) -> Path:
    columns = [column[:1] + column[1:] for column in dlc_columns(PARTS, coords=("x", "y"))]
    images = np.array([f"labeled-data/walk/img{i:03}.png".encode() for i in (3, 30, 77)])
    points = make_points(3, 5).reshape(3, -1)
    (write_dlc_table if layout == "table" else write_dlc_fixed)(path, columns, points, images)
    if layout == "levels":  # newer versions name folder, video and image
        with h5py.File(path, "r+") as file:
            del file["tracks/axis1"]
            file["tracks/axis1_level0"] = np.array([b"labeled-data"])
    return path


@pytest.mark.parametrize("layout", ["table", "fixed", "levels"])
def test_hand_labels_are_no_recording(tmp_path: Path, layout: str) -> None:
    path = hand_labels(tmp_path / "CollectedData_me.h5", layout)
    with pytest.raises(DataError, match="is one of hand labels of DeepLabCut"):
        read(path)
    with pytest.raises(DataError, match=r"lacks frame numbers \(these are hand labels\)"):
        read(path, source="deeplabcut")


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("made",)


def test_pickled_names_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_dlc_table(tmp_path / "a.h5", dlc_columns(PARTS), np.ones((3, 15)), np.arange(3))
    with h5py.File(path, "r+") as file:
        file["df_with_missing/table"].attrs["values_block_0_kind"] = np.bytes_(pickle.dumps([Harmful()], 0))
    assert recognise(Source(path, path.name)) is None
    with pytest.raises(DataError, match=r"mkdir, which is not run"):
        read(path, source="deeplabcut")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    ("columns", "rows", "index", "message"),
    [
        (dlc_columns(PARTS)[:-2], 3, np.arange(3), "a body part must have x, y, but some lack one: cénter"),
        ([*dlc_columns(PARTS)[:-3], *dlc_columns(PARTS)[:3]], 3, np.arange(3), "nose x occurs again"),
        (dlc_columns(PARTS), 3, np.array([0, 1, 1]), "a frame must have one row, but frame 1 has 2"),
        (dlc_columns(PARTS), 2, np.array([0, 99999]), "max_frame_gap"),
        (dlc_columns(PARTS), 0, np.arange(0), "a value per frame and column"),
    ],
)
def test_damaged_tables(
    tmp_path: Path, write: Write, columns: list[tuple[str, ...]], rows: int, index: np.ndarray, message: str
) -> None:
    path = write(tmp_path / "a.h5", columns, np.ones((rows, len(columns))), index)
    with pytest.raises(DataError, match=message):
        read(path)


def test_codes_without_a_name_are_refused(tmp_path: Path) -> None:
    path = write_dlc_fixed(tmp_path / "a.h5", dlc_columns(PARTS), np.ones((3, 15)), np.arange(3))
    with h5py.File(path, "r+") as file:
        file["tracks/block0_items_label1"][0] = -1
    with pytest.raises(DataError, match="must hold a table with bodyparts"):
        read(path, source="deeplabcut")
