"""Every command that writes a recording, in every coordinate setting: results lie where the recording lies.

One tiny model serves all settings. Its settings and the same recordings are written in each way; results must
then be the same, once their numbers are brought back.
"""

import csv
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from htvae.cli import main as cli
from htvae.config import DataConfig
from htvae.inference.checkpoint import load_checkpoint, save_checkpoint
from htvae.io.folder import read_folder
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import Coordinates, PoseSequence, content_hash

SIZE = (16, 9)
SETTINGS = {
    "plain": (2, Coordinates()),
    "no_y_up": (2, Coordinates(y_up=False)),
    "image_size": (2, Coordinates(image_size=SIZE)),
    "both": (2, Coordinates(y_up=False, image_size=SIZE)),
    "space": (3, Coordinates()),
    "space_z_up": (3, Coordinates(z_up=True)),
    "space_camera": (3, Coordinates(y_up=False)),
}
"""Number of coordinates, and their meaning in the files."""
COMMANDS = {
    "reconstruct": "reconstruct walk.csv --refine_steps 0",
    "continue": "continue walk.csv --num_frames 20 --video none",
    "complete": "complete walk.csv --num_samples 2 --video none",
    "interpolate": "interpolate walk.csv run.csv --steps 3 --video none",
    "edit": "edit walk.csv --towards a --data_dir training --video none",
    "generate": "generate --num_frames 40 --num_sequences 2 --video none",
}
CLOSE = 5e-3
"""Units of the recordings, whose torso has two: five decimals in, through the model, five decimals out."""


class Place(NamedTuple):
    """A folder with two recordings, the training recordings and the model, all written in one way."""

    folder: Path
    num_coordinates: int
    coordinates: Coordinates

    def run(self, command: str) -> list[PoseSequence]:
        """Return the recordings that a command writes, as numbers in its files; each command is run once."""
        output = self.folder / command
        if not output.exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(self.folder)
                common = f" --checkpoint model.pt --device cpu --output_dir {output}"
                assert cli.main((COMMANDS[command] + common).split()) == 0
        return read_folder(output, DataConfig())


@pytest.fixture(scope="module")
def make_place(request, make_walk, tmp_path_factory):
    """Return a maker of places, one for each way to write files."""
    made: dict[tuple[int, Coordinates], Place] = {}

    def make(num_coordinates: int, coordinates: Coordinates) -> Place:
        if (num_coordinates, coordinates) in made:
            return made[num_coordinates, coordinates]
        trained = "trained_with_prior" if num_coordinates == 2 else "trained_with_prior_in_3d"
        trained_with_prior = request.getfixturevalue(trained)
        folder = tmp_path_factory.mktemp("place")
        up = {"z_up": True} if coordinates.z_up else {"y_up": coordinates.y_up}
        settings = {**up, "image_size": coordinates.image_size}
        for recording in trained_with_prior.recordings:
            path = folder / "training" / f"{recording.name}.csv"
            write_pose_csv(path, replace(recording, coordinates=coordinates))
        for name, index in (("walk", 0), ("run", 3)):
            walk = make_walk(index, 50, num_coordinates=num_coordinates)
            write_pose_csv(folder / f"{name}.csv", replace(walk, coordinates=coordinates))
        manifest = (trained_with_prior.folder / "manifest.csv").read_text()
        (folder / "training/manifest.csv").write_text(manifest)
        hashes = {s.name: content_hash(s) for s in read_folder(folder / "training", DataConfig(**settings))}
        checkpoint = load_checkpoint(trained_with_prior.checkpoint)
        splits = replace(checkpoint.splits, hashes=hashes)
        config = checkpoint.config.replace(**settings)
        checkpoint.processor.coordinates = coordinates
        save_checkpoint(folder / "model.pt", replace(checkpoint, config=config, splits=splits))
        made[num_coordinates, coordinates] = Place(folder, num_coordinates, coordinates)
        return made[num_coordinates, coordinates]

    return make


@pytest.fixture(params=SETTINGS.values(), ids=SETTINGS)
def place(request, make_place) -> Place:
    return make_place(*request.param)


def to_recording(numbers: np.ndarray, coordinates: Coordinates) -> np.ndarray:
    """Return a file's numbers in the unit of the recording, y up, worked out anew."""
    width, height = coordinates.image_size or (1, 1)
    upwards = 1 if coordinates.y_up else -1
    if numbers.shape[-1] == 2:
        return np.stack([numbers[..., 0] * width, numbers[..., 1] * height * upwards], axis=-1)
    x, second, third = np.moveaxis(numbers, -1, 0)
    axes = [x, third, -second] if coordinates.z_up else [x, upwards * second, upwards * third]
    return np.stack(axes, axis=-1)


@pytest.mark.parametrize("command", COMMANDS)
def test_results_lie_in_the_coordinates_of_the_recordings(command, place, make_place):
    found, plain = place.run(command), make_place(place.num_coordinates, Coordinates()).run(command)
    assert [s.name for s in found] == [s.name for s in plain] and plain
    for one, other in zip(found, plain, strict=True):
        assert (one.first_frame, one.landmarks) == (other.first_frame, other.landmarks)
        np.testing.assert_allclose(
            to_recording(one.pose, place.coordinates), other.pose, atol=CLOSE, err_msg=one.name
        )


@pytest.mark.parametrize("command", COMMANDS)
def test_results_lie_where_the_recording_lies(command, place, make_walk):
    """Without a reference: by the size of the body, its height and the place where the recording is."""
    walk = make_walk(0, 50, num_coordinates=place.num_coordinates)
    landmarks = [walk.landmarks.index(name) for name in ("NOSE", "LEFT_HIP", "RIGHT_HIP")]
    for sequence in place.run(command):
        pose = to_recording(sequence.pose, place.coordinates)
        head, *hips = (pose[:, sequence.landmarks.index(walk.landmarks[i])] for i in landmarks)
        hip = np.mean(hips, axis=0)
        assert pose.shape[-1] == place.num_coordinates
        assert place.num_coordinates == 2 or 1 < hip[0, 2] < 8  # 3 in the recordings
        assert 1 < np.nanmedian(head[:, 1] - hip[:, 1]) < 5, sequence.name  # 3 in the recordings
        assert np.abs(hip[:, 1]).max() < 3, sequence.name  # 0 in the recordings
        assert 1 < hip[0, 0] < 8, sequence.name  # 3 at their beginning, 5.5 at the end of 50 frames


def test_what_is_observed_stays_to_the_digit(place):
    place.run("complete")
    rows = set((place.folder / "walk.csv").read_text().splitlines()[1:])
    files = list((place.folder / "complete").glob("walk*.csv"))
    assert len(files) == 3 and len(rows) > 250
    for path in files:
        cells = [line.split(",") for line in path.read_text().splitlines()[1:]]
        filled = 2 + place.num_coordinates
        assert {",".join(row[:filled]) for row in cells if row[filled] == "0"} == rows


def test_the_interval_of_a_completion_lies_around_its_samples(place):
    place.run("complete")
    best, *samples = (read_points(place.folder / f"complete/walk{end}.csv") for end in ("", "_0", "_1"))
    filled = [key for key, row in best.items() if row["filled"] == "1"]
    assert filled
    for key in filled:
        for axis in "xyz"[: place.num_coordinates]:
            low, high = (float(best[key][f"{axis}_{end}"]) for end in ("low", "high"))
            mean = np.mean([float(sample[key][axis]) for sample in samples])
            assert low < mean < high and (low + high) / 2 == pytest.approx(mean, abs=CLOSE)


def read_points(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Return the rows of a file by frame and landmark."""
    with path.open(newline="") as file:
        return {(row["frame#"], row["landmark_name"]): row for row in csv.DictReader(file)}


def test_the_seam_of_a_continuation_has_no_jump(place, make_walk):
    (after,) = place.run("continue")
    walk = make_walk(0, 50, num_coordinates=place.num_coordinates)
    order = [after.landmarks.index(name) for name in walk.landmarks]
    jump = to_recording(after.pose[0, order], place.coordinates) - walk.pose[-1]
    assert np.abs(jump).max() < 0.5  # units of the recording, whose torso has two


def test_an_interpolation_begins_where_the_first_recording_begins(place, make_walk):
    walk, first = make_walk(0, 50, num_coordinates=place.num_coordinates), place.run("interpolate")[0]
    order = [first.landmarks.index(name) for name in walk.landmarks]
    hips = [walk.landmarks.index(name) for name in ("LEFT_HIP", "RIGHT_HIP")]
    middle = to_recording(first.pose[0, order], place.coordinates)[hips].mean(axis=0)
    np.testing.assert_allclose(middle, walk.pose[0, hips].mean(axis=0), atol=1.0)
