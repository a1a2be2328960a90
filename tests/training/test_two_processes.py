"""Two real processes beside one; those that torchrun starts are the soak tests."""

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.io.pose_csv import write_pose_csv
from htvae.training.trainer import HTVAETrainer
from htvae.utils.files import read_tensors
from htvae.utils.world import World
from tests.training.process_script import Recorder

SCRIPT = Path(__file__).with_name("process_script.py")
SETTINGS = {
    "batch_frames": 80,
    "gradient_clip": 0.0,
    "latent_span_dropout": 0.3,
    "num_epochs": 2,
    "seed": 4,
}
LENGTHS = [40, 60, 51, 70, 33, 90, 100, 45]


@pytest.fixture(scope="module")
def base(tmp_path_factory, make_walks, tiny_settings):
    """Settings, with recordings in a folder."""
    root = tmp_path_factory.mktemp("processes")
    for walk in make_walks(LENGTHS):
        write_pose_csv(root / "poses" / f"{walk.name}.csv", walk)
    return Config().replace(
        **(tiny_settings | SETTINGS), data_dir=str(root / "poses"), experiments_dir=str(root / "runs")
    )


def write_settings(config, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    return str(folder / "config.json"), str(folder)


def fork_two(forks, config, folder):
    """Train with two processes; return the exit code and what is said by each."""
    script = f"import runpy; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    arguments, size = write_settings(config, folder), {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    ranks = [
        forks.start(script, *arguments, folder=folder, RANK=rank, LOCAL_RANK=rank, **place, **size)
        for rank in "01"
    ]
    return [rank.wait() for rank in ranks]


def start_two(config, folder, *fault):
    """Train with two processes by torchrun and return how it ended."""
    arguments = write_settings(config, folder)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    return subprocess.run(
        [*launcher, str(SCRIPT), *arguments, *fault],
        capture_output=True,
        text=True,
        timeout=400,  # against hanging: it takes some ten seconds, on a busy machine a minute
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def read_ranks(folder):
    return [read_tensors(folder / f"rank_{rank}.pt") for rank in range(2)]


@pytest.fixture(scope="module")
def folder(base, forks, tmp_path_factory):
    """A run of two processes: what they noted, and its outputs in ``run``."""
    folder = tmp_path_factory.mktemp("two")
    config = base.replace(experiments_dir=str(folder / "run"))
    ended = fork_two(forks, config, folder)
    assert [code for code, _ in ended] == [0, 0], ended
    (folder / "said.txt").write_text("".join(said for _, said in ended))
    return folder


@pytest.fixture(scope="module")
def two(folder):
    return read_ranks(folder)


@pytest.fixture(scope="module")
def one(base, tmp_path_factory):
    """The same run by one process."""
    folder = tmp_path_factory.mktemp("one")
    config = base.replace(experiments_dir=str(folder / "run"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("htvae.training.machine.measure_frame_seconds", lambda *_: 1e-4)
        HTVAETrainer(config, callbacks=[Recorder(folder)]).fit()
    return read_tensors(folder / "rank_0.pt")


def test_every_window_once_an_epoch(two, one):
    shares = list(zip(*(rank["steps"] for rank in two), strict=True))
    assert [sorted(first + second) for first, second in shares] == [sorted(step) for step in one["steps"]]
    seeds = [seed for first, second in shares for seed in first + second]
    assert len(seeds) == len(set(seeds))  # no two windows of the run share one
    assert any(not second for _, second in shares)  # a step of one window: nothing hangs
    assert shares[0][0] and shares[0][1]
    assert two[0]["frames"] == two[1]["frames"] == one["frames"]


def test_gradients_of_a_step(two, one):
    """Float32 sums in another order: about 1e-7."""
    assert two[0]["gradients"].keys() == one["gradients"].keys()
    first, second, alone = (
        torch.cat([gradient.flatten() for gradient in run["gradients"].values()]) for run in (*two, one)
    )
    assert torch.equal(first, second)
    assert (first - alone).norm() < 1e-6 * alone.norm()


def test_weights_are_the_same_bits(two, one):
    for level in ("model", "averaged"):
        first, second = (rank[level] for rank in two)
        assert all(torch.equal(value, second[name]) for name, value in first.items())
        # Muon orthogonalises, which makes the last bits of gradients matter a little more.
        assert all(torch.allclose(value, one[level][name], atol=1e-2) for name, value in first.items())


def test_in_bf16_gradients_are_sent_in_bf16_and_weights_are_the_same_bits(base, forks, tmp_path):
    config = base.replace(experiments_dir=str(tmp_path / "run"), precision="bf16", num_epochs=1)
    ended = fork_two(forks, config, tmp_path)
    assert [code for code, _ in ended] == [0, 0], ended
    first, second = read_ranks(tmp_path)
    assert all(torch.equal(g, g.bfloat16().float()) for g in first["gradients"].values())
    for level in ("gradients", "model", "averaged"):
        assert all(torch.equal(value, second[level][name]) for name, value in first[level].items())


def test_validation(two, base):
    """One process scores the same weights. The last validation scored the last weights."""
    assert two[0]["figures"] == two[1]["figures"]
    data = PoseDataLoader(base)
    task = HTVAETrainer(base)._build_task(data, "cpu", "32", World())
    task.model.load_state_dict(two[0]["averaged"])
    with torch.no_grad():
        alone = task.validate(task.model.eval())
    figures = two[0]["figures"][-1]
    assert alone.keys() == figures.keys() - {"step", "frames"}
    assert alone == pytest.approx({name: figures[name] for name in alone}, rel=1e-5)


def test_one_process_writes_and_speaks(folder, two):
    said = (folder / "said.txt").read_text()
    assert said.count("Recordings: 6 train") == said.count("Best model:") == 1
    run = folder / "run"
    files = {p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file()}
    known = {"checkpoints/best_model.pt", "checkpoints/last_model.pt", "config.json", "logs/metrics.csv"}
    others = {name.split("/")[0] for name in files - known}
    assert known <= files and others == {"cache", "run.lock", "tensorboard"}
    with (run / "logs" / "metrics.csv").open(newline="") as file:
        losses = [float(row["val/loss"]) for row in csv.DictReader(file) if row["val/loss"]]
    assert losses == pytest.approx([figures["loss"] for figures in two[0]["figures"]], rel=1e-6)


@pytest.mark.soak
def test_ctrl_c_and_going_on(base, two, tmp_path):
    """Two processes of torchrun resume bit for bit; one process can resume too."""
    cut = base.replace(experiments_dir=str(tmp_path / "cut"))
    ended = start_two(cut, tmp_path, "interrupt")
    assert ended.returncode != 0
    assert (
        ended.stderr.count("Interrupted at step 3 of training. To go on: the same command with --resume.")
        == 1
    )
    shutil.copytree(tmp_path / "cut", tmp_path / "cut_one")
    ended = start_two(cut.replace(resume=True), tmp_path)
    assert ended.returncode == 0, ended.stderr
    # One that asks for the interpreter while it ends now and then aborts the process.
    assert not any("gloo" in (tmp_path / f"threads_{rank}.txt").read_text() for rank in range(2))
    for whole, resumed in zip(two, read_ranks(tmp_path), strict=True):
        for level in ("model", "averaged"):
            assert all(torch.equal(value, resumed[level][name]) for name, value in whole[level].items())
    alone = HTVAETrainer(cut.replace(resume=True, experiments_dir=str(tmp_path / "cut_one"))).fit()
    assert alone.finished
    assert alone.figures["frames"] == two[0]["frames"][-1]


@pytest.mark.soak
def test_an_error_in_one_process_ends_all(base, tmp_path):
    ended = start_two(base.replace(experiments_dir=str(tmp_path / "run")), tmp_path, "error")
    assert ended.returncode != 0
    assert "ZeroDivisionError: planted" in ended.stderr
    assert (tmp_path / "run" / "checkpoints" / "last_model.pt").is_file()  # of the validation before


@pytest.mark.soak
def test_recordings_that_are_not_there(base, tmp_path):
    ended = start_two(base.replace(data_dir=str(tmp_path / "nowhere")), tmp_path)
    assert ended.returncode != 0
    assert ended.stderr.count("error: data_dir must be a folder") == 1
    assert 'File "' not in ended.stderr.split("torch/distributed/elastic")[0]  # no traceback of ours
