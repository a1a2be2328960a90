"""Demo recordings by formula: people or animals move before a camera, and an imperfect tracker records them.

- The truth is known: the activity of a recording, the action in each frame, each movement cycle, and the
  noise-free pose.
- People have MediaPipe's 33 landmarks, y up, in metres, and walk across the image. In three dimensions
  several cameras around them see the same movements: no body hides an arm, and depth has more noise.
- Animals are seen from above and have no hips; their coordinates are in body lengths.
- The same seed gives the same recordings, whatever the number of subjects or recordings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from htvae.demo import animal as demo_animal
from htvae.demo.actions import ACTIVITIES
from htvae.demo.motion import Motion, move_person
from htvae.demo.person import Person
from htvae.demo.script import Segment, label_actions, label_cycles
from htvae.demo.tracker import Tracker
from htvae.io.writing import write_folder
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.sequence import FrameLabel, PoseSequence

Array = np.ndarray
Kind = Literal["people", "animal"]

FPS = 30.0
"""Frame rate of all demo recordings (1/s)."""
CAMERAS = {"side": 0.0, "oblique": 0.7, "front": 1.5}
"""Angle (radians) between the image and the direction of walking, by the name of the view."""

_ARM = ("ELBOW", "WRIST", "PINKY", "INDEX", "THUMB")
_LEG = ("KNEE", "ANKLE", "HEEL", "FOOT_INDEX")


class DemoRecording(NamedTuple):
    """One recording as the tracker gives it, and its truth."""

    recorded: PoseSequence
    """Recording with noise and missing points; ``frame_labels`` holds the actions."""
    truth: PoseSequence
    """Noise-free and complete recording; ``frame_labels`` holds the single movement cycles."""


@dataclass(frozen=True)
class DemoFolder:
    """Folders of demo recordings."""

    recordings: Path
    """Folder of recordings, with manifest.csv and frame_labels.csv (the actions)."""
    truth: Path
    """Folder of the same recordings without noise; its frame_labels.csv holds the single movement cycles."""


def write_demo_data(
    out_dir: Path,
    *,
    seed: int = 0,
    num_subjects: int = 12,
    recordings_per_subject: int = 3,
    num_frames: int = 1600,
    kind: Kind = "people",
    dimensions: int = 2,
) -> DemoFolder:
    """Write demo recordings to ``out_dir``, and the truth beside it (same name, with ``_truth`` added).

    The arguments are those of `make_demo_sequences`. Files of the same names are replaced.

    Raises:
        FileExistsError: one of the folders holds other CSV files, which would mix with the demo's.
        ValueError: for the reasons that `make_demo_sequences` names.
    """
    recordings = make_demo_sequences(
        seed=seed,
        num_subjects=num_subjects,
        recordings_per_subject=recordings_per_subject,
        num_frames=num_frames,
        kind=kind,
        dimensions=dimensions,
    )
    out_dir = Path(out_dir)
    folder = DemoFolder(out_dir, out_dir.with_name(out_dir.name + "_truth"))
    names = {f"{recording.recorded.name}.csv" for recording in recordings} | {
        "manifest.csv",
        "frame_labels.csv",
    }
    for place in (folder.recordings, folder.truth):
        _check_free(place, names)
    write_folder(folder.recordings, [recording.recorded for recording in recordings])
    write_folder(folder.truth, [recording.truth for recording in recordings])
    return folder


def make_demo_sequences(
    *,
    seed: int = 0,
    num_subjects: int = 12,
    recordings_per_subject: int = 3,
    num_frames: int = 1600,
    kind: Kind = "people",
    dimensions: int = 2,
) -> list[DemoRecording]:
    """Return demo recordings without writing them.

    Args:
        seed: seed of subjects and recordings.
        num_subjects: number of people or animals, each with its own body and habits.
        recordings_per_subject: recordings of each subject; activities repeat only when all have been used.
        num_frames: mean length (frames); each recording is up to a quarter shorter or longer.
        kind: ``people`` or ``animal``.
        dimensions: 2, or 3 (people only); the movements of a seed are the same.

    Raises:
        ValueError: a number is too small, the kind is unknown, or it has other dimensions.
    """
    _check_at_least(0, seed=seed)
    _check_at_least(1, num_subjects=num_subjects, recordings_per_subject=recordings_per_subject)
    _check_at_least(8, num_frames=num_frames)
    if kind not in ("people", "animal"):
        raise ValueError(f"kind must be people or animal, but got {kind!r}.")
    if dimensions not in (2, 3) or (kind == "animal" and dimensions == 3):
        known = "2 or 3" if kind == "people" else "2 for animals, which are seen from above"
        raise ValueError(f"dimensions must be {known}, but got {dimensions}.")
    record_subject = _record_mouse if kind == "animal" else partial(_record_person, dimensions)
    return [
        recording
        for subject in range(num_subjects)
        for recording in record_subject(seed, subject, recordings_per_subject, num_frames)
    ]


def _record_person(
    dimensions: int, seed: int, subject: int, num_recordings: int, num_frames: int
) -> list[DemoRecording]:
    person = Person.draw(np.random.default_rng([seed, 0, subject]))
    recordings = []
    for number in range(num_recordings):
        rng = np.random.default_rng([seed, 0, subject, number + 1])
        activity = list(ACTIVITIES)[(subject + number) % len(ACTIVITIES)]
        camera = str(rng.choice(list(CAMERAS)))
        heading = CAMERAS[camera] + rng.normal(0, 0.12) + np.pi * rng.integers(2)
        motion = move_person(person, activity, _draw_length(num_frames, rng), FPS, heading, rng)
        tilt = rng.uniform(0.02, 0.12)
        truth, shaded = _film(motion, tilt) if dimensions == 2 else (_points(motion), [])
        limbs = [*(_limb(side, part) for side in ("LEFT", "RIGHT") for part in (_ARM, _LEG)), range(11)]
        recorded = Tracker.draw(rng).record(truth, person.body.height, FPS, limbs, shaded, rng)
        name, covariates = f"person_{subject + 1:02d}_{number + 1}", {"camera": camera}
        recordings.append(
            _pack(name, activity, MEDIAPIPE_LANDMARKS, recorded, truth, motion.script, covariates)
        )
    return recordings


def _record_mouse(seed: int, subject: int, num_recordings: int, num_frames: int) -> list[DemoRecording]:
    mouse = demo_animal.Mouse.draw(np.random.default_rng([seed, 1, subject]))
    limbs = [[index] for index in range(len(demo_animal.LANDMARKS))] + [[1, 2], [8, 9]]
    recordings = []
    for number in range(num_recordings):
        rng = np.random.default_rng([seed, 1, subject, number + 1])
        activities = list(demo_animal.ACTIVITIES)
        activity = activities[(subject + number) % len(activities)]
        truth, script = demo_animal.move_mouse(mouse, activity, _draw_length(num_frames, rng), FPS, rng)
        recorded = Tracker.draw(rng).record(truth, mouse.length, FPS, limbs, [], rng)
        name = f"mouse_{subject + 1:02d}_{number + 1}"
        recordings.append(
            _pack(name, activity, demo_animal.LANDMARKS, recorded, truth, script, {"camera": "top"})
        )
    return recordings


def _points(motion: Motion) -> Array:
    """Return the points in space (T, 33, 3): x to the right, y up, z towards the viewer."""
    return np.stack([motion.points[name] for name in MEDIAPIPE_LANDMARKS], axis=1)


def _film(motion: Motion, tilt: float) -> tuple[Array, list[tuple[Sequence[int], Array]]]:
    """Return the image (T, 33, 2) of a camera that looks down by ``tilt`` (radians), and the hidden arms.

    Each hidden arm is its landmarks and a mask (T,), True where the body hides it.
    """
    points = _points(motion)
    image = np.stack([points[..., 0], np.cos(tilt) * points[..., 1] - np.sin(tilt) * points[..., 2]], axis=-1)
    left, right = (motion.points[f"{side}_SHOULDER"] for side in ("LEFT", "RIGHT"))
    turned = (right[:, 2] - left[:, 2]) / np.linalg.norm(right - left, axis=-1)  # 1: right side to camera
    return image, [(_limb("LEFT", _ARM), turned > 0.8), (_limb("RIGHT", _ARM), turned < -0.8)]


def _pack(
    name: str,
    activity: str,
    landmarks: tuple[str, ...],
    recorded: Array,
    truth: Array,
    script: tuple[Segment, ...],
    covariates: dict[str, str],
) -> DemoRecording:
    def make(pose: Array, frame_labels: tuple[FrameLabel, ...]) -> PoseSequence:
        return PoseSequence(
            name=name,
            landmarks=landmarks,
            pose=pose.astype(np.float32),
            fps=FPS,
            label=activity,
            subject=name.rpartition("_")[0],
            covariates=covariates,
            frame_labels=frame_labels,
        )

    num_frames = len(truth)
    return DemoRecording(
        make(recorded, label_actions(script, num_frames, FPS)),
        make(truth, label_cycles(script, num_frames, FPS)),
    )


def _check_free(folder: Path, names: set[str]) -> None:
    others = sorted(path.name for path in folder.rglob("*.csv") if path.name not in names)
    if others:
        raise FileExistsError(
            f"{folder} must hold no recordings but the demo's, but has {len(others)} other CSV files "
            f"({', '.join(others[:3])}, ...). Choose another folder, or move them away."
        )


def _limb(side: str, parts: Sequence[str]) -> list[int]:
    return [MEDIAPIPE_LANDMARKS.index(f"{side}_{part}") for part in parts]


def _draw_length(num_frames: int, rng: np.random.Generator) -> int:
    return int(rng.integers(round(0.75 * num_frames), round(1.25 * num_frames), endpoint=True))


def _check_at_least(lowest: int, **numbers: int) -> None:
    for name, number in numbers.items():
        if number < lowest:
            raise ValueError(f"{name} must be at least {lowest}, but got {number}.")
