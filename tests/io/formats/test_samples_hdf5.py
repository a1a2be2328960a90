"""Real files of DeepLabCut, LightningPose, SLEAP, NWB and movement, each against a reading by hand."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io.formats import sleap
from htvae.io.opening import Source
from htvae.io.tracks import IMAGE, UPRIGHT, Detections, Track
from tests.io.formats.opened import SAMPLES, fault_of, needs_samples, only_track, open_content, refusal_of

pytestmark = needs_samples


def sample(*parts: str) -> Path:
    path = SAMPLES.joinpath(*parts)
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    return path


def check(track: Track, points: np.ndarray, confidence: np.ndarray | None, first_frame: int = 0) -> None:
    """The numbers of frames and points, and all values, hence the first and last finite ones, are equal."""
    assert track.points.shape == points.shape and track.first_frame == first_frame
    np.testing.assert_array_equal(track.points, points)
    assert np.isfinite(points).any()
    if confidence is None:
        assert track.confidence is None
    else:
        assert track.confidence is not None
        np.testing.assert_array_equal(track.confidence, confidence)


def csv_columns(path: Path) -> tuple[dict[tuple[str, str, str], np.ndarray], np.ndarray]:
    """Return the columns of a DeepLabCut CSV by individual, body part and coordinate, and the frames."""
    rows = list(csv.reader(path.read_text().splitlines()))
    head = {row[0]: row[1:] for row in rows[:4] if row[0] in ("individuals", "bodyparts", "coords")}
    cells = np.array([[float(cell or "nan") for cell in row] for row in rows[len(head) + 1 :]])
    individuals = head.get("individuals", [""] * len(head["coords"]))
    names = zip(individuals, head["bodyparts"], head["coords"], strict=True)
    return {name: cells[:, 1 + index] for index, name in enumerate(names)}, cells[:, 0]


@pytest.mark.parametrize(
    ("folder", "name", "num_frames", "num_parts"),
    [
        ("deeplabcut", "deepof_single.csv", 97, 14),
        ("deeplabcut", "deepof_multi.csv", 98, 28),
        ("deeplabcut", "wasp_single_first60.csv", 60, 2),
        ("deeplabcut", "SYNTHETIC_madlc_uniquebodyparts.csv", 20, 3),
        ("lightningpose", "mirror-mouse_rng0_first50.csv", 50, 8),
    ],
)
def test_csv(folder: str, name: str, num_frames: int, num_parts: int) -> None:
    path = sample(folder, name)
    columns, frames = csv_columns(path)
    content = open_content(path, "deeplabcut")
    assert not isinstance(content.individuals, Detections) and content.coordinates == IMAGE
    for track in content.individuals:
        axes = ("x", "y", "likelihood")
        cells = [[columns[track.individual, part, axis] for axis in axes] for part in track.landmarks]
        values = np.array(cells).transpose(2, 0, 1)
        check(track, values[..., :2], values[..., 2], int(frames[0]))
        assert track.points.shape[:2] == (num_frames, num_parts)
    assert {track.individual for track in content.individuals} == {who for who, *_ in columns} - {"single"}


@pytest.mark.parametrize("name", ["deepof_single.h5", "deepof_multi.h5"])
def test_fixed_h5(name: str) -> None:
    path = sample("deeplabcut", name)
    with h5py.File(path) as file:
        group = file["df"]
        levels = [[text.decode() for text in group[f"axis0_level{level}"][()]] for level in (1, 2)]
        codes = [group[f"axis0_label{level}"][()] for level in (1, 2)]
        values, frames = group["block0_values"][()], group["axis1"][()]
    names = [(levels[0][part], levels[1][coord]) for part, coord in zip(*codes, strict=True)]
    columns = {name: values[:, index] for index, name in enumerate(names)}
    track = only_track(open_content(path, "deeplabcut"))
    assert set(track.landmarks) == {part for part, _ in names}
    points = np.stack(
        [np.stack([columns[part, axis] for part in track.landmarks], 1) for axis in ("x", "y")], axis=2
    )
    confidence = np.stack([columns[part, "likelihood"] for part in track.landmarks], axis=1)
    assert len(frames) == 100
    check(track, points, confidence)


@pytest.mark.parametrize(
    ("name", "num_frames", "parts", "first_frame"),
    [
        (
            "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000.h5",
            2330,
            ["snout", "leftear", "rightear", "tailbase"],
            0,
        ),
        ("wasp_single.h5", 1085, ["head", "stinger"], 0),
        ("reachingDEMO_2D.h5", 800, 33, 42150),
        ("reachingDEMO_3D.h5", 800, 33, 42150),
    ],
)
def test_table_h5(name: str, num_frames: int, parts: list[str] | int, first_frame: int) -> None:
    path = sample("deeplabcut", name)
    with h5py.File(path) as file:
        rows = file["df_with_missing/table"][()]
    values = rows["values_block_0"].reshape(num_frames, -1, 3)
    content = open_content(path, "deeplabcut")
    track = only_track(content)
    assert (len(track.landmarks) if isinstance(parts, int) else list(track.landmarks)) == parts
    assert rows["index"][0] == first_frame
    if "3D" in name:
        check(track, values, None, first_frame)
        assert content.coordinates == UPRIGHT
    else:
        check(track, values[..., :2], values[..., 2], first_frame)
        assert content.coordinates == IMAGE


@pytest.mark.parametrize(
    "name", ["labels_dlc_testdata.csv", "labels_madlc_testdata_v2.csv", "labels_maudlc_testdata.csv"]
)
def test_hand_labels(name: str) -> None:
    assert refusal_of(sample("deeplabcut", name)) == "hand labels of DeepLabCut or LightningPose"


def test_hand_labels_of_lightningpose() -> None:
    path = sample("lightningpose", "CollectedData_labels_head.csv")
    assert refusal_of(path) == "hand labels of DeepLabCut or LightningPose"


@pytest.mark.parametrize(
    ("name", "num_tracks", "num_nodes", "num_frames"),
    [("deepof_sleap.analysis.h5", 1, 14, 101), ("predictions.analysis.h5", 2, 13, 3000)],
)
def test_sleap_analysis(name: str, num_tracks: int, num_nodes: int, num_frames: int) -> None:
    path = sample("sleap_h5", name)
    content = open_content(path, "sleap")
    assert not isinstance(content.individuals, Detections) and len(content.individuals) == num_tracks
    assert content.fps is None and content.coordinates == IMAGE and not content.notes
    with h5py.File(path) as file:
        assert file["tracks"].shape == (num_tracks, 2, num_nodes, num_frames)
        for index, track in enumerate(content.individuals):
            own = slice(track.first_frame, track.first_frame + len(track.points))
            assert track.individual == file["track_names"][index].decode() == f"track_{index}"
            assert list(track.landmarks) == [node.decode() for node in file["node_names"]]
            points = file["tracks"][index].transpose(2, 1, 0)
            assert np.isnan(points[: own.start]).all() and np.isnan(points[own.stop :]).all()
            scores = file["point_scores"][index].T[own] if "point_scores" in file else None
            check(track, points[own], scores, own.start)


def slp_frames(path: Path) -> Iterator[tuple[int, np.ndarray, float]]:
    """Yield frame, points with scores and track of each instance of a .slp."""
    with h5py.File(path) as file:
        instances, predicted = file["instances"][()], file["pred_points"][()]
        for frame in file["frames"][()]:
            for row in instances[int(frame["instance_id_start"]) : int(frame["instance_id_end"])]:
                own = predicted[int(row["point_id_start"]) : int(row["point_id_end"])]
                yield (
                    int(frame["frame_idx"]),
                    np.column_stack([own["x"], own["y"], own["score"]]),
                    row["track"],
                )


def test_slp() -> None:
    path = sample("sleap_slp", "deepof_sleap.slp")
    track = only_track(open_content(path, "sleap"))
    with h5py.File(path) as file:
        metadata = json.loads(file["metadata"].attrs["json"])
    nodes = [metadata["nodes"][node["id"]]["name"] for node in metadata["skeletons"][0]["nodes"]]
    assert list(track.landmarks) == nodes and nodes[:2] == ["Nose", "Left_ear"]
    frames, points, tracks = zip(*slp_frames(path), strict=True)
    assert list(frames) == list(range(101)) and set(tracks) == {0}
    stacked = np.stack(points)
    assert track.individual == "track_0"
    check(track, stacked[..., :2], np.nan_to_num(stacked[..., 2]))


def test_slp_of_hand_labels() -> None:
    assert refusal_of(sample("sleap_slp", "minimal_instance.slp")) == "hand labels of SLEAP"


def test_slp_of_hand_labels_when_it_is_forced() -> None:
    """Two animals in one frame, which nothing tells apart."""
    path = sample("sleap_slp", "minimal_instance.slp")
    found = sleap.FORMAT.read(Source(path, path.name), DataConfig()).individuals
    assert isinstance(found, Detections) and found.frames.tolist() == [0, 0]
    with h5py.File(path) as file:
        points = file["points"][()]
    np.testing.assert_array_equal(found.points[..., 0].ravel(), points["x"])
    np.testing.assert_array_equal(found.points[..., 1].ravel(), points["y"])


def test_sleap_csv() -> None:
    path = sample("sleap_csv", "minimal_instance.000_centered_pair_low_quality.analysis.csv")
    track = only_track(open_content(path, "sleap"))
    header, cells = [line.split(",") for line in path.read_text().splitlines()]
    row = dict(zip(header, cells, strict=True))
    assert track.landmarks == ("A", "B")
    points = [[[float(row[f"{node}.{axis}"]) for axis in "xy"] for node in "AB"]]
    check(track, np.array(points), np.ones((1, 2)))  # points set by hand


def test_nwb_of_dlc2nwb() -> None:
    path = sample("nwb", "m3v1mp4DLC_dlc2nwb.nwb")
    content = open_content(path, "nwb")
    track = only_track(content)
    names = ["ind1_snout", "ind1_leftear", "ind1_rightear", "ind1_tailbase"]
    assert list(track.landmarks) == names
    with h5py.File(path) as file:
        group = file["processing/behavior/PoseEstimation"]
        points = np.stack([group[name]["data"][()] for name in names], axis=1)
        confidence = np.stack([group[name]["confidence"][()] for name in names], axis=1)
    assert points.shape == (2330, 4, 2)
    check(track, points, confidence)
    assert content.fps is None and "count frames" in content.notes[0] and content.coordinates == IMAGE


def test_nwb_of_ndx_pose() -> None:
    path = sample("nwb", "0.3.0_poseestimation_one_camera.nwb")
    content = open_content(path, "nwb")
    track = only_track(content)
    with h5py.File(path) as file:
        group = file["processing/behavior/PoseEstimation"]
        points = np.stack([group[name]["data"][()] for name in track.landmarks], axis=1)
        confidence = np.stack([group[name]["confidence"][()] for name in track.landmarks], axis=1)
        times = group["front_left_paw/timestamps"][()]
    assert content.fps == pytest.approx(1 / (times[1] - times[0])) and len(times) == 10
    check(track, points, confidence)


def test_nwb_of_unequal_dimensions() -> None:
    fault = fault_of(sample("nwb", "0.1.1_poseestimation_nodes_edges.nwb"))
    assert "front_left_paw (100, 3), front_right_paw (100, 2)" in fault


def test_movement() -> None:
    path = sample("movement_nc", "deepof_single_first40_nofps.nc")
    content = open_content(path, "movement")
    track = only_track(content)
    with h5py.File(path) as file:
        position, confidence = file["position"][()], file["confidence"][()]
        names = file["keypoints"].asstr()[()].tolist()
        assert file["individuals"].asstr()[()].tolist() == [track.individual]
    assert position.shape == (40, 2, 14, 1) and list(track.landmarks) == names
    check(track, position[..., 0].transpose(0, 2, 1), confidence[..., 0])
    assert content.fps is None and content.coordinates == IMAGE
