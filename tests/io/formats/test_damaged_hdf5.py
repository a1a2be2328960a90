"""Damaged files of the HDF5 family: none ends in a traceback, and none is read for ever."""

from pathlib import Path

import numpy as np
import pytest

from htvae.io.writers import movement, sleap
from htvae.poses.sequence import PoseSequence
from tests.io.formats.hdf5_files import (
    Instance,
    dlc_columns,
    write_dlc_fixed,
    write_dlc_table,
    write_movement,
    write_nwb,
    write_slp,
)
from tests.io.formats.opened import check_damaged
from tests.io.formats.tables import make_points

PARTS = ("nose", "ear", "tail")


def write(kind: str, folder: Path) -> Path:
    points = make_points(37, 3)
    cells = np.concatenate([points, np.full((37, 3, 1), 0.9)], axis=2)
    recording = PoseSequence(name="a", landmarks=PARTS, pose=points.astype(np.float32), fps=30.0)
    instances: list[Instance] = [(frame, 1, 0, cells[frame], -1) for frame in range(37)]
    match kind:
        case "table":
            return write_dlc_table(folder / "a.h5", dlc_columns(PARTS), cells.reshape(37, -1), np.arange(37))
        case "fixed":
            return write_dlc_fixed(folder / "a.h5", dlc_columns(PARTS), cells.reshape(37, -1), np.arange(37))
        case "slp":
            return write_slp(folder / "a.slp", instances, PARTS, ["track_0"])
        case "nwb":
            series = {part: points[:, index] for index, part in enumerate(PARTS)}
            return write_nwb(folder / "a.nwb", {"PoseEstimation": series}, np.arange(37) / 30)
        case "movement":
            return write_movement(folder / "a.nc", {"a": points}, PARTS, time_unit="frames")
        case "own movement":
            movement.WRITER.write(folder / "a.nc", [recording])
            return folder / "a.nc"
        case "sleap":
            sleap.WRITER.write(folder / "a.h5", [recording])
            return folder / "a.h5"
    rows = "".join(f"a,{frame},0.9,1,2,0.9,3,{frame},0.8\n" for frame in range(37))
    header = "track,frame_idx,instance.score,nose.x,nose.y,nose.score,tail.x,tail.y,tail.score\n"
    (folder / "a.csv").write_text(header + rows)
    return folder / "a.csv"


@pytest.mark.parametrize(
    "kind", ["table", "fixed", "slp", "nwb", "movement", "own movement", "sleap", "sleap csv"]
)
def test_damaged_files_end_in_a_sentence(tmp_path: Path, kind: str) -> None:
    check_damaged(write(kind, tmp_path), seed=18)
