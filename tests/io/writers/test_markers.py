"""TRC and C3D files are read back as they were written, by our readers and by others."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.io.formats.registry import find_format
from htvae.io.opening import Source
from htvae.io.recordings import build_recordings
from htvae.io.tracks import Content
from htvae.io.writers.folders import write_sessions
from htvae.io.writers.registry import find_writer
from htvae.poses.sequence import Coordinates, PoseSequence

FORMATS = ("trc", "c3d")
COORDINATES = [Coordinates(), Coordinates(y_up=False), Coordinates(z_up=True)]
NAMES = ("LEFT_HIP", "right knee", "Größe", "a%b", "nose2")


def read(path: Path, name: str) -> Content:
    return find_format(name).read(Source(path, path.name), DataConfig())


@st.composite
def sequences(draw: st.DrawFn) -> PoseSequence:
    """Recordings of any place, size and gaps; numbers of single precision up to a million."""
    num_frames, num_points = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    num_axes = draw(st.sampled_from((2, 3)))
    number = st.floats(-1e6, 1e6, width=32)
    count = num_frames * num_points * num_axes
    values = draw(st.lists(number, min_size=count, max_size=count))
    pose = np.array(values, np.float32).reshape(num_frames, num_points, num_axes) + np.float32(0)
    missing = draw(
        st.lists(st.booleans(), min_size=num_frames * num_points, max_size=num_frames * num_points)
    )
    pose[np.array(missing).reshape(num_frames, num_points)] = np.nan
    return PoseSequence(
        name="walk",
        landmarks=NAMES[:num_points],
        pose=pose,
        fps=draw(st.sampled_from((24, 25, 29.97, 120, 200))),
        first_frame=draw(st.integers(1, 100_000)),
        coordinates=draw(st.sampled_from(COORDINATES)),
    )


@settings(max_examples=60, deadline=None)
@given(sequence=sequences(), name=st.sampled_from(FORMATS))
def test_recordings_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, sequence: PoseSequence, name: str
) -> None:
    path = tmp_path_factory.mktemp("written") / f"walk.{name}"
    find_writer(name).write(path, [sequence])
    if np.isnan(sequence.pose).all():
        return
    content = read(path, name)
    (recording,), notes = build_recordings(content, DataConfig(), "walk", path.name)
    assert notes == []
    assert recording.landmarks == sequence.landmarks
    assert recording.fps == pytest.approx(sequence.fps, rel=1e-7)  # single precision in C3D
    start = recording.first_frame - sequence.first_frame
    kept = sequence.pose[start : start + recording.num_frames]
    assert (
        np.isnan(sequence.pose[:start]).all()
        and np.isnan(sequence.pose[start + recording.num_frames :]).all()
    )
    np.testing.assert_array_equal(recording.pose[..., : kept.shape[2]], kept)
    if kept.shape[2] == 2:
        assert set(np.unique(recording.pose[..., 2][recording.observed])) <= {0}


def walk(num_frames: int = 37, **changes: object) -> PoseSequence:
    pose = np.random.default_rng(0).normal(0, 1, (num_frames, 3, 3)).astype(np.float32)
    pose[3, 1] = np.nan
    return PoseSequence.from_array(pose, ("A", "B", "C"), **{"name": "walk", "fps": 60.0, **changes})


def test_ezc3d_reads_the_same(tmp_path: Path) -> None:
    ezc3d = pytest.importorskip("ezc3d")
    sequence = walk(first_frame=614, coordinates=Coordinates(z_up=True))
    find_writer("c3d").write(tmp_path / "a.c3d", [sequence])
    theirs = ezc3d.c3d(str(tmp_path / "a.c3d"))
    points = theirs["data"]["points"][:3].transpose(2, 1, 0)
    x, y, z = np.moveaxis(sequence.pose, -1, 0)
    np.testing.assert_array_equal(points, np.stack((x, -z, y), axis=-1))
    parameters = theirs["parameters"]["POINT"]
    assert parameters["LABELS"]["value"] == ["A", "B", "C"]
    assert parameters["RATE"]["value"] == [60]
    assert parameters["Y_SCREEN"]["value"] == ["+Z"]
    assert theirs["header"]["points"]["first_frame"] == 613  # ezc3d counts from 0


def test_pandas_reads_the_same_trc(tmp_path: Path) -> None:
    import pandas as pd

    find_writer("trc").write(tmp_path / "a.trc", [walk(first_frame=12)])
    lines = (tmp_path / "a.trc").read_text().split("\n")
    assert lines[2].split("\t")[:5] == ["60", "60", "37", "3", "m"]
    assert lines[3] == "Frame#\tTime\tA\t\t\tB\t\t\tC\t\t"
    table = pd.read_csv(tmp_path / "a.trc", sep="\t", skiprows=5, header=None).to_numpy()
    np.testing.assert_array_equal(table[:, 0], np.arange(12, 49))
    np.testing.assert_allclose(table[:, 1], np.arange(12, 49) / 60)
    np.testing.assert_array_equal(table[:, 2:].astype(np.float32), walk().pose.reshape(37, -1))


def test_many_markers_and_frames(tmp_path: Path) -> None:
    """More than 255 labels, and more frames than 16 bits count."""
    pose = np.random.default_rng(0).normal(0, 1, (3, 300, 3)).astype(np.float32)
    names = [f"marker_{i}" for i in range(300)]
    find_writer("c3d").write(tmp_path / "a.c3d", [PoseSequence.from_array(pose, names, fps=60.0)])
    (track,) = read(tmp_path / "a.c3d", "c3d").individuals
    assert track.landmarks == tuple(names)
    long = PoseSequence.from_array(np.ones((70_000, 1, 3)), ["A"], fps=60.0, first_frame=80_000)
    find_writer("c3d").write(tmp_path / "a.c3d", [long])
    (track,) = read(tmp_path / "a.c3d", "c3d").individuals
    assert (len(track.points), track.first_frame) == (70_000, 80_000)


def test_several_individuals(tmp_path: Path) -> None:
    both = [walk(name=f"a/{who}", covariates={"session": "a"}, first_frame=1) for who in ("anna", "ben")]
    (file,) = write_sessions(tmp_path, both, find_writer("c3d"))
    content = read(file, "c3d")
    assert [track.individual for track in content.individuals] == ["anna", "ben"]
    assert content.individuals[1].landmarks == ("A", "B", "C")
    files = write_sessions(tmp_path, both, find_writer("trc"))
    assert [file.relative_to(tmp_path).as_posix() for file in files] == ["a/anna.trc", "a/ben.trc"]
    with pytest.raises(ValueError, match="one individual, but are 2"):
        find_writer("trc").write(tmp_path / "a.trc", both)


@pytest.mark.parametrize("name", FORMATS)
def test_what_cannot_be_written(tmp_path: Path, name: str) -> None:
    write = find_writer(name).write
    with pytest.raises(ValueError, match="frame rate, but the recording's is unknown"):
        write(tmp_path / "a", [walk(fps=None)])
    bad = PoseSequence.from_array(np.zeros((2, 1, 3)), ["a\tb" if name == "trc" else "a" * 200], fps=60.0)
    with pytest.raises(ValueError, match="--rename"):
        write(tmp_path / "a", [bad])
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("reach", "unit"), [(1.0, "m"), (900.0, "mm")])
def test_the_unit_is_guessed(tmp_path: Path, reach: float, unit: str) -> None:
    sequence = PoseSequence.from_array(np.random.default_rng(0).uniform(0, reach, (9, 4, 3)), fps=60.0)
    find_writer("trc").write(tmp_path / "a.trc", [sequence])
    assert (tmp_path / "a.trc").read_text().split("\n")[2].split("\t")[4] == unit
