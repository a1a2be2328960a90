"""The flow between noise and latents: the straight lines that training draws, and the solver that follows it.

- A latent ``x`` and noise ``e`` are joined by the straight line ``(1 - t) e + t x``: noise at time 0, the
  latent at time 1.
- The mean of the directions ``x - e`` of all lines through a place is the direction of the flow there.
- Following the flow from time 0 to 1 turns noise into latents; following it from 1 to 0 gives the noise back.

Axes: ``B`` batch, ``C`` chunks, ``Z`` latent_dim, ``K`` chunk_latent_dim.

Source: Lipman et al. 2023, "Flow Matching for Generative Modeling", eq. 23 with sigma_min = 0.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from htvae.utils.listening import tell


class Latents(NamedTuple):
    """Latents of both levels, or anything of their shape."""

    sequence: Tensor
    """Sequence latents (B, Z)."""
    chunks: Tensor
    """Chunk latents (B, C, K)."""


Direction = Callable[[Latents, float], Latents]
"""Direction of a flow, from the latents and the time."""


def time_grid(num_steps: int, backwards: bool = False) -> list[float]:
    """Return ``num_steps + 1`` evenly spaced times from 0 to 1, or from 1 to 0."""
    first, last = (1, 0) if backwards else (0, 1)
    times: list[float] = torch.linspace(first, last, num_steps + 1).tolist()
    return times


def follow_flow(
    direction: Direction, start: Latents, times: Sequence[float], end_with_euler: bool = False
) -> Latents:
    """Solve ``dx/dt = direction(x, t)`` by Heun's method and return the latents at the last time.

    A step goes along the mean of two directions: the one where the step starts, and the one where an Euler
    step would end. The error falls with the square of the step.

    Args:
        direction: the direction field.
        start: latents at ``times[0]``.
        times: times of the steps, rising or falling.
        end_with_euler: the last step is an Euler step, so that ``direction`` is never called at the last
            time. A field that leads to single points has no direction there, since ``x - e`` is divided by
            the time that is left. The error still falls with the square of the step.
    """
    current = start
    for index, (time, following) in enumerate(pairwise(times), start=2):
        slope = direction(current, time)
        if not (end_with_euler and index == len(times)):
            ahead = direction(move_along(current, slope, following - time), following)
            slope = Latents(*((a + b) / 2 for a, b in zip(slope, ahead, strict=True)))
        current = move_along(current, slope, following - time)
        tell((index - 1) / (len(times) - 1))
    return current


def move_along(latents: Latents, direction: Latents, size: float) -> Latents:
    """Return ``latents + size * direction``."""
    return Latents(*(x + size * d for x, d in zip(latents, direction, strict=True)))


def mix(latents: Latents, noise: Latents, time: Tensor) -> Latents:
    """Return the places at ``time`` (B,) on the straight lines from noise to latents."""
    return Latents(
        torch.lerp(noise.sequence, latents.sequence, time[:, None]),
        torch.lerp(noise.chunks, latents.chunks, time[:, None, None]),
    )


def normal_direction(latents: Latents, time: Tensor) -> Latents:
    """Return the direction of the flow at ``time`` (B,) if all latents were independent and N(0, 1).

    With ``y = (1 - t) e + t x`` and both x and e standard normal, the mean of ``x - e`` given y is
    ``y Cov(x - e, y) / Var(y)``. A network that adds to this direction has the skip connection of Karras et
    al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", eq. 7.
    """
    factor = (2 * time - 1) / (time.square() + (1 - time).square())
    return Latents(factor[:, None] * latents.sequence, factor[:, None, None] * latents.chunks)
