"""What looks out for faults while a run goes on; docs/training.md lists what each says, and when."""

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.training.guards.model import FIRST_STEP, ModelGuard
from htvae.training.guards.speed import SpeedGuard
from htvae.training.guards.steps import GradientGuard, InputGuard, LossGuard
from htvae.training.guards.validation import ValidationGuard
from htvae.training.loop import Callback


def build_guards(config: Config, data: PoseDataLoader, device: str, precision: str) -> list[Callback]:
    """Return the guards of a run.

    Args:
        config: settings of the run.
        data: recordings of the run.
        device: "cpu", "cuda" or "mps".
        precision: "bf16" or "32".
    """
    unit = data.processor.unit_words
    recordings, landmarks = data.processed("train"), data.processor.landmarks
    return [
        InputGuard(recordings, landmarks),
        GradientGuard(recordings),
        LossGuard(),
        ModelGuard(len(landmarks), first_step=max(FIRST_STEP, 2 * config.loss.kl_warmup_steps), unit=unit),
        ValidationGuard(unit),
        SpeedGuard(device, precision, config.data.num_workers),
    ]
