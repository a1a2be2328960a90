"""Guard of validations: a loss that rises, what it says of the scale, and of what was learned by heart."""

import math
from dataclasses import dataclass

from htvae.metrics.units import TORSO_LENGTHS
from htvae.training.guards.base import Guard
from htvae.training.loop import Loop

NUM_VALIDATIONS = 3
"""Validations since the lowest loss, at the last of which the error must be the lowest of all."""
LEAST_GAIN = 0.02
"""Share by which the error must have fallen since the lowest loss."""
NUM_RISES = 5
"""Validations since the lowest loss from which a loss that stands above it counts as turned upward."""
LEAST_RISE = 0.5
"""Nats per frame by which such a loss must stand above its lowest."""


@dataclass
class Turn:
    """The lowest value of a loss so far, and what happened since."""

    lowest: float = math.inf
    step: int = 0
    """Step of the lowest value."""
    error: float = math.inf
    """Error at the lowest value, torso lengths."""
    waited: int = 0
    """Validations since the lowest value."""

    def update(self, loss: float, error: float, step: int) -> None:
        """Take in a validation."""
        if loss < self.lowest:
            self.lowest, self.step, self.error, self.waited = loss, step, error, 0
        else:
            self.waited += 1


class ValidationGuard(Guard):
    """Says, each once, that a validation loss has turned upward, and what that means.

    - The loss at the learned scales rises while the error still falls: the scales are those of training, and
      too sure of unknown people. The best model does not follow that loss, so nothing is lost.
    - The loss that the best model follows rises while the error still falls: the best model is an early one.
    - It rises and the error does not fall: the model learns its training recordings by heart.

    Args:
        unit: of distances, see `htvae.metrics.units`.
    """

    def __init__(self, unit: str = TORSO_LENGTHS) -> None:
        super().__init__()
        self.unit = unit
        self.followed, self.learned = Turn(), Turn()
        self.lowest_error = math.inf

    def on_validation_end(self, loop: Loop) -> None:
        """Compare with the validations of the lowest losses."""
        loss, error = loop.figures.get("loss"), loop.figures.get("mpjpe")
        if loss is None or error is None or loop.step < loop.settings.patience_start:
            return
        falls = error < self.lowest_error
        self.lowest_error = min(self.lowest_error, error)
        learned = loop.figures.get("learned_scale_loss", loss)
        self.followed.update(loss, error, loop.step)
        self.learned.update(learned, error, loop.step)
        if _has_turned(self.followed, error, falls):
            self._describe_early_best(loop, error)
        elif _has_turned(self.learned, error, falls):
            self._describe_sure_scales(loop, error, learned)
        elif self.followed.waited >= NUM_RISES and loss > self.followed.lowest + LEAST_RISE and not falls:
            self._describe_rise(loop, loss)

    def _describe_early_best(self, loop: Loop, error: float) -> None:
        self.warn(
            loop,
            "turn",
            "The best model should have the lowest error too, but the validation loss has not fallen "
            f"since step {self.followed.step} while the error fell from {self.followed.error:.4f} to "
            f"{error:.4f} {self.unit} (step {loop.step}). The latents cost more than the smaller error is "
            "worth on recordings that the model does not know: add recordings of more subjects, or raise "
            "--min_scale or --dropout.",
        )

    def _describe_sure_scales(self, loop: Loop, error: float, learned: float) -> None:
        self.warn(
            loop,
            "scale",
            "The learned scales should fit validation recordings too, but the loss at these scales rose "
            f"from {self.learned.lowest:.2f} to {learned:.2f} nats per frame since step {self.learned.step}, "
            f"while the error fell from {self.learned.error:.4f} to {error:.4f} {self.unit} (step "
            f"{loop.step}). The model is too sure of people whom it does not know. The best model and "
            "patience do not follow that loss. To bring both together, add recordings of more subjects or "
            "raise --dropout.",
        )

    def _describe_rise(self, loop: Loop, loss: float) -> None:
        self.warn(
            loop,
            "rise",
            f"The validation loss should fall or stand, but rose from {self.followed.lowest:.2f} (step "
            f"{self.followed.step}) to {loss:.2f} nats per frame (step {loop.step}), and the error does not "
            "fall: the model learns its training recordings by heart. The best model stays the one of step "
            f"{self.followed.step}. Add recordings of more subjects, raise --dropout, or train for less "
            "(--num_frames).",
        )


def _has_turned(turn: Turn, error: float, falls: bool) -> bool:
    """Return whether a loss has not fallen for a while, and the error, now at its lowest, has."""
    return turn.waited >= NUM_VALIDATIONS and falls and error < (1 - LEAST_GAIN) * turn.error
