"""Hidden parts of held-out recordings: where they lie, what fills them, and what the page gets of it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.app import packing
from htvae.app.collect import completion, holes
from htvae.app.collect.material import Material
from htvae.app.remembering import RememberingModel
from htvae.data.processing import ProcessedSequence
from tests.app.collect.test_parts import wrap


@pytest.fixture
def processor() -> Any:
    """What holes ask of a processor."""
    landmarks = ("LEFT_HIP", "RIGHT_HIP", "LEFT_KNEE", "LEFT_ANKLE", "RIGHT_KNEE", "NOSE")
    return SimpleNamespace(landmarks=landmarks, edges=((0, 1), (0, 2), (2, 3), (1, 4)), fps=10.0)


def make_still(make_walk: Any, name: str, frames: int, lively: tuple[int, int] | None) -> ProcessedSequence:
    """Return a recording in which nothing moves but the left leg, in one span."""
    pose = np.zeros((frames, 6, 2), np.float32)
    if lively:
        inside = np.arange(*lively)
        pose[inside, 2:4, 0] = np.sin(inside)[:, None]
    return replace(wrap(make_walk(0, frames, name=name)), pose=pose)


class TestHoles:
    def test_they_lie_in_held_out_recordings(self, processor: Any, make_walk: Any) -> None:
        recordings = [make_still(make_walk, name, 200, None) for name in "abcd"]
        trials = holes.choose_trials(recordings, ["train", "test", "train", "test"], processor)
        assert [own.recording for own in trials] == [1, 3, 3]  # the last of those that are alike
        assert [own.hidden for own in trials] == [(30, 40), (30, 50), (30, 50)]
        assert [len(own.part.pose) for own in trials] == [70, 80, 80]

    def test_what_moves_most_is_hidden_where_it_moves(self, processor: Any, make_walk: Any) -> None:
        recordings = [make_still(make_walk, "a", 400, (140, 400))]
        *_, limb = holes.choose_trials(recordings, ["test"], processor)
        assert limb.name == "left leg" and limb.landmarks == (2, 3)
        assert limb.first + limb.hidden[0] >= 140
        np.testing.assert_array_equal(limb.mask.any(axis=0), [False, False, True, True, False, False])
        np.testing.assert_array_equal(np.flatnonzero(limb.mask[:, 2]), np.arange(*limb.hidden))

    def test_short_recordings_show_less_around(self, processor: Any, make_walk: Any) -> None:
        short = [make_still(make_walk, "a", 35, None)]
        assert [own.hidden for own in holes.choose_trials(short, ["test"], processor)] == [(12, 22)]
        assert holes.choose_trials([make_still(make_walk, "a", 19, None)], ["test"], processor) == []

    def test_gaps_of_the_tracker_are_not_hidden(self, processor: Any, make_walk: Any) -> None:
        one = make_still(make_walk, "a", 100, None)
        one.pose[20:70] = np.nan
        for own in holes.choose_trials([one], ["test"], processor)[:1]:
            assert own.first + own.hidden[1] <= 20 or own.first + own.hidden[0] >= 70
        one.pose[:] = np.nan
        assert holes.choose_trials([one], ["test"], processor) == []

    def test_a_body_of_one_part_has_no_limb(self, processor: Any, make_walk: Any) -> None:
        processor.landmarks, processor.edges = ("LEFT_KNEE",), ()
        one = replace(make_still(make_walk, "a", 200, None), pose=np.zeros((200, 1, 2), np.float32))
        assert [own.name for own in holes.choose_trials([one], ["test"], processor)] == ["everything"] * 2


def test_errors_and_band_by_hand() -> None:
    true = np.zeros((3, 1, 2))
    true[2] = np.nan
    hidden = np.array([[False], [True], [True]])
    pose = true + np.array([3.0, 4.0])
    bounds = np.stack([np.full((3, 1, 2), -1.0), np.tile([1.0, -0.5], (3, 1, 1))])
    answer = completion._Answer(true=true, hidden=hidden, pose=pose, linear=true, bounds=bounds)
    assert answer.error(pose) == 5 and answer.error(true) == 0  # one hidden point is known
    assert answer.share_inside() == 0.5
    assert answer._replace(bounds=None).share_inside() is None


def test_what_the_page_gets(trained_with_prior: Any, make_walks: Any, tmp_path: Path) -> None:
    model = htvae.load(trained_with_prior.checkpoint, "cpu")
    recordings = [model.process(own) for own in make_walks([120, 130], first_frame=7)]
    remembering = RememberingModel(model, tmp_path / "poses")
    material = Material.of(remembering, recordings, 0)
    found = completion.collect_completion(material)
    assert found is not None and [own["what"] for own in found][:1] == ["everything"]
    for own in found:
        shape = (own["count"], len(model.processor.landmarks), 2)
        content = packing.from_text(material.blocks.texts[own["block"]])
        rest = 2 * int(np.prod(shape))
        mask = -(-shape[0] * shape[1] // 8)
        assert len(content) == 2 * rest + 2 * mask + 3 * rest and own["band"]
        filled, true = packing.unpack_poses(content[: 2 * rest + mask], shape, own["scale"], material.parents)
        bits = np.frombuffer(content[2 * rest + mask : 2 * rest + 2 * mask], np.uint8)
        hidden = np.unpackbits(bits, bitorder="little")[: shape[0] * shape[1]].reshape(shape[:2]).astype(bool)
        assert set(np.flatnonzero(hidden.any(axis=0))) == set(own["landmarks"])
        seen = np.isfinite(true[..., 0]) & ~hidden
        np.testing.assert_allclose(filled[seen], true[seen], atol=own["scale"])
        assert own["shown"][0] < own["hidden"][0] < own["hidden"][1] < own["shown"][1]
        assert own["hidden"][1] - own["hidden"][0] == round(own["length"] * 30)
        assert own["error"] is not None and own["linear"] is not None and 0 <= own["inside"] <= 1


def test_the_same_seed_fills_alike(trained_with_prior: Any, make_walks: Any, tmp_path: Path) -> None:
    model = RememberingModel(htvae.load(trained_with_prior.checkpoint, "cpu"), tmp_path / "poses")
    recordings = [model.process(own) for own in make_walks([95])]
    first, second = (Material.of(model, recordings, 3) for _ in range(2))
    assert completion.collect_completion(first) == completion.collect_completion(second)
    assert first.blocks.texts == second.blocks.texts
