"""``model.show``: a report of what it is given."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.app import model as module
from htvae.app.remembering import RememberingModel, cut_batches


@pytest.fixture(scope="module")
def model(trained: Any) -> Any:
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    addresses: list[str] = []
    monkeypatch.setattr(module.webbrowser, "open", addresses.append)
    return addresses


def title_of(path: Path) -> str:
    return str(json.loads(re.findall(r'id="report">(.*?)</script>', path.read_text(), re.DOTALL)[0])["title"])


def test_one_recording_is_written_and_opened(
    model: Any, trained: Any, opened: list[str], tmp_path: Path
) -> None:
    path = model.show(trained.folder / "walk_05.csv", tmp_path / "new/x.html")
    assert path == tmp_path / "new/x.html" and opened == [path.as_uri()]
    assert title_of(path) == "walk_05"


def test_several_kinds_of_recordings(
    model: Any, make_walks: Any, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first, second = make_walks([40, 50])
    path = model.show([second, model.process(first)], opens=False)
    assert path.is_relative_to(tmp_path) and title_of(path) == "walk_00, walk_01" and opened == []
    array = np.array(second.pose)
    assert title_of(model.show(array, path, title="Mine", opens=False)) == "Mine"


class TestRemembering:
    def test_answers_are_the_models_own(self, model: Any, make_walks: Any, tmp_path: Path) -> None:
        processed = [model.process(own) for own in make_walks([40, 150, 33])]
        remembering, done = RememberingModel(model, tmp_path / "poses"), []
        remembering.remember(processed, done.append)
        assert done[-1] == 223
        calls: list[int] = []
        remembering.model = lambda *args: calls.append(1)  # the network is not asked again
        for kept, own in zip(
            remembering.reconstruct_all(processed[::-1]), model.reconstruct_all(processed)[::-1], strict=True
        ):
            np.testing.assert_allclose(kept.pose, own.pose, atol=1e-6)  # other batches, other last digits
            assert kept.processed is own.processed and len(kept.windows) == len(own.windows)
        encodings = remembering.encode_all(processed)
        assert [own.name for own in encodings] == ["walk_00", "walk_01", "walk_02"]
        assert calls == []

    def test_others_and_refined_ones_are_computed(self, model: Any, make_walks: Any, tmp_path: Path) -> None:
        first, second = (model.process(own) for own in make_walks([40, 50]))
        remembering = RememberingModel(model, tmp_path / "poses")
        remembering.remember([first])
        (plain,), (other,) = remembering.reconstruct_all([first]), remembering.reconstruct_all([second])
        assert isinstance(plain.pose, np.memmap) and not isinstance(other.pose, np.memmap)
        (refined,) = remembering.reconstruct_all([first], 2)
        assert not isinstance(refined.pose, np.memmap) and np.abs(refined.pose - plain.pose).max() > 0
        assert len(remembering.encode_all([second, first])) == 2

    def test_changing_an_answer_changes_no_other(self, model: Any, make_walks: Any, tmp_path: Path) -> None:
        (own,) = (model.process(walk) for walk in make_walks([40]))
        remembering = RememberingModel(model, tmp_path / "poses")
        remembering.remember([own])
        (found,) = remembering.reconstruct_all([own])
        found.pose[:] = 7
        assert (remembering.reconstruct_all([own])[0].pose != 7).all()

    def test_batches(self, model: Any, make_walks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("htvae.app.remembering.BATCH_FRAMES", 100)
        processed = [model.process(own) for own in make_walks([40, 50, 33, 150, 20])]
        lengths = [[len(own.pose) for own in part] for part in cut_batches(processed)]
        assert lengths == [[40, 50], [33], [150], [20]]
