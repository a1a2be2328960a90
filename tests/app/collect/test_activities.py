"""Activities: found where recordings are long enough, told by their motifs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.app.collect import activities
from htvae.app.collect.material import Material
from htvae.app.collect.motifs import fit_motifs
from htvae.app.remembering import RememberingModel


@pytest.fixture
def material(trained: Any, make_walks: Any, tmp_path: Path) -> Material:
    model = htvae.load(trained.checkpoint, "cpu")
    recordings = [model.process(own) for own in make_walks([160, 150, 170, 140], first_frame=5)]
    return Material.of(RememberingModel(model, tmp_path / "poses"), recordings, 0)


def test_short_recordings_have_none(material: Material) -> None:
    assert activities.fit_activities(material, fit_motifs(material)) is None
    assert activities.fit_activities(material, None) is None


def test_activities_are_told_by_their_motifs(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activities, "ACTIVITY_SECONDS", 2.0)
    found = activities.fit_activities(material, fit_motifs(material))
    assert found is not None
    described = activities.describe_activities(found, material)
    assert [own["id"] for own in described] == [f"a{k + 1}" for k in range(len(found.model))]
    assert sum(own["share"] for own in described) == pytest.approx(1, abs=1e-3)
    frames = np.zeros(len(found.model))
    for bout in found.bouts:
        frames[bout.motif] += bout.stop - bout.start
    np.testing.assert_allclose([own["share"] for own in described], frames / frames.sum(), atol=1e-4)
    for own, shares in zip(described, found.model.shares, strict=True):
        listed = [share for _, share in own["motifs"]]
        assert listed == sorted(listed, reverse=True) and len(listed) <= 3 and min(listed) >= 0.1
        assert own["motifs"][0][0] == int(np.argmax(shares[:-1]))
        if own["clip"] is not None:
            recording, start, stop = own["clip"]
            source = material.recordings[recording].source
            assert source.first_frame <= start < stop <= source.first_frame + source.num_frames
