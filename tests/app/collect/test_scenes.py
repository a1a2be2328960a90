"""Differences as motion: what `htvae compare` draws, packed; nothing where no difference holds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.analysis.groups.comparison import CompareRequest, compare_recordings
from htvae.analysis.groups.scene_making import make_scenes
from htvae.app import packing
from htvae.app.collect.blocks import Blocks
from htvae.app.collect.scenes import _explain_pair, collect_scenes
from htvae.app.remembering import RememberingModel


@pytest.fixture
def compared(trained: Any, make_walks: Any, tmp_path: Path) -> Any:
    model = RememberingModel(htvae.load(trained.checkpoint, "cpu"), tmp_path / "poses")
    recordings = [model.process(own) for own in make_walks([130, 120, 140, 125, 135, 130])]
    return model, recordings, compare_recordings(model, recordings, CompareRequest(by="label"))


def test_chance_is_not_drawn(compared: Any) -> None:
    blocks = Blocks()
    assert not (compared[2].result.q < 0.05).any()  # three subjects a group cannot differ
    assert collect_scenes(*compared, blocks) == [] and blocks.texts == {}


def test_poses_are_those_of_the_scenes(compared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for home in ("app.collect.scenes", "analysis.groups.scenes", "analysis.groups.scene_making"):
        monkeypatch.setattr(f"htvae.{home}.LEVEL", 2.0)
    model, recordings, comparison = compared
    blocks = Blocks()
    found = collect_scenes(model, recordings, comparison, blocks)
    made = make_scenes(model, recordings, comparison)
    assert len(found) == len(made) > 0
    for own, scene in zip(found, made, strict=True):
        assert own["names"] == ["a", "b"] and scene.means is not None
        assert own["title"].startswith(comparison.table.names[scene.measures[0]])
        bodies, *clips = own["bodies"]
        assert len(clips) == (scene.clips[0] is not None and scene.clips[1] is not None)
        shape = (bodies["count"], len(model.processor.landmarks), 2)
        content = packing.from_text(blocks.texts[bodies["block"]])
        parents = packing.find_parents(shape[1], model.processor.edges)
        stride = round(30 / bodies["rate"])
        for half, poses in zip(
            (content[: len(content) // 2], content[len(content) // 2 :]), scene.means.poses, strict=True
        ):
            back = packing.unpack_motion(half, shape, bodies["scale"], parents)
            np.testing.assert_allclose(back, poses[::stride], atol=bodies["scale"] / 2 + 1e-6)


def test_of_several_groups_it_says_which_two_are_drawn() -> None:
    assert _explain_pair(2) == ""
    assert _explain_pair(4) == (
        " Of 4 groups these two are drawn: the lowest and the highest in this measure."
    )
