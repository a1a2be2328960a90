"""The drift of generated motion: planted drift is found, runs may be interrupted, and results are shown."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import htvae

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
WINDOW = 32


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def short_windows(monkeypatch):
    """Windows that fit into the tiny model's recordings."""
    import drift

    monkeypatch.setattr(drift, "WINDOW", WINDOW)
    monkeypatch.setattr(drift, "BATCH", 2)
    return drift


def make_swings(count, num_frames, seed):
    """Return bodies of four points whose last one swings, (count, T, 4, 2), each in its own way."""
    rng = np.random.default_rng(seed)
    places = np.array([[0, 0], [0, 1], [1, 1], [1, 2]], float)
    rate, height = rng.uniform(0.1, 0.4, count), rng.uniform(0.2, 0.5, count)
    pose = np.repeat(np.repeat(places[None, None], num_frames, 1), count, 0)
    phase = rate[:, None] * np.arange(num_frames) + rng.uniform(0, 6, count)[:, None]
    pose[:, :, 3, 1] += height[:, None] * np.sin(phase)
    return pose.astype(np.float32)


@pytest.fixture
def real(as_processed):
    from drift_figures import Real

    training, held_out = (
        [as_processed(p) for p in make_swings(n, 256, seed)] for n, seed in ((40, 0), (8, 1))
    )
    return Real.of(training, held_out, np.zeros((4, 2), np.float32), [(0, 1), (2, 3)], 128)


def test_planted_drift_is_measured(real):
    """Bodies that grow by a tenth grow in bones, speed and distance; their shape's own spread stays."""
    from drift_figures import measure_drift

    same = make_swings(24, 128, 2)
    found = measure_drift(np.stack([same, same, 1.1 * same]), 4, real)
    figures = {name: np.array(values) for name, values in found["figures"].items()}
    for name in ("bones", "speed"):
        assert figures[name][2] == pytest.approx(1.1 * figures[name][0], rel=1e-5)
    assert figures["bones"][0] == pytest.approx(1.0, abs=0.02)  # as long as training's but for chance
    assert figures["body"] == pytest.approx([0, 0, np.log(1.1)], abs=1e-6)
    assert np.ptp(figures["bone_spread"]) < 1e-5  # relative to the length
    assert figures["distance"][:2].max() < figures["distance"][2] / 3
    assert found["change"]["bones"] > 5 * found["change_errors"]["bones"]
    assert found["held_out"]["bones"] == pytest.approx(1.0, abs=0.05)


def test_still_frames_are_counted(real):
    """Bodies at rest are slower than the slowest tenth of training's frames."""
    from drift_figures import measure_drift

    moving = make_swings(8, 128, 3)
    resting = np.repeat(moving[:, :1], 128, 1)
    found = measure_drift(np.stack([moving, resting]), 2, real)["figures"]
    assert found["still"][1] == 1 and found["still"][0] < 0.3
    assert found["speed"][1] == 0 and found["bone_spread"][1] == pytest.approx(0, abs=1e-6)


def test_the_jackknife_of_means_is_their_standard_error():
    from drift_figures import _jackknife

    values = np.random.default_rng(0).normal(size=10)
    left_out = np.array([np.delete(values, i).mean() for i in range(10)])
    assert _jackknife(left_out) == pytest.approx(values.std(ddof=1) / np.sqrt(10))


@torch.no_grad()
def test_parts_are_decoded_as_the_whole(short_windows, trained_with_prior):
    model = htvae.load(trained_with_prior.checkpoint)
    count, ends = 512, [32, 64, 128, 256, 512]
    latents = torch.randn(2, model.latent_dims[0]), torch.randn(2, model.grid.num_chunks(count), 3)
    latents = htvae.models.prior.Latents(*latents)
    whole = model.decode_all(latents, count)[:, :, : len(model.processor.landmarks)]
    parts = short_windows.decode_before(model, latents, ends, count)
    expected = np.stack([whole[:, end - WINDOW : end] for end in ends], 1)
    np.testing.assert_allclose(parts, expected, atol=1e-5)  # batches of other sizes differ in the last digits


def test_a_run_goes_on_after_an_interruption(
    short_windows, trained_with_prior, tmp_path, monkeypatch, capsys
):
    drift = short_windows
    costs = [{"core_seconds": 0.5, "loaded_mib": 300.0, "peak_mib": 310.0}] * 3
    monkeypatch.setattr(drift, "measure_costs", lambda *_: costs)
    output = tmp_path / "drift_walks.json"
    command = [str(trained_with_prior.checkpoint), str(trained_with_prior.folder), "--output", str(output)]
    command += ["--num_frames", "128", "--num_sequences", "6"]
    real_decode, calls = drift.decode_before, []

    def decode(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real_decode(*arguments)

    monkeypatch.setattr(drift, "decode_before", decode)
    assert drift.main(command) == 130
    assert "goes on with the rest" in capsys.readouterr().out and not output.exists()
    assert drift.main(command) == 0 and len(calls) == 4
    text = capsys.readouterr().out
    assert "2 sequences are in" in text and "| held-out recordings |" in text
    result = json.loads(output.read_text())
    assert result["ends"] == [32, 64, 128] and result["num_sequences"] == 6
    assert all(len(values) == 3 and np.isfinite(values).all() for values in result["figures"].values())
    assert output.with_suffix(".png").stat().st_size > 10_000
    assert not list(tmp_path.glob("*.npz"))


def test_another_model_does_not_go_on(short_windows, trained_with_prior, tmp_path, capsys):
    kept = tmp_path / "drift.partial.npz"
    np.savez(kept, key="another", batches=np.zeros((1, 2)))
    command = [str(trained_with_prior.checkpoint), str(trained_with_prior.folder), "--num_frames", "64"]
    assert short_windows.main([*command, "--output", str(tmp_path / "drift.json")]) == 1
    assert "must be of this model and length" in capsys.readouterr().err and kept.exists()


def test_what_cannot_be_measured_is_refused(short_windows, trained, trained_with_prior, capsys):
    folder = str(trained.folder)
    assert short_windows.main([str(trained.checkpoint), folder]) == 1
    assert "must have a prior" in capsys.readouterr().err
    assert short_windows.main([str(trained_with_prior.checkpoint), folder, "--num_frames", "63"]) == 1
    assert "num_frames must be at least 64, but got 63" in capsys.readouterr().err


def test_the_cost_of_one_sequence(short_windows, trained_with_prior, capsys):
    command = [str(trained_with_prior.checkpoint), str(trained_with_prior.folder), "--alone", "100"]
    assert short_windows.main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["core_seconds"] > 0 and found["peak_mib"] >= found["loaded_mib"] > 0


def make_result(last):
    figures = {"distance": [1.0, last], "speed": [0.9, 0.95]}
    return {
        "recordings": "walks",
        "num_sequences": 8,
        "num_frames": 512,
        "window": 256,
        "fps": 30.0,
        "training": "1,000 frames of training, 10 steps of the prior",
        "machine": "a machine",
        "commit": "abc",
        "date": "2026-01-01",
        "command": ["python benchmarks/drift.py best_model.pt walks"],
        "ends": [256, 512],
        "figures": figures,
        "errors": {name: [0.5, 0.5] for name in figures},
        "change": {"distance": last - 1, "speed": 0.05},
        "change_errors": {"distance": 0.5, "speed": 0.1},
        "held_out": {"distance": 4.0, "speed": 1.1},
        "costs": [{"core_seconds": 0.25, "loaded_mib": 300.0, "peak_mib": 310.0}] * 2,
    }


def test_a_change_beyond_chance_is_named():
    from drift_show import describe, render_table

    assert "nothing changes by more than twice its error" in describe(make_result(1.9))
    text = describe(make_result(12.25))
    assert "these change by more than twice their error: distance by +11.2 ± 0.5." in text
    table = render_table(make_result(12.25))
    assert "| 17 s | 512 | 12.2 ± 0.500 | 0.950 ± 0.500 | 0.25 s | 310 MiB |" in table
    assert "| **last less first** |  | +11.2 ± 0.500 | +0.050 ± 0.100 |  |  |" in table
    assert "| held-out recordings |  | 4.000 | 1.100 |  |  |" in table


def test_results_show_a_table_of_drift(tmp_path):
    import write_results

    assert write_results.render_made(tmp_path, "drift") == ""
    (tmp_path / "drift_walks.json").write_text(json.dumps(make_result(2.0)))
    text = write_results.render_made(tmp_path, "drift")
    assert "| **last less first** |" in text and "(images/drift_walks.png)" in text
    assert "    python benchmarks/drift.py best_model.pt walks" in text
    assert write_results.load_runs(tmp_path) == []
