"""NTU RGB+D skeletons: bodies by id, tracking states, files without skeletons."""

from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.recordings import build_recordings
from htvae.poses.layouts_3d import KINECT_25
from htvae.poses.sequence import Coordinates
from tests.io.formats.opened import check_damaged, fault_of, open_content, refusal_of

FIRST, SECOND = "72057594037931101", "72057594037931102"


def write_skeleton(path: Path, frames: list[dict[str, np.ndarray]]) -> Path:
    """Write frames of joints (25, 4: x, y, z, state) by body."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for number, joints in bodies.items():
            lines += [f"{number} 0 1 1 1 1 0 -0.437266 -0.117168 2", str(len(joints))]
            lines += [
                f"{x!r} {y!r} {z!r} 277.4 191.8 1036.2 519.1 -0.21 0.04 0.95 -0.21 {int(state)}"
                for x, y, z, state in joints.tolist()
            ]
    path.write_text("\n".join(lines) + "\n")
    return path


def make_body(seed: int = 0) -> np.ndarray:
    joints = np.random.default_rng(seed).normal(0, 1, (25, 4))
    joints[:, 3] = 2
    return joints


def test_states_and_names(tmp_path: Path) -> None:
    body = make_body()
    body[3, 3], body[4, 3] = 0, 1
    content = open_content(write_skeleton(tmp_path / "S001.skeleton", [{FIRST: body}] * 37), "ntu")
    (track,) = content.individuals
    assert track.landmarks == KINECT_25
    assert len(set(KINECT_25)) == 25 and KINECT_25[3] == "Head" and KINECT_25[20] == "SpineShoulder"
    assert content.fps == 30
    assert content.coordinates == Coordinates()
    expected = body[:, :3].copy()
    expected[3] = np.nan
    np.testing.assert_array_equal(track.points, np.tile(expected, (37, 1, 1)))
    assert track.confidence is not None
    assert track.confidence[0, 2:6].tolist() == [1, 0, 0.5, 1]


def test_bodies_are_followed_by_id_whatever_their_order(tmp_path: Path) -> None:
    a, b = make_body(1), make_body(2)
    frames = [{}, {FIRST: a}, {SECOND: b, FIRST: a}, {FIRST: a, SECOND: b}, {SECOND: b}]
    content = open_content(write_skeleton(tmp_path / "S001.skeleton", frames), "ntu")
    first, second = content.individuals
    assert (first.individual, second.individual) == ("person_1", "person_2")
    seen = ~np.isnan(np.stack([first.points[:, 0, 0], second.points[:, 0, 0]]))
    assert seen.tolist() == [[False, True, True, True, False], [False, False, True, True, True]]
    np.testing.assert_array_equal(first.points[2], a[:, :3])
    np.testing.assert_array_equal(second.points[2], b[:, :3])


def test_ghosts_are_left_out(tmp_path: Path) -> None:
    frames = [{FIRST: make_body(1)} for _ in range(36)] + [{FIRST: make_body(1), SECOND: make_body(2)}]
    content = open_content(write_skeleton(tmp_path / "S001.skeleton", frames), "ntu")
    recordings, notes = build_recordings(content, DataConfig(), "S001", "S001.skeleton")
    assert [recording.name for recording in recordings] == ["S001/person_1"]
    assert "person_2" in notes[0]


def test_files_without_a_skeleton_are_refused(tmp_path: Path) -> None:
    path = write_skeleton(tmp_path / "S001.skeleton", [{}] * 37)
    assert refusal_of(path) == "recordings of NTU RGB+D without a skeleton"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-400],
        lambda text: text[:4000] + text[4000:].replace(f"{FIRST} 0", FIRST, 1),
        lambda text: "38" + text[2:],
        lambda text: text.replace("\n1\n", "\n2\n"),
        lambda text: text.replace("277.4", "left", 40),
    ],
)
def test_damaged_files_end_in_a_sentence(tmp_path: Path, change) -> None:
    path = write_skeleton(tmp_path / "S001.skeleton", [{FIRST: make_body()}] * 37)
    path.write_text(change(path.read_text()))
    assert "breaks off" in fault_of(path)


def test_any_damage_ends_in_a_sentence(tmp_path: Path) -> None:
    check_damaged(write_skeleton(tmp_path / "a.skeleton", [{FIRST: make_body()}] * 5), seed=8)


def test_a_body_a_frame_allocates_nothing(tmp_path: Path) -> None:
    body = np.zeros((25, 4))
    path = write_skeleton(tmp_path / "a.skeleton", [{str(i): body} for i in range(700)])
    assert "last for several frames" in fault_of(path)
