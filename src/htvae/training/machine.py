"""Precision, and what a run will take on this machine."""

import time
from dataclasses import dataclass

import torch
from torch import nn

from htvae.config import Config, Precision
from htvae.utils.device import multiplies_bf16_fast

ACCELERATORS = {"auto": "auto", "cpu": "cpu", "cuda": "gpu", "mps": "mps"}
MATRIX_SIZES = (2048, 256, 1024)
EFFICIENCY = 0.4  # share of the matrix rate that training reaches; the rest is small kernels and memory
ACTIVATION_COPIES = 34  # numbers of width E kept per token and layer for the backward pass
BYTES_PER_PARAMETER = 28  # weight, gradient, two moments, average; float32, and a bf16 copy


@dataclass(frozen=True)
class Estimate:
    """What a run is expected to take."""

    matrix_rate: float
    """Matrix products of the machine in the run's precision, operations per second."""
    seconds: float
    """Time of the whole run."""
    memory_bytes: float
    """Memory beside the imports and the data."""


def choose_precision(precision: Precision, device: str) -> str:
    """Return Lightning's name of the precision: "bf16-mixed" or "32-true"."""
    if precision == "auto":
        return "bf16-mixed" if multiplies_bf16_fast(device) else "32-true"
    return {"bf16": "bf16-mixed", "32": "32-true"}[precision]


def measure_matrix_rate(device: str, precision: str, repeats: int = 9) -> float:
    """Return the machine's matrix products at the model's sizes, operations per second, a median."""
    rows, inner, columns = MATRIX_SIZES
    dtype = torch.bfloat16 if precision.startswith("bf16") else torch.float32
    left = torch.randn(rows, inner, device=device, dtype=dtype)
    right = torch.randn(inner, columns, device=device, dtype=dtype)
    times = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        product = left @ right
        product[0, 0].item()  # waits for the device
        times.append(time.perf_counter() - start)
    return 2 * rows * inner * columns / sorted(times[3:])[repeats // 2]


def estimate_run(
    model: nn.Module, config: Config, total_frames: int, device: str, precision: str
) -> Estimate:
    """Estimate time and memory of a run from the sizes of the model and the machine's matrix rate."""
    rate = measure_matrix_rate(device, precision)
    sizes = config.model
    overlap = sizes.chunk_size / (sizes.chunk_size - sizes.resolved_chunk_overlap)
    tokens = overlap / sizes.frames_per_token + overlap / sizes.chunk_size
    layers = 2 * sizes.num_layers
    operations = 6 * 12 * sizes.embed_dim**2 * layers * tokens
    parameters = sum(p.numel() for p in model.parameters())
    bytes_per_number = 2 if precision.startswith("bf16") else 4
    activations = config.training.micro_batch_frames * tokens * layers * sizes.embed_dim * ACTIVATION_COPIES
    return Estimate(
        matrix_rate=rate,
        seconds=operations * total_frames / (rate * EFFICIENCY),
        memory_bytes=parameters * BYTES_PER_PARAMETER + activations * bytes_per_number,
    )
