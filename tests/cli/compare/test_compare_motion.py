"""The files of ``htvae compare`` that draw differences as motion."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from htvae.cli.compare.motion import MOST_FACTOR, SEEN, _find_factor
from htvae.cli.main import main

FILES = {"compare_motion.csv", "compare_motion.gif", "compare_motion.png"}


def run(folder: Path, trained: Any, *flags: str) -> SimpleNamespace:
    argv = ["compare", "--checkpoint", str(trained.checkpoint), "--by", "label", "--device", "cpu"]
    argv += ["--num_bootstraps", "20", "--num_permutations", "99", *flags]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(argv) == 0
    content = json.loads((folder / "compare/compare.json").read_text("utf-8"))
    return SimpleNamespace(folder=folder / "compare", motion=content["motion"], content=content)


@pytest.fixture(scope="module")
def finished(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    return run(tmp_path_factory.mktemp("motion"), trained)


def test_distances_of_every_landmark_and_time(finished: SimpleNamespace, trained: Any) -> None:
    with (finished.folder / "compare_motion.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    drawn = [number for number, scene in enumerate(finished.motion, 1) if scene["subjects"]]
    assert drawn and sorted({int(row["scene"]) for row in rows}) == drawn
    for number in drawn:
        own = [row for row in rows if int(row["scene"]) == number]
        assert {row["measure"] for row in own} == {finished.motion[number - 1]["measures"][0]}
        assert {row["landmark"] for row in own} == set(trained.recordings[0].landmarks)
        seconds = sorted({float(row["second"]) for row in own})
        assert len(own) == 6 * len(seconds) and seconds[0] == pytest.approx(0.05, abs=1e-3)
        assert all(float(row["distance"]) >= 0 for row in own)


def test_scenes_name_their_clips(finished: SimpleNamespace) -> None:
    assert 1 <= len(finished.motion) <= 3
    for scene in finished.motion:
        assert scene["kind"] in ("landmarks", "latent") and scene["groups"] == ["a", "b"]
        for clip, label in zip(scene["clips"], "ab", strict=True):
            if clip is not None:
                number = int(clip["recording"].removeprefix("walk_"))
                assert "ab"[number % 2] == label and clip["stop_frame"] > clip["start_frame"]


def test_the_movie_moves(finished: SimpleNamespace) -> None:
    with Image.open(finished.folder / "compare_motion.gif") as movie:
        assert movie.n_frames > 3


def test_no_motion(trained: Any, tmp_path: Path) -> None:
    found = run(tmp_path, trained, "--no_motion")
    assert found.motion == [] and not FILES & {path.name for path in found.folder.iterdir()}


def test_three_dimensions(trained_in_3d: Any, tmp_path: Path) -> None:
    found = run(tmp_path, trained_in_3d)
    assert found.motion and {path.name for path in found.folder.iterdir()} >= FILES


def test_small_differences_are_enlarged() -> None:
    assert _find_factor(SEEN) == 1 and _find_factor(0.0) == 1
    assert _find_factor(SEEN / 2) == 4 and _find_factor(SEEN / 1000) == MOST_FACTOR
