"""A camera that the latents know, and what remains of differences when it is held fixed."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from htvae.analysis.groups.leaks import find_leaks, latent_features
from htvae.analysis.groups.study import Study

SUBJECTS = np.arange(30)
CAMERA = np.where(SUBJECTS < 15, "front", "side")
GROUPS = np.where((SUBJECTS % 5 == 0) ^ (SUBJECTS < 15), "a", "b")
"""The group of most subjects goes with the camera."""


def leaks(values: np.ndarray, features: np.ndarray, columns: dict[str, Any], **known: Any) -> dict[str, Any]:
    study = Study(
        by="diet", groups=list(GROUPS), subjects=[str(s) for s in SUBJECTS], seconds=[1.0] * 30, **known
    )
    return {leak.column: leak for leak in find_leaks(features, values, study, columns, 500, 0)}


def test_a_difference_that_is_the_cameras_does_not_remain() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 2)) + np.stack([3 * (CAMERA == "side"), 3 * (GROUPS == "b")], axis=1)
    features = rng.normal(size=(30, 8)) + 2 * (CAMERA == "side")[:, None]
    columns = {"camera": list(CAMERA), "diet": list(GROUPS), "file": [str(s) for s in SUBJECTS]}
    found = leaks(values, features, columns)
    assert list(found) == ["camera"]  # not the group's own column, not one with too many values
    test, remaining = found["camera"].test, found["camera"].remaining
    assert test.accuracy > 0.9 and test.p < 0.05 and 0.35 < test.chance < 0.65
    assert remaining.p[0] > 0.05 and remaining.p[1] < 0.01


def test_what_cannot_be_held_fixed_says_why() -> None:
    rng = np.random.default_rng(0)
    same, empty = np.where(GROUPS == "a", "x", "y"), [*CAMERA[:-1], None]
    columns = {"site": list(same), "camera": empty}
    found = leaks(rng.normal(size=(30, 2)), rng.normal(size=(30, 3)), columns, covariates={"camera": empty})
    assert found["site"].remaining is None and "alike in camera, site" in found["site"].reason
    assert found["camera"].reason == "held fixed already"


def test_features_of_recordings() -> None:
    chunks = np.arange(6.0).reshape(3, 2)
    one: Any = SimpleNamespace(sequence_latent=np.array([7.0]), chunk_latents=chunks)
    np.testing.assert_allclose(latent_features([one]), [[7, 2, 3, chunks[:, 0].std(), chunks[:, 1].std()]])
    plain: Any = SimpleNamespace(sequence_latent=np.array([7.0]), chunk_latents=np.zeros((3, 0)))
    assert latent_features([plain]).tolist() == [[7]]
