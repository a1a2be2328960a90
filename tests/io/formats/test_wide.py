"""Wide and long tables of any tracker."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats import long, wide
from htvae.io.formats.registry import recognise
from tests.io.formats.reading import detections, make_people, read_content, read_recordings, source_of, track

FRAMES = 37
POINTS = ("nose", "left_ear", "tail_base", "hip2", "Paw F")


def save(path: Path, rows: list[list[Any]]) -> Path:
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


def table(
    people: np.ndarray, confidence: str = "likelihood", lead: tuple[str, ...] = ("frame",)
) -> list[list[Any]]:
    """Return the rows of people (P, T, L, 2), a row for each of them in each frame."""
    coordinates = ["x", "y", confidence] if confidence else ["x", "y"]
    rows: list[list[Any]] = [[*lead, *(f"{name}_{axis}" for name in POINTS for axis in coordinates)]]
    for t in range(people.shape[1]):
        for who, points in enumerate(people):
            cells = np.c_[points[t], np.full(5, 0.9)][:, : len(coordinates)].ravel().tolist()
            rows.append([t, *([who + 7] if len(lead) > 1 else []), *cells])
    return rows


@pytest.mark.parametrize("confidence", ["likelihood", "confidence", "conf", "score", "visibility", ""])
@pytest.mark.parametrize("frame", ["frame", "Frame Idx", "frame_number", ""])
def test_a_row_per_frame(tmp_path: Path, confidence: str, frame: str) -> None:
    people = make_people(FRAMES, 5, 1)
    rows = table(people, confidence, (frame,))
    rows[3][1] = rows[3][2] = 0
    rows[4][1] = ""
    content = read_content("wide", save(tmp_path / "a.csv", rows))
    found = track(content)
    expected = people[0].copy()
    expected[2, 0] = np.nan  # 0, 0 means lost
    expected[3, 0, 0] = np.nan
    assert found.landmarks == POINTS and not content.are_shares and not content.coordinates.y_up
    np.testing.assert_array_equal(found.points, expected)
    assert (found.confidence is None) is (confidence == "")


def test_individuals_by_number(tmp_path: Path) -> None:
    people = make_people(FRAMES, 5, 2)
    rows = table(people, "conf", ("frame", "track_id"))
    recordings, notes = read_recordings("wide", save(tmp_path / "a.csv", rows))
    assert not notes and set(recordings) == {"video/id_7", "video/id_8"}
    np.testing.assert_allclose(recordings["video/id_8"].pose, people[1] * [1, -1], rtol=1e-5)


def test_individuals_by_name_and_videos(tmp_path: Path) -> None:
    people = make_people(FRAMES, 5, 2)
    rows = table(people, "conf", ("frame", "animal"))
    for row in rows[1:]:
        row[1] = {7: "black", 8: "white"}[row[1]]
    recordings, _ = read_recordings("wide", save(tmp_path / "a.csv", rows))
    assert set(recordings) == {"video/black", "video/white"}
    both = [["video", *rows[0]], *([f"cam/{cam}.mp4", *row] for cam in "ab" for row in rows[1:])]
    recordings, _ = read_recordings("wide", save(tmp_path / "b.csv", both))
    assert set(recordings) == {f"video/{cam}/{who}" for cam in "ab" for who in ("black", "white")}
    np.testing.assert_allclose(recordings["video/b/white"].pose, people[1] * [1, -1], rtol=1e-5)


def test_names_with_points_and_times_of_day(tmp_path: Path) -> None:
    people = make_people(FRAMES, 5, 2)
    rows = table(people, "conf", ("frame", "animal"))
    rows = [["time", *rows[0]], *(["00:00:01.5", row[0], f"mouse.{row[1]}b", *row[2:]] for row in rows[1:])]
    recordings, _ = read_recordings("wide", save(tmp_path / "a.csv", rows))
    assert set(recordings) == {"video/mouse.7b", "video/mouse.8b"}
    assert {recording.fps for recording in recordings.values()} == {None}


def test_one_point_with_a_confidence_is_enough(tmp_path: Path) -> None:
    rows = [["frame", "nose_x", "nose_y", "nose_visibility"], *([t, 0.5, 0.25, 1] for t in range(3))]
    content = read_content("wide", save(tmp_path / "a.csv", rows))
    assert track(content).landmarks == ("nose",) and content.are_shares


def test_frame_numbers_may_be_times(tmp_path: Path) -> None:
    people = make_people(FRAMES, 5, 2)
    rows = table(people, "conf", ("frame", "track_id"))
    rows = [rows[0], *([40 * row[0], *row[1:]] for row in rows[1:])]
    path = save(tmp_path / "a.csv", rows)
    recordings, _ = read_recordings("wide", path, time_unit="ms")
    assert {(r.fps, r.num_frames) for r in recordings.values()} == {(25, FRAMES)}
    recordings, _ = read_recordings("wide", path, time_unit="step")
    assert {(r.fps, r.num_frames) for r in recordings.values()} == {(None, FRAMES)}


def test_several_rows_of_a_frame_without_names_are_followed(tmp_path: Path) -> None:
    people = make_people(FRAMES, 5, 2)
    recordings, notes = read_recordings("wide", save(tmp_path / "a.csv", table(people)))
    assert set(recordings) == {"video/person_1", "video/person_2"} and "as the file has no ids" in notes[0]


def test_shares_are_told_from_pixels_and_from_bodies(tmp_path: Path) -> None:
    people = make_people(FRAMES, 5, 1)
    assert read_content("wide", save(tmp_path / "a.csv", table(people / 1000))).are_shares
    centred = (people - people.mean(axis=2, keepdims=True)) / 100
    assert not read_content("wide", save(tmp_path / "b.csv", table(centred))).are_shares


@pytest.mark.parametrize(
    "header",
    [
        "nose_x,nose_y,nose_z,tail_x,tail_y,tail_z",  # FreeMoCap
        "a_x,a_y,a_z,b_x,b_y,b_z,a_error,a_ncams,a_score,b_error,b_ncams,b_score,fnum",  # Anipose
        "track,frame_idx,instance.score,A.x,A.y,A.score",  # SLEAP
        "frame,x,y",
        "frame,bbox_x,bbox_y,mouse_x,mouse_y",
        "name,age,town",
        "1,2,3",
        "frame#,landmark_name,x,y,nose_x,nose_y,tail_x,tail_y",
        "",
    ],
)
def test_other_tables_are_left_alone(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")
    assert not wide.FORMAT.recognise(source_of(path)) and not long.FORMAT.recognise(source_of(path))


def test_a_third_coordinate_is_read_where_a_confidence_says_it_is_no_mocap(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(0, 300, (FRAMES, 5, 3))
    rows = [["frame", *(f"{name}_{axis}" for name in POINTS for axis in ("x", "y", "z", "score"))]]
    rows += [[t, *np.c_[points[t], np.ones(5)].ravel().tolist()] for t in range(FRAMES)]
    content = read_content("wide", save(tmp_path / "a.csv", rows))
    np.testing.assert_array_equal(track(content).points, points)
    assert content.coordinates.y_up and not content.are_shares


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: rows[4].__setitem__(2, "lost"),
            'nose_y must hold numbers, but row 4 below the header has "lost"',
        ),
        (
            lambda rows: rows[4].__setitem__(2, "1e35"),
            "numbers must be below 1e.30, but nose_y is larger in row 4",
        ),
        (lambda rows: rows[4].pop(), "rows must have 16 cells, as the header, but line 5 has 15"),
        (lambda rows: rows[4].append('"a,b"'), "rows must have 16 cells, as the header, but line 5 has 17"),
        (lambda rows: rows[4].__setitem__(0, 2.5), "frame numbers must be whole"),
        (lambda rows: rows[4].__setitem__(0, ""), "frame numbers must be whole"),
        (lambda rows: rows[-1].__setitem__(0, 99999), "must not leave out more than max_frame_gap"),
        (lambda rows: rows[0].__setitem__(3, "nose_x"), "columns must differ, but found twice: nose_x"),
        (lambda rows: rows.__delitem__(slice(1, None)), "must be a table with rows"),
    ],
)
def test_damaged_tables(tmp_path: Path, change: Any, message: str) -> None:
    rows = table(make_people(FRAMES, 5, 1))
    change(rows)
    with pytest.raises(DataError, match=message):
        wide.FORMAT.read(source_of(save(tmp_path / "a.csv", rows)), ReadingConfig())


def test_headers_longer_than_the_head_are_read(tmp_path: Path) -> None:
    names = [f"a_very_long_name_of_a_point_on_a_face_{index}" for index in range(600)]
    header = ["frame", *(f"{name}_{axis}" for name in names for axis in ("x", "y", "likelihood"))]
    rows = [[t, *np.arange(1800.0) + t + 1] for t in range(3)]
    found = track(read_content("wide", save(tmp_path / "a.csv", [header, *rows])))
    assert found.landmarks == tuple(names) and found.points[2, 599].tolist() == [1800, 1801]


def long_rows(people: np.ndarray, lead: tuple[str, ...]) -> list[list[Any]]:
    rows: list[list[Any]] = [[*lead, "bodypart", "x", "y", "likelihood"]]
    for who, points in enumerate(people):
        for t in range(people.shape[1]):
            for index, name in enumerate(POINTS):
                own = {"frame": t, "individual": f"m{who}", "time": f"{t / 50:.3f}", "video": "v.mp4"}
                rows.append([*(own[key] for key in lead), name, *points[t, index], 0.8])
    return rows


@pytest.mark.parametrize(
    "lead", [("frame", "individual"), ("time", "individual"), ("video", "frame", "individual")]
)
def test_long_tables_of_named_individuals(tmp_path: Path, lead: tuple[str, ...]) -> None:
    people = make_people(FRAMES, 5, 2)
    content = read_content("long", save(tmp_path / "a.csv", long_rows(people, lead)))
    assert content.fps == (50 if "time" in lead else None)
    for who, found in enumerate(content.individuals):  # type: ignore[arg-type]
        assert found.individual == f"m{who}" and found.landmarks == POINTS
        np.testing.assert_array_equal(found.points, people[who])
        assert (found.confidence == 0.8).all()


@pytest.mark.parametrize("name", ["", "id"])
@pytest.mark.parametrize("lead", [("frame",), ("time",)])
def test_a_column_that_numbers_the_rows_tells_nothing(
    tmp_path: Path, lead: tuple[str, ...], name: str
) -> None:
    people = make_people(FRAMES, 5, 1)
    rows = [[index - 1 if index else name, *row] for index, row in enumerate(long_rows(people, lead))]
    np.testing.assert_array_equal(
        track(read_content("long", save(tmp_path / "a.csv", rows))).points, people[0]
    )


def test_individuals_are_found_behind_a_column_that_numbers_the_rows(tmp_path: Path) -> None:
    people = make_people(FRAMES, 5, 2)
    rows = [
        [index - 1 if index else "id", *row]
        for index, row in enumerate(long_rows(people, ("frame", "individual")))
    ]
    found = read_content("long", save(tmp_path / "a.csv", rows)).individuals
    assert [own.individual for own in found] == ["m0", "m1"]  # type: ignore[union-attr]
    for own, points in zip(found, people, strict=True):  # type: ignore[arg-type]
        np.testing.assert_array_equal(own.points, points)


def test_world_landmarks_may_lack_frames(tmp_path: Path) -> None:
    names = ("NOSE", "LEFT_HIP", "RIGHT_HIP")
    rows: list[list[Any]] = [["frame", *(f"{n}_{a}" for n in names for a in ("x", "y", "z", "visibility"))]]
    for t in range(FRAMES):
        points = [[0.1, -0.6, 0.05, 1], [0.1, 0, 0, 1], [-0.1, 0, 0, 1]]
        rows.append([t, *(value if t % 4 else "" for point in points for value in point)])
    content = read_content("mediapipe", save(tmp_path / "a.csv", rows))
    assert not content.are_shares and track(content).points.shape == (FRAMES, 3, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda rows: rows.append(rows[7]),
            "a point must have one row in a frame, but left_ear has 2 in frame 1",
        ),
        (lambda rows: rows[7].__setitem__(1, ""), "must name at most 5000 points, but some rows have none"),
        (
            lambda rows: rows[7].__setitem__(0, "x"),
            'frame must hold numbers, but row 7 below the header has "x"',
        ),
        (
            lambda rows: rows[7].__setitem__(0, ""),
            "frame numbers must be whole|each row must have a frame number",
        ),
        (lambda rows: rows[7].__setitem__(0, 1e9), "must not leave out more than max_frame_gap"),
        (lambda rows: [row.__setitem__(1, n) for n, row in enumerate(rows[1:])], None),
    ],
)
def test_damaged_long_tables(tmp_path: Path, change: Any, message: str | None) -> None:
    rows = long_rows(make_people(FRAMES, 5, 1), ("frame",))
    change(rows)
    path = save(tmp_path / "a.csv", rows)
    if message is None:  # each row another point: odd, but small
        assert len(track(read_content("long", path)).landmarks) == FRAMES * 5
        return
    with pytest.raises(DataError, match=message):
        read_content("long", path)


def test_rows_of_points_that_hardly_meet_do_not_fill_the_memory(tmp_path: Path) -> None:
    rows = [["frame", "point", "x", "y"], *([t, f"p{t % 4001}", 1.5, 2.5] for t in range(20_000))]
    with pytest.raises(DataError, match="a frame must have rows for most points, but most are absent"):
        read_content("long", save(tmp_path / "a.csv", rows))


def test_detections_and_their_order(tmp_path: Path) -> None:
    rows = table(make_people(3, 5, 2), "conf", ("frame", "track_id"))
    found = detections(read_content("wide", save(tmp_path / "a.csv", rows)))
    assert (
        found.ids is not None
        and found.ids.tolist() == [7, 8] * 3
        and found.frames.tolist() == [0, 0, 1, 1, 2, 2]
    )
    assert recognise(source_of(tmp_path / "a.csv")) is wide.FORMAT
