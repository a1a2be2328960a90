"""The code examples of docs/data_format.md run unchanged."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from htvae.cli.options import CheckDataOptions, EvaluateOptions, RepairOptions
from htvae.config import DataConfig
from htvae.io.inputs import read_recording
from htvae.io.pose_csv import COLUMNS
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS

PAGE = (Path(__file__).parents[2] / "docs" / "data_format.md").read_text(encoding="utf-8")


def run_recipe(containing: str) -> dict[str, Any]:
    (recipe,) = [code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if containing in code]
    names: dict[str, Any] = {}
    exec(recipe, names)
    return names


def make_results(num_frames: int) -> list[Any]:
    """Return values like MediaPipe's pose_landmarks, one per frame, None in the second."""
    rng = np.random.default_rng(0)
    frames: list[Any] = []
    for places in rng.uniform(0.2, 0.8, (num_frames, len(MEDIAPIPE_LANDMARKS), 2)).tolist():
        points = [SimpleNamespace(x=x, y=y, z=0.0, visibility=float(x > 0.3)) for x, y in places]
        frames.append(SimpleNamespace(landmark=points))
    frames[1] = None
    return frames


def test_mediapipe_recipe(tmp_path: Path) -> None:
    save = run_recipe("def save_mediapipe_poses")["save_mediapipe_poses"]
    frames = make_results(4)
    save(tmp_path / "walk.csv", frames, 640, 480)
    sequence = read_recording(tmp_path / "walk.csv", DataConfig(confidence_column="visibility"))
    assert sequence.landmarks == MEDIAPIPE_LANDMARKS
    assert not sequence.observed[1].any()
    for frame in (0, 2, 3):
        for index, point in enumerate(frames[frame].landmark):
            place = sequence.pose[frame, index]
            if point.visibility:
                # three decimals of a pixel are written
                np.testing.assert_allclose(place, (point.x * 640, -point.y * 480), atol=6e-4)
            else:
                assert np.isnan(place).all()


def test_mediapipe_recipe_takes_the_newer_results(tmp_path: Path) -> None:
    save = run_recipe("def save_mediapipe_poses")["save_mediapipe_poses"]
    newer = [frame.landmark if frame else None for frame in make_results(3)]
    save(tmp_path / "newer.csv", newer, 640, 480)
    save(tmp_path / "older.csv", make_results(3), 640, 480)
    assert (tmp_path / "newer.csv").read_text() == (tmp_path / "older.csv").read_text()


def test_array_recipe(capsys: Any) -> None:
    assert run_recipe("PoseSequence.from_array")["sequence"].pose.shape == (500, 17, 3)
    assert capsys.readouterr().out == "500 ('POINT_0', 'POINT_1')\n"


def test_the_page_names_the_columns_and_settings_that_exist() -> None:
    settings = {name.removeprefix("no_") for name in re.findall(r"--(\w+)", PAGE)}
    commands = (CheckDataOptions, EvaluateOptions, RepairOptions)
    options = {name for command in commands for name in command.__dataclass_fields__}
    assert settings <= {*DataConfig.__dataclass_fields__, *options}
    assert all(f"`{column}`" in PAGE for column in COLUMNS)
