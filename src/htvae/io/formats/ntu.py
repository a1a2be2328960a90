"""NTU RGB+D's ``.skeleton`` files: people seen by a Kinect v2.

- Text: the number of frames; each frame: the number of bodies; each body: an id and nine numbers, the number
  of joints (25), and twelve numbers per joint, of which the first three are x, y, z (metres) and the last the
  tracking state: 0 is missing, 1 is guessed (confidence 0.5), 2 is seen (1).
- Camera space: y up, x to the sensor's left, z away from it. 30 frames per second.
- Bodies are followed by id. Ghosts, which last for few frames, fall below ``min_individual_share``.
- Some recordings have no skeleton at all (302 of the 60 actions, 535 of the 120): they are left out.

Source: shahroudy/NTURGB-D, ``Matlab/read_skeleton_file.m`` and ``README.md``.
"""

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.base import Format, Refusal
from htvae.io.formats.numbers import FREE_VALUES, LARGEST_STRETCH, check_coordinates
from htvae.io.opening import HEAD_BYTES, Source
from htvae.io.tracks import Content, Track
from htvae.poses.layouts_3d import KINECT_25

FPS = 30.0
_BODY, _JOINT = 10, 12
_CONFIDENCES = np.array([0.0, 0.5, 1.0])


def _recognise(source: Source) -> str:
    """Recognise the first frame with a body: its ten numbers, then 25 joints."""
    lines = [line.split() for line in source.head_lines[:-1]]
    if len(lines) < 5 or not _is_count(lines[0]):
        return ""
    place = 1
    while place < len(lines) and lines[place] == ["0"]:
        place += 1
    body = lines[place : place + 4]
    if len(body) < 4 or not _is_count(body[0]) or not _is_count(body[2]):
        return ""
    fits = len(body[1]) == _BODY and len(body[3]) == _JOINT and body[2] == [str(len(KINECT_25))]
    return "bodies of 25 joints with 12 numbers" if fits else ""


def _has_no_skeleton(source: Source) -> str:
    words = source.head_text.split()
    is_empty = len(source.head) < HEAD_BYTES and words and words[0].isdecimal() and set(words[1:]) <= {"0"}
    return "a number of frames, all without a body" if is_empty else ""


def _is_count(words: list[str]) -> bool:
    return len(words) == 1 and words[0].isdecimal()


def _read(source: Source, config: ReadingConfig) -> Content:
    words = source.read_text().split()
    try:
        num_frames, bodies = _read_bodies(words)
    except (ValueError, IndexError) as error:
        raise DataError(
            [
                f"{source.shown}: must have bodies of {len(KINECT_25)} joints with {_JOINT} numbers in each "
                "frame, but breaks off. NTU lists files whose skeletons are missing: remove or copy it again."
            ]
        ) from error
    if not bodies:
        raise DataError([f"{source.shown}: must have a skeleton, but no frame has a body. Remove the file."])
    if num_frames * len(bodies) * len(KINECT_25) * 4 > max(FREE_VALUES, LARGEST_STRETCH * len(words)):
        raise DataError(
            [f"{source.shown}: bodies must last for several frames, but do not. Remove the file."]
        )
    return Content(individuals=_build_tracks(num_frames, bodies, source.shown), fps=FPS)


def _read_bodies(words: list[str]) -> tuple[int, dict[str, dict[int, np.ndarray]]]:
    """Return the number of frames, and each body's joints (25, 12) by id and frame.

    Raises:
        ValueError, IndexError: the file breaks off, or a body is twice in a frame.
    """
    place = 1
    bodies: dict[str, dict[int, np.ndarray]] = {}
    num_frames = int(words[0])
    for frame in range(num_frames):
        num_bodies = int(words[place])
        place += 1
        for _ in range(num_bodies):
            number, num_joints = words[place], int(words[place + _BODY])
            place += _BODY + 1
            joints = np.array(words[place : place + num_joints * _JOINT], np.float64)
            place += num_joints * _JOINT
            frames = bodies.setdefault(number, {})
            if num_joints != len(KINECT_25) or joints.size != num_joints * _JOINT or frame in frames:
                raise ValueError
            frames[frame] = joints.reshape(num_joints, _JOINT)
    return num_frames, bodies


def _build_tracks(num_frames: int, bodies: dict[str, dict[int, np.ndarray]], shown: str) -> list[Track]:
    tracks = []
    for number, frames in enumerate(bodies.values(), 1):
        points = np.full((num_frames, len(KINECT_25), 3), np.nan)
        confidence = np.zeros(points.shape[:2])
        for frame, joints in frames.items():
            state = np.clip(np.nan_to_num(joints[:, -1]), 0, 2).astype(int)
            points[frame] = np.where(state[:, None] > 0, joints[:, :3], np.nan)
            confidence[frame] = _CONFIDENCES[state]
        check_coordinates(points, shown)
        name = f"person_{number}"
        tracks.append(Track(individual=name, landmarks=KINECT_25, points=points, confidence=confidence))
    return tracks


FORMAT = Format(name="ntu", title="NTU RGB+D", suffixes=(".skeleton",), recognise=_recognise, read=_read)
EMPTY = Refusal(
    name="recordings of NTU RGB+D without a skeleton",
    suffixes=(".skeleton",),
    recognise=_has_no_skeleton,
    remedy="They hold nobody: remove them.",
)
