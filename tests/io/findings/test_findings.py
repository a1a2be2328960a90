"""What is found in one recording, and what is not: spins and cartwheels are no swaps."""

from typing import Any

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.demo.recordings import make_demo_sequences
from htvae.io.findings import Finding, RecordingReport, check_recording
from htvae.poses.landmarks import mirror_permutation
from htvae.poses.sequence import Coordinates, PoseSequence
from tests.io.findings.motions import LANDMARKS, cartwheel, film, somersault, spin

MOTIONS = [
    *(
        ("spin", spin(turns, frames), view)
        for turns, frames in ((1, 70), (2, 100), (3, 160), (-2, 90))
        for view in (0, 0.7)
    ),
    *(
        ("cartwheel", cartwheel(turns, frames), view)
        for turns, frames in ((1, 70), (2, 110), (-1, 80))
        for view in (0, 0.4)
    ),
    *(("somersault", somersault(1, frames), view) for frames in (70, 90, 120) for view in (0, 1.2)),
]
"""Twenty sound motions, in views from the front and from aside."""


def make(pose: np.ndarray, landmarks: tuple[str, ...] = LANDMARKS, **known: Any) -> PoseSequence:
    return PoseSequence.from_array(pose.astype(np.float32), landmarks, "walk", **known)


def check(pose: np.ndarray, landmarks: tuple[str, ...] = LANDMARKS, **known: Any) -> RecordingReport:
    return check_recording(make(pose, landmarks, **known), DataConfig())


def only(report: RecordingReport, kind: str) -> Finding:
    (finding,) = [finding for finding in report.findings if finding.kind == kind]
    return finding


@pytest.fixture(scope="module")
def person() -> PoseSequence:
    """Return a recording of a made-up tracker, with its noise and its gaps."""
    return make_demo_sequences(seed=31, num_subjects=1, recordings_per_subject=1, num_frames=500)[0].recorded


@pytest.mark.parametrize("noise", [0.0, 0.01])
@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("number", range(len(MOTIONS)))
def test_fast_turns_are_no_faults(number: int, dimensions: int, noise: float) -> None:
    _, body, view = MOTIONS[number]
    report = check(film(body, view, dimensions, noise, seed=number))
    assert not [
        finding for finding in report.findings if finding.kind in ("swap", "spike", "jump", "cut", "frozen")
    ]


def test_sides_that_are_exchanged_in_a_spin_are_found() -> None:
    pose = film(spin(1, 160), 0.0, noise=0.005)
    pose[100:130] = pose[100:130][:, mirror_permutation(LANDMARKS)]
    assert only(check(pose), "swap").spans == ((100, 130),)


def test_frames_are_those_of_the_file(person: PoseSequence) -> None:
    pose = person.pose.copy()
    partner = mirror_permutation(person.landmarks)
    pose[200:260] = pose[200:260][:, partner]
    report = check(pose, person.landmarks, first_frame=1000)
    found = max((own for own in report.findings if own.kind == "swap"), key=lambda own: own.share)
    assert found.spans == ((1200, 1260),)
    assert {name for i, name in enumerate(person.landmarks) if partner[i] != i} >= set(found.landmarks)


@pytest.mark.parametrize(("value", "scale"), [(0, 400), (-1, 400), (-9999, 400), (999, 1), (0, 1)])
def test_lost_points_at_an_exact_place(person: PoseSequence, value: float, scale: float) -> None:
    """In pixels and in body units; they say nothing about the kind of coordinates."""
    pose = person.pose * scale
    pose += 50 - np.nanmin(pose) if scale > 1 else 0
    rng = np.random.default_rng(0)
    lost = (rng.random(pose.shape[:2]) < 0.1) & person.observed
    pose[lost] = value
    report = check(pose, person.landmarks)
    found = only(report, "sentinel")
    assert found.share == pytest.approx(lost.sum() / person.observed.sum())
    assert report.coordinates == ("pixels" if scale > 1 else "body")
    assert len(found.spans) and f"({value:g}, {value:g})" in found.detail


def test_a_landmark_that_poses_are_centred_on_is_not_lost(person: PoseSequence) -> None:
    nose = person.landmarks.index("LEFT_HIP")
    centred = person.pose - person.pose[:, nose : nose + 1]
    report = check(centred[person.observed[:, nose]], person.landmarks)
    assert not [finding for finding in report.findings if finding.kind in ("sentinel", "still")]


@pytest.mark.parametrize(("y_up", "sign"), [(True, 1), (False, -1)])
def test_which_way_is_up(person: PoseSequence, y_up: bool, sign: int) -> None:
    coordinates = Coordinates(y_up=y_up)
    assert check(person.pose, person.landmarks, coordinates=coordinates).upside_down is False
    turned = check(person.pose * [1, -1], person.landmarks, coordinates=coordinates)
    assert turned.upside_down is True and only(turned, "upside_down").share == 1


def test_of_animals_from_above_nobody_knows() -> None:
    for recording in make_demo_sequences(
        num_subjects=2, recordings_per_subject=1, num_frames=300, kind="animal"
    ):
        report = check_recording(recording.recorded, DataConfig())
        assert report.upside_down is None and not report.findings


def test_copies_of_the_first_and_the_last_frames_are_no_findings(person: PoseSequence) -> None:
    """Trackers with a context of frames copy them."""
    pose = person.pose.copy()
    pose[0], pose[-1] = pose[1], pose[-2]
    assert not check(pose, person.landmarks).findings


def test_length_and_unit_do_not_matter(person: PoseSequence) -> None:
    pose = person.pose.copy()
    pose[300, 12] += 4
    for part, factor in ((slice(None), 1), (slice(250, 400), 1), (slice(None), 1000), (slice(None), 1e-3)):
        found = only(check(pose[part] * factor, person.landmarks), "spike")
        first = 300 - (part.start or 0)
        assert (found.spans, found.landmarks) == (((first, first + 1),), (person.landmarks[12],))


def test_poses_may_freeze_while_little_moves() -> None:
    """Steps at the ends are then as small as the smallest of the recording."""
    pose = film(spin(1, 300, rest=100), 0.4, noise=0.004)
    pose[270:] = pose[270]
    assert only(check(pose), "frozen").spans == ((270, 300),)


def test_motion_by_formula_may_pause() -> None:
    assert not check(film(spin(1, 200, rest=60), 0.4)).findings


def test_a_jump_without_return_is_named_by_its_frame(person: PoseSequence) -> None:
    pose = person.pose.copy()
    index = person.landmarks.index("LEFT_WRIST")
    pose[:, index] = np.nan_to_num(pose[:, index], nan=0.5)
    pose[100:, index] += 3
    found = only(check(pose, person.landmarks), "jump")
    assert (found.spans, found.landmarks) == (((100, 101),), ("LEFT_WRIST",))


def test_few_frames_do_not_tell_what_is_up(person: PoseSequence) -> None:
    report = check(person.pose[:5] * [1, -1], person.landmarks)
    assert report.upside_down is None and not report.findings


def test_a_field_wider_than_an_image_is_no_share_of_one() -> None:
    pose = np.random.default_rng(0).uniform((0.1, 0.1), (0.9, 2.8), (50, 5, 2))
    assert check(pose, ("a", "b", "c", "d", "e")).coordinates == "body"
