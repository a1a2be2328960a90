import dataclasses
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.inputs import read_recording
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence

HEADER = "frame#,landmark_name,x,y\n"
SAMPLE = """frame#,landmark_name,x,y,L2_distance_from_midhip,jd_x,jd_y,jo_x,jo_y,angle
0,RIGHT_WRIST,-0.50893,0.99949,1.12227,0.0,0.0,-0.15263,0.17708,167.35486
0,LEFT_WRIST,0.58417,0.92975,1.09879,0.0,0.0,0.22792,0.05209,153.85601
"""


def read(tmp_path: Path, content: str | bytes, config: DataConfig | None = None) -> PoseSequence:
    path = tmp_path / "walk.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_recording(path, config or DataConfig())


def faults(tmp_path: Path, content: str | bytes, config: DataConfig | None = None) -> str:
    with pytest.raises(DataError) as caught:
        read(tmp_path, content, config)
    return str(caught.value)


def test_the_sample_of_the_specification(tmp_path: Path) -> None:
    sequence = read(tmp_path, SAMPLE)
    assert (sequence.name, sequence.first_frame) == ("walk", 0)
    assert sequence.landmarks == ("RIGHT_WRIST", "LEFT_WRIST")
    np.testing.assert_array_equal(sequence.pose, np.float32([[[-0.50893, 0.99949], [0.58417, 0.92975]]]))


def test_rows_in_any_order_and_absent_rows(tmp_path: Path) -> None:
    sequence = read(tmp_path, HEADER + "7,B,5,6\n5,A,1,2\n5,B,3,4\n")
    assert (sequence.first_frame, sequence.landmarks) == (5, ("B", "A"))
    nan = float("nan")
    expected = [[[3, 4], [1, 2]], [[nan, nan], [nan, nan]], [[5, 6], [nan, nan]]]
    np.testing.assert_array_equal(sequence.pose, np.float32(expected))


def test_missing_words_make_points_missing(tmp_path: Path) -> None:
    words = ["", " ", "nan", "NaN", "NA", "N/A", "null", "None"]
    rows = "".join(f"{frame},A,{word},{word}\n" for frame, word in enumerate(words))
    sequence = read(tmp_path, HEADER + rows + "0,B,1,2\n")
    assert sequence.observed.sum() == 1
    assert sequence.num_frames == len(words)


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + HEADER + "0,A,1,2\n1,B,3,4\n",
        (HEADER + "0,A,1,2\n1,B,3,4\n").replace("\n", "\r\n"),
        (HEADER + "0,A,1,2\n1,B,3,4\n").replace("\n", "\r"),
        "\n\n" + HEADER + "\n0,A,1,2\n   \n1,B,3,4",
        '"frame#","landmark_name","x","y"\n"0","A","1","2"\n"1","B","3","4"\n',
        HEADER + "0, A ,1,2\n1,\tB, 3 ,4\n",
        HEADER + "0,A,1,2,\n1,B,3,4,,\n",
        "y,x,note,landmark_name,frame#\n2,1,a,A,0\n4,3,,B,1\n",
        " frame# ,landmark_name , x,y\n0,A,1,2\n1,B,3,4\n",
        HEADER + "0.0,A,1,2\n1e0,B,3,4\n",
    ],
    ids="bom crlf cr blank quotes spaces trailing order header-spaces decimals".split(),
)
def test_accepted_spellings_of_the_same_file(tmp_path: Path, content: str) -> None:
    plain = read(tmp_path, HEADER + "0,A,1,2\n1,B,3,4\n")
    sequence = read(tmp_path, content)
    assert sequence.landmarks == plain.landmarks
    np.testing.assert_array_equal(sequence.pose, plain.pose)


def test_any_text_may_be_a_landmark(tmp_path: Path) -> None:
    sequence = read(tmp_path, HEADER + '0,NA,1,2\n0,nan,3,4\n0,"Knie, ""links""",5,6\n0,膝,7,8\n')
    assert sequence.landmarks == ("NA", "nan", 'Knie, "links"', "膝")
    assert read(tmp_path, HEADER + "0,01,1,2\n0,1,3,4\n0,1e0,5,6\n").landmarks == ("01", "1", "1e0")


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (HEADER + "0,A,1,2\n0,B,1,\n1,A,1,2\n", "points with x or y alone count as missing"),
        (HEADER + "0,A,1,2\n0,B\n1,A,1,2\n", None),
        (HEADER + "0,A,1,2\n1,A,1,2\n", "it has one landmark only"),
        (HEADER + "0,A,1,2\n0,B,1,2\n", "it has one frame only"),
        (HEADER + "0,NA,1,2\n1,B,1,2\n", "looks like a missing value, but was kept as a name"),
        (HEADER + "0,A,1,2\n33,B,1,2\n", "most frame numbers are left out"),
        (HEADER + "2.0,A,1,2\n3.0,B,1,2\n", "frame numbers are written as decimals"),
        (HEADER + "2,A,1,2\n3.0,B,1,2\n", "frame numbers are written as decimals"),
        (" frame#,landmark_name,x,y\n0,A,1,2\n1,B,1,2\n", "spaces around the header's names were ignored"),
    ],
)
def test_unusual_files_are_accepted_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, note: str | None
) -> None:
    with caplog.at_level(logging.WARNING):
        read(tmp_path, content)
    assert [record.message for record in caplog.records] == [
        record.message for record in caplog.records if note and note in record.message
    ]
    assert len(caplog.records) == (note is not None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "must have a header and rows, but is empty"),
        ("\n  \n", "must have a header and rows, but is empty"),
        (HEADER, "must have rows below the header, but has none"),
        ("frame#,landmark_name,x\n0,A,1\n", "lacks y; it has: frame#, landmark_name, x"),
        (
            HEADER.replace(",", ";") + "0;A;1;2\n",
            "its cells are separated by semicolons. Separate them by commas",
        ),
        (HEADER.replace(",", "\t") + "0\tA\t1\t2\n", "its cells are separated by tabs"),
        ("frame#,landmark_name,x,x,y\n0,A,1,1,2\n", "must have x once, but has it 2 times"),
        (HEADER + "0,A,foo,2\n", 'x must be a number .*, but line 2 has "foo"'),
        (HEADER + '0,A,"1,5",2\n', 'x must be a number .*, but line 2 has "1,5"'),
        (HEADER + "0,A,1,inf\n", 'y must be a number .*, but line 2 has "inf"'),
        (HEADER + "0,A,1e400,2\n", 'x must be a number .*, but line 2 has "1e400"'),
        (HEADER + "0,A,1,-1e30\n", 'y must be a number of at most 1e9 in size.*, but line 2 has "-1e30"'),
        (HEADER + "-1,A,1,2\n", 'frame# must be a whole number of at least 0, but line 2 has "-1"'),
        (HEADER + "12.5,A,1,2\n", 'frame# must be a whole number .*, but line 2 has "12.5"'),
        (HEADER + "first,A,1,2\n", 'frame# must be a whole number .*, but line 2 has "first"'),
        (HEADER + ",A,1,2\n", "frame# must be a whole number .*, but line 2 has an empty cell"),
        (HEADER + "1e400,A,1,2\n", 'frame# must be a whole number .*, but line 2 has "1e400"'),
        (HEADER + f"{10**30},A,1,2\n", "frame# must be a whole number .*, but line 2 has"),
        (HEADER + "0,A,1,2\n1700000000,A,1,2\n", "max_frame_gap=10000 .*, but line 3 has 1700000000 after 0"),
        (HEADER + "0,,1,2\n", "landmark_name must not be empty, but line 2 has an empty cell"),
        (HEADER + "0,ROOT_VELOCITY,1,2\n", 'must not be a reserved name, but line 2 has "ROOT_VELOCITY"'),
        (
            HEADER + "0,A,1,2\n0,B,1,2\n0,A,3,4\n",
            "must occur once in a frame, but line 4 has A of frame 0 again",
        ),
        (HEADER + "0,A,1,2,,7\n", "no more cells than the header, but line 2 has more"),
        (HEADER + "0,A,True,2\n0,B,,2\n", 'x must be a number .*, but line 2 has "True"'),
        (HEADER + f"0,A,{2**64 - 1},2\n0,B,-1,2\n0,C,foo,2\n", "x must be a number .* line 2 .*line 4"),
        (HEADER + '""\n0,A,foo,2\n', 'frame# must .*line 2 has an empty cell(?s:.*)line 3 has "foo"'),
        (HEADER + "\xa0\n0,A,foo,2\n", 'frame# must .*line 2 has an empty cell(?s:.*)line 3 has "foo"'),
        (HEADER + "0,A\0B,1,2\n", "must be UTF-8 text, but line 2 has a NUL character"),
        (HEADER.encode("utf-16-le"), "must be UTF-8 text, but it is UTF-16"),
        (HEADER + "0,A,0,5,1,2\n", "no more cells than the header, but line 2 has more"),
        (HEADER + '0,"A,1,2\n', "must be CSV, but line 2 cannot be split: a quote is never closed"),
        (HEADER + "0,A,,\n1,A,1,\n", "must have a point with x and y, but all are missing"),
        (HEADER.encode() + b"0,H\xfcfte,1,2\n", "must be UTF-8 text, but line 2 has the byte 0xfc"),
        (bytes(range(256)), "must be UTF-8 text"),
        ('{"poses": [1, 2]}', "tables without coordinates, where a recording must have some"),
        ("frame#,landmark_name,x\n0,A,1\n", "the header must have frame#, landmark_name, x, y"),
    ],
)
def test_faulty_files(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "walk.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError, match=message) as caught:
        read_recording(path, DataConfig())
    assert all(fault.startswith(f"{path}: ") for fault in caught.value.faults)
    assert all(fault.endswith((".", "?")) for fault in caught.value.faults)


def test_small_files_do_not_become_large_arrays(tmp_path: Path) -> None:
    """Each of the files would take more than 80 MB as an array, the last one all memory."""
    sparse = "".join(f"{100 * index},P{index},1,2\n" for index in range(400))
    assert "must have a row where these are many, but line 401 has the last of 400 rows for 39,901" in faults(
        tmp_path, HEADER + sparse
    )
    swapped = "".join(f"{index % 2},{index},1,2\n" for index in range(10_001))
    assert "at most 10,000 landmarks, but line 10002 has number 10,001, 10000." in faults(
        tmp_path, HEADER + swapped
    )
    distant = HEADER + "0,A,1,2\n9007199254740991,A,1,2\n"
    assert "line 3 has the last of 2 rows" in faults(tmp_path, distant, DataConfig(max_frame_gap=2**60))


def test_all_faults_of_a_file_at_once_with_lines_and_counts(tmp_path: Path) -> None:
    rows = "".join(f"{frame},A,bad,2\n" for frame in range(6)) + "\n-3,,1,inf\n"
    listed = faults(tmp_path, HEADER + rows).splitlines()
    assert len(listed) == 4
    assert 'frame# must be a whole number of at least 0, but line 9 has "-3".' in listed[0]
    assert "landmark_name must not be empty, but line 9 has an empty cell." in listed[1]
    assert 'line 2 has "bad" (and 5 more: lines 3, 4, 5, ...).' in listed[2]
    assert (
        'y must be a number of at most 1e9 in size, or empty where missing, but line 9 has "inf".'
        in listed[3]
    )


def test_time_stamps_with_small_steps_are_faults(tmp_path: Path) -> None:
    rows = "".join(f"{1000 * frame},A,1,2\n" for frame in range(300))
    assert "at least 1% of the frame numbers must be present" in faults(tmp_path, HEADER + rows)
    assert read(tmp_path, HEADER + rows, DataConfig(max_frame_gap=300_000)).num_frames == 299_001


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: must exist, but is not there"):
        read_recording(tmp_path / "none.csv", DataConfig())


def test_coordinates_of_the_image(tmp_path: Path) -> None:
    config = DataConfig(y_up=False, image_size=(200, 100))
    sequence = read(tmp_path, HEADER + "0,A,0.5,0.25\n0,B,1,1\n", config)
    np.testing.assert_array_equal(sequence.pose[0], [[100, -25], [200, -100]])


def test_confidence(tmp_path: Path) -> None:
    config = DataConfig(confidence_column="visibility", min_confidence=0.6)
    header = "frame#,landmark_name,x,y,visibility\n"
    sequence = read(tmp_path, header + "0,A,1,2,0.6\n0,B,1,2,0.59\n0,C,1,2,\n", config)
    assert sequence.observed.tolist() == [[True, False, False]]
    assert "lacks visibility" in faults(tmp_path, HEADER + "0,A,1,2\n", config)
    assert "confidence must be a number" in faults(tmp_path, header + "0,A,1,2,high\n", config)
    assert "Lower min_confidence?" in faults(tmp_path, header + "0,A,1,2,0.1\n", config)
    for column in ("x", "z", "frame#", "landmark_name"):
        with pytest.raises(ValueError, match=f"must be a column other than frame#, .*, but got {column}"):
            read(tmp_path, HEADER + "0,A,1,foo\n", DataConfig(confidence_column=column))


DEEP = "frame#,landmark_name,x,y,z\n"


def test_a_third_coordinate(tmp_path: Path) -> None:
    sequence = read(tmp_path, "z,frame#, y,landmark_name,x\n3,5,2,A,1\n,5,5,B,4\n9,6,8,A,7\n")
    nan = float("nan")
    expected = [[[1, 2, 3], [nan, nan, nan]], [[7, 8, 9], [nan, nan, nan]]]
    np.testing.assert_array_equal(sequence.pose, np.float32(expected))


def test_a_third_coordinate_has_faults_and_notes_of_its_own(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert (
        'z must be a number of at most 1e9 in size, or empty where missing, but line 3 has "far".'
        in faults(tmp_path, DEEP + "0,A,1,2,3\n1,A,1,2,far\n")
    )
    assert 'or empty where missing, but line 2 has "2e9".' in faults(tmp_path, DEEP + "0,A,1,2,2e9\n")
    assert "must have z once, but has it 2 times" in faults(
        tmp_path, "frame#,landmark_name,x,y,z,z\n0,A,1,2,3,3\n"
    )
    with caplog.at_level(logging.WARNING):
        read(tmp_path, DEEP + "0,A,1,2,3\n0,B,1,2,\n1,A,1,2,3\n")
    assert "points without all of x, y and z count as missing" in caplog.text


def test_a_third_coordinate_may_be_left_out(tmp_path: Path) -> None:
    config = DataConfig(dimensions=2)
    sequence = read(tmp_path, DEEP + "0,A,1,2,\n0,B,3,4,far\n1,A,5,6,7\n", config)
    plain = read(tmp_path, HEADER + "0,A,1,2\n0,B,3,4\n1,A,5,6\n")
    np.testing.assert_array_equal(sequence.pose, plain.pose)
    with pytest.raises(DataError, match="must have three coordinates for --dimensions 3, but has two"):
        read(tmp_path, HEADER + "0,A,1,2\n", DataConfig(dimensions=3))


def test_an_empty_column_of_a_third_coordinate_is_left_out_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        sequence = read(tmp_path, DEEP + "0,A,1,2,\n0,B,3,4,NaN\n1,A,5,6\n")
    assert sequence.pose.shape == (2, 2, 2) and sequence.observed.sum() == 3
    assert "the column z is empty, so that x and y alone are read" in caplog.text


def test_confidence_beside_a_third_coordinate(tmp_path: Path) -> None:
    header = "frame#,landmark_name,x,y,score,z\n"
    sequence = read(
        tmp_path, header + "0,A,1,2,0.9,3\n0,B,4,5,0.1,6\n", DataConfig(confidence_column="score")
    )
    np.testing.assert_array_equal(sequence.pose[0], np.float32([[1, 2, 3], [np.nan] * 3]))


def test_names_of_files_may_be_odd(tmp_path: Path) -> None:
    path = tmp_path / "über all, 100% {odd}\u202e'name'.csv"
    path.write_text(SAMPLE, encoding="utf-8")
    assert read_recording(path, DataConfig()).name == path.stem
    path.write_text(HEADER, encoding="utf-8")
    with pytest.raises(DataError, match=r"odd}\\u202e'name'\.csv: must have rows"):
        read_recording(path, DataConfig())


def test_names_without_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "walk\x1b[2J\n.csv"
    path.write_text(SAMPLE, encoding="utf-8")
    with pytest.raises(DataError, match=r"walk\\x1b\[2J\\n\.csv: a file name must have no control char"):
        read_recording(path, DataConfig())


@pytest.mark.parametrize("num_coordinates", [1, 4])
def test_one_or_four_dimensions_are_not_written(tmp_path: Path, num_coordinates: int) -> None:
    sequence = PoseSequence.from_array(np.zeros((4, 2, num_coordinates)))
    with pytest.raises(
        ValueError, match=rf"two or three coordinates, but the sequence has {num_coordinates}"
    ):
        write_pose_csv(tmp_path / "a.csv", sequence)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), first_frame=st.integers(0, 5), num_coordinates=st.sampled_from([2, 3]))
def test_written_files_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, first_frame: int, num_coordinates: int
) -> None:
    num_frames, num_landmarks = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    names = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=6)
    landmarks = data.draw(
        st.lists(
            names.map(str.strip).filter(bool), min_size=num_landmarks, max_size=num_landmarks, unique=True
        )
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    pose = rng.normal(size=(num_frames, num_landmarks, num_coordinates)).round(5)
    pose[rng.random((num_frames, num_landmarks)) < 0.3] = np.nan
    pose[[0, -1]] = 1.0  # frames without any point at the ends are not written
    written = PoseSequence.from_array(pose, landmarks, first_frame=first_frame)
    path = tmp_path_factory.mktemp("written") / "sub" / "walk.csv"
    write_pose_csv(path, written)
    read_back = read_recording(path, DataConfig())
    assert (read_back.landmarks, read_back.first_frame) == (written.landmarks, first_frame)
    np.testing.assert_array_equal(read_back.pose, written.pose)


def test_names_are_written_as_csv_has_them(tmp_path: Path) -> None:
    pose = np.array([[[1, 2], [3, 4], [np.nan, 5]], [[-0.5, 0], [np.nan, 1], [7, 8]]])
    write_pose_csv(tmp_path / "a.csv", PoseSequence.from_array(pose, ["100%d", "left, low", 'so "called"']))
    rows = """0,100%d,1.00000,2.00000
0,"left, low",3.00000,4.00000
1,100%d,-0.50000,0.00000
1,"so ""called""\",7.00000,8.00000
"""
    assert (tmp_path / "a.csv").read_text() == HEADER + rows


def test_fast_and_slow_reading_agree(tmp_path: Path) -> None:
    rows = "".join(f"{frame},{name},{frame / 7:.5f},-0.{frame}\n" for frame in range(9) for name in "ABC")
    plain = read(tmp_path, HEADER + rows)
    # pandas does not read a padded missing word as a number, so read_cells reads the file
    slow = read(tmp_path, HEADER + rows + "9,A, nan ,1\n")
    np.testing.assert_array_equal(slow.pose[:9], plain.pose)
    assert dataclasses.replace(slow, pose=slow.pose[:9]).landmarks == plain.landmarks
    rows = rows.replace("\n", ",1.5\n")
    deep, slow = read(tmp_path, DEEP + rows), read(tmp_path, DEEP + rows + "9,A, nan ,1,2\n")
    np.testing.assert_array_equal(slow.pose[:9], deep.pose)
    np.testing.assert_array_equal(deep.pose[..., :2], plain.pose)


@pytest.mark.parametrize("is_exact", [False, True])
def test_blocks_of_frames_do_not_show_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_exact: bool
) -> None:
    pose = np.random.default_rng(0).normal(size=(37, 3, 2))
    pose[np.random.default_rng(1).random((37, 3)) < 0.4] = np.nan
    pose[[0, 12, 36]] = np.nan
    sequence = PoseSequence.from_array(pose, ["A", "B", "C"], first_frame=5)
    write_pose_csv(tmp_path / "whole.csv", sequence, is_exact)
    for frames in (1, 5, 36):
        monkeypatch.setattr("htvae.io.pose_csv.BLOCK_FRAMES", frames)
        write_pose_csv(tmp_path / "blocks.csv", sequence, is_exact)
        assert (tmp_path / "blocks.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    if is_exact:
        back = read_recording(tmp_path / "blocks.csv", DataConfig())
        np.testing.assert_array_equal(back.pose, sequence.pose)
