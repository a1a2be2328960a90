"""What looks out for faults while a run goes on; docs/training.md lists what each says, and when."""

from lightning.pytorch.callbacks import Callback

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.training.model_guard import FIRST_STEP, ModelGuard
from htvae.training.speed_guard import SpeedGuard
from htvae.training.step_guards import GradientGuard, InputGuard, LossGuard


def build_guards(config: Config, data: PoseDataLoader, device: str, precision: str) -> list[Callback]:
    """Return the guards of a run.

    Args:
        config: its settings.
        data: its recordings.
        device: "cpu", "cuda" or "mps".
        precision: Lightning's name, see `choose_precision`.
    """
    recordings, landmarks = data.processed("train"), data.processor.landmarks
    return [
        InputGuard(recordings, landmarks),
        GradientGuard(recordings),
        LossGuard(),
        ModelGuard(len(landmarks), first_step=max(FIRST_STEP, 2 * config.loss.kl_warmup_steps)),
        SpeedGuard(device, precision, config.data.num_workers),
    ]
