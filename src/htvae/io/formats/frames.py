"""Frame numbers of tables, as several formats have them."""

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError


def check_frames(frames: np.ndarray, config: ReadingConfig, shown: str) -> None:
    """Raise DataError unless frames (rows,) are whole numbers, each once, without too long a gap."""
    whole = np.isfinite(frames) & (frames >= 0) & (frames == np.floor(frames)) & (frames < 2**53)
    if not whole.all():
        row = int(np.flatnonzero(~whole)[0])
        fault = f"frame numbers must be whole and at least 0, but row {row + 1} has {frames[row]:g}"
    elif len(np.unique(frames)) < len(frames):
        values, counts = np.unique(frames, return_counts=True)
        fault = f"a frame must have one row, but frame {values[counts.argmax()]:.0f} has {counts.max()}"
    elif (gap := np.diff(np.sort(frames)).max(initial=1) - 1) > config.max_frame_gap:
        fault = (
            f"frame numbers must not leave out more than max_frame_gap={config.max_frame_gap} in a row, but "
            f"leave out {gap:.0f}"
        )
    else:
        return
    raise DataError([f"{shown}: {fault}. Number the frames 0, 1, 2, ..., or see --time_unit."])
