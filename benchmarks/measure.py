"""Measures one case in this process and prints a line of JSON; `throughput.py` starts it once per case."""

import contextlib
import json
import math
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from baselines.full_attention import FullAttentionVAE
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from htvae.config import Config, ModelConfig
from htvae.data.batching import PoseBatch, cut_micro_batches
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.training.losses import LossManager, VAELoss
from htvae.training.machine import choose_precision
from htvae.training.optimizer import VAE_TURNS, build_optimizer
from htvae.utils.device import choose_device

NUM_LANDMARKS = 33
MATRIX_SIZES = (2048, 256, 1024)
"""Rows, inner size and columns of the matrix products that measure the machine's rate."""


@dataclass(frozen=True)
class Case:
    """A model and the work to measure."""

    model: str = "two-level"
    """Model: ``two-level`` or ``full``."""
    mode: str = "train"
    """Work: ``train``, ``encode``, or ``profile`` (training, with a table of operations)."""
    window: int = 4096
    """Frames in a window."""
    frames_per_token: int = 4
    step_frames: int = 16_384
    """Frames in a step, which has as many whole windows as fit, and at least one."""
    micro_batch_frames: int = 16_384
    """Frames that pass through the model at once."""
    num_steps: int = 5
    """Steps to time; the median counts."""
    device: str = "auto"


def build_model(case: Case) -> Any:
    """Build the model of a case at default width and depth."""
    config = ModelConfig(frames_per_token=case.frames_per_token)
    kind = {"two-level": HierarchicalTransformerVAE, "full": FullAttentionVAE}[case.model]
    torch.manual_seed(0)
    return kind(config, NUM_LANDMARKS)


def make_batches(case: Case, device: str) -> list[PoseBatch]:
    """Make the micro-batches of a step: smooth motion of random phase, all points observed."""
    count = max(1, case.step_frames // case.window)
    phase = torch.rand(count, 1, NUM_LANDMARKS, 2, generator=torch.Generator().manual_seed(0))
    frames = torch.arange(case.window)[:, None, None] / 30
    pose = torch.sin(2 * torch.pi * (frames + phase))
    cuts = cut_micro_batches([case.window] * count, case.micro_batch_frames)
    return [
        PoseBatch(
            pose=pose[cut],
            observed=torch.ones(pose[cut].shape[:3], dtype=torch.bool),
            target=pose[cut],
            num_frames=torch.full((len(pose[cut]),), case.window),
            seeds=torch.zeros(len(pose[cut]), dtype=torch.int64),
        ).to(device)
        for cut in cuts
    ]


def training_step(model: nn.Module, device: str) -> Callable[[list[PoseBatch]], None]:
    """Return a function that takes one optimiser step over micro-batches, as training does."""
    config = Config()
    loss, weights = VAELoss(config.loss), LossManager(config.loss).final_weights()
    training, precision = config.training, choose_precision("auto", device)
    optimizer = build_optimizer(model, training.learning_rate, training.weight_decay, precision, VAE_TURNS)

    def step(batches: list[PoseBatch]) -> None:
        frames = sum(int(batch.num_frames.sum()) for batch in batches)
        for batch in batches:
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
                output = model(batch.pose, batch.observed, batch.num_frames)
                total = loss(output, batch.target, batch.num_frames, weights, frames)["total"]
            total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.training.gradient_clip)
        optimizer.step()
        optimizer.zero_grad()
        wait(device)

    return step


def encoding_step(model: Any, device: str) -> Callable[[list[PoseBatch]], None]:
    """Return a function that encodes the windows once."""
    model.eval()
    bf16 = choose_precision("auto", device) == "bf16"

    def step(batches: list[PoseBatch]) -> None:
        with torch.inference_mode(), torch.autocast(device, torch.bfloat16, enabled=bf16):
            for batch in batches:
                model.encode(batch.pose, batch.observed, batch.num_frames)
        wait(device)

    return step


def measure_matrix_rate(device: str, precision: str, repeats: int = 9) -> float:
    """Return the median rate of the machine's matrix products at `MATRIX_SIZES`, operations per second."""
    rows, inner, columns = MATRIX_SIZES
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    left = torch.randn(rows, inner, device=device, dtype=dtype)
    right = torch.randn(inner, columns, device=device, dtype=dtype)
    times = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        product = left @ right
        product[0, 0].item()  # waits for the device
        times.append(time.perf_counter() - start)
    return 2 * rows * inner * columns / sorted(times[3:])[repeats // 2]


def wait(device: str) -> None:
    """Wait until the device has finished its work."""
    if device == "cuda":
        torch.cuda.synchronize()


def _count_linear(x: Sequence[int], weight: Sequence[int], *_: object, **__: object) -> int:
    return 2 * math.prod(x) * weight[0]


@contextlib.contextmanager
def counting_operations() -> Iterator[FlopCounterMode]:
    """Count the operations of matrix products without gradients, those of `htvae.models.linear` too."""
    has_onednn = torch.backends.mkldnn.is_available()
    linear = {torch.ops.mkldnn._linear_pointwise: _count_linear} if has_onednn else {}
    counter = FlopCounterMode(display=False, custom_mapping=linear)
    with sdpa_kernel(SDPBackend.MATH), counter, torch.no_grad():
        yield counter


def count_operations(case: Case) -> float:
    """Return the operations per frame of a case's matrix products; backward counts twice as many as forward.

    Attention counts as its two plain products, whatever a faster kernel leaves out or computes again.
    """
    model = build_model(case)
    batch = make_batches(replace(case, step_frames=case.window), "cpu")[0]
    with counting_operations() as counter:
        if case.mode == "encode":
            model.encode(batch.pose, batch.observed, batch.num_frames)
        else:
            model(batch.pose, batch.observed, batch.num_frames)
    return counter.get_total_flops() * (1 if case.mode == "encode" else 3) / case.window


def peak_bytes(device: str) -> int:
    """Return the peak memory of the GPU or of this process so far (bytes)."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measure(case: Case) -> dict[str, float]:
    """Time the steps of a case and return its figures."""
    device = choose_device(case.device)
    before = peak_bytes(device)
    model = build_model(case).to(device)
    batches = make_batches(case, device)
    step = (encoding_step if case.mode == "encode" else training_step)(model, device)
    seconds = statistics.median([_time(step, batches) for _ in range(case.num_steps + 1)][1:])
    memory = peak_bytes(device) - before
    frames_per_second = case.window * max(1, case.step_frames // case.window) / seconds
    matrix_rate = measure_matrix_rate(device, choose_precision("auto", device))
    return {
        "frames_per_second": frames_per_second,
        "peak_bytes": memory,
        "matrix_share": frames_per_second * count_operations(case) / matrix_rate,
    }


def _time(step: Callable[[list[PoseBatch]], None], batches: list[PoseBatch]) -> float:
    start = time.perf_counter()
    step(batches)
    return time.perf_counter() - start


def profile(case: Case) -> list[dict[str, Any]]:
    """Return the operations of a training step that take the longest, with their share of the time."""
    device = choose_device(case.device)
    model = build_model(case).to(device)
    step, batches = training_step(model, device), make_batches(case, device)
    step(batches)
    with torch.profiler.profile() as profiler:
        step(batches)
    on_gpu = device == "cuda"
    rows = [
        (event.key, event.self_device_time_total if on_gpu else event.self_cpu_time_total, event.count)
        for event in profiler.key_averages()
    ]
    total = sum(time for _, time, _ in rows)
    rows.sort(key=lambda row: -row[1])
    return [
        {"operation": name, "milliseconds": time / 1000, "share": time / total, "calls": count}
        for name, time, count in rows[:20]
    ]


if __name__ == "__main__":
    requested = Case(**json.loads(sys.argv[1]))
    print(json.dumps(profile(requested) if requested.mode == "profile" else measure(requested)))
