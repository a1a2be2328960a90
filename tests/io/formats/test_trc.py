"""TRC: values, names and traps of files as Pose2Sim, OpenCap and others write them."""

from pathlib import Path

import numpy as np
import pytest

from htvae.poses.sequence import Coordinates
from tests.io.formats.opened import check_damaged, fault_of, only_track, open_content

NAMES = ("RHip", "LHip", "Head", "Neck", "Nose")


def make_points(num_frames: int = 37) -> np.ndarray:
    points = np.random.default_rng(0).normal(0, 1, (num_frames, len(NAMES), 3)).round(6)
    points[3, 2] = np.nan
    points[5:9, 4] = np.nan
    return points


def write_trc(
    path: Path,
    points: np.ndarray,
    names: tuple[str, ...] = NAMES,
    *,
    first_frame: int = 1,
    rate: str = "60",
    stated: int | None = None,
    separator: str = "\t",
    blank: bool = False,
    trailing: str = "",
    first_label: int = 1,
) -> Path:
    """Write points (T, L, 3) as TRC; ``rate`` is the text in the header, the times are those of 60 1/s."""
    labels = [f"{axis}{first_label + i}" for i in range(len(names)) for axis in "XYZ"]
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate}\t60\t{len(points) if stated is None else stated}\t{len(names)}\tm\t60\t0\t0",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(labels),
    ] + [""] * blank
    for frame, row in enumerate(points, first_frame):
        cells = ["" if np.isnan(value) else repr(value) for value in row.ravel().tolist()]
        lines.append("\t".join([str(frame), f"{frame / 60:.9f}", *cells]) + trailing)
    text = "\n".join(lines) + "\n"
    if separator == " ":
        text = "\n".join(" ".join(line.split()) for line in lines) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "traps",
    [
        {},
        {"blank": True},
        {"trailing": "\t\t"},
        {"first_label": 14},
        {"stated": 1},
        {"blank": True, "trailing": "\t", "stated": 38, "first_label": 0},
    ],
)
def test_traps_change_nothing(tmp_path: Path, traps: dict) -> None:
    points = make_points()
    content = open_content(write_trc(tmp_path / "walk.trc", points, first_frame=12, **traps), "trc")
    track = only_track(content)
    assert track.landmarks == NAMES
    assert track.first_frame == 12
    assert content.fps == 60
    assert content.coordinates == Coordinates(y_up=True)
    assert content.notes == ()
    np.testing.assert_array_equal(track.points, points)


def test_spaces_in_place_of_tabs(tmp_path: Path) -> None:
    points = np.nan_to_num(make_points())
    track = only_track(open_content(write_trc(tmp_path / "walk.trc", points, separator=" "), "trc"))
    assert track.landmarks == NAMES
    np.testing.assert_array_equal(track.points, points)


def test_a_missing_marker_between_spaces_cannot_be_told(tmp_path: Path) -> None:
    path = write_trc(tmp_path / "walk.trc", make_points(), separator=" ")  # frame 3 lacks a marker
    assert "rows must have 17 numbers where spaces separate them, but row 4 has 14" in fault_of(path)


def test_fewer_frames_than_stated_are_said(tmp_path: Path) -> None:
    content = open_content(write_trc(tmp_path / "walk.trc", make_points(), stated=100), "trc")
    assert content.notes == ("it states 100 frames and has 37; these are read",)


def test_windows_lines_and_a_path_that_is_not_utf_8(tmp_path: Path) -> None:
    points = make_points()
    path = write_trc(tmp_path / "walk.trc", points)
    text = path.read_text().replace("walk.trc", "C:\\M\xfcller\\walk.trc", 1).replace("\n", "\r\n")
    path.write_bytes(text.encode("latin-1"))
    np.testing.assert_array_equal(only_track(open_content(path, "trc")).points, points)


def test_a_line_of_labels_may_be_absent(tmp_path: Path) -> None:
    path = write_trc(tmp_path / "walk.trc", make_points())
    lines = path.read_text().split("\n")
    path.write_text("\n".join(lines[:4] + lines[5:]))
    assert only_track(open_content(path, "trc")).points.shape == (37, 5, 3)


def test_absent_frames_are_frames_without_points(tmp_path: Path) -> None:
    path = write_trc(tmp_path / "walk.trc", make_points())
    lines = path.read_text().split("\n")
    path.write_text("\n".join(lines[:10] + lines[13:]))
    track = only_track(open_content(path, "trc"))
    assert track.points.shape == (37, 5, 3)
    assert np.isnan(track.points[5:8]).all()
    np.testing.assert_array_equal(track.points[8], make_points()[8])


def test_markers_without_a_label_are_left_out(tmp_path: Path) -> None:
    names = ("RHip", "*12", "Head", "", "Nose")
    content = open_content(write_trc(tmp_path / "walk.trc", make_points(), names), "trc")
    track = only_track(content)
    assert track.landmarks == ("RHip", "Head", "Nose")
    assert content.notes == ("2 markers without a label are left out",)
    np.testing.assert_array_equal(track.points, make_points()[:, [0, 2, 4]])


@pytest.mark.parametrize(
    ("rate", "fps", "num_notes"), [("", 60, 0), ("0", 60, 0), ("100", 100, 1), ("59.94", 59.94, 0)]
)
def test_the_rate_and_the_times(tmp_path: Path, rate: str, fps: float, num_notes: int) -> None:
    content = open_content(write_trc(tmp_path / "walk.trc", make_points(), rate=rate), "trc")
    assert content.fps == pytest.approx(fps, rel=1e-6)  # times have nine decimals
    assert len(content.notes) == num_notes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("LHip", "RHip"), "RHip occurs again"),
        (lambda text: text.replace("Frame#", "Picture"), "begins with Frame#"),
        (lambda text: text.rstrip("\n").rsplit("\t", 4)[0], "is cut off"),
        (lambda text: text.split("X1")[0], "has none"),
        (lambda text: text + "38\t0.63" + "\t1" * 16 + "\n", "has more"),
        (lambda text: text + "38\t0.63" + "\tleft" * 15 + "\n", "must be numbers"),
        (lambda text: text + "12\t0.63" + "\t1" * 15 + "\n", "frame 12 has 2"),
        (lambda text: text + "38\t0.63" + "\tinf" * 15 + "\n", "must be finite"),
        (
            lambda text: (
                text.replace("RHip", "")
                .replace("LHip", "")
                .replace("Head", "")
                .replace("Neck", "")
                .replace("Nose", "")
            ),
            "names none",
        ),
        (lambda text: text + "99999999999\t0.63" + "\t1" * 15 + "\n", "max_frame_gap"),
    ],
)
def test_damaged_files_end_in_a_sentence(tmp_path: Path, change, words: str) -> None:
    path = write_trc(tmp_path / "walk.trc", make_points())
    path.write_text(change(path.read_text()))
    assert words in fault_of(path)


def test_any_damage_ends_in_a_sentence(tmp_path: Path) -> None:
    check_damaged(write_trc(tmp_path / "walk.trc", make_points()), seed=1)


def test_a_header_of_a_million_markers_allocates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "walk.trc"
    names = "\t\t\t".join(f"M{i}" for i in range(1_000_000))
    path.write_text(f"PathFileType\t4\nDataRate\n60\nFrame#\tTime\t{names}\n\t\tX1\n" + "1\t0\n" * 100_000)
    assert "as the header" in fault_of(path)
