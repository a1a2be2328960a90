"""Several processes that train one model, as torchrun starts them: meeting, adding up, ending.

PyTorch's own process group, without its DDP wrapper. The wrapper averages gradients once per backward pass;
here a step is any number of micro-batches per process, none included, and losses are sums over the frames of
the whole step, so gradients are added up once, after the last of them.

The group must be gone when Python ends: a thread of gloo that asks for the interpreter then aborts the
process.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed.nn.functional  # its defaults would keep a group that exists when it is imported
from torch import Tensor, distributed, nn

from htvae.utils.world import World

T = TypeVar("T")

TIMEOUT = timedelta(hours=2)  # for one that waits while another reads the recordings; torchrun ends the rest
BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}


@contextlib.contextmanager
def join_processes(device: str) -> Iterator[World]:
    """Connect the processes that torchrun started; all but the first say nothing but errors.

    Raises:
        ValueError: several processes cannot use the device, or there are too few of it.
    """
    world = World.from_environment()
    if world.size == 1:
        yield world
        return
    _check_start(world, device)
    if device == "cuda":
        torch.cuda.set_device(world.local_rank)
    own = torch.device(device, world.local_rank) if device == "cuda" else None
    with _all_answer():
        distributed.init_process_group(BACKENDS[device], timeout=TIMEOUT, device_id=own)
    with _quiet_but_first(world.rank):
        yield world
    wait_for_all()
    distributed.destroy_process_group()


@contextlib.contextmanager
def first_goes_first(world: World) -> Iterator[None]:
    """Let the first process through, and the others when it is done."""
    if world.rank > 0:
        wait_for_all()
    yield
    if world.rank == 0:
        wait_for_all()


def wait_for_all() -> None:
    """Go on when all processes have come here."""
    gather(None)


def gather(value: T) -> list[T]:
    """Return the values that all processes give here, in their order."""
    if not _several():
        return [value]
    values: list[Any] = [None] * distributed.get_world_size()
    with _all_answer():
        distributed.all_gather_object(values, value)
    return values


def check_alike(facts: Mapping[str, Any]) -> None:
    """Make sure that all processes start from the same.

    Raises:
        ValueError: a fact differs.
    """
    first, *rest = gather(facts)
    for rank, other in enumerate(rest, start=1):
        different = [name for name in first if other[name] != first[name]]
        if different:
            raise ValueError(
                f"All processes must have the same {' and '.join(different)}, but process {rank} has others "
                "than process 0. Start all with the same command and the same files; on machines of "
                "different kinds give --device and --precision."
            )


class GradientSum:
    """Replaces every gradient by its sum over all processes; one that no process has stays None.

    The sums are the same bits on all of them. They lie in one buffer, which is kept from step to step: to get
    52 MB anew from the system takes seven times as long as to fill them.

    Args:
        parameters: those that are trained, the same on all processes.
        dtype: of what processes send each other. bfloat16 takes half the time, and rounds no more coarsely
            than the products of a bf16 pass, of which most gradients are made.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], dtype: torch.dtype = torch.float32) -> None:
        self.parameters = list(parameters)
        self.sizes = [*(p.numel() for p in self.parameters), len(self.parameters)]
        self.dtype = dtype
        self.buffer: Tensor | None = None

    def __call__(self) -> None:
        """Sum up the gradients of a step; they stay valid until the next call."""
        if not _several():
            return
        if self.buffer is None:
            self.buffer = torch.empty(sum(self.sizes), dtype=self.dtype, device=self.parameters[0].device)
        *sums, present = self.buffer.split(self.sizes)
        for parameter, total in zip(self.parameters, sums, strict=True):
            if parameter.grad is None:
                total.zero_()
            else:
                total.copy_(parameter.grad.flatten())
        present.copy_(torch.tensor([float(p.grad is not None) for p in self.parameters]))
        with _all_answer():
            distributed.all_reduce(self.buffer)
        for parameter, total, count in zip(self.parameters, sums, present.tolist(), strict=True):
            _set_gradient(parameter, total.view_as(parameter) if count else None)


def _set_gradient(parameter: nn.Parameter, value: Tensor | None) -> None:
    if value is None or value.dtype == parameter.dtype:
        parameter.grad = value
    elif parameter.grad is None:
        parameter.grad = value.to(parameter.dtype)
    else:
        parameter.grad.copy_(value)


def share_out(
    compute: Callable[[Tensor], Tensor], tensors: Sequence[Tensor], dtype: torch.dtype
) -> list[Tensor]:
    """Return ``compute`` of every tensor; each process computes a share, in turns.

    Args:
        compute: returns a tensor of the shape that it is given, and of ``dtype``.
        tensors: the same shapes on all processes.
        dtype: of the results.
    """
    if not _several():
        return [compute(tensor) for tensor in tensors]
    rank, size = distributed.get_rank(), distributed.get_world_size()
    results = [
        compute(tensor).contiguous() if number % size == rank else torch.empty_like(tensor, dtype=dtype)
        for number, tensor in enumerate(tensors)
    ]
    with _all_answer():
        for number, result in enumerate(results):
            distributed.broadcast(result, src=number % size)
    return results


def broadcast_weights(module: nn.Module) -> None:
    """Give every process the weights and buffers of the first."""
    if _several():
        with _all_answer():
            for tensor in module.state_dict().values():
                distributed.broadcast(tensor, src=0)


def _several() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def _check_start(world: World, device: str) -> None:
    if not {"MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys():
        raise ValueError(
            f"RANK in the environment says that this is {world}, so MASTER_ADDR and MASTER_PORT must say "
            "where they meet. Start by torchrun, which sets them all, or unset RANK to train with one."
        )
    if device not in BACKENDS:
        raise ValueError(
            f"device must be one of {', '.join(BACKENDS)} where torchrun starts several processes, but is "
            f"{device}. Start without torchrun, or with --device cpu."
        )
    if device == "cuda" and world.local_size > torch.cuda.device_count():
        raise ValueError(
            f"--nproc_per_node must be at most the number of GPUs, {torch.cuda.device_count()} here, but is "
            f"{world.local_size}. Lower it, or train with --device cpu."
        )


@contextlib.contextmanager
def _all_answer() -> Iterator[None]:
    """Say in words that another process has gone."""
    try:
        yield
    except RuntimeError as error:
        raise ConnectionError(
            f"Process {World.from_environment().rank}: all processes must go on together, but one has ended "
            "or cannot be reached. Its own message says why; --resume goes on from what was saved."
        ) from error


@contextlib.contextmanager
def _quiet_but_first(rank: int) -> Iterator[None]:
    package = logging.getLogger("htvae")
    level = package.level
    if rank > 0:
        package.setLevel(logging.ERROR)
    try:
        yield
    finally:
        package.setLevel(level)
