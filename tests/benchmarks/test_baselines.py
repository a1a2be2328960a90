"""Models that ours is compared with learn, count their numbers rightly, and ignore what is missing."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
L, D = 5, 2
TRAINED = ("full_attention", "gru_vae", "one_latent", "causal_conv", "residual_vq")


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def make_poses(count=4, length=60):
    frames = np.arange(length)[:, None, None]
    phase = np.random.default_rng(0).uniform(0, 6, (count, 1, L, D))
    return [(np.sin((0.1 + 0.02 * i) * frames + phase[i]) + 1).astype(np.float32) for i in range(count)]


def make_task(numbers=40.0, lengths=(60,) * 4):
    from baselines.interface import Task

    return Task(
        numbers=numbers,
        lengths=lengths,
        poses=make_poses(),
        pose_mean=torch.ones(L, D),
        pose_scale=torch.full((L,), 0.7),
    )


def build_small(name, task):
    from baselines.causal_conv import CausalConvVAE
    from baselines.full_attention import FullAttention
    from baselines.gru_vae import GRUVAE
    from baselines.one_latent import OneLatentVAE
    from baselines.residual_vq import ResidualVQ

    torch.manual_seed(0)
    narrow = {"embed_dim": 32, "num_heads": 2, "num_layers": 1}
    return {
        "full_attention": lambda: FullAttention(task, **narrow),
        "gru_vae": lambda: GRUVAE(task, hidden=32),
        "one_latent": lambda: OneLatentVAE(task, **narrow),
        "causal_conv": lambda: CausalConvVAE(task, width=32),
        "residual_vq": lambda: ResidualVQ(task, width=32),
    }[name]()


def output_bias(model, name):
    """Return the bias of the layer that makes coordinates."""
    return {
        "full_attention": lambda: model.network.output.bias,
        "gru_vae": lambda: model.decoder.output.bias,
        "one_latent": lambda: model.output.bias,
        "causal_conv": lambda: model.decoder[-1].convolution.bias,
        "residual_vq": lambda: model.decoder[-1].convolution.bias,
    }[name]()


@pytest.mark.parametrize("name", TRAINED)
def test_four_sequences_can_be_overfitted(name):
    from baselines.training import cut_pose, reconstruct

    model, poses, fallback = build_small(name, make_task()), make_poses(), np.ones((L, D), np.float32)
    cuts = [cut_pose(pose, model.training_window, model.is_fixed, fallback) for pose in poses]
    pose, observed = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*cuts, strict=True))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2 if name == "gru_vae" else 3e-3)
    losses = []
    for _ in range(300):
        loss = model.train().loss(pose, observed)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    model.eval()
    errors = [np.linalg.norm(reconstruct(model, p, fallback) - p, axis=-1).mean() for p in poses]
    still = [np.linalg.norm(p - p.mean(0), axis=-1).mean() for p in poses]
    assert np.mean(errors) < 0.6 * np.mean(still)  # of a pose that stands still; recurrence learns slowly


@pytest.mark.parametrize("name", TRAINED)
def test_missing_points_do_not_count(name):
    model = build_small(name, make_task())
    pose = torch.from_numpy(np.stack(make_poses(3, 40)))[:, :30]
    observed = torch.ones(3, 30, L, dtype=torch.bool)
    observed[:, :, 2] = False
    model.train().loss(pose, observed).backward()
    gradient = output_bias(model, name).grad.reshape(-1, L, D)
    assert (gradient[:, 2] == 0).all()
    assert (gradient[:, [0, 1, 3, 4]] != 0).all()


@pytest.mark.parametrize("name", ["full_attention", "one_latent"])
def test_padding_changes_nothing(name):
    """Only models that see windows of many lengths are given padding beside longer windows."""
    model = build_small(name, make_task()).eval()
    pose = torch.from_numpy(np.stack(make_poses(2, 37)))
    observed = torch.ones(2, 37, L, dtype=torch.bool)
    with torch.no_grad():
        plain = model.reconstruct(pose, observed)
        padded = torch.cat([pose, torch.full((2, 7, L, D), 9.0)], 1)
        mask = torch.cat([observed, torch.zeros(2, 7, L, dtype=torch.bool)], 1)
        again = model.reconstruct(padded, mask)[:, :37]
    torch.testing.assert_close(again, plain, atol=1e-5, rtol=1e-5)  # other sizes, other order of sums


def test_causal_convolutions_see_no_later_frame():
    model = build_small("causal_conv", make_task(48, (64,))).eval()
    pose = torch.from_numpy(np.stack(make_poses(1, 64)))
    later = pose.clone()
    later[:, 40:] += 1
    observed = torch.ones(1, 64, L, dtype=torch.bool)
    with torch.no_grad():
        first, second = model.reconstruct(pose, observed), model.reconstruct(later, observed)
    assert torch.equal(first[:, :40], second[:, :40]) and not torch.equal(first, second)


def test_numbers_by_hand():
    """Two recordings, of 60 and 35 frames, 95 in all."""
    task = make_task(32.0, (60, 35))
    gru = build_small("gru_vae", task)  # windows of 30: two and two
    assert gru.latent_dim == math.ceil(0.99 * 32 * 95 / 48 / 4)
    assert task.count(gru.window, gru.numbers) == pytest.approx(48 * 4 * gru.latent_dim / 95)
    one = build_small("one_latent", task)  # one window each
    assert task.count(one.window, one.numbers, one.is_fixed) == pytest.approx(48 * 2 * one.latent_dim / 95)
    conv = build_small("causal_conv", task)  # 15 and 9 latents, one every four frames
    assert conv.num_halvings == 2
    assert task.count(conv.window, conv.numbers, conv.is_fixed) == pytest.approx(
        48 * 24 * conv.latent_dim / 95
    )
    codes = build_small("residual_vq", task)
    bits = 24 * codes.num_levels * math.log2(codes.num_codes)
    assert task.count(codes.window, codes.numbers, codes.is_fixed) == pytest.approx(48 * bits / 16 / 95)
    full = build_small("full_attention", task)
    tokens = -(-60 // full.config.frames_per_token) - (-35 // full.config.frames_per_token)
    assert task.count(full.window, full.numbers, full.is_fixed) == pytest.approx(
        48 * (2 * full.config.latent_dim + tokens * full.config.chunk_latent_dim) / 95
    )


@pytest.mark.parametrize("numbers", [8.0, 16.0, 32.0, 64.0])
@pytest.mark.parametrize("name", TRAINED)
def test_numbers_are_at_least_those_asked_for(name, numbers):
    task = make_task(numbers, (217, 130, 455))
    model = build_small(name, task)
    needed = task.count(model.window, model.numbers, model.is_fixed)
    assert 0.99 * numbers <= needed <= 1.25 * numbers


def test_long_recordings_are_cut_into_equal_parts():
    from baselines.interface import cut_recording

    starts, size = cut_recording(217, 196, is_fixed=False)
    assert (starts.tolist(), size) == ([0, 108], 109)
    starts, size = cut_recording(70, 30, is_fixed=True)
    assert (starts.tolist(), size) == ([0, 30, 40], 30)


def test_pca_is_the_yardstick_of_evaluation():
    from baselines.pca import build_baseline
    from baselines.training import reconstruct

    from htvae.metrics.pca import PCAControl

    task = make_task(10.0, (60,))
    model, pose = build_baseline(task), make_poses(1)[0]
    control = PCAControl.fit(task.poses, model.size)
    assert model.size == math.ceil(0.99 * 10 * 60 / 96)  # two windows of 48 for 60 frames
    found = reconstruct(model, pose, np.ones((L, D), np.float32))
    np.testing.assert_allclose(found, control.reconstruct(pose), atol=1e-5)  # float32


def test_gaps_are_filled_in_and_masked():
    from baselines.training import cut_pose

    pose = np.repeat(np.arange(35.0, dtype=np.float32)[:, None, None], 2, axis=2)
    pose[3:6] = np.nan
    windows, observed = cut_pose(pose, 30, True, np.zeros((1, 2), np.float32))
    assert windows.shape == (2, 30, 1, 2) and np.allclose(windows[0, :, 0, 0], np.arange(30))
    assert observed[0, :, 0].tolist() == [not 3 <= frame < 6 for frame in range(30)]
    windows, observed = cut_pose(pose, 40, True, np.zeros((1, 2), np.float32))
    assert windows.shape[1] == 40 and (windows[0, 35:] == 34).all() and not observed[0, 35:].any()


def test_rare_codes_restart_at_vectors_of_the_batch():
    from baselines.residual_vq import Codebook

    torch.manual_seed(0)
    book, vectors = Codebook(4, 3).train(), torch.randn(64, 3)
    book(vectors)
    book.codes[0] = 1e3  # nobody chooses it
    for _ in range(300):
        book(vectors)
    assert book.codes.abs().max() < 10
    error = (vectors - book.eval()(vectors)).square().mean()
    assert error < vectors.var(0).mean()


def test_training_of_one_thread_is_timed_by_the_processor():
    import time

    from baselines.training import read_clock

    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        start = read_clock()
        time.sleep(0.2)
        assert read_clock() - start < 0.1 or torch.cuda.is_available()
        torch.set_num_threads(2)
        start = read_clock()
        time.sleep(0.2)
        assert read_clock() - start >= 0.2
    finally:
        torch.set_num_threads(threads)
