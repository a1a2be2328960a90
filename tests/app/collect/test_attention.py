"""What chunks looked at: the page gets the weights of `analyse_attention`, within half a step."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.app import packing
from htvae.app.collect import attention
from htvae.app.collect.material import Material
from htvae.app.remembering import RememberingModel


@pytest.fixture
def material(trained: Any, make_walks: Any, tmp_path: Path) -> Material:
    model = htvae.load(trained.checkpoint, "cpu")
    recordings = [model.process(own) for own in make_walks([300, 40, 70], first_frame=9)]
    return Material.of(RememberingModel(model, tmp_path / "poses"), recordings, 0)


def test_weights_are_those_of_the_analysis(material: Material) -> None:
    found = attention.collect_attention(material)
    assert found is not None
    content = packing.from_text(material.blocks.texts[found["block"]])
    total = sum(found["counts"])
    starts, lengths, firsts = np.frombuffer(content, "<u2", 3 * total).reshape(3, -1).astype(int)
    weights = np.frombuffer(content, np.uint8, offset=6 * total)
    analysed = material.model.analyse_attention(list(material.recordings)).recordings
    assert len(analysed[0].windows) > 1  # rows of several windows
    chunk = at = 0
    for own, count, width in zip(analysed, found["counts"], found["widths"], strict=True):
        part = slice(chunk, chunk + count)
        begins = own.processed.source.first_frame + np.cumsum(starts[part])
        np.testing.assert_array_equal(np.stack([begins, begins + lengths[part]], 1), own.chunk_frames)
        rows = weights[at : at + 2 * count * width].reshape(2, count, width) * found["step"] / width
        for window in own.windows:
            kept = slice(*window.window.kept_chunks)
            expected = window.overall[1:][window.window.kept_part]
            np.testing.assert_allclose(rows[0, kept], expected, atol=0.51 * found["step"] / width)
            assert set(firsts[part][kept]) == {window.window.chunks[0]}
        np.testing.assert_allclose(rows.sum(-1), 1, atol=0.5 * found["step"])
        chunk, at = chunk + count, at + 2 * count * width
    assert at == len(weights)


def test_recordings_that_do_not_fit_are_left_out(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = attention.collect_attention(material)
    assert whole is not None
    most = 2 * whole["counts"][0] * whole["widths"][0]
    monkeypatch.setattr(attention, "MOST_WEIGHTS", most)
    part = attention.collect_attention(material)
    assert part is not None
    assert part["counts"] == [whole["counts"][0], 0, 0] and part["widths"] == [whole["widths"][0], 0, 0]


def test_a_network_of_ones_own_has_none(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(type(material.model.model), "compute_attention")
    assert attention.collect_attention(material) is None
