import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io import findings
from htvae.poses.sequence import PoseSequence

NAMES = ("NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP", "LEFT_ANKLE", "RIGHT_ANKLE")
PLACES = np.array([(0, 1.5), (0.4, 1), (-0.4, 1), (0.3, 0), (-0.3, 0), (0.3, -2), (-0.3, -2)])


def sway(num_frames: int = 301) -> np.ndarray:
    """Return a person (T, L, D) who sways, y up, centred; each landmark at its own pace."""
    time = np.arange(num_frames)[:, None] / 30
    pace = np.linspace(2, 4, len(NAMES))
    return PLACES + 0.2 * np.stack((np.sin(pace * time), np.cos(pace * time)), axis=-1)


def walk_sideways(num_frames: int = 301) -> np.ndarray:
    """Return a person seen from the side, whose legs pass each other at each step."""
    swing = 0.6 * np.sin(np.arange(num_frames) / 3)
    pose = sway(num_frames)
    pose[:, 5, 0], pose[:, 6, 0] = swing, -swing
    return pose


def check(pose: np.ndarray, config: DataConfig | None = None) -> findings.RecordingReport:
    return findings.check_recording(PoseSequence.from_array(pose, NAMES), config or DataConfig())


@pytest.mark.parametrize("pose", [sway(), walk_sideways(), sway()[::6], sway(4), sway(1)])
@pytest.mark.parametrize("unit", [1.0, 300.0])
def test_sound_recordings_are_silent(pose: np.ndarray, unit: float) -> None:
    report = check(pose * unit)
    assert not report.has_findings
    assert (report.coordinates, report.missing) == ("body", 0)
    assert report.upside_down is False


def test_noise_and_gaps_are_no_findings() -> None:
    rng = np.random.default_rng(0)
    pose = sway() + rng.normal(0, 0.01, (301, len(NAMES), 2))
    pose[rng.random(pose.shape[:2]) < 0.3] = np.nan
    pose[:, 2] = np.nan
    report = check(pose)
    assert not report.has_findings
    assert report.missing == pytest.approx(1 - 0.7 * 6 / 7, abs=0.03)  # 3 standard errors


def test_spikes_are_counted() -> None:
    pose = sway()
    pose[[20, 90, 200], 5] += (1.0, -1.0)
    report = check(pose)
    assert report.spikes == pytest.approx(3 / (301 * 7))
    assert report.has_findings


def test_a_jump_to_another_place_is_one_spike() -> None:
    pose = sway()
    pose[100:, 6] += (2.0, 0.0)
    assert check(pose).spikes == pytest.approx(1 / (301 * 7))


def test_exchanged_sides_are_counted_where_they_begin_and_end() -> None:
    pose = sway()
    pose[50:80] = pose[50:80][:, [0, 2, 1, 4, 3, 6, 5]]
    pose[120:] = pose[120:][:, [0, 1, 2, 3, 4, 6, 5]]
    report = check(pose)
    assert (report.swaps, report.spikes) == (3, 0)


def test_still_landmarks_are_named() -> None:
    pose = sway()
    pose[:, 3] = (0.1, 0.2)
    assert check(pose).still == ("LEFT_HIP",)
    assert check(pose[:29]).still == ()  # too few frames to tell


@pytest.mark.parametrize(
    ("scale", "shift", "config", "kind"),
    [
        (0.1, (0.5, 0.5), DataConfig(), "0..1"),
        (0.1, (0.5, 0.9), DataConfig(), "0..1"),  # legs out of the image
        (0.1, (0.5, 0.5), DataConfig(image_size=(640, 480), y_up=False), "0..1"),
        (100, (320, 400), DataConfig(), "pixels"),
        (100, (320, 400), DataConfig(y_up=False), "pixels"),
        (100, (0, 0), DataConfig(), "body"),
    ],
)
def test_coordinates_are_recognised_whatever_the_settings(
    scale: float, shift: tuple[float, float], config: DataConfig, kind: str
) -> None:
    in_file = sway() * (scale, -scale) + shift
    width, height = config.image_size or (1, 1)
    report = check(in_file * (width, height if config.y_up else -height), config)
    assert report.coordinates == kind
    assert report.upside_down is config.y_up


def test_lost_points_at_the_origin_are_counted_unless_centred() -> None:
    pose = sway() * 100 + 400
    pose[:3, 1] = 0
    assert check(pose).at_origin == pytest.approx(3 / (301 * 7))
    pose = sway()
    pose[:, 3] = 0
    assert check(pose).at_origin == 0


@pytest.mark.parametrize("names", [("snout", "tail_base"), ("NOSE", "tail"), ("LEFT_HIP", "RIGHT_HIP")])
def test_up_is_unknown_without_head_and_hips(names: tuple[str, ...]) -> None:
    assert findings.is_upside_down(np.zeros((3, 2, 2)), names) is None


def test_a_single_landmark_has_no_size_and_no_findings() -> None:
    report = findings.check_recording(PoseSequence.from_array(sway()[:, :1]), DataConfig())
    assert not report.has_findings
