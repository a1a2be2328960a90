"""How filled-in points are scored."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

import htvae
from htvae.evaluation.completion import measure_completion
from htvae.evaluation.figures import FIGURES
from htvae.generation.trials import GAPS
from htvae.models.chunking import ChunkGrid


class Echo:
    """A model that returns its input, and 3 where the input is missing."""

    grid = ChunkGrid(64, 16, 8)
    processor = SimpleNamespace(landmarks=())

    def reconstruct_all(self, processed, refine_steps, fitted=None):
        return [SimpleNamespace(pose=np.nan_to_num(p.pose, nan=3.0)) for p in processed]


def test_only_hidden_points_are_scored(as_processed):
    """At the origin, a guess of (3, 3) is off by sqrt 18 wherever a point is hidden; a line by nothing."""
    pose = np.zeros((70, 5, 2), np.float32)
    pose[:10, 4] = np.nan
    figures = measure_completion(Echo(), [as_processed(pose)], np.full((5, 2), 1.0, np.float32))
    assert set(figures) == {
        f"complete_{kind}{method}_mpjpe"
        for kind in ("bursts", "landmarks", "gap_15")
        for method in ("", "_linear")
    } | {"complete_bursts_shown_mpjpe", "complete_landmarks_shown_mpjpe"}
    assert figures["complete_bursts_shown_mpjpe"] == 0
    assert figures["complete_bursts_mpjpe"] == pytest.approx(18**0.5)
    assert figures["complete_gap_15_mpjpe"] == pytest.approx(18**0.5)
    assert figures["complete_gap_15_linear_mpjpe"] == 0
    # A landmark that is hidden throughout stands at the fallback, (1, 1).
    assert figures["complete_landmarks_linear_mpjpe"] == pytest.approx(2**0.5)


def test_interpolation_follows_a_straight_line(as_processed):
    pose = np.zeros((200, 2, 2), np.float32)
    pose[..., 0] = 0.5 * np.arange(200)[:, None]
    figures = measure_completion(Echo(), [as_processed(pose)], np.zeros((2, 2), np.float32))
    assert figures["complete_gap_30_linear_mpjpe"] == pytest.approx(0, abs=1e-5)  # float32
    assert "complete_gap_60_mpjpe" not in figures


class Constant:
    """A model that ignores its input and always returns (1, 1)."""

    grid = ChunkGrid(64, 16, 8)
    processor = SimpleNamespace(landmarks=())

    def reconstruct_all(self, processed, refine_steps, fitted=None):
        return [SimpleNamespace(pose=np.ones_like(p.pose)) for p in processed]


def test_scored_points_meet_the_seen_points(as_processed):
    """At the origin it is off by sqrt 2; led up to what is seen, by less, and by most in the middle."""
    pose = np.zeros((70, 5, 2), np.float32)
    figures = measure_completion(Constant(), [as_processed(pose)], np.zeros((5, 2), np.float32))
    assert 0 < figures["complete_gap_15_mpjpe"] < 0.3 * 2**0.5
    # A landmark that is hidden throughout has no edge to meet.
    assert figures["complete_landmarks_mpjpe"] == pytest.approx(2**0.5)


def test_intervals_are_scored_where_there_is_a_prior(trained_with_prior, make_walks, monkeypatch):
    model = htvae.load(trained_with_prior.checkpoint, "cpu")
    processed = [model.process(walk) for walk in make_walks([64])]
    fallback = np.array(model.processor.pose_mean, np.float32)[:6]

    def measure_coverage(scale=None):
        if scale is not None:
            monkeypatch.setattr(
                model, "point_scale", lambda pose, filled: np.full((len(pose), 6), scale, np.float32)
            )
        figures = measure_completion(model, processed, fallback, num_excerpts=1)
        kinds = ("bursts", "landmarks", "gap_15")
        assert {f"complete_{kind}_coverage" for kind in kinds} <= set(figures)
        return figures["complete_gap_15_coverage"]

    coverage = measure_coverage()
    assert 0 < coverage <= 1
    assert measure_coverage(scale=1e3) == 1  # intervals as wide as that hold everything
    assert measure_coverage(scale=0.0) < coverage


def test_a_trained_model_completes(trained, make_walks):
    model = htvae.load(trained.checkpoint, "cpu")
    processed = [model.process(walk) for walk in make_walks([90, 70])]
    processed.append(dataclasses.replace(processed[0], pose=processed[0].pose[:5]))
    fallback = np.array(model.processor.pose_mean, np.float32)[:6]
    figures = measure_completion(model, processed, fallback)
    assert all(np.isfinite(value) and value > 0 for value in figures.values())
    assert not any(name.endswith("_coverage") for name in figures)  # without a prior there are no intervals
    expected = {f"complete_gap_{length}_{name}" for length in GAPS for name in ("mpjpe", "coverage")}
    assert set(figures) | expected <= set(FIGURES)


def test_the_seed_says_what_is_hidden(as_processed):
    pose = np.random.default_rng(0).normal(size=(200, 5, 2)).astype(np.float32)
    first, again, other = (
        measure_completion(Echo(), [as_processed(pose)], np.zeros((5, 2), np.float32), seed=seed)
        for seed in (0, 0, 1)
    )
    assert first == again != other
