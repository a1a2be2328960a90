"""The start of training from a linear code: which windows it is fitted to, and that runs can rely on it."""

import logging

import numpy as np
import pytest
import torch

from htvae.data.loader import PoseDataLoader
from htvae.inference.checkpoint import build_model, load_checkpoint
from htvae.training import linear_start
from htvae.training.linear_start import draw_windows, start_from_linear_code
from htvae.training.loop import Callback
from htvae.training.trainer import HTVAETrainer

LENGTHS = [40, 60, 51, 70, 33, 90, 100, 45]


@pytest.fixture(autouse=True)
def _quick(no_measuring):
    """Start at once."""


@pytest.fixture
def walks(make_walks):
    return make_walks(LENGTHS)


@pytest.fixture
def data(tiny_config, walks):
    return PoseDataLoader(tiny_config, walks)


class Keep(Callback):
    """Keeps the weights that training begins with, at the first step or after resuming."""

    def on_train_start(self, loop):
        self.step = loop.step
        self.weights = {name: value.clone() for name, value in loop.model.state_dict().items()}
        self.averaged = {name: value.clone() for name, value in loop.averaged.module.state_dict().items()}


@pytest.fixture
def begin(tiny_config, walks):
    """Train briefly with changed settings; return the result and what training began with."""

    def run(sequences=walks, model=None, **settings):
        keep = Keep()
        config = tiny_config.replace(**({"num_epochs": 1} | settings))
        return HTVAETrainer(config, sequences, model, callbacks=[keep]).fit(), keep

    return run


def code_of(weights):
    return {name: value for name, value in weights.items() if name.startswith("linear_code")}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_windows_hold_the_frames_asked_for_around_the_mean(data):
    dataset, mean = data.dataset("train", training=True), torch.arange(14.0).view(7, 2)
    around = draw_windows(dataset, 200, mean)
    plain = draw_windows(dataset, 200, torch.zeros(7, 2))
    assert sum(map(len, around)) == 200
    for window, other in zip(around, plain, strict=True):
        torch.testing.assert_close(window + mean, other, equal_nan=True)
    assert torch.cat(around).isnan().any()  # what is missing in recordings stays missing


def test_windows_are_drawn_from_more_epochs_where_recordings_are_few(data):
    dataset, mean = data.dataset("train", training=True), torch.zeros(7, 2)
    frames = data.num_train_frames
    assert sum(map(len, draw_windows(dataset, 3 * frames, mean))) == 3 * frames
    most = sum(map(len, draw_windows(dataset, 1000 * frames, mean)))
    assert 0.8 * linear_start.MOST_EPOCHS * frames < most < 1.2 * linear_start.MOST_EPOCHS * frames


def test_windows_depend_on_the_seed_alone(data, tiny_config, walks):
    mean = torch.zeros(7, 2)
    torch.manual_seed(5)
    first = draw_windows(data.dataset("train", training=True), 300, mean)
    again = draw_windows(PoseDataLoader(tiny_config, walks[::-1]).dataset("train", training=True), 300, mean)
    other = draw_windows(
        PoseDataLoader(tiny_config.replace(seed=1), walks).dataset("train", training=True), 300, mean
    )
    assert all(torch.equal(a.nan_to_num(9), b.nan_to_num(9)) for a, b in zip(first, again, strict=True))
    assert not torch.equal(torch.cat(first).nan_to_num(9), torch.cat(other).nan_to_num(9))


def test_drawing_windows_leaves_the_loader_as_it_is(data):
    expected = [batch.seeds.tolist() for step in data.train_loader() for batch in step]
    fresh = PoseDataLoader(data.config, data.sequences)
    draw_windows(fresh.dataset("train", training=True), 10_000, torch.zeros(7, 2))
    assert [batch.seeds.tolist() for step in fresh.train_loader() for batch in step] == expected


def test_memory_is_bounded_where_landmarks_are_many(data, monkeypatch, caplog):
    model = build_model(data.config, data.processor)
    monkeypatch.setattr(linear_start, "MOST_VALUES", 10 * 8 * 7 * 2)  # ten chunks of 8 frames, 7 points
    with caplog.at_level(logging.INFO, logger="htvae"):
        start_from_linear_code(model, data)
    assert "Linear code of 60 frames" in caplog.text  # a chunk every 6 frames


def test_a_started_model_reconstructs_better_than_a_standing_body(data):
    torch.manual_seed(0)
    model = build_model(data.config, data.processor)
    start_from_linear_code(model, data)
    model.eval()
    errors, spreads = [], []
    for (batch,) in data.val_loader():
        output = model(batch.pose, batch.observed, batch.num_frames)
        real = torch.arange(batch.pose.shape[1]) < batch.num_frames[:, None]
        seen = batch.observed & real[..., None]
        count = seen.sum(1, keepdim=True)[..., None].clamp(min=1)
        standing = (batch.pose * seen[..., None]).sum(1, keepdim=True) / count
        errors.append((output.reconstruction - batch.pose)[seen].square().mean().item())
        spreads.append((batch.pose - standing)[seen].square().mean().item())
    assert np.mean(errors) < 0.7 * np.mean(spreads)


def test_training_begins_with_the_code_and_keeps_it(begin):
    result, keep = begin()
    code = code_of(keep.weights)
    assert code["linear_code.chunk_decoder"].abs().sum() > 0
    assert code["linear_code.body_decoder"].abs().sum() > 0
    assert same(code_of(keep.averaged), code)
    assert same(code_of(load_checkpoint(result.best_model).state), code)


def test_without_the_path_the_networks_start_as_they_are(begin, tiny_config, data):
    _, keep = begin(linear_path=False)
    torch.manual_seed(tiny_config.training.seed)
    fresh = build_model(tiny_config, data.processor).state_dict()
    assert same(keep.weights, fresh)
    assert (keep.weights["linear_code.chunk_decoder"] == 0).all()


def test_the_path_moves_no_random_number_of_training(begin):
    """So that runs with and without it differ in nothing else: all other weights start alike."""
    (_, with_path), (_, without) = begin(), begin(linear_path=False)
    shared = [name for name in with_path.weights if name.startswith("encoder")]
    assert shared and all(torch.equal(with_path.weights[name], without.weights[name]) for name in shared)


def test_the_same_seed_gives_the_same_code(begin, walks):
    (_, first), (_, second), (_, other) = begin(), begin(walks[::-1]), begin(seed=1)
    assert same(first.weights, second.weights)
    assert not same(code_of(first.weights), code_of(other.weights))


def test_resuming_does_not_fit_again(begin, monkeypatch):
    _, before = begin()
    monkeypatch.setattr(
        "htvae.training.trainer.start_from_linear_code", lambda *_: pytest.fail("fitted again")
    )
    _, after = begin(num_epochs=2, resume=True)
    assert after.step > 0 and same(code_of(before.weights), code_of(after.weights))


def test_weights_of_another_model_bring_its_code(begin, walks, monkeypatch):
    first, before = begin()
    monkeypatch.setattr(
        "htvae.training.trainer.start_from_linear_code", lambda *_: pytest.fail("fitted again")
    )
    _, after = begin(walks[:5], init_from=str(first.best_model), seed=1)
    assert same(code_of(before.weights), code_of(after.weights))


def test_a_model_given_as_an_object_is_taken_as_it_is(begin, tiny_config, data):
    torch.manual_seed(3)
    model = build_model(tiny_config, data.processor)
    expected = {name: value.clone() for name, value in model.state_dict().items()}
    _, keep = begin(model=model)
    assert same(keep.weights, expected)


def test_one_recording_without_chunk_latents_starts(begin, walks):
    result, keep = begin(walks[:1], chunk_latent_dim=0)
    assert result.finished and all(value.isfinite().all() for value in keep.weights.values())


def test_recordings_shorter_than_a_chunk_start(begin, make_walks):
    result, keep = begin(make_walks([5, 6, 7]))
    assert result.finished and all(value.isfinite().all() for value in keep.weights.values())


def test_recordings_in_three_dimensions_start(begin, make_walks):
    _, keep = begin(make_walks(LENGTHS, num_coordinates=3))
    assert keep.weights["linear_code.chunk_decoder"].shape == (3, 8 * 7 * 3)
