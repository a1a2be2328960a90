"""Principal components of windows of 48 frames: the best linear code, and nothing to train.

The same code as `htvae evaluate` compares with (`htvae.metrics.pca`). There PCA's last, moved window is free;
here all windows count, as for every model of the table.
"""

import numpy as np
import torch
from torch import Tensor

from baselines.interface import Baseline, Task
from htvae.metrics.pca import WINDOW, PCAControl

TITLE = "PCA"


class PCABaseline(Baseline):
    """Mean and components, fitted when it is built; its training pose is `Task.poses`."""

    window = training_window = WINDOW

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.size = task.smallest_size(WINDOW, lambda size, frames: size)
        self.control = PCAControl.fit(task.poses, self.size)

    def numbers(self, num_frames: int) -> float:
        """Return the number of components; fewer where there are too few training windows."""
        return len(self.control.components)

    def loss(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return 0: components are fitted when they are built, and have nothing to train."""
        return pose.new_zeros(())

    def reconstruct(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return windows (B, T, L, D) from their components."""
        windows = pose.cpu().numpy()
        return torch.from_numpy(np.stack([self.control.reconstruct(window) for window in windows]))


def build_baseline(task: Task) -> PCABaseline:
    """Fit PCA of the size that the task asks for."""
    return PCABaseline(task)
