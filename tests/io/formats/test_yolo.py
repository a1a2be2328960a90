"""Ultralytics' pose labels, a text file per frame."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from htvae.io.faults import DataError
from htvae.io.formats.yolo import FORMAT
from htvae.poses.layouts import COCO_17
from tests.io.formats.reading import detections, make_people, read_content, read_recordings, source_of

FRAMES = 37


def shares(num_frames: int, num_points: int, num_people: int) -> np.ndarray:
    """Return people (P, T, L, 2) in shares of an image, six digits as ``%g`` writes them."""
    return np.round(make_people(num_frames, num_points, num_people) / 1500, 4)


def line(points: np.ndarray, third: Sequence[float] | None = None, extra: Sequence[float] = ()) -> str:
    """Return the line of a pose (L, 2); a point with NaN is written as lost."""
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    cells = [0, *((low + high) / 2), *(high - low)]
    for index, point in enumerate(np.nan_to_num(points)):
        cells += [*point, *([] if third is None else [third[index]])]
    return " ".join(f"{cell:g}" for cell in [*cells, *extra])


def write(folder: Path, lines_of_frames: dict[int, list[str]]) -> list[Path]:
    files = []
    for frame, lines in lines_of_frames.items():
        files.append(folder / f"walk_{frame}.txt")
        files[-1].write_text("\n".join(lines) + "\n")
    return files


@pytest.mark.parametrize("num_points", [17, 12, 5])
@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize("extra", [0, 1, 2])
def test_the_layout_is_found(tmp_path: Path, num_points: int, width: int, extra: int) -> None:
    """17 points of three numbers with two more are as long as 26 of two with one more."""
    people = shares(FRAMES, num_points, 2)
    third = np.linspace(0.55, 0.95, num_points) if width == 3 else None
    frames = {
        t + 1: [
            line(people[p, t], third, (0.87, p + 4)[2 - extra :] if extra < 2 else (0.87, p + 4))
            for p in range(2)
        ]
        for t in range(FRAMES)
    }
    content = read_content("yolo", write(tmp_path, frames))
    found = detections(content)
    assert found.landmarks == (
        COCO_17 if num_points == 17 else tuple(f"point_{i}" for i in range(num_points))
    )
    np.testing.assert_allclose(found.points[::2], people[0])
    assert found.frames.tolist() == np.repeat(np.arange(1, FRAMES + 1), 2).tolist()
    if width == 3:
        np.testing.assert_allclose(found.confidence[0], third, rtol=1e-5)
    assert (None if found.ids is None else set(found.ids.tolist())) == ({4, 5} if extra else None)
    assert content.are_shares and not content.coordinates.y_up


def test_lost_points_absent_files_and_the_image_size(tmp_path: Path) -> None:
    people = shares(FRAMES, 17, 1)
    people[0, 4, 9] = np.nan
    frames = {t: [line(people[0, t], [0.9] * 17)] for t in range(FRAMES) if t != 20}
    recordings, notes = read_recordings("yolo", write(tmp_path, frames), image_size=(1920, 1080))
    expected = people[0] * [1920, -1080]
    expected[20] = np.nan
    assert not notes
    np.testing.assert_allclose(recordings["video"].pose, expected, rtol=1e-5)


def test_a_second_run_of_the_tracker_is_read_once(tmp_path: Path) -> None:
    people = shares(5, 17, 2)
    frames = {t: 2 * [line(people[p, t], [0.9] * 17) for p in range(2)] for t in range(5)}
    recordings, notes = read_recordings("yolo", write(tmp_path, frames))
    assert set(recordings) == {"video/person_1", "video/person_2"}
    assert "individuals that a frame lists twice with the same points are read once" in notes


def test_lines_without_an_id_among_others(tmp_path: Path) -> None:
    """The tracker confirms a track after a frame or two, and writes no id before."""
    people = shares(FRAMES, 17, 2)
    frames = {
        t: [line(people[p, t], [0.9] * 17, [0.8, p + 1] if t else [0.8]) for p in range(2)]
        for t in range(FRAMES)
    }
    recordings, notes = read_recordings("yolo", write(tmp_path, frames))
    assert set(recordings) == {"video/id_1", "video/id_2"} and recordings["video/id_1"].first_frame == 1
    assert notes[0] == "individuals without an id in the file are left out"


def test_training_labels_have_visibilities(tmp_path: Path) -> None:
    people = shares(FRAMES, 17, 1)
    visible = np.array([2, 1, 0] * 5 + [2, 2])
    found = detections(
        read_content("yolo", write(tmp_path, {t: [line(people[0, t], visible)] for t in range(FRAMES)}))
    )
    assert found.confidence is None
    assert (np.isnan(found.points[..., 0]) == (visible == 0)).all()


def test_labels_of_single_images_are_no_recording(tmp_path: Path) -> None:
    people = shares(4, 17, 1)
    files = write(tmp_path, {n: [line(people[0, i], [2] * 17)] for i, n in enumerate((139, 285, 632, 724))})
    with pytest.raises(DataError, match="a set of labelled images is no recording"):
        read_content("yolo", files)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 0.5 0.5 0.1 0.1\n",  # boxes
        "0 0.5 0.5 0.1 0.1 0.9 3\n",
        "0 0.5 0.5 0.1 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9\n",  # a polygon
        "1.5 " + "0.5 " * 55,
        "a recipe with flour\n",
        "0 " + "12 " * 55,
    ],
)
def test_other_text_is_not_recognised(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a_1.txt"
    path.write_text(text)
    assert FORMAT.recognise(source_of([path])) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0.5 x\n", "lines must be numbers of a class, a box and points"),
        ("0 0.5 0.5\n", "lines must be numbers of a class"),
        ("0 " + "0.5 " * 80, "lines must have as many numbers, but have 56 to 81"),
        ("\0", "must be UTF-8 text"),
    ],
)
def test_damaged_files(tmp_path: Path, text: str, message: str) -> None:
    people = shares(3, 17, 1)
    files = write(tmp_path, {t: [line(people[0, t], [0.9] * 17)] for t in range(3)})
    files[2].write_text(text)
    with pytest.raises(DataError, match=message):
        read_content("yolo", files)
