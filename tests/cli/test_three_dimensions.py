"""Recordings in three dimensions go through every command, and headings are taken back.

Where results lie in the files' coordinates is tested in ``tests/generation/test_coordinates.py``.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import htvae
from htvae.cli import main as cli
from htvae.config import Config
from htvae.evaluation import generation, likeness, pictures
from htvae.generation import continuation
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence
from htvae.training.trainer import HTVAETrainer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("brief_refinement")
def test_evaluate_scores_and_draws_everything(
    trained_with_prior_in_3d: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "GIF_FRAMES", 3)
    checkpoint, data = str(trained_with_prior_in_3d.checkpoint), str(trained_with_prior_in_3d.folder)
    argv = ["--checkpoint", checkpoint, "--device", "cpu", "--truth_dir", data, "--probe", "label"]
    assert cli.main(["evaluate", *argv, "--split", "all", "--num_excerpts", "1", "--visualize"]) == 0
    results = folder / "evaluation_results"
    figures = json.loads((results / "metrics.json").read_text())["figures"]
    for name in ("mpjpe", "pca_mpjpe", "static_mpjpe", "noise_floor", "truth_mpjpe", "velocity_error"):
        assert 0 < figures[name] < 10, name
    for name in ("bone_length_error", "jerk_ratio", "complete_bursts_mpjpe", "complete_gap_15_coverage"):
        assert np.isfinite(figures[name]), name
    assert 0 <= figures["probe_sequence_latent"] <= 1
    strips = sorted((results / "pictures").glob("strip_*.png"))
    assert len(strips) >= 3
    with Image.open(strips[0]) as strip:
        assert strip.height > 800  # input and reconstruction, from the front and from the side


def test_encode(trained_in_3d: Any, folder: Path) -> None:
    argv = ["--checkpoint", str(trained_in_3d.checkpoint), "--device", "cpu", str(trained_in_3d.folder)]
    assert cli.main(["encode", *argv]) == 0
    with np.load(folder / "latents/latents.npz") as arrays:
        assert arrays["sequence_latents"].shape == (10, 6)


@pytest.mark.parametrize("command", ["encode", "reconstruct", "complete", "evaluate"])
@pytest.mark.parametrize(("model", "num_coordinates"), [("trained_in_3d", 2), ("trained", 3)])
def test_recordings_with_another_number_of_coordinates_end_in_one_sentence(
    command: str,
    model: str,
    num_coordinates: int,
    folder: Path,
    make_walk: Any,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_pose_csv(folder / "other/walk.csv", make_walk(0, 40, num_coordinates=num_coordinates))
    given = {"evaluate": ["--data_dir", "other", "--split", "new"]}.get(command, ["other/walk.csv"])
    checkpoint = request.getfixturevalue(model).checkpoint
    assert cli.main([command, *given, "--checkpoint", str(checkpoint), "--device", "cpu"]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert line == (
        f"error: walk: poses must have {5 - num_coordinates} coordinates, as in training, but have "
        f"{num_coordinates}. Leave the recording out, or train on x and y alone (--dimensions 2)."
    )


def test_a_mixed_folder_trains_on_x_and_y_when_asked(
    folder: Path, make_walk: Any, tiny_settings: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for index in range(5):
        walk = make_walk(index, 40, num_coordinates=2 + index % 2)
        write_pose_csv(folder / f"poses/{walk.name}.csv", walk)
    flags = [f"--{name}={value}" for name, value in tiny_settings.items()]
    argv = ["train", "--data_dir", "poses", "--fps", "30", *flags]
    assert cli.main(argv) == 1
    assert "Leave the recording out, or train on x and y alone (--dimensions 2)." in capsys.readouterr().err
    assert cli.main([*argv, "--dimensions", "2"]) == 0
    model = htvae.load("experiments/checkpoints/best_model.pt", "cpu")
    assert model.processor.num_coordinates == 2
    (after,) = model.read(folder / "poses/walk_01.csv").pose.shape[2:]
    assert after == 2


HIPS = ("LEFT_HIP", "RIGHT_HIP")


@pytest.fixture(scope="module", params=[2, 3])
def headed(
    request: pytest.FixtureRequest,
    make_walks: Any,
    tiny_settings: dict[str, Any],
    tiny_prior: dict[str, Any],
    shorten_bands: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Any, list[PoseSequence]]:
    """A model with a heading and a prior, and its recordings, which walk in all directions."""
    walks = [
        replace(walk, pose=_turn(walk.pose, angle))
        for walk, angle in zip(
            make_walks([60] * 6, num_coordinates=request.param), np.linspace(0, 5, 6), strict=True
        )
    ]
    settings = tiny_settings | tiny_prior | {"heading": HIPS, "num_epochs": 40, "learning_rate": 3e-3}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("htvae.training.machine.measure_frame_seconds", lambda *_: 1e-4)
        shorten_bands(patch)
        config = Config().replace(**settings, experiments_dir=str(tmp_path_factory.mktemp("headed")))
        run = HTVAETrainer(config, sequences=walks).fit()
    return htvae.load(run.best_model, "cpu"), walks


def _turn(pose: np.ndarray, angle: float) -> np.ndarray:
    """Return a pose (T, L, D) turned about the origin in the plane of its first and last coordinate."""
    turned = pose.copy()
    turned[..., 0] = np.cos(angle) * pose[..., 0] - np.sin(angle) * pose[..., -1]
    turned[..., -1] = np.sin(angle) * pose[..., 0] + np.cos(angle) * pose[..., -1]
    return turned


def _across(sequence: PoseSequence, frame: int) -> np.ndarray:
    """Return the direction from the left to the right hip in one frame."""
    left, right = (sequence.pose[frame, sequence.landmarks.index(name)] for name in HIPS)
    vector: np.ndarray = (right - left) / np.linalg.norm(right - left)
    return vector


def test_a_heading_is_taken_back(headed: tuple[Any, list[PoseSequence]]) -> None:
    model, walks = headed
    for walk in walks[:3]:
        processed = model.process(walk)
        left, right = (processed.pose[:, walk.landmarks.index(name)] for name in HIPS)
        across = (right - left) / np.linalg.norm(right - left, axis=1, keepdims=True)
        np.testing.assert_allclose(across[:, -1], 1, atol=1e-4)
        between = model.interpolate(walk, walks[4], 3)[0]
        assert _across(between, 0) @ _across(walk, 0) > 0.9  # a tiny model's hips are not quite level
        assert _across(model.reconstruct(walk), 30) @ _across(walk, 30) > 0.9


def test_a_path_continues_in_the_direction_of_its_body(
    headed: tuple[Any, list[PoseSequence]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Motion is drawn that moves along the heading, from the left hip to the right."""

    def draw(model: Any, tail: np.ndarray, count: int, num_samples: int, seed: int) -> np.ndarray:
        pose = np.zeros((num_samples, len(tail) + count, *tail.shape[1:]), np.float32)
        pose[:, :, -1, -1] = 0.5
        return pose

    monkeypatch.setattr(continuation, "_draw", draw)
    model, walks = headed
    for walk in walks[:3]:
        (after,) = model.continue_(walk, 40)
        hip = after.pose[20:, after.landmarks.index("LEFT_HIP")]  # the seam has faded
        step = (hip[-1] - hip[0]) / np.linalg.norm(hip[-1] - hip[0])
        assert step @ _across(walk, -1) > 0.99


def test_generated_motion_is_scored(
    trained_with_prior_in_3d: Any, make_walks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, value in (
        (generation, "SEEDS", (1,)),
        (likeness, "SEEDS", (1,)),
        (generation, "PART", 128),
        (generation, "LEAST_WINDOWS", 12),
    ):
        monkeypatch.setattr(module, name, value)
    model = htvae.load(trained_with_prior_in_3d.checkpoint, "cpu")
    recordings = [model.process(walk) for walk in make_walks([256] * 8, num_coordinates=3)]
    fallback = np.array(model.processor.pose_mean, np.float32)[: len(model.processor.landmarks)]
    figures = generation.measure_generation(model, model.reconstruct_all(recordings), recordings, fallback)
    assert {"frechet_reconstruction", "frechet_prior_sample", "label_agreement"} <= figures.keys()
    assert all(np.isfinite(value) for value in figures.values())
