"""What torchrun starts in test_processes.py: ``process_script.py CONFIG_JSON FOLDER [FAULT]``."""

import json
import os
import signal
import sys
from pathlib import Path

import torch
from lightning.pytorch.callbacks import Callback

from htvae.cli.main import run_command
from htvae.config import Config
from htvae.training.trainer import HTVAETrainer


class Recorder(Callback):
    """Notes the seeds of the windows of every step, the first gradients, all figures and the last weights."""

    def __init__(self, folder):
        self.path = Path(folder) / f"rank_{os.environ.get('RANK', '0')}.pt"
        self.seen = {"steps": [], "gradients": {}, "figures": [], "frames": []}

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        self.seen["steps"].append([seed for part in batch for seed in part.seeds.tolist()])

    def on_before_optimizer_step(self, trainer, module, optimizer):
        if not self.seen["gradients"]:
            named = module.model.named_parameters()
            self.seen["gradients"] = {name: p.grad.clone() for name, p in named if p.grad is not None}

    def on_train_batch_end(self, trainer, module, *_):
        self.seen["frames"].append(module.frames_processed)

    def on_validation_end(self, trainer, module):
        self.seen["figures"].append(module.figures)

    def on_train_end(self, trainer, module):
        torch.save(self.seen | {"weights": module.state_dict()}, self.path)


class Fault(Callback):
    """An error of the second process in the fifth step, or Ctrl-C everywhere in the third."""

    def __init__(self, kind):
        self.kind = kind

    def on_train_batch_start(self, trainer, *_):
        if trainer.global_step == 4 and self.kind == "error" and trainer.global_rank == 1:
            raise ZeroDivisionError("planted")

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 3 and self.kind == "interrupt":
            os.kill(os.getpid(), signal.SIGINT)


def train(argv):
    """Train with the callbacks."""
    config, folder, *faults = argv
    callbacks = [Recorder(folder), *map(Fault, faults)]
    HTVAETrainer(Config.from_dict(json.loads(Path(config).read_text())), callbacks=callbacks).fit()


if __name__ == "__main__":
    sys.exit(run_command(train))
