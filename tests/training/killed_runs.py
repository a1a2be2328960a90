"""Starts a training, kills it again and again, and resumes it each time; for ``test_resume.py``.

Every start is a fork of this process, which has imported everything: twenty starts take seconds.
"""

import functools
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas  # noqa: F401
import torch
import torch.utils.tensorboard

import htvae.data.batching
import htvae.generation
import htvae.io.folder
import htvae.training.machine
import htvae.training.trainer
from htvae.cli import main as cli
from htvae.cli import train
from htvae.io import cache as store
from htvae.training.logs import MetricsLog
from htvae.training.loop import Loop
from htvae.training.optimizer import MuonWithAdamW
from htvae.training.vae_task import VAETask
from htvae.utils import files as utils


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(place: Any, name: str, condition: Callable[..., bool] = lambda *_: True) -> Callable[[int], None]:
    """Return a function of n that makes the n-th call of ``place.name`` kill this process."""

    def plan(count: int) -> None:
        original, calls = getattr(place, name), iter(range(1, 10**9))

        @functools.wraps(original)
        def call(*args: Any, **options: Any) -> Any:
            if condition(*args) and next(calls) == count:
                die()
            return original(*args, **options)

        setattr(place, name, call)

    return plan


def halfway(place: Any, name: str, write: Callable[..., None]) -> Callable[[int], None]:
    """Return a function of n that makes the n-th call of ``place.name`` write half and kill this process."""

    def plan(count: int) -> None:
        original, calls = getattr(place, name), iter(range(1, 10**9))

        @functools.wraps(original)
        def call(*args: Any, **options: Any) -> Any:
            if next(calls) == count:
                write(*args)
                die()
            return original(*args, **options)

        setattr(place, name, call)

    return plan


def write_half(path: Path, content: Any) -> None:
    path.open("wb").write(bytes(content)[: len(content) // 2])


def save_half(file: Any, poses: Any) -> None:
    file.write(poses[0].tobytes()[: poses[0].nbytes // 2])
    file.flush()


def write_half_a_row(log: MetricsLog, file: Any, rows: Any) -> None:
    file.write("0,1")
    file.flush()


def shortly_after(seconds: float) -> None:
    """Die some time after the second step has begun."""
    original, calls = Loop.take_step, iter(range(1, 10**9))

    @functools.wraps(original)
    def call(*args: Any) -> None:
        if next(calls) == 2:
            threading.Timer(seconds, die).start()
        original(*args)

    Loop.take_step = call  # type: ignore[method-assign]


INSTANTS: dict[str, Callable[[Any], None]] = {
    "reading a recording": before(htvae.io.folder, "build_recordings"),
    "writing the cache": halfway(store, "_write_poses", save_half),
    "between cache and index": before(utils.os, "replace", lambda _, path: str(path).endswith(".json")),
    "before a step": before(Loop, "take_step"),
    "in a step": before(MuonWithAdamW, "zero_grad"),
    "in a validation": before(VAETask, "_score"),
    "writing a model": halfway(Path, "write_bytes", write_half),
    "writing the log": halfway(MetricsLog, "_write", write_half_a_row),
    "before a file is put in place": before(utils.os, "replace"),
    "after a file is put in place": before(utils, "_sync_folder"),
    "at a time": shortly_after,
}


def start(flags: list[str], log: Path, instant: tuple[str, Any] | None = None) -> int:
    """Train in a fork and return its exit code, -9 if it was killed."""
    child = os.fork()
    if child == 0:
        with log.open("a") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        if instant:
            INSTANTS[instant[0]](instant[1])
        os._exit(cli.main(["train", *flags]))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def torn_files(folder: Path) -> list[str]:
    """Return the checkpoints of a folder that do not load; hidden temporary files do not count."""
    torn = []
    for path in folder.glob("[!.]*"):
        try:
            torch.load(path, weights_only=True)
        except Exception as error:
            torn.append(f"{path}: {error}")
    return torn


def main(root: str, plan: str) -> None:
    """Train once whole and once with kills.

    Args:
        root: folder of both runs, of ``seen.json`` (how starts ended) and ``log.txt`` (what they printed).
        plan: flags of the training and instants of the kills, as JSON.
    """
    folder, (flags, kills) = Path(root), json.loads(plan)
    htvae.training.machine.measure_frame_seconds = lambda *_: 1e-4
    htvae.data.batching.GROWTH = ((500, 2), (2000, 4))
    train.parse_train(flags)  # imports the rest
    log = folder / "log.txt"
    whole = start([*flags, "--experiments_dir", f"{folder}/whole"], log)
    seen: dict[str, Any] = {"whole": whole, "kills": [], "torn": []}
    flags = [*flags, "--experiments_dir", f"{folder}/killed"]
    for instant in kills:
        seen["kills"].append(start(flags, log, instant))
        seen["torn"] += torn_files(folder / "killed/checkpoints")
        if "--resume" not in flags:
            flags.append("--resume")
    seen["end"] = start(flags, log)
    (folder / "seen.json").write_text(json.dumps(seen))
