"""Which recordings and columns a probe is made of; the probe itself is tested with the metrics."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from htvae.evaluation.probes import check_columns, measure_probes
from htvae.inference.model import Encoding


def reconstruction(index, chunk_latent_dim=2, **known):
    """A recording whose sequence latent tells its label, and whose chunk latents tell nothing."""
    rng = np.random.default_rng(index)
    label = known.get("label")
    chunks = rng.normal(size=(3, chunk_latent_dim))
    encoding = Encoding(
        name=f"walk_{index}",
        sequence_latent=np.array([label == "a", 0.01 * rng.normal()], float),
        sequence_logvar=np.zeros(2),
        chunk_latents=chunks,
        chunk_logvars=chunks,
        chunk_frames=np.zeros((3, 2)),
        chunk_seconds=None,
        window_latents=np.zeros((1, 2)),
        label=label,
        subject=known.get("subject"),
        covariates=known.get("covariates", {}),
    )
    pose = rng.normal(size=(20, 3, 2)).astype(np.float32)
    return SimpleNamespace(encoding=encoding, processed=SimpleNamespace(pose=pose))


LABELLED = [reconstruction(i, label="ab"[i % 2], subject=f"s{i // 2}") for i in range(20)]


def test_labels_that_the_sequence_latent_tells():
    figures = measure_probes(LABELLED, 3, "label", "subject")
    assert figures["probe_sequence_latent"] == 1
    assert figures["probe_chunk_latents"] < 0.9
    assert {"probe_both_latents", "probe_mean_pose", "probe_shuffled_labels"} < set(figures)


def test_recordings_without_a_label_are_left_out():
    without = [reconstruction(20 + i, subject="s1") for i in range(5)]
    assert measure_probes(LABELLED + without, 3, "label", "subject") == measure_probes(
        LABELLED, 3, "label", "subject"
    )
    with pytest.raises(ValueError, match=r"must have a label to probe for, but none has\. Fill in manifest"):
        measure_probes(without, 3, "label", "subject")


def test_columns_of_the_manifest_that_are_empty_for_some():
    placed = [
        dataclasses.replace(r.encoding, covariates={"place": ("in", "out", "")[i % 3]})
        for i, r in enumerate(LABELLED)
    ]
    rows = [
        SimpleNamespace(encoding=encoding, processed=r.processed)
        for encoding, r in zip(placed, LABELLED, strict=True)
    ]
    assert 0 <= measure_probes(rows, 3, "place", "subject")["probe_sequence_latent"] <= 1
    assert measure_probes(rows, 3, "label", "place")["probe_sequence_latent"] == 1


def test_without_chunk_latents_the_sequence_latent_is_probed_alone():
    figures = measure_probes(
        [reconstruction(i, 0, label="ab"[i % 2]) for i in range(12)], 3, "label", "subject"
    )
    assert not {"probe_chunk_latents", "probe_both_latents"} & set(figures)


def test_columns_must_be_known():
    processed = [SimpleNamespace(source=SimpleNamespace(covariates={"place": "in"}))]
    check_columns(processed, ("label", "subject", "place"))
    with pytest.raises(ValueError, match=r"got 'mood'\. Known: label, subject, place\."):
        check_columns(processed, ("label", "mood"))
