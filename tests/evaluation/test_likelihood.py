"""Likelihood of recordings: against scipy, in nats per frame."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

import htvae
from htvae.evaluation.figures import FIGURES
from htvae.evaluation.likelihood import measure_likelihood
from htvae.evaluation.tables import summarise


@pytest.fixture
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


def test_both_figures_are_those_of_a_slow_reference(model, make_walks):
    reconstructions = model.reconstruct_all([model.process(walk) for walk in make_walks([40, 51])])
    learned = calibrated = 0.0
    for r in reconstructions:
        error = (r.pose - r.processed.pose).astype(np.float64)
        known = np.isfinite(error[..., 0])
        scale = model.noise.scale(r.pose, known).astype(np.float64)
        learned -= np.nansum(norm(scale=model.learned_scale[0][:, None]).logpdf(error))
        calibrated -= np.nansum(student(3, scale=scale[..., None]).logpdf(error))
    figures = measure_likelihood(model, reconstructions)
    assert figures["nll_learned"] == pytest.approx(learned / 91, rel=1e-4)
    assert figures["nll_calibrated"] == pytest.approx(calibrated / 91, rel=1e-4)
    assert set(figures) <= set(FIGURES)
    assert "nats/frame" in summarise({"mpjpe": 0.1} | figures)


def test_a_file_of_before_has_the_learned_one_alone(model, make_walks):
    model.noise = None
    figures = measure_likelihood(model, model.reconstruct_all([model.process(*make_walks([40]))]))
    assert set(figures) == {"nll_learned"}


def test_laplace_and_student_are_scored_by_their_own_likelihood(model, make_walks):
    reconstructions = model.reconstruct_all([model.process(*make_walks([40]))])
    config = model.config
    found = set()
    for name in ("gaussian", "laplace", "student"):
        model.config = dataclasses.replace(config, loss=dataclasses.replace(config.loss, likelihood=name))
        found.add(round(measure_likelihood(model, reconstructions)["nll_learned"], 4))
    assert len(found) == 3
