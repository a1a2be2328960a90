"""C3D: files written byte by byte, of each processor and kind of number, and compared with ezc3d."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.poses.sequence import Coordinates
from tests.io.formats.opened import check_damaged, fault_of, only_track, open_content

NAMES = ("LASI", "RASI", "LKNE", "RKNE", "HEAD")
INTEL, DEC, MIPS = 84, 85, 86


def make_points(num_frames: int = 37, num_points: int = 5) -> np.ndarray:
    """Points in mm that 16 bits and a scale of 0.5 hold exactly."""
    points = np.random.default_rng(0).integers(-3000, 3000, (num_frames, num_points, 3)) / 2
    points[3, 2] = np.nan
    points[5:9, 4] = np.nan
    return points


class Numbers:
    """Packs numbers for a processor."""

    def __init__(self, processor: int) -> None:
        self.processor = processor
        self.order = ">" if processor == MIPS else "<"

    def words(self, values: Any) -> bytes:
        return np.asarray(values).astype(f"{self.order}i2").tobytes()

    def floats(self, values: Any) -> bytes:
        if self.processor != DEC:
            return np.asarray(values, f"{self.order}f4").tobytes()
        # An exponent larger by two, and the halves swapped: the layout of a VAX.
        return (np.asarray(values, "<f4") * 4).view("<u2").reshape(-1, 2)[:, ::-1].tobytes()


def pack_parameter(numbers: Numbers, group: int, name: str, value: Any) -> bytes:
    if isinstance(value, list) and isinstance(value[0], str):
        width = max(map(len, value), default=0)
        kind, shape, data = -1, (width, len(value)), "".join(text.ljust(width) for text in value).encode()
    elif isinstance(value, float):
        kind, shape, data = 4, (), numbers.floats([value])
    else:
        kind, shape, data = 2, (len(value),), numbers.words(value)
    body = struct.pack("bB", kind, len(shape)) + bytes(shape) + data + b"\0"
    return struct.pack("bb", len(name), group) + name.encode() + numbers.words(len(body) + 2) + body


def pack_group(numbers: Numbers, group: int, name: str) -> bytes:
    return struct.pack("bb", len(name), -group) + name.encode() + numbers.words(3) + b"\0"


def write_c3d(
    path: Path,
    points: np.ndarray,
    names: tuple[str, ...] = NAMES,
    *,
    processor: int = INTEL,
    is_float: bool = True,
    first_frame: int = 1,
    num_analog: int = 0,
    stated: int | None = None,
    rate: float = 120.0,
    others: dict[str, Any] | None = None,
) -> Path:
    """Write points (T, L, 3); ``others`` are further parameters of POINT."""
    numbers = Numbers(processor)
    num_frames = len(points)
    stated = num_frames if stated is None else stated
    parameters: dict[str, Any] = {"USED": [points.shape[1]], "FRAMES": [stated], "RATE": rate}
    parameters["SCALE"] = -1.0 if is_float else 0.5
    for number in range(0, len(names), 255):
        parameters[f"LABELS{number // 255 + 1 if number else ''}"] = list(names[number : number + 255])
    parameters |= {"UNITS": ["mm"]} | (others or {})
    section = b"".join(pack_parameter(numbers, 1, name, value) for name, value in parameters.items())
    section = pack_group(numbers, 1, "POINT") + section + b"\0\0"
    num_blocks = -(-(len(section) + 4) // 512)
    section = bytes((1, 0x50, num_blocks, processor)) + section.ljust(512 * num_blocks - 4, b"\0")
    header = bytes((2, 0x50)) + numbers.words(
        [points.shape[1], num_analog, first_frame, first_frame + stated - 1, 0]
    )
    header += numbers.floats([parameters["SCALE"]]) + numbers.words([2 + num_blocks, max(num_analog, 1)])
    header += numbers.floats([rate])
    missing = np.isnan(points[..., :1])
    values = np.concatenate([np.nan_to_num(points), np.where(missing, -1, 0)], axis=2).reshape(num_frames, -1)
    if not is_float:
        values.reshape(num_frames, -1, 4)[..., :3] *= 2
    analog = np.full((num_frames, num_analog), 77)
    pack = numbers.floats if is_float else numbers.words
    rows = pack(np.concatenate([values, analog], axis=1))
    path.write_bytes(header.ljust(512, b"\0") + section + rows)
    return path


@pytest.mark.parametrize("processor", [INTEL, DEC, MIPS])
@pytest.mark.parametrize("is_float", [True, False])
@pytest.mark.parametrize("num_analog", [0, 8])
def test_values_of_every_kind(tmp_path: Path, processor: int, is_float: bool, num_analog: int) -> None:
    points = make_points()
    path = write_c3d(
        tmp_path / "a.c3d",
        points,
        processor=processor,
        is_float=is_float,
        num_analog=num_analog,
        first_frame=614,
    )
    content = open_content(path, "c3d")
    track = only_track(content)
    assert track.landmarks == NAMES
    assert track.first_frame == 614
    assert content.fps == 120
    assert content.coordinates == Coordinates(z_up=True)
    assert content.notes == ()
    np.testing.assert_array_equal(track.points, points)


@pytest.mark.parametrize("is_float", [True, False])
def test_ezc3d_reads_the_same(tmp_path: Path, is_float: bool) -> None:
    ezc3d = pytest.importorskip("ezc3d")
    path = write_c3d(tmp_path / "a.c3d", make_points(), is_float=is_float)
    theirs = ezc3d.c3d(str(path))["data"]["points"][:3].transpose(2, 1, 0)
    np.testing.assert_array_equal(only_track(open_content(path, "c3d")).points, theirs)


def test_a_file_of_ezc3d_with_analog_channels(tmp_path: Path) -> None:
    ezc3d = pytest.importorskip("ezc3d")
    points = make_points()
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [100]
    file["parameters"]["POINT"]["LABELS"]["value"] = list(NAMES)
    file["parameters"]["ANALOG"]["RATE"]["value"] = [400]
    file["parameters"]["ANALOG"]["LABELS"]["value"] = ["Fx", "Fy"]
    file["data"]["points"] = np.concatenate([points.transpose(2, 1, 0), np.ones((1, 5, 37))])
    file["data"]["analogs"] = np.ones((1, 2, 4 * 37))
    path = tmp_path / "a.c3d"
    file.write(str(path))
    content = open_content(path, "c3d")
    assert content.fps == 100
    np.testing.assert_array_equal(only_track(content).points, points)


def test_more_than_255_markers(tmp_path: Path) -> None:
    names = tuple(f"M{i:03}" for i in range(300))
    track = only_track(open_content(write_c3d(tmp_path / "a.c3d", make_points(7, 300), names), "c3d"))
    assert track.landmarks == names


def test_markers_without_a_label_and_outputs_are_left_out(tmp_path: Path) -> None:
    names = ("LASI", "*12", "LHipAngles", "Torque", "")
    path = write_c3d(tmp_path / "a.c3d", make_points(), names, others={"MOMENTS": ["Torque"]})
    content = open_content(path, "c3d")
    assert only_track(content).landmarks == ("LASI",)
    assert content.notes == (
        "2 markers without a label are left out",
        "angles, forces and other outputs of a model are left out: LHipAngles, Torque",
    )


def test_subjects_are_individuals(tmp_path: Path) -> None:
    names = ("Anna:LASI", "Anna:HEAD", "Ben:LASI", "Ben:HEAD", "Ben:LKNE")
    content = open_content(write_c3d(tmp_path / "a.c3d", make_points(), names), "c3d")
    assert [(t.individual, t.landmarks) for t in content.individuals] == [
        ("Anna", ("LASI", "HEAD")),
        ("Ben", ("LASI", "HEAD", "LKNE")),
    ]
    np.testing.assert_array_equal(content.individuals[1].points, make_points()[:, 2:])
    one = tuple(f"Anna:{name}" for name in NAMES)
    assert (
        only_track(open_content(write_c3d(tmp_path / "b.c3d", make_points(), one), "c3d")).landmarks == NAMES
    )


@pytest.mark.parametrize(
    ("upwards", "coordinates"),
    [
        ("+Z", Coordinates(z_up=True)),
        ("+Y", Coordinates()),
        ("Y", Coordinates()),
        ("-Y", Coordinates(y_up=False)),
        ("", Coordinates(z_up=True)),
    ],
)
def test_the_axis_upwards(tmp_path: Path, upwards: str, coordinates: Coordinates) -> None:
    path = write_c3d(tmp_path / "a.c3d", make_points(), others={"X_SCREEN": ["+X"], "Y_SCREEN": [upwards]})
    content = open_content(path, "c3d")
    assert content.coordinates == coordinates
    np.testing.assert_array_equal(only_track(content).points, make_points())


@pytest.mark.parametrize(("upwards", "axis", "sign"), [("+X", 0, 1), ("-X", 0, -1), ("-Z", 2, -1)])
def test_other_axes_are_turned_and_not_mirrored(tmp_path: Path, upwards: str, axis: int, sign: int) -> None:
    points = make_points()
    content = open_content(write_c3d(tmp_path / "a.c3d", points, others={"Y_SCREEN": [upwards]}), "c3d")
    turned = only_track(content).points
    assert content.coordinates == Coordinates(z_up=True)
    assert "turned to Z" in content.notes[0]
    np.testing.assert_array_equal(turned[..., 2], sign * points[..., axis])
    before, after = points[20:23, 0], turned[20:23, 0]
    assert np.linalg.det(after) == pytest.approx(np.linalg.det(before))


def test_long_recordings_exceed_the_header(tmp_path: Path) -> None:
    points = np.ones((70_000, 1, 3))
    path = write_c3d(tmp_path / "a.c3d", points, ("HEAD",), stated=4464, others={"LONG_FRAMES": 70_000.0})
    content = bytearray(path.read_bytes())
    assert len(only_track(open_content(path, "c3d")).points) == 70_000
    path.write_bytes(content[:-3])
    assert "is cut off" in fault_of(path)


def test_a_file_that_ends_early_with_a_whole_frame_is_read(tmp_path: Path) -> None:
    path = write_c3d(tmp_path / "a.c3d", make_points(), stated=1149)
    content = open_content(path, "c3d")
    assert content.notes == ("it states 1149 frames and has 37; these are read",)
    path.write_bytes(path.read_bytes()[:-7])
    assert "is cut off in frame 37 of 1149" in fault_of(path)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("LASI", "LASI", "LKNE", "RKNE", "HEAD"), "LASI occurs again"),
        (("*1", "*2", "*3", "*4", "*5"), "none is"),
        (("LHipAngles",) * 5, "none is"),
    ],
)
def test_names_that_cannot_be_used(tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    assert words in fault_of(write_c3d(tmp_path / "a.c3d", make_points(), names))


@pytest.mark.parametrize(
    ("place", "content", "words"),
    [
        (2, b"\0\0", "no points"),
        (2, b"\xff\xff", "no frames"),
        (4, b"\xff\xff", "no frames"),
        (12, b"\0\0\0\0", "no points"),
        (16, b"\0\0", "no points"),
        (16, b"\xff\xff", "no frames"),
        (534, b"\x07", "unknown kind"),
    ],
)
def test_hostile_headers(tmp_path: Path, place: int, content: bytes, words: str) -> None:
    path = write_c3d(tmp_path / "a.c3d", make_points())
    changed = bytearray(path.read_bytes())
    changed[place : place + len(content)] = content
    path.write_bytes(changed)
    assert words in fault_of(path)


@pytest.mark.parametrize("is_float", [True, False])
def test_any_damage_ends_in_a_sentence(tmp_path: Path, is_float: bool) -> None:
    check_damaged(write_c3d(tmp_path / "a.c3d", make_points(), is_float=is_float), seed=3)
