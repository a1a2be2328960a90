"""What a user sees while training: a bar on a terminal, plain lines elsewhere; rate and time left in both."""

import logging
import sys
import time
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import Callback
from tqdm import tqdm

from htvae.utils.text import format_duration

logger = logging.getLogger(__name__)

LINE_INTERVAL = 20.0  # seconds between plain lines


class ProgressReport(Callback):
    """Shows frames per second, time left and the newest figures.

    Args:
        total_frames: frames that the whole run processes.
    """

    def __init__(self, total_frames: int) -> None:
        self.total_frames = total_frames
        self.bar: tqdm | None = None
        self.start_time = self.last_line = self.last_frames = self.start_frames = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self.start_time = self.last_line = time.monotonic()
        self.start_frames = self.last_frames = _frames(pl_module)
        if sys.stderr.isatty():
            self.bar = tqdm(
                total=self.total_frames,
                initial=_frames(pl_module),
                unit=" frames",
                unit_scale=True,
                desc="Training",
            )

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the bar, or write a line if it is time."""
        if self.bar is not None:
            self.bar.update(_frames(pl_module) - self.bar.n)
        elif time.monotonic() - self.last_line >= LINE_INTERVAL:
            self._write_line(trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the figures of the validation."""
        if trainer.sanity_checking:
            return
        text = _figures(trainer)
        if self.bar is not None:
            self.bar.set_postfix_str(text)
        else:
            logger.info("Step %d validated: %s.", trainer.global_step, text)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the bar and say how long it took."""
        self._close(pl_module)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Close the bar."""
        self._close(pl_module)

    def _write_line(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        now, frames = time.monotonic(), _frames(pl_module)
        rate = (frames - self.last_frames) / (now - self.last_line)
        mean_rate = max((frames - self.start_frames) / (now - self.start_time), 1e-9)
        logger.info(
            "%3.0f %%  step %d  %.2f of %.2f M frames  %s frames/s  %s left",
            min(100, 100 * frames / self.total_frames),
            trainer.global_step,
            frames / 1e6,
            self.total_frames / 1e6,
            f"{rate:,.0f}",
            format_duration(max(0, self.total_frames - frames) / mean_rate),
        )
        self.last_line, self.last_frames = now, frames

    def _close(self, pl_module: pl.LightningModule) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
        seconds = time.monotonic() - self.start_time
        frames = _frames(pl_module) - self.start_frames
        if frames and self.start_time:
            logger.info(
                "%.2f M frames in %s (%s frames/s).",
                frames / 1e6,
                format_duration(seconds),
                f"{frames / seconds:,.0f}",
            )


def _frames(module: Any) -> int:
    return module.frames_processed


def _figures(trainer: pl.Trainer) -> str:
    metrics = trainer.callback_metrics
    shown = {"val/mpjpe": "error {:.4f} torso lengths", "val/loss": "loss {:.2f} nats/frame"}
    return ", ".join(text.format(float(metrics[name])) for name, text in shown.items() if name in metrics)
