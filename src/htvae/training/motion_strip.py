"""A strip in TensorBoard: a piece of a validation recording above its reconstruction, at each validation.

Axes: T frames, N points, L landmarks, D coordinates.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from htvae.plots.drawing import Figure
from htvae.plots.sheets import draw_strip
from htvae.training.loop import Callback, Loop
from htvae.training.vae_task import VAETask

if TYPE_CHECKING:
    from htvae.training.logs import TensorBoardLog

MOST_FRAMES = 128
"""Length of the piece."""
NUM_POSES = 12


class MotionStrip(Callback):
    """Draws the first validation window, as the averaged weights reconstruct it.

    Args:
        task: what is trained.
        log: takes the picture.
    """

    def __init__(self, task: VAETask, log: "TensorBoardLog") -> None:
        processor = task.data.processor
        self.task, self.log, self.fps = task, log, processor.fps
        self.figure = Figure.from_names(processor.landmarks, processor.edges, processor.sides)

    def on_validation_end(self, loop: Loop) -> None:
        """Draw the strip; none where no recording is left for validation."""
        batch = next((part for step in self.task.val_loader or () for part in step), None)
        if batch is None:
            return
        length = min(int(batch.num_frames[0]), MOST_FRAMES)
        pose, observed = batch.pose[:1, :length], batch.observed[:1, :length]
        device = self.task.device
        with torch.no_grad():
            count = torch.tensor([length], device=device)
            output = loop.averaged.module(pose.to(device), observed.to(device), count)
        rows = [
            ("recording", self._landmarks(batch.target[0, :length])),
            ("reconstruction", self._landmarks(output.reconstruction[0])),
        ]
        picture = draw_strip(self.figure, rows, NUM_POSES, f"Step {loop.step}", self.fps)
        self.log.write_picture("val/reconstruction", np.asarray(picture), loop.step)

    def _landmarks(self, pose: Any) -> np.ndarray:
        """Return landmarks (T, L, D) of points (T, N, D)."""
        return pose[:, : self.task.num_landmarks].float().cpu().numpy()
