"""Every command that writes a recording, in every coordinate setting: results lie where the recording lies.

One tiny model serves all settings. Its settings and the same recordings are written in each way; results must
then be the same, once their numbers are brought back.
"""

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
    "plain": Coordinates(),
    "no_y_up": Coordinates(y_up=False),
    "image_size": Coordinates(image_size=SIZE),
    "both": Coordinates(y_up=False, image_size=SIZE),
}
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
def make_place(trained_with_prior, make_walk, tmp_path_factory):
    """Return a maker of places, one for each way to write files."""
    made: dict[Coordinates, Place] = {}

    def make(coordinates: Coordinates) -> Place:
        if coordinates in made:
            return made[coordinates]
        folder = tmp_path_factory.mktemp("place")
        settings = {"y_up": coordinates.y_up, "image_size": coordinates.image_size}
        for recording in trained_with_prior.recordings:
            path = folder / "training" / f"{recording.name}.csv"
            write_pose_csv(path, replace(recording, coordinates=coordinates))
        for name, index in (("walk", 0), ("run", 3)):
            write_pose_csv(folder / f"{name}.csv", replace(make_walk(index, 50), coordinates=coordinates))
        manifest = (trained_with_prior.folder / "manifest.csv").read_text()
        (folder / "training/manifest.csv").write_text(manifest)
        hashes = {s.name: content_hash(s) for s in read_folder(folder / "training", DataConfig(**settings))}
        checkpoint = load_checkpoint(trained_with_prior.checkpoint)
        splits = replace(checkpoint.splits, hashes=hashes)
        config = checkpoint.config.replace(**settings)
        checkpoint.processor.coordinates = coordinates
        save_checkpoint(folder / "model.pt", replace(checkpoint, config=config, splits=splits))
        made[coordinates] = Place(folder, coordinates)
        return made[coordinates]

    return make


@pytest.fixture(params=SETTINGS.values(), ids=SETTINGS)
def place(request, make_place) -> Place:
    return make_place(request.param)


def to_recording(numbers: np.ndarray, coordinates: Coordinates) -> np.ndarray:
    """Return a file's numbers in the unit of the recording, y up, worked out anew."""
    width, height = coordinates.image_size or (1, 1)
    upwards = 1 if coordinates.y_up else -1
    return np.stack([numbers[..., 0] * width, numbers[..., 1] * height * upwards], axis=-1)


@pytest.mark.parametrize("command", COMMANDS)
def test_results_lie_in_the_coordinates_of_the_recordings(command, place, make_place):
    found, plain = place.run(command), make_place(Coordinates()).run(command)
    assert [s.name for s in found] == [s.name for s in plain] and plain
    for one, other in zip(found, plain, strict=True):
        assert (one.first_frame, one.landmarks) == (other.first_frame, other.landmarks)
        np.testing.assert_allclose(
            to_recording(one.pose, place.coordinates), other.pose, atol=CLOSE, err_msg=one.name
        )


@pytest.mark.parametrize("command", COMMANDS)
def test_results_lie_where_the_recording_lies(command, place, make_walk):
    """Without a reference: by the size of the body, its height and the place where the recording is."""
    walk = make_walk(0, 50)
    landmarks = [walk.landmarks.index(name) for name in ("NOSE", "LEFT_HIP", "RIGHT_HIP")]
    for sequence in place.run(command):
        pose = to_recording(sequence.pose, place.coordinates)
        head, *hips = (pose[:, sequence.landmarks.index(walk.landmarks[i])] for i in landmarks)
        hip = np.mean(hips, axis=0)
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
        assert {",".join(row[:4]) for row in cells if row[4] == "0"} == rows


def test_the_interval_of_a_completion_holds_its_samples(place):
    place.run("complete")
    header, *lines = (place.folder / "complete/walk.csv").read_text().splitlines()
    low, high = (header.split(",").index(name) for name in ("y_low", "y_high"))
    filled = [line.split(",") for line in lines if line.split(",")[4] == "1"]
    assert filled
    for row in filled:
        assert float(row[low]) < float(row[3]) + CLOSE and float(row[3]) - CLOSE < float(row[high])


def test_the_seam_of_a_continuation_has_no_jump(place, make_walk):
    (after,) = place.run("continue")
    walk = make_walk(0, 50)
    order = [after.landmarks.index(name) for name in walk.landmarks]
    jump = to_recording(after.pose[0, order], place.coordinates) - walk.pose[-1]
    assert np.abs(jump).max() < 0.5  # units of the recording, whose torso has two


def test_an_interpolation_begins_where_the_first_recording_begins(place, make_walk):
    walk, first = make_walk(0, 50), place.run("interpolate")[0]
    order = [first.landmarks.index(name) for name in walk.landmarks]
    hips = [walk.landmarks.index(name) for name in ("LEFT_HIP", "RIGHT_HIP")]
    middle = to_recording(first.pose[0, order], place.coordinates)[hips].mean(axis=0)
    np.testing.assert_allclose(middle, walk.pose[0, hips].mean(axis=0), atol=1.0)
