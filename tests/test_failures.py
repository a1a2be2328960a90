"""The disk is full, the folder is shut: a message, an exit code, and what was saved before still loads."""

import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from htvae.inference.checkpoint import load_checkpoint
from htvae.utils.files import read_tensors
from tests.forks import Forks

IN_A_PROCESS = """
import sys
import htvae.training.machine
from htvae.cli import main as cli
htvae.training.machine.measure_frame_seconds = lambda *_: 1e-4
{before}
sys.exit(cli.main(sys.argv[1:]))
"""
FULL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that writing fails, as it does where the disk is full
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
"""
ANOTHER_USER = """
import os
if os.geteuid() == 0:  # who may write everywhere
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""

needs_limits = pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="the system has no such limits")
needs_users = pytest.mark.skipif(
    not hasattr(os, "geteuid") or not all(p.stat().st_mode & 0o001 for p in Path(sys.prefix, "lib").parents),
    reason="the system has no such permissions, or another user could not import anything here",
)


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(forks: Forks) -> Run:
    """Return what runs a command in a process of its own, and returns its exit code and what it says."""

    def run(before: str, *argv: str, folder: Path) -> tuple[int, str]:
        code, said = forks.run(IN_A_PROCESS.format(before=before), *map(str, argv), folder=folder)
        said = re.sub(r"[│|\s]+", " ", said)
        if re.search(r"set.*PermissionError", said):
            pytest.skip("cannot become another user here")
        assert "Traceback" not in said, said
        return code, said

    return run


LONGER = ("--resume", "--num_epochs", "20")


@pytest.fixture
def training(trained: Any, tiny_settings: dict[str, Any]) -> list[str]:
    """The command that trains on the recordings of the trained model."""
    settings = tiny_settings | {"val_fraction": 0.2, "test_fraction": 0.3}
    settings |= {"data_dir": trained.folder, "experiments_dir": "runs"}
    return ["train", *(text for name, value in settings.items() for text in (f"--{name}", str(value)))]


@needs_limits
@pytest.mark.parametrize("too_large", ["best_model.pt", "last_model.pt"])
def test_training_onto_a_full_disk(
    too_large: str, trained: Any, training: list[str], tmp_path: Path, run: Run
) -> None:
    """The model, or the state, that a resumed run is about to save is too large."""
    shutil.copytree(trained.checkpoint.parents[1], tmp_path / "runs")
    checkpoints = tmp_path / "runs/checkpoints"
    before = read_files(checkpoints)
    limit = FULL_DISK.format(size=len(before[too_large]) - 1000)
    code, said = run(limit, *training, *LONGER, folder=tmp_path)
    assert code == 1
    message = rf"error: \S*{too_large}: must be accessible, but the system says: File too large\. .*space"
    assert re.search(message, said), said
    after = read_files(checkpoints)
    assert after[too_large] == before[too_large] and after.keys() == before.keys()
    assert load_checkpoint(checkpoints / "best_model.pt").figures["step"] >= 0
    assert read_tensors(checkpoints / "last_model.pt")["step"] > 0


@needs_limits
@pytest.mark.parametrize("size", [20, 2000])
def test_a_new_run_onto_a_full_disk(training: list[str], tmp_path: Path, size: int, run: Run) -> None:
    """Whatever is written first: lock, cache, settings, logs."""
    code, said = run(FULL_DISK.format(size=size), *training, folder=tmp_path)
    assert code == 1
    assert re.search(r"error: \S+: must be accessible, but the system says: File too large\.", said), said
    assert not list(tmp_path.rglob("*.pt"))


def read_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


OUTPUTS = {
    "encode": ["encode", "{recordings}"],
    "reconstruct": ["reconstruct", "{recordings}"],
    "evaluate": ["evaluate", "--split", "all", "--extract_latents"],
}


@needs_limits
@pytest.mark.parametrize(
    "command", ["encode", "reconstruct", pytest.param("evaluate", marks=pytest.mark.soak)]
)
def test_results_onto_a_full_disk(command: str, trained: Any, tmp_path: Path, run: Run) -> None:
    argv = [text.format(recordings=trained.folder) for text in OUTPUTS[command]]
    argv += ["--checkpoint", str(trained.checkpoint), "--device", "cpu", "--output_dir", "out"]
    code, said = run(FULL_DISK.format(size=500), *argv, folder=tmp_path)
    assert code == 1
    assert re.search(r"error: out/\S+: must be accessible, but the system says: File too large\.", said), said
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


@needs_users
def test_folders_that_nobody_may_write_to(trained: Any, training: list[str], run: Run) -> None:
    with tempfile.TemporaryDirectory() as name:  # not tmp_path, which only its owner may enter
        folder = Path(name)
        folder.chmod(0o755)
        argv = training_on_a_copy(trained, training, folder)
        code, said = run(ANOTHER_USER, *argv, folder=folder)
        assert code == 1
        assert re.search(r"error: \S*runs\S*: must be accessible, but .*: Permission denied\. .*perm", said)
        argv = ["encode", "poses", "--checkpoint", "model.pt", "--output_dir", "out"]
        code, said = run(ANOTHER_USER, *argv, folder=folder)
        assert code == 2
        assert re.search(r"output_dir must be a folder to write in, but .* is not\. ", said), said


def training_on_a_copy(trained: Any, training: list[str], folder: Path) -> list[str]:
    """Copy recordings and model to where others may read them; return the command that trains on them."""
    (folder / "poses").mkdir()
    for path in trained.folder.glob("*.csv"):
        (folder / "poses" / path.name).write_bytes(path.read_bytes())
    (folder / "model.pt").write_bytes(trained.checkpoint.read_bytes())
    for path in folder.rglob("*"):
        path.chmod(0o755)
    return ["poses" if text == str(trained.folder) else text for text in training]


@needs_users
def test_checkpoints_that_became_read_only(trained: Any, training: list[str], run: Run) -> None:
    """The run's folder may be written to, the folder of its checkpoints no more."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        argv = training_on_a_copy(trained, training, folder)
        runs = Path(shutil.copytree(trained.checkpoint.parents[1], folder / "runs"))
        for path in (runs, *runs.rglob("*")):
            path.chmod(0o777)
        checkpoints = runs / "checkpoints"
        before = read_files(checkpoints)
        checkpoints.chmod(0o555)
        code, said = run(ANOTHER_USER, *argv, *LONGER, folder=folder)
        checkpoints.chmod(0o755)
        assert code == 1
        assert re.search(r"error: \S*_model\.pt: must be accessible, but .*: Permission denied\.", said), said
        assert read_files(checkpoints) == before
        assert load_checkpoint(checkpoints / "best_model.pt").figures["step"] >= 0
        assert torch.load(checkpoints / "last_model.pt", weights_only=True)
