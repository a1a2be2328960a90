"""Guard of the model's behaviour in validation: levels that collapse, static or trembling output.

Axes: ``B`` batch, ``T`` frames, ``L`` landmarks, ``D`` coordinates, ``Z`` latent_dim, ``C`` chunks, ``K``
chunk_latent_dim.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from htvae.metrics.errors import jerk_ratio_sums, noise_length
from htvae.metrics.rates import DEAD_KL
from htvae.metrics.units import TORSO_LENGTHS
from htvae.models.vae import VAEOutput
from htvae.training.guards.base import Guard
from htvae.training.loop import Loop

FIRST_STEP = 200
"""A model is not judged before this step, nor before twice the warm-up of the KL."""
NUM_VALIDATIONS = 2
"""Validations in a row that must agree."""
STATIC_SHARE = 0.25
"""Least share of the input's movement that the output must have; sound models have 0.8 and more."""
MOVING = 3.0
"""The input counts as moving where its movement is this many times its own trembling."""
JERK_RATIO = 2.0
"""Allowed jerk of the output over the input's ..."""
VISIBLE_TREMBLE = 0.03
"""... and trembling (torso lengths) allowed whatever the input does: 1.5 cm on a person. The ratio alone
would mislead: on studio recordings, which hardly tremble, sound models have ratios of 2.5 to 12, with a
trembling of 0.005 to 0.016 torso lengths."""

_NOISE_JERK = math.sqrt(20)
"""Standard deviation of the third differences (1, -3, 3, -1) of white noise."""
_REMEDIES = {
    "sequence": "lower --kl_weight, raise --latent_span_dropout, or set --free_bits 0.05",
    "chunk": "lower --chunk_kl_weight, or set --free_bits 0.05",
}


class ModelGuard(Guard):
    """Warns, after validations, of a collapsed level, and of output that stands still or trembles.

    A hook on the averaged model shows the guard what validation computes anyway.

    Args:
        num_landmarks: L; later points are not judged.
        first_step: optimiser step from which validations are judged.
        unit: of distances, see `htvae.metrics.units`.
    """

    def __init__(self, num_landmarks: int, first_step: int, unit: str = TORSO_LENGTHS) -> None:
        super().__init__()
        self.num_landmarks = num_landmarks
        self.first_step = first_step
        self.unit = unit
        self.sums: dict[str, Tensor] = {}
        self.in_a_row: Counter[str] = Counter()
        self.hook: Any = None

    def on_validation_start(self, loop: Loop) -> None:
        """Begin to watch the averaged model."""
        self.sums = {}
        if loop.step >= self.first_step:
            self.hook = loop.averaged.module.register_forward_hook(self._watch)

    def on_validation_end(self, loop: Loop) -> None:
        """Judge what was seen."""
        self._unhook()
        if not self.sums:
            return
        faults = dict(find_faults({name: value.tolist() for name, value in self.sums.items()}, self.unit))
        self.in_a_row = Counter({topic: self.in_a_row[topic] + 1 for topic in faults})
        for topic, message in faults.items():
            if self.in_a_row[topic] >= NUM_VALIDATIONS:
                self.warn(loop, topic, f"Step {loop.step}, validation: {message}")

    def on_exception(self, loop: Loop, error: BaseException) -> None:
        """Stop watching."""
        self._unhook()

    def _unhook(self) -> None:
        if self.hook is not None:
            self.hook.remove()
            self.hook = None

    def _watch(self, model: Any, inputs: tuple[Tensor, Tensor, Tensor], output: VAEOutput) -> None:
        for name, value in sum_behaviour(output, *inputs, self.num_landmarks).items():
            self.sums[name] = self.sums.get(name, 0) + value


@torch.no_grad()
def sum_behaviour(
    output: VAEOutput, pose: Tensor, observed: Tensor, num_frames: Tensor, num_landmarks: int
) -> dict[str, Tensor]:
    """Return sums that add up over batches, for `find_faults`.

    Args:
        output: of the model.
        pose: (B, T, N, D), torso lengths.
        observed: (B, T, N) bool.
        num_frames: (B,).
        num_landmarks: L, at most N.
    """
    real = torch.arange(pose.shape[1], device=pose.device) < num_frames[:, None]
    mask = (observed & real[..., None])[:, :, :num_landmarks]
    pose, reconstruction = pose[:, :, :num_landmarks], output.reconstruction[:, :, :num_landmarks]
    chunk_kl = output.chunk_kl.flatten(0, 1)
    jerks = jerk_ratio_sums(reconstruction, pose, mask)
    tremble, input_tremble = (jerk / (_NOISE_JERK * noise_length(pose.shape[-1])) for jerk in jerks)
    return {
        "sequence_kl": output.sequence_kl.sum(0),
        "num_sequence": num_frames.new_tensor(len(num_frames)),
        "chunk_kl": chunk_kl.sum(0),
        "num_chunk": (chunk_kl.sum(-1) != 0).sum(),  # padding has exactly 0
        "squares": _squares_about_mean(reconstruction, mask),
        "input_squares": _squares_about_mean(pose, mask),
        "num_points": mask.sum(),
        "tremble": tremble,
        "input_tremble": input_tremble,
        "num_jerks": (mask[:, 3:] & mask[:, 2:-1] & mask[:, 1:-2] & mask[:, :-3]).sum(),
    }


def find_faults(sums: Mapping[str, Any], unit: str) -> Iterator[tuple[str, str]]:
    """Yield (topic, message) for each fault in what `sum_behaviour` has summed."""
    yield from _find_collapse(sums)
    moved, input_moved = (
        math.sqrt(sums[name] / max(sums["num_points"], 1)) for name in ("squares", "input_squares")
    )
    tremble, input_tremble = (sums[name] / max(sums["num_jerks"], 1) for name in ("tremble", "input_tremble"))
    if moved < STATIC_SHARE * input_moved and input_moved > MOVING * input_tremble:
        yield (
            "static",
            f"the output must move as the recordings do, but points move by {moved:.3f} {unit} where "
            f"theirs move by {input_moved:.3f} (root mean square). Raise --learning_rate, lower --kl_weight "
            "and --chunk_kl_weight, or train longer (--num_frames).",
        )
    if tremble > max(VISIBLE_TREMBLE, JERK_RATIO * input_tremble):
        yield (
            "tremble",
            f"the output must be as smooth as the recordings, but trembles by {tremble:.3f} {unit} "
            f"where they do by {input_tremble:.3f} (white noise of the same jerk). Raise "
            "--velocity_weight, lower --learning_rate, or train longer (--num_frames).",
        )


def _find_collapse(sums: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for level, remedy in _REMEDIES.items():
        kl = [value / max(sums[f"num_{level}"], 1) for value in sums[f"{level}_kl"]]
        if kl and max(kl) < DEAD_KL:
            yield (
                level,
                f"the {level} level must carry something, but has collapsed: none of its {len(kl)} numbers "
                f"has a KL of {DEAD_KL:g} nats (the largest: {max(kl):.2g}). To revive it, {remedy}.",
            )


def _squares_about_mean(pose: Tensor, mask: Tensor) -> Tensor:
    """Return the summed squared distances of points from their mean place in their window."""
    seen = mask[..., None]
    mean = (pose * seen).sum(1, keepdim=True) / seen.sum(1, keepdim=True).clamp(min=1)
    return ((pose - mean).square() * seen).sum()
