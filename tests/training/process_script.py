"""What is started in test_two_processes.py: ``process_script.py CONFIG_JSON FOLDER [FAULT]``."""

import json
import os
import signal
import sys
from pathlib import Path

import torch

from htvae.cli.main import run_command
from htvae.config import Config
from htvae.training.loop import Callback
from htvae.training.trainer import HTVAETrainer


class Recorder(Callback):
    """Notes the seeds of the windows of every step, the first gradients, all figures and the last weights."""

    def __init__(self, folder):
        self.path = Path(folder) / f"rank_{os.environ.get('RANK', '0')}.pt"
        self.seen = {"steps": [], "gradients": {}, "figures": [], "frames": []}

    def on_step_start(self, loop, batch):
        self.seen["steps"].append([seed for part in batch for seed in part.seeds.tolist()])

    def on_gradients(self, loop):
        if not self.seen["gradients"]:
            named = loop.model.named_parameters()
            self.seen["gradients"] = {name: p.grad.clone() for name, p in named if p.grad is not None}

    def on_step_end(self, loop):
        self.seen["frames"].append(loop.task.done)

    def on_validation_end(self, loop):
        self.seen["figures"].append(loop.figures)

    def on_train_end(self, loop):
        weights = {"model": loop.model.state_dict(), "averaged": loop.averaged.module.state_dict()}
        torch.save(self.seen | weights, self.path)


class Fault(Callback):
    """An error of the second process in the fifth step, or Ctrl-C everywhere in the third."""

    def __init__(self, kind):
        self.kind = kind

    def on_step_start(self, loop, batch):
        if loop.step == 4 and self.kind == "error" and loop.world.rank == 1:
            raise ZeroDivisionError("planted")

    def on_step_end(self, loop):
        if loop.step == 3 and self.kind == "interrupt":
            os.kill(os.getpid(), signal.SIGINT)


def train(argv):
    """Train with the callbacks."""
    config, folder, *faults = argv
    callbacks = [Recorder(folder), *map(Fault, faults)]
    HTVAETrainer(Config.from_dict(json.loads(Path(config).read_text())), callbacks=callbacks).fit()
    note_threads(Path(folder))


def note_threads(folder):
    """Write the names of the threads that outlive training, where the system lists them."""
    names = [path.read_text() for path in Path("/proc/self/task").glob("*/comm")]
    (folder / f"threads_{os.environ.get('RANK', '0')}.txt").write_text("".join(names))


if __name__ == "__main__":
    sys.exit(run_command(train))
