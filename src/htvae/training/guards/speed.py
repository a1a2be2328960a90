"""Guard of the machine's time: a GPU that stands idle, a loader slower than the model."""

import math
import os
import time
from pathlib import Path
from typing import Any

import torch

from htvae.training.guards.base import Guard
from htvae.training.loop import Loop
from htvae.utils.device import multiplies_bf16_fast

NUM_STEPS = 50
"""Steps over which time is added up before it is judged; the first step and those after a validation are left
out."""
LARGEST_SHARE = 0.2
"""Share of the time that may be spent waiting for data."""
NVIDIA_GPUS = Path("/proc/driver/nvidia/gpus")
"""Where Linux lists them, whether PyTorch can use them or not."""


class SpeedGuard(Guard):
    """Warns where a GPU is there but not used as it could be, and where training waits for its data.

    Waiting is the time from the end of a step to the start of the next.

    Args:
        device: "cpu", "cuda" or "mps".
        precision: "bf16" or "32".
        num_workers: processes of the loader.
    """

    def __init__(self, device: str, precision: str, num_workers: int) -> None:
        super().__init__()
        self.device, self.precision, self.num_workers = device, precision, num_workers
        self.step_start = self.step_end = 0.0
        self._start_anew()

    def on_train_start(self, loop: Loop) -> None:
        """Say whether a GPU is left unused."""
        idle = find_idle_gpu(self.device, self.precision)
        if idle:
            self.warn(loop, "idle", idle)

    def on_validation_end(self, loop: Loop) -> None:
        """Leave out the time of a validation."""
        self.step_end = 0.0

    def on_step_start(self, loop: Loop, batch: Any) -> None:
        """Add the time since the last step."""
        self.step_start = time.perf_counter()
        if self.step_end:
            self.waited += self.step_start - self.step_end

    def on_step_end(self, loop: Loop) -> None:
        """Add the time of this step, and judge when enough steps are known."""
        now = time.perf_counter()
        if self.step_end:
            self.computed += now - self.step_start
            self.steps += 1
        self.step_end = now
        if self.steps == NUM_STEPS:
            if self.waited > LARGEST_SHARE * (self.waited + self.computed):
                self.warn(loop, "loader", self._describe(loop.step))
            self._start_anew()

    def _start_anew(self) -> None:
        self.steps, self.waited, self.computed = 0, 0.0, 0.0

    def _describe(self, step: int) -> str:
        share = self.waited / (self.waited + self.computed)
        who = "the GPU stands idle" if self.device == "cuda" else "training waits"
        return (
            f"Data must be ready when a step begins, but {who} for {share:.0%} of the time (the "
            f"{NUM_STEPS} steps up to step {step}). {self._advise()}"
        )

    def _advise(self) -> str:
        cores = os.cpu_count() or 1
        if self.num_workers >= cores:
            return (
                f"There are {self.num_workers} --num_workers on {cores} cores already: put experiments_dir, "
                "which holds the cache of the recordings, on a faster disk, or switch augmentation off."
            )
        needed = math.ceil(self.waited / max(self.computed, 1e-9))
        workers = min(cores, max(self.num_workers, 1) * needed + (1 if self.num_workers else 0))
        return f"Add --num_workers {workers} (now {self.num_workers})."


def find_idle_gpu(device: str, precision: str) -> str:
    """Return in words why a GPU of this machine is idle or slower than it could be; empty where it is not.

    Args:
        device: what training runs on: "cpu", "cuda" or "mps".
        precision: "bf16" or "32".
    """
    if device == "cuda":
        if precision != "32" or not multiplies_bf16_fast(device):
            return ""
        return "precision must be bf16 to use the GPU fully, but is 32. Leave --precision out."
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        return (
            f"device must be cuda to use the GPU that is there ({name}), but is {device}. Leave --device out."
        )
    if device == "cpu" and torch.version.cuda is None and NVIDIA_GPUS.is_dir() and any(NVIDIA_GPUS.iterdir()):
        return (
            "PyTorch must be built with CUDA to use the GPU that is there, but is built for the CPU alone "
            f"({torch.__version__}). Install the build for CUDA, see https://pytorch.org/get-started."
        )
    return ""
