"""Guard of validations: a loss that rises while the error still falls."""

import math

from htvae.training.guards.base import Guard
from htvae.training.loop import Loop

NUM_VALIDATIONS = 3
"""Validations since the lowest loss, at the last of which the error must be the lowest of all."""
LEAST_GAIN = 0.02
"""Share by which the error must have fallen since the lowest loss."""


class ValidationGuard(Guard):
    """Warns where the validation loss has risen for a while and the validation error still falls.

    The best model is the one with the lowest loss. Where people of validation are unlike those of training,
    the model is too sure of them: the loss punishes that, the error does not, and the best model is early.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lowest, self.error_there, self.step_there = math.inf, math.inf, 0
        self.lowest_error = math.inf
        self.waited = 0

    def on_validation_end(self, loop: Loop) -> None:
        """Compare with the validation of the lowest loss."""
        loss, error = loop.figures.get("loss"), loop.figures.get("mpjpe")
        if loss is None or error is None or loop.step < loop.settings.patience_start:
            return
        falls = error < self.lowest_error
        self.lowest_error = min(self.lowest_error, error)
        if loss < self.lowest:
            self.lowest, self.error_there, self.step_there, self.waited = loss, error, loop.step, 0
            return
        self.waited += 1
        if self.waited >= NUM_VALIDATIONS and falls and error < (1 - LEAST_GAIN) * self.error_there:
            self.warn(
                loop,
                "turn",
                "The best model should have the lowest error too, but the validation loss has not fallen "
                f"since step {self.step_there} while the error fell from {self.error_there:.4f} to "
                f"{error:.4f} torso lengths (step {loop.step}). The model is too sure of recordings that it "
                "does not know: add recordings of more subjects, or raise --min_scale or --dropout.",
            )
