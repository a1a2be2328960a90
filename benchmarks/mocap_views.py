"""Turns public motion capture (BVH) into the benchmarks' pose CSVs: 15 landmarks, 30 fps, 2-D views.

    python benchmarks/mocap_views.py SOURCE OUTPUT                        the front view
    python benchmarks/mocap_views.py SOURCE OUTPUT --views front side

SOURCE is a folder that you download yourself:

- **bandai2**: ``dataset/Bandai-Namco-Research-Motiondataset-2/data`` of the repository
  BandaiNamcoResearchInc/Bandai-Namco-Research-Motiondataset (licence CC BY-NC 4.0), unpacked. Label: the
  content; column ``style``. As in docs/results.md each fifth take, number 4, 9, 14, ..., is left out, which
  leaves 2,333 of 2,902 clips; ``--all_takes`` keeps them.
- **cmu**: BVH files of the CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu), in B. Hahne's
  conversion (cgspeed.com, "MotionBuilder-friendly"), whose first frame, a T-pose, is left out. Column
  ``subject``. Our set is 61 takes of subjects 1, 2, 3, 5, 6 and 7, in both views.

HT-VAE reads BVH by itself (``htvae train --data_dir SOURCE``), in three dimensions and with all joints; this
script makes recordings like those of docs/results.md. Each frame is centred on the mid-hip, each recording
divided by the median length of its torso. The camera stands still and sees the body from the front at the
beginning: the line through the hips, in the mean of the first ten frames, lies in the picture.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from htvae.config import DataConfig
from htvae.io.folder import read_folder
from htvae.io.writing import write_folder
from htvae.poses.sequence import PoseSequence

FPS = 30.0
FIRST_FRAMES = 10
SIDES = {"LEFT": ("L", "Left"), "RIGHT": ("R", "Right")}
PARTS = {
    "SHOULDER": ("UpperArm", "Arm"),
    "ELBOW": ("LowerArm", "ForeArm"),
    "WRIST": ("Hand", "Hand"),
    "HIP": ("UpperLeg", "UpLeg"),
    "KNEE": ("LowerLeg", "Leg"),
    "ANKLE": ("Foot", "Foot"),
    "FOOT_INDEX": ("Toes", "ToeBase"),
}
"""Joints by landmark, without their side: of bandai2, of cmu."""
BANDAI = {"NOSE": "Head"} | {
    f"{side}_{part}": f"{own}_{short}"
    for part, (own, _) in PARTS.items()
    for side, (short, _) in SIDES.items()
}
CMU = {"NOSE": "Head"} | {
    f"{side}_{part}": f"{long}{own}" for part, (_, own) in PARTS.items() for side, (_, long) in SIDES.items()
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path, help="folder of BVH files")
    parser.add_argument("output", type=Path, help="folder of pose CSVs, which must not be there")
    parser.add_argument("--views", nargs="+", choices=("front", "side"), default=["front"])
    parser.add_argument("--all_takes", action="store_true", help="bandai2: also each fifth take")
    arguments = parser.parse_args(argv)
    try:
        if arguments.output.exists():
            raise ValueError(
                f"{arguments.output} must not exist, but does. Remove it, or choose another folder."
            )
        recordings = read_folder(arguments.source, DataConfig())
        chosen = [r for r in recordings if arguments.all_takes or not is_fifth_take(r.name)]
        written = write_folder(
            arguments.output, [view_of(r, view) for r in chosen for view in arguments.views]
        )
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{len(written)} recordings in {arguments.output}; next: htvae check-data {arguments.output}")
    return 0


def is_fifth_take(name: str) -> bool:
    """Return whether a recording of bandai2 is one of those left out."""
    found = re.search(r"dataset-2_.*_(\d+)$", name)
    return bool(found) and int(found[1]) % 5 == 4


def view_of(recording: PoseSequence, view: str) -> PoseSequence:
    """Return a recording as a camera sees it, with its label and columns.

    Raises:
        ValueError: it has the joints of neither set.
    """
    joints = next((names for names in (BANDAI, CMU) if set(names.values()) <= set(recording.landmarks)), None)
    if joints is None or recording.pose.shape[2] != 3:
        raise ValueError(
            f"{recording.name}: must have the joints of bandai2 or of cmu, but has "
            f"{', '.join(recording.landmarks)}. Give one of the folders that --help names."
        )
    pose = recording.pose[:, [recording.landmarks.index(joint) for joint in joints.values()]]
    pose = pose[1:] if joints is CMU else pose
    stride = max(1, round((recording.fps or FPS) / FPS))
    stem = Path(recording.name).name
    return replace(
        recording,
        name=f"{stem}_{view}",
        pose=project(pose[::stride], tuple(joints), view).astype(np.float32),
        landmarks=tuple(joints),
        fps=FPS,
        first_frame=0,
        **describe(stem),
    )


def describe(stem: str) -> dict[str, object]:
    """Return label, subject and further columns as the file's name tells them."""
    if found := re.fullmatch(r"dataset-2_(.+)_([^_]+)_\d+", stem):
        return {"label": found[1], "covariates": {"style": found[2]}}
    found = re.match(r"(\d+)_\d+", stem)
    return {"subject": f"{int(found[1]):03d}"} if found else {}


def project(pose: np.ndarray, landmarks: Sequence[str], view: str) -> np.ndarray:
    """Return (T, L, 2) of a body (T, L, 3) whose y points up, from its front or with its front to the right.

    In the front view the body's left is on the right, as of somebody who faces the viewer.
    """
    sides = {part: [landmarks.index(f"{side}_{part}") for side in SIDES] for part in ("HIP", "SHOULDER")}
    middle, neck = (pose[:, sides[part]].mean(axis=1) for part in ("HIP", "SHOULDER"))
    left, right = sides["HIP"]
    across = (pose[:FIRST_FRAMES, left] - pose[:FIRST_FRAMES, right]).mean(axis=0) * (1, 0, 1)
    across /= np.linalg.norm(across)
    forward = np.cross(across, (0.0, 1.0, 0.0))
    centred = (pose - middle[:, None]) / np.median(np.linalg.norm(neck - middle, axis=-1))
    return np.stack([centred @ (across if view == "front" else forward), centred[..., 1]], axis=-1)


if __name__ == "__main__":
    sys.exit(main())
