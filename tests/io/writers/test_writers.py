"""What writers write is read again as it was."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.io.inputs import read_file
from htvae.io.writers import deeplabcut, movement, sleap
from htvae.io.writers.base import Writer, join_session, name_individuals
from htvae.io.writers.registry import WRITERS, find_writer
from htvae.poses.sequence import Coordinates, PoseSequence

OWN = (deeplabcut.WRITER, sleap.WRITER, movement.WRITER)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..", "single") and not set(name) & set('/\\"')
)


@st.composite
def sessions(draw: st.DrawFn, dimensions: int) -> list[PoseSequence]:
    """Return individuals of one session with own first frames and lengths, and missing points."""
    landmarks = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
    individuals = draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=str.casefold))
    fps = draw(st.sampled_from([None, 25.0, 29.97]))
    y_up = draw(st.booleans())
    size = draw(st.sampled_from([None, (640, 480)]))
    seed = draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    recordings = []
    for individual in individuals:
        num_frames = draw(st.integers(1, 9))
        pose = rng.normal(0, 100, (num_frames, len(landmarks), dimensions)).astype(np.float32)
        missing = rng.random(pose.shape[:2]) < 0.3
        missing[[0, -1], 0] = False  # readers cut ends without a point
        pose[missing] = np.nan
        recordings.append(
            PoseSequence(
                name=f"day 1/video/{individual}",
                landmarks=tuple(landmarks),
                pose=pose,
                fps=fps,
                first_frame=draw(st.integers(0, 12)),
                covariates={"session": "day 1/video"},
                coordinates=Coordinates(y_up=y_up, image_size=size),
            )
        )
    return recordings


def read_again(path: Path, recordings: Sequence[PoseSequence], **settings: object) -> list[PoseSequence]:
    coordinates = recordings[0].coordinates
    config = DataConfig(
        y_up=coordinates.y_up,
        z_up=coordinates.z_up,
        image_size=coordinates.image_size,
        min_individual_share=0.0,
        **settings,  # type: ignore[arg-type]
    )
    return read_file(path, config)


def assert_equal(read: Sequence[PoseSequence], written: Sequence[PoseSequence], has_fps: bool) -> None:
    assert len(read) == len(written)
    for own, original in zip(read, written, strict=True):
        if len(written) > 1:
            assert own.name.rpartition("/")[2] == original.name.rpartition("/")[2]
        assert own.landmarks == original.landmarks and own.first_frame == original.first_frame
        assert own.fps == (original.fps if has_fps else None)
        np.testing.assert_array_equal(own.pose, original.pose)


@pytest.mark.parametrize("writer", OWN, ids=lambda writer: writer.name)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_recordings_come_back(
    tmp_path_factory: pytest.TempPathFactory, writer: Writer, data: st.DataObject
) -> None:
    recordings = data.draw(
        sessions(dimensions=2 if writer is sleap.WRITER else data.draw(st.sampled_from([2, 3])))
    )
    path = tmp_path_factory.mktemp("written") / f"video{writer.suffix}"
    writer.write(path, recordings)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert_equal(read_again(path, recordings), recordings, has_fps=writer is movement.WRITER)


def recording(
    name: str = "video", num_frames: int = 5, dimensions: int = 2, **changes: object
) -> PoseSequence:
    pose = np.arange(num_frames * 2 * dimensions, dtype=np.float32).reshape(num_frames, 2, dimensions)
    known = PoseSequence(
        name=name, landmarks=("nose", "tail"), pose=pose, coordinates=Coordinates(y_up=False)
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def test_deeplabcut_csv_to_the_letter(tmp_path: Path) -> None:
    pose = np.array([[[0.1, -2], [np.nan, np.nan]], [[3, -4], [5, -6]]], np.float32)
    deeplabcut.WRITER.write(tmp_path / "a.csv", [recording(pose=pose, first_frame=7)])
    assert (tmp_path / "a.csv").read_text() == (
        "scorer,HT-VAE,HT-VAE,HT-VAE,HT-VAE,HT-VAE,HT-VAE\n"
        "bodyparts,nose,nose,nose,tail,tail,tail\n"
        "coords,x,y,likelihood,x,y,likelihood\n"
        "7,0.1,2.0,1.0,,,0.0\n"
        "8,3.0,4.0,1.0,5.0,6.0,1.0\n"
    )
    table = pd.read_csv(tmp_path / "a.csv", header=[0, 1, 2], index_col=0)
    assert table.columns.names == ["scorer", "bodyparts", "coords"]


def test_individuals_may_have_other_landmarks_in_deeplabcut(tmp_path: Path) -> None:
    session = {"session": "video"}
    recordings = [
        recording("video/a", covariates=session),
        recording("video/b", landmarks=("nose", "wing"), covariates=session),
    ]
    deeplabcut.WRITER.write(tmp_path / "a.csv", recordings)
    assert_equal(read_file(tmp_path / "a.csv", DataConfig()), recordings, has_fps=False)


def test_sleap_s_layout(tmp_path: Path) -> None:
    sleap.WRITER.write(tmp_path / "a.analysis.h5", [recording(first_frame=3)])
    with h5py.File(tmp_path / "a.analysis.h5") as file:
        assert file["tracks"].shape == (1, 2, 2, 8) and np.isnan(file["tracks"][..., :3]).all()
        assert file["tracks"][0, :, 1, 3].tolist() == [2, -3]
        assert file["track_occupancy"][:, 0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
        assert file["point_scores"][0, 0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
        assert file["node_names"][()].tolist() == [b"nose", b"tail"]
        assert file["track_names"][()].tolist() == [b"track_0"]


def test_movement_s_layout(tmp_path: Path) -> None:
    movement.WRITER.write(tmp_path / "a.nc", [recording(first_frame=3, fps=10.0)])
    with h5py.File(tmp_path / "a.nc") as file:
        assert [axis[0].name for axis in file["position"].dims] == [
            "/time",
            "/space",
            "/keypoint",
            "/individual",
        ]
        assert file["position"].shape == (5, 2, 2, 1) and file["confidence"].shape == (5, 2, 1)
        np.testing.assert_allclose(file["time"], [0.3, 0.4, 0.5, 0.6, 0.7])
        assert file.attrs["fps"] == 10 and file.attrs["time_unit"] == b"seconds"
        assert file["keypoint"].asstr()[()].tolist() == ["nose", "tail"]


def test_sleap_has_two_coordinates(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SLEAP's files have two coordinates, but the recording has three"):
        sleap.WRITER.write(tmp_path / "a.h5", [recording(dimensions=3)])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("writer", OWN, ids=lambda writer: writer.name)
def test_an_earlier_file_stays_if_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: Writer
) -> None:
    path = tmp_path / f"a{writer.suffix}"
    path.write_text("earlier")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="No space left"):
        writer.write(path, [recording()])
    assert path.read_text() == "earlier" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("writer", OWN, ids=lambda writer: writer.name)
def test_what_is_written_twice_is_the_same(tmp_path: Path, writer: Writer) -> None:
    contents = []
    for _ in range(2):
        writer.write(tmp_path / "a", [recording(fps=30.0)])
        contents.append((tmp_path / "a").read_bytes())
    assert contents[0] == contents[1]


class TestSession:
    def test_names_of_individuals(self) -> None:
        session = {"session": "day/video"}
        of_session = [recording(f"day/video/{name}", covariates=session) for name in ("a", "b/c")]
        assert name_individuals(of_session) == ("a", "b/c")
        assert name_individuals(of_session[:1]) == ("a",)
        assert name_individuals([recording("day/video")]) == ("",)
        assert name_individuals([recording("x/walk"), recording("y/walk")]) == ("walk", "walk_2")

    def test_frames_are_aligned(self) -> None:
        joined = join_session([recording("a", 3, first_frame=4), recording("b", 2, first_frame=9)])
        assert joined.first_frame == 4 and joined.points.shape == (7, 2, 2, 2)
        assert joined.observed.any(axis=2).T.tolist() == [[True] * 3 + [False] * 4, [False] * 5 + [True] * 2]

    @pytest.mark.parametrize(
        ("others", "message"),
        [
            ({"fps": 30.0}, "have different frame rates"),
            ({"coordinates": Coordinates()}, "have different coordinates"),
            ({"pose": np.zeros((5, 2, 3), np.float32)}, "have different dimensions"),
        ],
    )
    def test_recordings_of_one_file_must_agree(self, others: dict[str, object], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            join_session([recording("a"), recording("b", **others)])

    def test_frames_far_apart_fill_no_memory(self) -> None:
        with pytest.raises(ValueError, match="must not lie too far apart"):
            join_session([recording("a"), recording("b", first_frame=10**12)])

    def test_nothing_is_no_session(self) -> None:
        with pytest.raises(ValueError, match="must be at least one"):
            join_session([])


def test_writers_are_found_by_name() -> None:
    assert [find_writer(writer.name) for writer in WRITERS] == list(WRITERS)
    assert len({writer.name for writer in WRITERS}) == len(WRITERS)
    with pytest.raises(ValueError, match=r"format must be one of .*deeplabcut.*, but got csv"):
        find_writer("csv")
