import csv
import itertools
from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.demo.actions import ACTIONS, ACTIVITIES
from htvae.demo.motion import Motion, move_person
from htvae.demo.person import Person
from htvae.demo.recordings import FPS, DemoRecording, make_demo_sequences, write_demo_data
from htvae.io.inputs import read_recording
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.sequence import FrameLabel

BONES = [("SHOULDER", "ELBOW"), ("ELBOW", "WRIST"), ("HIP", "KNEE"), ("KNEE", "ANKLE"), ("ANKLE", "HEEL")]


@pytest.fixture(scope="module")
def people() -> list[DemoRecording]:
    return make_demo_sequences(num_subjects=4, recordings_per_subject=2, num_frames=400)


@pytest.fixture(scope="module", params=list(ACTIVITIES))
def motion(request: pytest.FixtureRequest) -> Motion:
    rng = np.random.default_rng(3)
    return move_person(Person.draw(rng), request.param, 1200, FPS, 0.4, rng)


def test_same_seed_gives_same_recordings_whatever_their_number(people: list[DemoRecording]) -> None:
    fewer = make_demo_sequences(num_subjects=2, recordings_per_subject=1, num_frames=400)
    by_name = {recording.recorded.name: recording for recording in people}
    for recording in fewer:
        np.testing.assert_array_equal(recording.recorded.pose, by_name[recording.recorded.name].recorded.pose)
    other = make_demo_sequences(seed=1, num_subjects=1, recordings_per_subject=1, num_frames=400)
    assert other[0].recorded.num_frames != fewer[0].recorded.num_frames


def test_lengths_stay_within_a_quarter(people: list[DemoRecording]) -> None:
    lengths = [recording.recorded.num_frames for recording in people]
    assert 300 <= min(lengths) < max(lengths) <= 500


def test_recordings_say_what_they_are(people: list[DemoRecording]) -> None:
    first = people[0].recorded
    assert first.landmarks == MEDIAPIPE_LANDMARKS
    assert (first.name, first.subject, first.fps) == ("person_01_1", "person_01", 30.0)
    assert {recording.recorded.label for recording in people} == set(ACTIVITIES)
    assert all(set(recording.recorded.covariates) == {"camera"} for recording in people)


def test_noise_is_small_and_truth_complete(people: list[DemoRecording]) -> None:
    for recorded, truth in people:
        error = np.linalg.norm(recorded.pose - truth.pose, axis=-1)
        assert truth.observed.all()
        assert (
            0.003 < np.nanmedian(error) < 0.03
        )  # metres: jitter of 0.25 to 0.6 % of the height, both coordinates
        assert 0 < np.isnan(error).mean() < 0.2
    errors = np.concatenate([np.linalg.norm(r.pose - t.pose, axis=-1).ravel() for r, t in people])
    assert 0.0001 < (errors > 0.1).mean() < 0.002  # spikes


@pytest.fixture(scope="module")
def solid_people() -> list[DemoRecording]:
    return make_demo_sequences(num_subjects=4, recordings_per_subject=2, num_frames=400, dimensions=3)


def test_three_dimensions_show_the_same_movements(
    people: list[DemoRecording], solid_people: list[DemoRecording]
) -> None:
    for flat, solid in zip(people, solid_people, strict=True):
        assert solid.truth.pose.shape == (*flat.truth.pose.shape[:2], 3)
        assert solid.truth.frame_labels == flat.truth.frame_labels
        np.testing.assert_allclose(solid.truth.pose[..., 0], flat.truth.pose[..., 0])
        height = solid.truth.pose[..., 1]  # of the recording: metres, on the ground
        assert 0 < height.min() < 0.04 and 1.4 < height.max() < 2.7


def test_a_tracker_in_three_dimensions_has_its_noise_and_drop_outs(
    solid_people: list[DemoRecording],
) -> None:
    error = np.concatenate([(r.pose - t.pose).reshape(-1, 3) for r, t in solid_people])
    spread = np.nanquantile(np.abs(error), 0.68, axis=0)  # spikes do not count
    np.testing.assert_allclose(spread[:2], 0.008, atol=0.003)  # metres
    np.testing.assert_allclose(spread[2] / spread[:2], 1.5, atol=0.05)
    missing = np.concatenate([~recorded.observed for recorded, _ in solid_people])
    assert 0.001 < missing.mean() < 0.1
    assert (missing[1:] & missing[:-1]).sum() / missing[:-1].sum() > 0.8


def test_bones_of_three_dimensions_keep_their_length(solid_people: list[DemoRecording]) -> None:
    truth = solid_people[0].truth
    first, second = (truth.landmarks.index(f"LEFT_{name}") for name in ("SHOULDER", "ELBOW"))
    assert np.ptp(np.linalg.norm(truth.pose[:, first] - truth.pose[:, second], axis=-1)) < 1e-5


def test_animals_have_two_dimensions() -> None:
    with pytest.raises(ValueError, match=r"dimensions must be 2 for animals, which are seen from above"):
        make_demo_sequences(kind="animal", dimensions=3)


def test_points_are_missing_in_bursts(people: list[DemoRecording]) -> None:
    missing = np.concatenate([~recording.recorded.observed for recording in people])
    stays = (missing[1:] & missing[:-1]).sum() / missing[:-1].sum()
    assert stays > 0.8


@pytest.mark.parametrize("kind", ["people", "animal"])
def test_labels_tile_the_frames(kind: str) -> None:
    recorded, truth = make_demo_sequences(num_subjects=1, recordings_per_subject=1, kind=kind)[0]
    for labels in (recorded.frame_labels, truth.frame_labels):
        _assert_tiles(labels, recorded.num_frames)
    borders = {label.start for label in truth.frame_labels}
    assert {label.start for label in recorded.frame_labels} <= borders
    assert len(truth.frame_labels) > len(recorded.frame_labels)


def test_labels_are_the_activities_actions(people: list[DemoRecording]) -> None:
    for recorded, _ in people:
        assert {label.label for label in recorded.frame_labels} <= set(ACTIVITIES[str(recorded.label)])


def test_every_activity_is_made_of_known_actions() -> None:
    assert {action for choices in ACTIVITIES.values() for action in choices} == set(ACTIONS)


def test_bones_keep_their_length(motion: Motion) -> None:
    for first, second in BONES:
        for side in ("LEFT", "RIGHT"):
            span = motion.points[f"{side}_{first}"] - motion.points[f"{side}_{second}"]
            assert np.ptp(np.linalg.norm(span, axis=-1)) < 1e-9, (side, first)
    for name in ("SHOULDER", "HIP"):
        width = np.linalg.norm(motion.points[f"LEFT_{name}"] - motion.points[f"RIGHT_{name}"], axis=-1)
        assert np.ptp(width) < 1e-9


def test_feet_stand_on_the_ground_without_sliding(motion: Motion) -> None:
    for side in ("LEFT", "RIGHT"):
        toe, heel = motion.points[f"{side}_FOOT_INDEX"], motion.points[f"{side}_HEEL"]
        assert min(toe[:, 1].min(), heel[:, 1].min()) > 0
        on_toe = toe[:, 1] < heel[:, 1]
        contact = np.where(on_toe[:, None], toe, heel)
        down = motion.feet_down[side.lower()]
        assert contact[down, 1].max() < 0.04  # the points are a little above the sole
        same = down[1:] & down[:-1] & (on_toe[1:] == on_toe[:-1])
        assert same.sum() > 300
        slide = FPS * np.linalg.norm(np.diff(contact[:, [0, 2]], axis=0), axis=-1)
        assert slide[same].max() < 0.05  # metres per second; walking is above 1


def test_knees_bend_forward_and_head_is_on_top() -> None:
    rng = np.random.default_rng(0)
    points = move_person(Person.draw(rng), "housework", 900, FPS, 0.0, rng).points
    across = points["RIGHT_HIP"] - points["LEFT_HIP"]
    forward = np.stack([across[:, 2], 0 * across[:, 0], -across[:, 0]], axis=-1)
    for side in ("LEFT", "RIGHT"):
        middle = (points[f"{side}_HIP"] + points[f"{side}_ANKLE"]) / 2
        bend = ((points[f"{side}_KNEE"] - middle) * forward).sum(-1) / np.linalg.norm(forward, axis=-1)
        assert bend.min() > -0.08  # metres; a shank that hangs back in the swing puts the knee little behind
    assert (points["NOSE"][:, 1] > points["LEFT_HIP"][:, 1]).all()


def test_pelvis_moves_smoothly(motion: Motion) -> None:
    pelvis = (motion.points["LEFT_HIP"] + motion.points["RIGHT_HIP"]) / 2
    acceleration = FPS**2 * np.linalg.norm(np.diff(pelvis, 2, axis=0), axis=-1)
    assert (
        acceleration.max() < 45
    )  # m/s^2, reached in landing from a jump; a jump in place would give hundreds


def test_people_walk_across_the_image() -> None:
    recordings = make_demo_sequences(num_subjects=6, recordings_per_subject=1, num_frames=900)
    assert max(np.ptp(r.truth.pose[:, 0, 0]) for r in recordings) > 3


def test_animals_have_no_hips() -> None:
    recorded, truth = make_demo_sequences(
        num_subjects=1, recordings_per_subject=1, num_frames=300, kind="animal"
    )[0]
    assert recorded.subject == "mouse_01"
    assert {"SNOUT", "TAIL_BASE"} <= set(recorded.landmarks)
    assert not any("HIP" in name or "SHOULDER" in name for name in recorded.landmarks)
    assert np.abs(truth.pose).max() < 8


@pytest.mark.parametrize("dimensions", [2, 3])
def test_written_folder(tmp_path: Path, dimensions: int) -> None:
    settings = {
        "num_subjects": 2,
        "recordings_per_subject": 1,
        "num_frames": 60,
        "dimensions": dimensions,
    }
    folder = write_demo_data(tmp_path / "demo", **settings)
    recordings = make_demo_sequences(**settings)
    assert folder.truth == tmp_path / "demo_truth"
    for recorded, truth in recordings:
        for place, expected in ((folder.recordings, recorded), (folder.truth, truth)):
            found = read_recording(place / f"{expected.name}.csv", DataConfig())
            order = [found.landmarks.index(name) for name in expected.landmarks]
            np.testing.assert_allclose(
                found.pose[:, order], expected.pose, atol=1e-5
            )  # the CSV has five decimals
    rows = _read_table(folder.recordings / "manifest.csv")
    assert rows[0] | {"camera": ""} == {
        "file": "person_01_1.csv",
        "label": "stroll",
        "subject": "person_01",
        "fps": "30",
        "camera": "",
    }
    assert len(rows) == 2
    for place, index in ((folder.recordings, 0), (folder.truth, 1)):
        spans = [row for row in _read_table(place / "frame_labels.csv") if row["file"] == "person_01_1.csv"]
        labels = tuple(FrameLabel(int(row["start"]), int(row["stop"]), row["label"]) for row in spans)
        assert labels == recordings[0][index].frame_labels


def test_writing_again_replaces_but_spares_other_recordings(tmp_path: Path) -> None:
    settings = {"num_subjects": 1, "recordings_per_subject": 1, "num_frames": 20}
    write_demo_data(tmp_path / "demo", **settings)
    write_demo_data(tmp_path / "demo", **settings)
    (tmp_path / "demo" / "mine.csv").write_text("frame#,landmark_name,x,y\n0,NOSE,0,0\n")
    with pytest.raises(FileExistsError, match=r"mine\.csv"):
        write_demo_data(tmp_path / "demo", **settings)


@pytest.mark.parametrize(
    "settings", [{"num_subjects": 0}, {"num_frames": 2}, {"kind": "robots"}, {"seed": -1}, {"dimensions": 4}]
)
def test_faulty_settings(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(settings))} must be"):
        make_demo_sequences(**settings)


def _assert_tiles(labels: tuple[FrameLabel, ...], num_frames: int) -> None:
    assert labels[0].start == 0
    assert labels[-1].stop == num_frames
    assert all(a.stop == b.start for a, b in itertools.pairwise(labels))


def _read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
