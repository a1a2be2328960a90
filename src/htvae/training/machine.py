"""Precision, and what a run will take on this machine."""

import copy
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from htvae.config import Config, Precision
from htvae.data.batching import PoseBatch
from htvae.training.losses import LossManager
from htvae.training.optimizer import VAE_TURNS, build_optimizer
from htvae.utils.device import multiplies_bf16_fast

ACTIVATION_COPIES = 34
"""Numbers of width E kept per token and layer for the backward pass."""
BYTES_PER_PARAMETER = 28
"""Weight, gradient, up to two moments and average in float32, a copy in bf16, and a margin."""


def choose_precision(precision: Precision, device: str) -> str:
    """Return "bf16" or "32"; with "auto" bf16 where the hardware multiplies it fast."""
    if precision == "auto":
        return "bf16" if multiplies_bf16_fast(device) else "32"
    return precision


def measure_frame_seconds(
    model: nn.Module,
    loss: nn.Module,
    steps: Sequence[Sequence[PoseBatch]],
    config: Config,
    device: str,
    precision: str,
) -> float:
    """Return the time (s) that training takes per frame, by real steps of a copy of the model.

    The first step warms up and does not count.

    Args:
        model: on its device; it stays as it is.
        loss: as `htvae.training.losses.VAELoss`.
        steps: micro-batches of some optimiser steps, at least two.
        config: settings of the run.
        device: "cpu", "cuda" or "mps".
        precision: "bf16" or "32".
    """
    trial: Any = copy.deepcopy(model).train()
    optimizer = build_optimizer(trial, config.training.learning_rate, 0.0, precision, VAE_TURNS)
    weights = LossManager(config.loss).weights(config.loss.kl_warmup_steps)
    seconds, frames = 0.0, 0
    for number, batches in enumerate(steps):
        start, own = time.perf_counter(), sum(int(batch.num_frames.sum()) for batch in batches)
        for batch in batches:
            moved = batch.to(device)
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
                output = trial(moved.pose, moved.observed, moved.num_frames, moved.seeds)
                total = loss(output, moved.target, moved.num_frames, weights, own)["total"]
            total.backward()
        optimizer.step()
        optimizer.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()
        if number > 0:
            seconds, frames = seconds + time.perf_counter() - start, frames + own
    return seconds / max(frames, 1)


def estimate_memory(model: nn.Module, config: Config, precision: str) -> float:
    """Return the memory (bytes) of training, from the sizes of model and micro-batches."""
    sizes = config.model
    overlap = sizes.chunk_size / (sizes.chunk_size - sizes.resolved_chunk_overlap)
    tokens = overlap / sizes.frames_per_token + overlap / sizes.chunk_size
    parameters = sum(p.numel() for p in model.parameters())
    numbers = config.training.micro_batch_frames * tokens * 2 * sizes.num_layers * sizes.embed_dim
    bytes_per_number = 2 if precision == "bf16" else 4
    return parameters * BYTES_PER_PARAMETER + numbers * ACTIVATION_COPIES * bytes_per_number
