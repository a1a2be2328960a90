"""All figures of generated motion, on a tiny model."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import htvae
from htvae.evaluation import generation, likeness
from htvae.evaluation.figures import HELD_OUT, MOTION_KINDS, explain
from htvae.evaluation.generation import measure_generation
from htvae.generation.model import GenerativeModel
from htvae.inference.checkpoint import load_checkpoint
from htvae.models.prior import LatentPrior
from htvae.poses.sequence import FrameLabel


@pytest.fixture(scope="module")
def model(trained_with_prior):
    """The tiny model with an unfitted prior that knows labels and scripts."""
    checkpoint = load_checkpoint(trained_with_prior.checkpoint)
    prior = replace(checkpoint.prior, labels=("a", "b"), chunk_labels=("nod", "wave"))
    torch.manual_seed(0)
    state = LatentPrior(prior.config, 6, 3, 2, 2).state_dict()
    return GenerativeModel(replace(checkpoint, prior=replace(prior, state=state)), "cpu")


@pytest.fixture(scope="module")
def recordings(model, make_walks):
    spans = tuple(FrameLabel(i * 48, (i + 1) * 48, ("nod", "wave")[i % 2]) for i in range(4))
    return [model.process(walk) for walk in make_walks([256] * 16, frame_labels=spans)]


@pytest.fixture(scope="module")
def fallback(model):
    return np.array(model.processor.pose_mean, np.float32)[:6]


@pytest.fixture(scope="module", autouse=True)
def few_and_short():
    """Let a handful of windows do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generation, "SEEDS", (1, 2))
        patch.setattr(likeness, "SEEDS", (1, 2))
        patch.setattr(generation, "PART", 128)
        patch.setattr(generation, "LEAST_WINDOWS", 12)
        yield


@pytest.fixture(scope="module")
def figures(model, recordings, fallback):
    return measure_generation(model, model.reconstruct_all(recordings), recordings, fallback)


def kinds(end):
    return [kind for kind in MOTION_KINDS if end or kind != "prior_sample_scripts"]


def test_every_kind_has_every_figure(figures):
    expected = {f"frechet_floor{end}" for end in ("", "_train")}
    for end in ("", "_train"):
        for kind in kinds(end):
            expected |= {f"frechet_{kind}{end}{limit}" for limit in ("", "_min", "_max")}
    for kind in HELD_OUT:
        expected |= {f"frechet_{kind}_train{limit}" for limit in ("", "_min", "_max")}
    for kind in ("real", *MOTION_KINDS):
        expected.add(f"coverage_{kind}")
        if kind not in ("reconstruction", "posterior_sample"):
            expected |= {f"nearest_window_{kind}", f"nearest_latent_{kind}", f"copied_{kind}"}
    for what, names in (("label", "ab"), ("script", ("nod", "wave"))):
        expected |= {f"{what}_agreement{end}" for end in ("", "_real", "_worst")}
        expected |= {f"{what}_recall_{name}" for name in names}
    assert set(figures) == expected
    assert all(map(math.isfinite, figures.values()))
    assert all(explain(name) for name in figures)


def test_ranges_and_shares(figures):
    for kind in MOTION_KINDS:
        name = f"frechet_{kind}_train"
        assert figures[f"{name}_min"] <= figures[name] <= figures[f"{name}_max"]
        assert 0 <= figures[f"coverage_{kind}"] <= 1
    assert figures["frechet_reconstruction"] > 0  # trained for four epochs, it is far from perfect
    assert all(0 <= figures[f"{what}_agreement"] <= 1 for what in ("label", "script"))


def test_recordings_themselves_are_their_nearest(figures):
    """Here training recordings pose as held out, so that real windows lie at no distance."""
    assert figures["nearest_window_real"] == 0 and figures["copied_real"] == 1
    assert figures["nearest_window_prior_sample"] > 0 and figures["nearest_latent_prior_sample"] > 0


def test_what_is_not_at_hand_is_left_out(model, recordings, fallback, monkeypatch):
    monkeypatch.setattr(generation, "SEEDS", (1,))
    monkeypatch.setattr(likeness, "SEEDS", (1,))
    scored = model.reconstruct_all(recordings)
    figures = measure_generation(model, scored, [], fallback)
    assert "frechet_prior_sample" in figures
    assert not any(name.endswith("_train") or name.startswith(("nearest", "copied")) for name in figures)
    figures = measure_generation(model, scored[:1], recordings, fallback, held_out=False)
    assert "frechet_prior_sample_train" in figures and "frechet_prior_sample" not in figures
    assert "nearest_window_real" not in figures and "frechet_real_train" not in figures
    unlabelled = [replace(p, source=replace(p.source, label=None, frame_labels=())) for p in recordings]
    figures = measure_generation(model, scored[:1], unlabelled, fallback)
    assert not any("label" in name or "script" in name for name in figures)
    assert measure_generation(model, scored[:1], recordings[:1], fallback) == {}


def test_a_model_without_a_prior_has_no_scores(trained, recordings, fallback):
    assert measure_generation(htvae.load(trained.checkpoint, "cpu"), [], recordings, fallback) == {}


def test_of_long_recordings_parts_are_compared_with_drawn_motion(model, make_walk, fallback, monkeypatch):
    monkeypatch.setattr(generation, "MOST_OF_ONE", 800)
    long, short = (model.process(make_walk(i, n)) for i, n in enumerate((2000, 800)))
    scored = model.reconstruct_all([long, short])
    chosen = generation._choose(model, scored, 0)
    assert [len(r.pose) for r in chosen] == [800, 800] and chosen[1] is scored[1]
    np.testing.assert_array_equal(chosen[0].processed.pose, long.pose[600:1400])
    figures = measure_generation(model, scored, [], fallback)
    assert math.isfinite(figures["frechet_prior_sample"])
