"""BVH: forward kinematics against slow matrices, conventions by hand, and damaged files."""

import math
from pathlib import Path

import numpy as np
import pytest

from tests.io.formats.opened import check_damaged, fault_of, only_track, open_content

HIERARCHY = """HIERARCHY
ROOT Hips
{
    OFFSET 10.0 20.0 30.0
    CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
    JOINT Spine
    {
        OFFSET 0.5 8.0 -1.0
        CHANNELS 3 Yrotation Xrotation Zrotation
        JOINT Head
        {
            OFFSET 0.0 6.0 1.0
            CHANNELS 3 Xrotation Yrotation Zrotation
            End Site
            {
                OFFSET 0.0 2.0 0.0
            }
        }
        JOINT LeftArm
        {
            OFFSET 3.0 5.0 0.0
            CHANNELS 6 Xposition Yposition Zposition Xrotation Zrotation Yrotation
            End Site
            {
                OFFSET 4.0 0.0 0.0
            }
            End Site
            {
                OFFSET 0.0 0.0 1.0
            }
        }
    }
    JOINT LeftLeg
    {
        OFFSET 1.0 -9.0 0.0
        CHANNELS 1 Zrotation
        End Site
        {
            OFFSET 0.0 -8.0 0.0
        }
    }
}
MOTION
"""
NAMES = ("Hips Spine Head Head_end LeftArm LeftArm_end LeftArm_end2 LeftLeg LeftLeg_end").split()
NUM_CHANNELS = 19


def write_bvh(
    path: Path,
    motion: np.ndarray,
    hierarchy: str = HIERARCHY,
    time: str = "0.008333",
    stated: int | None = None,
) -> Path:
    rows = "\n".join(" ".join(f"{value:.6f}" for value in row) for row in motion)
    stated = len(motion) if stated is None else stated
    path.write_text(f"{hierarchy}Frames: {stated}\nFrame Time: {time}\n{rows}\n")
    return path


def make_motion(num_frames: int = 37) -> np.ndarray:
    return np.random.default_rng(1).uniform(-170, 170, (num_frames, NUM_CHANNELS)).round(6)


def turn(axis: str, degrees: float) -> np.ndarray:
    """A matrix (4, 4) that turns about an axis, as textbooks print it."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array(
        {
            "X": [[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1]],
            "Y": [[c, 0, s, 0], [0, 1, 0, 0], [-s, 0, c, 0], [0, 0, 0, 1]],
            "Z": [[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        }[axis]
    )


def slow_places(text: str) -> list[np.ndarray]:
    """Places (joints, 3) of each frame, by recursion over the words of the file and matrices (4, 4)."""
    words = text.split()
    start = words.index("MOTION")
    numbers = list(map(float, words[start + 6 :]))

    def visit(place: int, parent: np.ndarray, places: list[np.ndarray]) -> int:
        place += 3  # ROOT name {, JOINT name {, End Site {
        assert words[place] == "OFFSET"
        shift, own = list(map(float, words[place + 1 : place + 4])), np.eye(4)
        place += 4
        if words[place] == "CHANNELS":
            count = int(words[place + 1])
            for channel in words[place + 2 : place + 2 + count]:
                value = numbers.pop(0)
                if channel.endswith("position"):
                    shift["XYZ".index(channel[0])] = value
                else:
                    own = own @ turn(channel[0], value)
            place += 2 + count
        moved = np.eye(4)
        moved[:3, 3] = shift
        world = parent @ moved @ own
        places.append(world[:3, 3])
        while words[place] != "}":
            place = visit(place, world, places)
        return place + 1

    frames = []
    while numbers:
        places: list[np.ndarray] = []
        visit(1, np.eye(4), places)
        frames.append(np.array(places))
    return frames


def test_places_equal_those_of_slow_matrices(tmp_path: Path) -> None:
    path = write_bvh(tmp_path / "walk.bvh", make_motion())
    content = open_content(path, "bvh")
    track = only_track(content)
    assert list(track.landmarks) == NAMES
    assert content.fps == 120
    assert content.coordinates.y_up and not content.coordinates.z_up
    np.testing.assert_allclose(track.points, slow_places(path.read_text()), atol=1e-10)  # sums of 200 units


def test_conventions_by_hand(tmp_path: Path) -> None:
    """The root's offset is not added; a turn of 90 degrees about z takes x to y, and y to -x."""
    motion = np.zeros((1, NUM_CHANNELS))
    motion[0, :4] = 100, 200, 300, 90
    motion[0, 12:15] = 7, 0, 0  # the arm's own position takes the place of its offset
    points = dict(
        zip(
            NAMES,
            only_track(open_content(write_bvh(tmp_path / "a.bvh", motion), "bvh")).points[0],
            strict=True,
        )
    )
    np.testing.assert_allclose(points["Hips"], (100, 200, 300))
    np.testing.assert_allclose(points["Spine"], (100 - 8, 200 + 0.5, 300 - 1))
    np.testing.assert_allclose(points["LeftArm"], points["Spine"] + (0, 7, 0))
    np.testing.assert_allclose(points["LeftLeg_end"], (100 + 9 + 8, 200 + 1, 300))


def test_bones_keep_their_lengths(tmp_path: Path) -> None:
    track = only_track(open_content(write_bvh(tmp_path / "walk.bvh", make_motion()), "bvh"))
    head, end = (track.points[:, NAMES.index(name)] for name in ("Head", "Head_end"))
    np.testing.assert_allclose(np.linalg.norm(end - head, axis=1), 2)


@pytest.mark.parametrize(
    ("time", "fps"),
    [
        ("0.008333", 120),
        ("0.0333333", 30),
        ("0.033367", 1 / 0.033367),
        ("0.04", 25),
        ("0.03", 1 / 0.03),
        ("0.016666", 60),
        ("1", 1),
        ("0", None),
        ("soon", None),
    ],
)
def test_the_frame_time_gives_the_rate(tmp_path: Path, time: str, fps: float | None) -> None:
    content = open_content(write_bvh(tmp_path / "walk.bvh", make_motion(), time=time), "bvh")
    assert content.fps == fps
    assert bool(content.notes) == (fps is None)


def test_several_roots_are_individuals(tmp_path: Path) -> None:
    second = HIERARCHY.removeprefix("HIERARCHY\n").replace("ROOT Hips", "ROOT Hips2")
    both = HIERARCHY.replace("MOTION\n", second)
    motion = np.concatenate([make_motion(), make_motion() + 1], axis=1)
    content = open_content(write_bvh(tmp_path / "two.bvh", motion, both), "bvh")
    assert [track.individual for track in content.individuals] == ["Hips", "Hips2"]
    alone = only_track(open_content(write_bvh(tmp_path / "one.bvh", make_motion() + 1), "bvh"))
    np.testing.assert_allclose(content.individuals[1].points, alone.points, atol=1e-10)


def test_more_frames_than_stated_are_read(tmp_path: Path) -> None:
    content = open_content(write_bvh(tmp_path / "walk.bvh", make_motion(), stated=30), "bvh")
    assert len(only_track(content).points) == 37
    assert content.notes == ("it states 30 frames and has 37; all are read",)


@pytest.mark.parametrize(("old", "new"), [("Frame", "frame"), ("Frame", "\tFrame"), (":", " :")])
def test_the_head_of_the_motion_is_spelled_in_many_ways(tmp_path: Path, old: str, new: str) -> None:
    path = write_bvh(tmp_path / "walk.bvh", make_motion(), stated=40)
    path.write_text(path.read_text().replace(old, new))
    assert "must have 40 whole frames" in fault_of(path)
    path.write_text(path.read_text().replace("40", "37"))
    assert open_content(path, "bvh").fps == 120


def test_lower_case_tabs_and_windows_lines(tmp_path: Path) -> None:
    path = write_bvh(tmp_path / "walk.bvh", make_motion())
    expected = only_track(open_content(path, "bvh")).points
    text = path.read_text().replace("    ", "\t").replace("position", "Position").replace("\n", " \r\n")
    path.write_text(text, newline="")
    np.testing.assert_array_equal(only_track(open_content(path, "bvh")).points, expected)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.rsplit("\n", 5)[0], "breaks off in frame"),
        (lambda text: text.rsplit(" ", 5)[0], "breaks off in frame 37"),
        (lambda text: text.replace("MOTION", ""), "part MOTION"),
        (lambda text: text.replace("}\nMOTION", "MOTION"), "is cut off"),
        (lambda text: text.replace("OFFSET 0.5 8.0 -1.0", "OFFSET 0.5 8.0"), "line 8"),
        (lambda text: text.replace("CHANNELS 1 Zrotation", "CHANNELS 2 Zrotation"), "line 36"),
        (lambda text: text.replace("CHANNELS 1 Zrotation", "CHANNELS 1 Zscale"), "line 36"),
        (lambda text: text.replace("CHANNELS 1 Zrotation", "CHANNELS 1 Wrotation"), "line 36"),
        (lambda text: text.replace("JOINT LeftLeg", "JOINT Head"), "Head occurs again"),
        (lambda text: text.replace("JOINT Spine", "BONE Spine"), "line 6"),
        (lambda text: text.split("Frames")[0], "has none"),
        (lambda text: text + "1 " * 20, "has more"),
        (lambda text: text.replace("OFFSET 0.5", "OFFSET 1e40"), "must be finite"),
    ],
)
def test_damaged_files_end_in_a_sentence(tmp_path: Path, change, words: str) -> None:
    path = write_bvh(tmp_path / "walk.bvh", make_motion())
    path.write_text(change(path.read_text()))
    assert words in fault_of(path)


def test_any_damage_ends_in_a_sentence(tmp_path: Path) -> None:
    check_damaged(write_bvh(tmp_path / "walk.bvh", make_motion(5)), seed=2)


def test_joints_without_channels_allocate_nothing(tmp_path: Path) -> None:
    path = tmp_path / "many.bvh"
    joints = "JOINT A{0}\n{{\nOFFSET 0 0 0\n}}\n"
    text = "HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n"
    text += "".join(joints.format(i) for i in range(20_000)) + "}\nMOTION\nFrames: 20000\nFrame Time: 0.01\n"
    path.write_text(text + "0\n" * 20_000)
    assert "must have channels" in fault_of(path)


def test_a_deep_chain_needs_no_recursion(tmp_path: Path) -> None:
    path = tmp_path / "deep.bvh"
    joints = "".join(f"JOINT A{i}\n{{\nOFFSET 0 1 0\nCHANNELS 1 Xrotation\n" for i in range(3000))
    text = "HIERARCHY\nROOT Hips\n{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n" + joints + "}\n" * 3001
    path.write_text(text + "MOTION\nFrames: 1\nFrame Time: 0.01\n" + "0 " * 3001 + "\n")
    np.testing.assert_allclose(only_track(open_content(path, "bvh")).points[0, -1], (0, 3000, 0))
