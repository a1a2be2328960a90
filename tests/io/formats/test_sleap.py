"""SLEAP's .slp, analysis HDF5 and analysis CSV."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.formats.registry import recognise
from htvae.io.inputs import read_file
from htvae.io.opening import Source
from htvae.io.tracks import Content, Detections, Track
from htvae.poses.sequence import PoseSequence
from tests.io.formats.hdf5_files import Instance, write_sleap_h5, write_slp
from tests.io.formats.tables import make_points

NODES = ("nose", "tail.base", "ear")


def read(path: Path, **settings: object) -> list[PoseSequence]:
    return read_file(path, DataConfig(**settings))  # type: ignore[arg-type]


def content(path: Path) -> Content:
    from htvae.io.formats.base import Format

    source = Source(path, path.name)
    known = recognise(source)
    assert isinstance(known, Format) and known.name == "sleap"
    return known.read(source, DataConfig())


def tracks(path: Path) -> list[Track]:
    found = content(path).individuals
    assert not isinstance(found, Detections)
    return list(found)


def detections(path: Path) -> Detections:
    found = content(path).individuals
    assert isinstance(found, Detections)
    return found


def predicted(frame: int, track: int, value: float, score: float = 0.9) -> Instance:
    """Return a predicted instance whose points are value, value + 1, ..."""
    points = np.column_stack([value + np.arange(3), 2 * value + np.arange(3), np.full(3, score)])
    return frame, 1, track, points, -1


def by_hand(frame: int, track: int, value: float, origin: int = -1) -> Instance:
    return frame, 0, track, predicted(frame, track, value)[3], origin


class TestAnalysisH5:
    def test_two_tracks(self, tmp_path: Path) -> None:
        points = {"black": make_points(37, 3, 1), "white": make_points(37, 3, 2)}
        points["white"][:5] = np.nan
        points["black"][7, 1] = np.nan
        scores = {name: np.full((37, 3), 0.9) for name in points}
        scores["black"][9, 2] = 0.2
        black, white = read(write_sleap_h5(tmp_path / "a.analysis.h5", points, NODES, scores))
        assert (black.name, white.name) == ("a.analysis/black", "a.analysis/white")
        assert black.landmarks == NODES and not black.coordinates.y_up and black.fps is None
        assert (white.first_frame, white.num_frames) == (5, 32)
        points["black"][9, 2] = np.nan
        np.testing.assert_array_equal(black.pose, np.float32(points["black"] * [1, -1]))
        np.testing.assert_array_equal(white.pose, np.float32(points["white"][5:] * [1, -1]))

    @pytest.mark.parametrize("dims", [("frame", "track", "node", "xy"), ("xy", "frame", "track", "node")])
    def test_other_orders_of_the_axes_are_named(self, tmp_path: Path, dims: tuple[str, ...]) -> None:
        points = {"a": make_points(37, 3, 1), "b": make_points(37, 3, 2)}
        first, second = tracks(write_sleap_h5(tmp_path / "a.h5", points, NODES, dims=dims))
        np.testing.assert_array_equal(first.points, points["a"])
        np.testing.assert_array_equal(second.points, points["b"])

    def test_points_set_by_hand_have_no_score_and_count(self, tmp_path: Path) -> None:
        points = {"track_0": make_points(37, 3)}
        scores = np.full((37, 3), 0.9)
        scores[4] = np.nan
        (mouse,) = read(write_sleap_h5(tmp_path / "a.h5", points, NODES, {"track_0": scores}))
        assert mouse.observed.all() and mouse.subject is None

    def test_files_before_1_1_4_have_no_scores(self, tmp_path: Path) -> None:
        (track,) = tracks(write_sleap_h5(tmp_path / "a.h5", {"a": make_points(37, 3)}, NODES))
        assert track.confidence is None

    def test_without_tracks_other_animals_are_lost(self, tmp_path: Path) -> None:
        path = write_sleap_h5(tmp_path / "a.h5", {"": make_points(37, 3)}, NODES)
        assert "SLEAP keeps one instance of each frame" in content(path).notes[0]
        assert read(path)[0].name == "a"

    def test_pieces_of_tracks_keep_their_names(self, tmp_path: Path) -> None:
        """Forty tracklets, each in its own frames: recordings are refused with what to do."""
        pieces = {}
        for index in range(40):
            pieces[f"track_{index}"] = np.full((400, 3, 2), np.nan)
            pieces[f"track_{index}"][10 * index : 10 * index + 10] = make_points(10, 3, index)
        path = write_sleap_h5(tmp_path / "a.h5", pieces, NODES)
        found = tracks(path)
        assert [track.individual for track in found] == list(pieces)
        assert [(track.first_frame, len(track.points)) for track in found[:2]] == [(0, 10), (10, 10)]
        with pytest.raises(DataError, match="these are pieces of tracks"):
            read(path)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"node_names": [b"a", b"b"]}, r"tracks must be \(tracks, 2, 2 nodes, frames\)"),
            ({"node_names": [b"a", b"a", b"b"]}, "nodes must have different names"),
            ({"track_names": [b"a", b"b"]}, "each of 1 tracks one"),
            ({"node_names": None}, "lacks some"),
            ({"tracks": np.full((1, 2, 3, 9), np.nan)}, "must have a point"),
        ],
    )
    def test_damaged_files(self, tmp_path: Path, change: dict[str, object], message: str) -> None:
        path = write_sleap_h5(tmp_path / "a.h5", {"a": make_points(9, 3)}, NODES)
        with h5py.File(path, "r+") as file:
            for name, value in change.items():
                del file[name]
                if value is not None:
                    file[name] = value
        with pytest.raises(DataError, match=message):
            read(path, source="sleap")


class TestSlp:
    def test_tracks(self, tmp_path: Path) -> None:
        instances = [
            predicted(frame, track, 10.0 * frame + track) for frame in range(3, 9) for track in (0, 1)
        ]
        del instances[3]  # the second animal in frame 4
        path = write_slp(tmp_path / "a.slp", instances, NODES, ["black", "white"])
        black, white = tracks(path)
        assert (black.individual, white.individual) == ("black", "white")
        assert black.landmarks == NODES and (black.first_frame, len(black.points)) == (3, 6)
        np.testing.assert_array_equal(black.points[1], [[40, 80], [41, 81], [42, 82]])
        assert np.isnan(white.points[1]).all() and white.confidence is not None
        np.testing.assert_array_equal(white.confidence[0], [0.9, 0.9, 0.9])

    def test_before_format_1_1_the_origin_was_a_corner(self, tmp_path: Path) -> None:
        instances = [predicted(frame, -1, 10.0) for frame in (0, 1)]
        for version, first in ((1.0, 9.5), (1.1, 10.0)):
            (track,) = tracks(write_slp(tmp_path / f"{version}.slp", instances, NODES, version=version))
            assert track.points[0, 0, 0] == first

    def test_corrections_replace_predictions(self, tmp_path: Path) -> None:
        instances = [
            predicted(0, 0, 10),
            predicted(0, 1, 20),
            by_hand(0, 0, 11),  # of the same track
            predicted(1, -1, 30),
            by_hand(1, 0, 31, origin=3),  # of that instance
            predicted(1, 1, 40),
        ]
        first, second = tracks(write_slp(tmp_path / "a.slp", instances, NODES, ["a", "b"]))
        np.testing.assert_array_equal(first.points[:, 0, 0], [11, 31])
        np.testing.assert_array_equal(second.points[:, 0, 0], [20, 40])
        assert first.confidence is not None and (first.confidence == 1).all()

    def test_several_animals_without_tracks_are_detections(self, tmp_path: Path) -> None:
        instances = [predicted(frame, -1, value) for frame in (2, 3) for value in (10.0, 50.0)]
        found = detections(write_slp(tmp_path / "a.slp", instances, NODES))
        assert found.frames.tolist() == [2, 2, 3, 3] and found.ids is None
        np.testing.assert_array_equal(found.points[:, 0, 0], [10, 50, 10, 50])

    def test_an_animal_without_a_track_beside_others_has_no_id(self, tmp_path: Path) -> None:
        instances = [predicted(0, 0, 10), predicted(0, -1, 50), predicted(1, 0, 11)]
        found = detections(write_slp(tmp_path / "a.slp", instances, NODES, ["a"]))
        assert found.ids is not None and found.ids.tolist() == [0, -1, 0]

    def test_one_animal_without_a_track(self, tmp_path: Path) -> None:
        (mouse,) = read(write_slp(tmp_path / "a.slp", [predicted(f, -1, 9) for f in (2, 3, 7)], NODES))
        assert (mouse.name, mouse.first_frame, mouse.num_frames) == ("a", 2, 6)
        assert mouse.observed.all(axis=1).tolist() == [True, True, False, False, False, True]

    def test_several_videos_are_refused(self, tmp_path: Path) -> None:
        instances = [predicted(frame, -1, 9) for frame in (0, 1, 2)]
        path = write_slp(tmp_path / "a.slp", instances, NODES, videos=[0, 0, 1])
        with pytest.raises(
            DataError, match=r"must hold one video, but holds 2\. In SLEAP, export an analysis HDF5"
        ):
            read(path)

    def test_labels_of_single_frames_are_no_recording(self, tmp_path: Path) -> None:
        path = write_slp(tmp_path / "a.slp", [by_hand(frame, -1, 9) for frame in (5, 90, 400)], NODES)
        with pytest.raises(DataError, match="is one of hand labels of SLEAP"):
            read(path)

    def test_a_recording_set_by_hand_is_read(self, tmp_path: Path) -> None:
        path = write_slp(tmp_path / "a.slp", [by_hand(frame, 0, 9) for frame in range(9)], NODES, ["a"])
        assert read(path)[0].num_frames == 9

    @pytest.mark.parametrize(
        ("table", "column", "value", "message"),
        [
            ("frames", "instance_id_end", 10**12, "frames must name instances that are there"),
            ("frames", "instance_id_start", 2**63, "frames must name instances that are there"),
            ("instances", "point_id_end", 10**12, "an instance must have 3 points"),
            ("instances", "point_id_start", 10**9, "an instance must have 3 points"),
            ("instances", "skeleton", 7, "metadata must name the nodes"),
            ("frames", "frame_idx", 2**40, "max_frame_gap"),
        ],
    )
    def test_damaged_tables(self, tmp_path: Path, table: str, column: str, value: int, message: str) -> None:
        path = write_slp(tmp_path / "a.slp", [predicted(f, -1, 9) for f in (0, 1)], NODES)
        with h5py.File(path, "r+") as file:
            rows = file[table][()]
            rows[column][-1] = value
            if column == "skeleton":
                rows[column] = value
            file[table][...] = rows
        with pytest.raises(DataError, match=message):
            read(path)

    def test_instances_that_share_points_fill_no_memory(self, tmp_path: Path) -> None:
        path = write_slp(tmp_path / "a.slp", [predicted(f, -1, 9) for f in range(9)], NODES)
        with h5py.File(path, "r+") as file:
            points = file["pred_points"][:3]
            del file["pred_points"]
            file["pred_points"] = points
            rows = file["instances"][()]
            rows["point_id_start"], rows["point_id_end"] = 0, 3
            file["instances"][...] = rows
        with pytest.raises(DataError, match="instances must not share points"):
            read(path)


class TestCsv:
    HEADER = (
        "track,frame_idx,instance.score,nose.score,nose.x,nose.y,tail.base.x,tail.base.y,tail.base.score\n"
    )

    def write(self, path: Path, rows: str) -> Path:
        path.write_text(self.HEADER + rows)
        return path

    def test_columns_go_by_name_and_absent_frames_have_no_row(self, tmp_path: Path) -> None:
        rows = "b,2,1,0.9,10,20,30,40,0.8\na,2,1,0.9,1,2,3,4,0.8\na,5,1,0.9,5,6,,,\n"
        first, second = tracks(self.write(tmp_path / "a.analysis.csv", rows))
        assert (first.individual, second.individual, first.landmarks) == ("a", "b", ("nose", "tail.base"))
        assert (first.first_frame, len(first.points), len(second.points)) == (2, 4, 1)
        np.testing.assert_array_equal(first.points[0], [[1, 2], [3, 4]])
        np.testing.assert_array_equal(first.points[3], [[5, 6], [np.nan, np.nan]])
        assert np.isnan(first.points[1:3]).all() and first.confidence is not None
        np.testing.assert_array_equal(first.confidence[0], [0.9, 0.8])

    def test_untracked_rows_are_detections(self, tmp_path: Path) -> None:
        found = detections(self.write(tmp_path / "a.csv", ",2,1,.9,1,2,3,4,.9\n,2,1,.9,9,9,9,9,.9\n"))
        assert found.ids is None and found.frames.tolist() == [2, 2]

    def test_points_set_by_hand_count_and_replace_predictions(self, tmp_path: Path) -> None:
        rows = "a,0,0.9,.9,1,1,1,1,.9\na,0,,,2,2,2,2,\na,1,0.9,.9,3,3,3,3,.9\n"
        (track,) = tracks(self.write(tmp_path / "a.csv", rows))
        np.testing.assert_array_equal(track.points[:, 0, 0], [2, 3])
        assert track.confidence is not None and track.confidence[0].tolist() == [1, 1]

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            ("a,0,1,x,1,2,3,4,1\n", "cells below the header must be numbers"),
            ("a,0.5,1,1,1,2,3,4,1\n", "frame numbers must be whole"),
            ("a,0,1,1,1,2,3,4,1,7\n", "rows must have 9 cells, as the header, but line 2 has 10"),
            ("a,0,1,1,1,2,3,4,1\na,1,1,1,1,2,3,4", "but line 3 has 8. Was the file cut off"),
            ("", "cells below the header must be numbers"),
            ("a,0,1,1,,,,,1\n", "must have an instance with a point"),
        ],
    )
    def test_damaged_tables(self, tmp_path: Path, rows: str, message: str) -> None:
        with pytest.raises(DataError, match=message):
            read(self.write(tmp_path / "a.csv", rows))
