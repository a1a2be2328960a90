"""The benchmarks work; what they measure is not judged here."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from htvae.models import linear

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_full_attention_is_the_same_task():
    """It takes and gives what the model does, and padding changes nothing."""
    from baselines.full_attention import FullAttentionVAE

    from htvae.config import ModelConfig

    torch.manual_seed(0)
    config = ModelConfig(embed_dim=16, num_heads=2, num_layers=1, latent_dim=6, chunk_latent_dim=3)
    model = FullAttentionVAE(config, num_points=5)
    pose, observed = torch.randn(2, 37, 5, 2), torch.ones(2, 37, 5, dtype=torch.bool)
    output = model(pose, observed, torch.tensor([37, 30]))
    assert output.reconstruction.shape == pose.shape
    assert output.sequence_kl.shape == (2, 6) and output.chunk_kl.shape == (2, 10, 3)
    short, _, _ = model.encode(pose[1:, :30], observed[1:, :30], torch.tensor([30]))
    padded, _, _ = model.encode(pose, observed, torch.tensor([37, 30]))
    torch.testing.assert_close(short.mu[0], padded.mu[1])


@pytest.mark.parametrize("mode", ["train", "encode"])
def test_operations_are_counted_whatever_computes_linear_maps(mode, monkeypatch):
    from measure import Case, count_operations

    case = Case(mode=mode, window=128)
    counted = count_operations(case)
    monkeypatch.setattr(linear, "_ONEDNN", None)
    assert counted == count_operations(case) > 1e6


@pytest.mark.parametrize(
    "mode", ["encode", *(pytest.param(mode, marks=pytest.mark.soak) for mode in ("train", "profile"))]
)
def test_a_case_is_measured_in_a_process_of_its_own(mode):
    from measure import Case
    from throughput import run

    case = Case(model="full", mode=mode, window=64, step_frames=128, num_steps=1)
    found = run(case)
    if mode == "profile":
        assert sum(row["share"] for row in found) <= 1 + 1e-9 and found[0]["calls"] > 0
    else:
        assert found["frames_per_second"] > 0 and 0 < found["matrix_share"] < 1
        assert found["peak_bytes"] >= 0  # so small a case may fit into what the imports took


def test_ratios_compare_the_right_cases(capsys):
    from throughput import OURS, plan, print_ratios

    cases = plan((512, 2048, 4096))
    assert len(cases) == len(set(cases)) == 16
    speeds = {("two-level", 4): 12_000.0, ("two-level", 1): 4000.0, ("full", 4): 8000.0, ("full", 1): 1000.0}
    figures = {
        case: {
            "frames_per_second": speeds[case.model, case.frames_per_token],
            "peak_bytes": 1e9 * (1 if case.model == OURS.model else 5),
            "matrix_share": 0.4,
        }
        for case in cases
    }
    print_ratios(figures)
    shown = [float(number) for number in re.findall(r": +([\d.]+)$", capsys.readouterr().out, re.MULTILINE)]
    assert shown == [12.0, 1.5, 0.2, 1.0] * 2


def test_mix_ups_at_crossings_are_counted(capsys):
    import linking

    assert linking.main(["--num_videos", "1"]) == 0
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0].strip() for row in rows] == [scenario.title for scenario in linking.SCENARIOS]
    assert all(0 <= int(mixed) <= int(crossings) for _, crossings, mixed, *_ in rows)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("name", "arguments", "least"),
    [("utilisation", ["--steps", "4"], 1.0), ("prior_cost", ["--turns", "1"], 0.001)],
)
def test_training_steps_are_compared(trained, tmp_path, name, arguments, least):
    command = [sys.executable, str(BENCHMARKS / f"{name}.py"), str(trained.folder), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert float(ended.stdout.split()[-1]) >= least


def test_a_part_inside_another_counts_once():
    import time

    from utilisation import Stopwatch

    watch = Stopwatch()
    inner = watch.wrap("inner", lambda: time.sleep(0.05))
    start = time.perf_counter()
    watch.wrap("outer", lambda: (inner(), inner(), time.sleep(0.02)))()
    whole = time.perf_counter() - start
    assert watch.seconds["inner"] >= 0.1 and watch.seconds["outer"] >= 0.02
    assert sum(watch.seconds.values()) <= whole


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="two processes of gloo, peak memory in KiB")
def test_a_preset_trains_with_its_weights_shared_out(capfd):
    from sharded import main

    assert main(["--embed_dim", "32", "--num_layers", "1", "--steps", "3", "--window", "64"]) == 0
    said = capfd.readouterr().out
    whole, sharded = (
        float(line.split()[1]) for line in said.splitlines() if line.split()[0] in ("whole", "sharded")
    )
    assert 0.5 * whole <= sharded < 0.6 * whole


@pytest.mark.soak
def test_continuing_interpolating_and_editing_are_judged(trained_with_prior, tmp_path):
    command = [sys.executable, str(BENCHMARKS / "transitions.py"), str(trained_with_prior.checkpoint)]
    command += ["--num_cuts", "3", "--num_pairs", "2"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "continued, 6 seams" in ended.stdout and "recordings themselves, 3 seams" in ended.stdout
    assert "2 pairs: greatest over least step" in ended.stdout
    assert ended.stdout.count("rises at every step for") == 2


def test_reading_is_timed_beside_bare_parsing(capsys):
    from reading import FORMATS, main

    assert main(["--scale", "0.002", "--turns", "1"]) == 0
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()[2:]
    ]
    assert [row[0] for row in rows] == list(FORMATS)
    frames = {row[0]: row[2] for row in rows}
    assert frames["deeplabcut"] == frames["numpy"] == "200" and frames["c3d"] == "120"
    assert frames["openpose"] == "40" and frames["yolo"] == "20"  # two people and one, 20 frames
    assert all(float(cell.replace(",", "")) > 0 for row in rows for cell in row[2:6])


def test_planted_faults_are_found(capsys):
    from planted_faults import FAULTS, main

    assert main(["--num_recordings", "1", "--seed", "55"]) == 0
    rows = [row.split("|")[1:-1] for row in capsys.readouterr().out.splitlines()[2:]]
    assert len(rows) == len(FAULTS) + 1 and len(FAULTS) >= 15
    found = [float(row[3].strip().rstrip("%")) for row in rows]
    assert found[-1] == 0  # sound recordings
    assert sum(found[:-1]) / len(FAULTS) > 90


def test_planted_faults_change_their_frames_and_landmarks_alone(make_walk):
    import numpy as np
    from planted_surprise import FAULTS

    walk = make_walk(1, 800)
    for name, (_, plant) in FAULTS.items():
        pose = walk.pose.astype(np.float64)
        fault = plant(pose, walk, 2.0, np.random.default_rng(0))
        changed = ~np.isclose(pose, walk.pose, equal_nan=True).all(axis=-1)
        frames, landmarks = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        assert fault.start <= frames.min() <= frames.max() < fault.stop, name
        assert set(landmarks) <= set(fault.landmarks), name


def test_half_seconds_count_as_inside_by_half():
    from types import SimpleNamespace

    import numpy as np
    from planted_surprise import _by_half_seconds

    scores = np.arange(90.0)
    own = SimpleNamespace(frames=np.arange(10, 100), scores={"error": scores})
    inside, outside = _by_half_seconds(own, 10 + 20, 10 + 50, "error", 30.0)
    assert inside.tolist() == [29, 44]  # frames 15..30 (ten of them in the fault), 30..45; 45..60 has five
    assert outside.tolist() == [14, 74, 89]


def test_streams_are_timed_and_compared(trained, capsys):
    from streaming import main

    counts = ["--chunks", "2", "--rounds", "1", "--recordings", "3"]
    assert main([str(trained.checkpoint), str(trained.folder), *counts]) == 0
    said = capsys.readouterr().out
    assert {"latents, 64 frames", "latents and surprise", "latents and motifs"} <= {
        line[:34].strip() for line in said.splitlines()
    }
    assert "A chunk's new frames last 200 ms." in said
    correlations = [float(found) for found in re.findall(r"chunk latents r ([\d.-]+)", said)]
    assert len(correlations) == 2 and min(correlations) > 0.5


@pytest.mark.soak
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize(
    ("command", "frames_each"),
    [("encode", 100), ("encode", 2000), ("reconstruct", 2000), ("motifs", 2000), ("surprise", 2000)],
)
def test_memory_of_a_command_is_measured_in_a_process_of_its_own(trained, capsys, command, frames_each):
    from memory import main

    sizes = ["--frames", "500", "2000", "--frames_each", str(frames_each), "--command", command]
    assert main([str(trained.checkpoint), str(trained.folder), *sizes]) == 0
    said = capsys.readouterr().out
    rows = [line.split() for line in said.splitlines()[1:4]]
    assert [row[0] for row in rows] == ["0", "500", "2,000"]
    assert float(rows[0][2]) < float(rows[2][2])
    assert all(float(memory.replace(",", "")) > 0 for row in rows for memory in row[2:])
    assert "ratio RssAnon " in said


def test_a_ratio_that_grew_gets_a_warning_and_others_none():
    from guard import describe

    table = describe({"a": 1.4, "b": 1.2, "c": 0.5, "d": 3.0}, {"a": 1.0, "b": 1.0, "c": 1.0})
    rows = {row.split("|")[1].strip(): row for row in table.splitlines()[2:]}
    assert "1.00 | 1.40 | **slower, 1.40 times**" in rows["a"]
    assert not any("slower" in rows[name] for name in "bcd")
    assert "not measured" in rows["d"]


@pytest.mark.soak
def test_the_guard_measures_what_it_has_kept(capsys, monkeypatch):
    import guard

    monkeypatch.setattr(guard, "NUM_TURNS", 1)
    assert guard.main([]) == 0
    said = capsys.readouterr().out
    for name in json.loads(guard.KEPT.read_text(encoding="utf-8"))["bf16"]:
        assert re.search(rf"\| {re.escape(name)} \| [^|]+ \| \d+\.\d+ \|", said)
