"""Folders as users of trackers have them, written by code: what is read, beside all that lies around.

Each writer fills a folder with four or more recordings of people or mice.
"""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from htvae.io.pose_csv import write_pose_csv
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.sequence import PoseSequence
from tests.io.formats.tables import make_points, write_deeplabcut

NUM_FRAMES = 48
MOUSE = ("nose", "leftear", "rightear", "centre", "tailbase")
BODY_25 = 25
JOINTS = ("Hip", "RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "Neck", "Head")


def write_file(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def deeplabcut_project(folder: Path) -> None:
    """A project folder: raw and filtered CSVs of each video, pickles, hand labels, a configuration."""
    for video in range(4):
        points = {"": make_points(NUM_FRAMES, len(MOUSE), video)}
        name = f"videos/m{video}DLC_resnet50_openfieldshuffle1_30000"
        write_deeplabcut(folder / f"{name}.csv", points, MOUSE)
        write_deeplabcut(folder / f"{name}_filtered.csv", points, MOUSE)
        for rest in ("_meta.pickle", "_full.pickle"):
            (folder / f"{name}{rest}").write_bytes(b"\x80\x04.")
        (folder / f"videos/m{video}.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    labels = "scorer,me,me\nbodyparts,nose,nose\ncoords,x,y\nlabeled-data/m0/img001.png,10,20\n"
    write_file(folder / "labeled-data/m0/CollectedData_me.csv", labels)
    write_file(folder / "config.yaml", "Task: openfield\n")


def deeplabcut_cage(folder: Path) -> None:
    """Two named mice in each file."""
    for video in range(4):
        points = {
            who: make_points(NUM_FRAMES, len(MOUSE), 10 * video + i) for i, who in enumerate(("mus1", "mus2"))
        }
        write_deeplabcut(folder / f"cage{video}DLC_dlcrnetms5_cageshuffle1_50000_el.csv", points, MOUSE)


def sleap_exports(folder: Path) -> None:
    """Analysis files of SLEAP, two tracks each, in the layout of its own exporter."""
    import h5py

    for video in range(4):
        tracks = np.stack([make_points(NUM_FRAMES, len(MOUSE), 20 + 2 * video + i) for i in range(2)])
        tracks[1, :10] = np.nan
        path = folder / f"labels.v001.00{video}_cage{video}.analysis.h5"
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            file["tracks"] = tracks.transpose(0, 3, 2, 1)
            file["track_occupancy"] = (~np.isnan(tracks[..., 0]).all(axis=2)).T.astype(np.uint8)
            file["node_names"] = np.array(MOUSE, dtype="S16")
            file["track_names"] = np.array(["female", "male"], dtype="S16")
            file["point_scores"] = np.ones((2, len(MOUSE), NUM_FRAMES))
            file["video_path"] = f"cage{video}.mp4"


def openpose_root(folder: Path) -> None:
    """A folder of JSON per video, a file per frame, two people in changing order."""
    rng = np.random.default_rng(0)
    for video in range(4):
        people = [make_points(NUM_FRAMES, BODY_25, 30 + 2 * video + i) + 600 * i for i in range(2)]
        for frame in range(NUM_FRAMES):
            shown = [
                {
                    "person_id": [-1],
                    "pose_keypoints_2d": np.c_[person[frame], np.full(BODY_25, 0.8)].ravel().tolist(),
                    "face_keypoints_2d": [],
                    "hand_left_keypoints_2d": [],
                    "hand_right_keypoints_2d": [],
                }
                for person in (people if rng.random() < 0.5 else people[::-1])
            ]
            name = f"cam{video}_json/cam{video}_{frame:012d}_keypoints.json"
            write_file(folder / name, json.dumps({"version": 1.3, "people": shown}))


def pose2sim_session(folder: Path) -> None:
    """Trials of Pose2Sim: raw, filtered and augmented TRC of each, and its configuration."""
    for trial in range(4):
        points = make_points(NUM_FRAMES, len(JOINTS), 40 + trial, dimensions=3) / 500
        for ending in ("", "_filt_butterworth", "_filt_butterworth_LSTM"):
            write_trc(folder / f"T{trial}/pose-3d/T{trial}_0-{NUM_FRAMES}{ending}.trc", points)
    write_file(folder / "Config.toml", "[project]\nmulti_person = false\n")


def write_trc(path: Path, points: np.ndarray) -> None:
    numbers = range(1, len(JOINTS) + 1)
    rows = [
        ["PathFileType", "4", "(X/Y/Z)", path.name],
        ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate"],
        ["60", "60", str(len(points)), str(len(JOINTS)), "m", "60"],
        ["Frame#", "Time", *(cell for name in JOINTS for cell in (name, "", ""))],
        ["", "", *(f"{axis}{number}" for number in numbers for axis in "XYZ")],
    ]
    rows += [
        [str(t), f"{t / 60:.5f}", *(f"{v:.6f}" for v in frame.ravel())] for t, frame in enumerate(points)
    ]
    write_file(path, "\n".join("\t".join(row) for row in rows) + "\n")


def mediapipe_wide(folder: Path) -> None:
    """What a script with MediaPipe and csv.writer leaves: numbered columns, shares of the image."""
    for video in range(4):
        points = make_points(NUM_FRAMES, 33, 50 + video) / 700
        header = ["frame", *(f"{axis}{i}" for i in range(33) for axis in ("x", "y", "z", "v"))]
        rows = [
            [t, *(cell for x, y in frame for cell in (f"{x:.6f}", f"{y:.6f}", "0.01", "0.98"))]
            for t, frame in enumerate(points)
        ]
        path = folder / f"walk_{video}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])


def yolo_labels(folder: Path) -> None:
    """Labels of Ultralytics' pose models: a text file per frame, none where nobody is seen."""
    for video in range(4):
        points = make_points(NUM_FRAMES, 17, 60 + video) / 700
        for frame in range(NUM_FRAMES):
            if frame % 17 == 5:
                continue
            cells = " ".join(f"{x:g} {y:g} 0.9" for x, y in points[frame])
            write_file(folder / f"labels/clip{video}_{frame + 1}.txt", f"0 0.5 0.5 0.2 0.6 {cells}\n")


def freemocap_sessions(folder: Path) -> None:
    """Sessions of FreeMoCap: the body's CSV in millimetres, z up."""
    for session in range(4):
        points = make_points(NUM_FRAMES, 33, 70 + session, dimensions=3)
        header = ",".join(f"{name.lower()}_{axis}" for name in MEDIAPIPE_LANDMARKS for axis in "xyz")
        rows = [",".join(f"{v:.4f}" for v in frame.ravel()) for frame in points]
        path = folder / f"session_{session}/output_data/mediapipe_body_3d_xyz.csv"
        write_file(path, "\n".join([header, *rows]) + "\n")


def bvh_library(folder: Path) -> None:
    """Clips of a motion library."""
    skeleton = """HIERARCHY
ROOT Hips
{
 OFFSET 0 0 0
 CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
 JOINT Spine
 {
  OFFSET 0 20 0
  CHANNELS 3 Zrotation Xrotation Yrotation
  JOINT Head
  {
   OFFSET 0 25 0
   CHANNELS 3 Zrotation Xrotation Yrotation
   End Site
   {
    OFFSET 0 10 0
   }
  }
 }
 JOINT LeftUpLeg
 {
  OFFSET 9 0 0
  CHANNELS 3 Zrotation Xrotation Yrotation
  JOINT LeftLeg
  {
   OFFSET 0 -40 0
   CHANNELS 3 Zrotation Xrotation Yrotation
   End Site
   {
    OFFSET 0 -40 0
   }
  }
 }
}
"""
    for clip in range(4):
        angles = 30 * np.sin(make_points(NUM_FRAMES, 9, 80 + clip, dimensions=2).reshape(NUM_FRAMES, -1) / 20)
        rows = [" ".join(f"{v:.4f}" for v in [0, 90, t, *angles[t, :15]]) for t in range(NUM_FRAMES)]
        motion = f"MOTION\nFrames: {NUM_FRAMES}\nFrame Time: 0.0083333\n" + "\n".join(rows) + "\n"
        write_file(folder / f"walk/clip_{clip}.bvh", skeleton + motion)


def nwb_files(folder: Path) -> None:
    """NWB files with ndx-pose."""
    import h5py

    for subject in range(4):
        points = make_points(NUM_FRAMES, len(MOUSE), 90 + subject)
        path = folder / f"sub-{subject}/sub-{subject}_behavior.nwb"
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            file.attrs["neurodata_type"] = "NWBFile"
            file.attrs["nwb_version"] = "2.7.0"
            group = file.create_group("processing/behavior/PoseEstimation")
            group.attrs["neurodata_type"], group.attrs["namespace"] = "PoseEstimation", "ndx-pose"
            for index, name in enumerate(MOUSE):
                series = group.create_group(f"PoseEstimationSeries_{name}")
                series.attrs["neurodata_type"], series.attrs["namespace"] = "PoseEstimationSeries", "ndx-pose"
                series["data"] = points[:, index]
                series["confidence"] = np.ones(NUM_FRAMES)
                series["starting_time"] = 0.0
                series["starting_time"].attrs["rate"] = 25.0


def mixed(folder: Path) -> None:
    """Pose CSVs, packed ones, tracker files of the same landmarks, and what else lies around."""
    for video in range(6):
        points = make_points(NUM_FRAMES, len(MOUSE), video)
        if video % 3 == 0:
            write_deeplabcut(
                folder / f"tracked/m{video}DLC_resnet50_cageshuffle1_1000.csv", {"": points}, MOUSE
            )
            continue
        sequence = PoseSequence.from_array(points * [1, -1], MOUSE, f"m{video}")
        path = folder / f"m{video}.csv"
        write_pose_csv(path, sequence)
        if video % 3 == 2:
            (folder / f"m{video}.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    write_file(folder / "notes.txt", "shaved on Monday\n")
    (folder / "m1.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    write_file(folder / "analysis/params.json", '{"threshold": 0.6}')


FOLDERS: dict[str, Callable[[Path], None]] = {
    writer.__name__: writer
    for writer in (
        deeplabcut_project,
        deeplabcut_cage,
        sleap_exports,
        openpose_root,
        pose2sim_session,
        mediapipe_wide,
        yolo_labels,
        freemocap_sessions,
        bvh_library,
        nwb_files,
        mixed,
    )
}
"""Writers of the folders by name."""
