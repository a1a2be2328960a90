"""Datasets of movement as netCDF-4, written by h5py so that xarray reads them.

Axes are (time, space, keypoint, individual), each with a dimension scale, as netCDF-4 stores dimensions.
Times are seconds where the frame rate is known, else frames. Confidence is 1 for observed points, else 0.

Source: movement ``io/load.py`` (names of dimensions since 0.17); "NetCDF-4 Format", Unidata.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htvae.io.writers.base import Session, Writer, join_session, write_hdf5
from htvae.poses.sequence import PoseSequence

DIMENSIONS = ("time", "space", "keypoint", "individual")


def write_movement(path: Path, recordings: Sequence[PoseSequence]) -> None:
    """Write the recordings of one session to one netCDF file.

    Raises:
        ValueError: they cannot stand in one file.
        OSError: the file cannot be written.
    """
    import h5py

    session = join_session(recordings)
    with write_hdf5(path, track_order=True) as file:
        properties = f"version=2,hdf5={h5py.version.hdf5_version},h5py={h5py.__version__}"
        file.attrs["_NCProperties"] = np.bytes_(properties)
        _write_dimensions(file, session)
        _write_variable(file, "position", session.points.transpose(0, 3, 2, 1), DIMENSIONS)
        confidence = session.observed.transpose(0, 2, 1).astype(np.float64)
        _write_variable(file, "confidence", confidence, (DIMENSIONS[0], *DIMENSIONS[2:]))
        file.attrs["source_software"] = np.bytes_("HT-VAE")
        file.attrs["ds_type"] = np.bytes_("poses")
        file.attrs["time_unit"] = np.bytes_("frames" if session.fps is None else "seconds")
        if session.fps is not None:
            file.attrs["fps"] = session.fps


def _write_dimensions(file: Any, session: Session) -> None:
    """Write the coordinates along each axis as the axis's dimension scale."""
    import h5py

    frames = np.arange(len(session.points)) + session.first_frame
    values = {
        "time": frames if session.fps is None else frames / session.fps,
        "space": ["x", "y", "z"][: session.points.shape[-1]],
        "keypoint": list(session.landmarks),
        "individual": [name or f"individual_{i}" for i, name in enumerate(session.individuals)],
    }
    for index, name in enumerate(DIMENSIONS):
        kind = None if name == "time" else h5py.string_dtype()
        scale = file.create_dataset(name, data=values[name], dtype=kind, track_order=True)
        scale.make_scale(name)
        scale.attrs["_Netcdf4Dimid"] = np.int32(index)


def _write_variable(file: Any, name: str, values: np.ndarray, axes: Sequence[str]) -> None:
    variable = file.create_dataset(name, data=values, compression="gzip", fillvalue=np.nan, track_order=True)
    variable.attrs["_FillValue"] = np.array([np.nan])
    variable.attrs["_Netcdf4Coordinates"] = np.array([DIMENSIONS.index(axis) for axis in axes], np.int32)
    for index, axis in enumerate(axes):
        variable.dims[index].attach_scale(file[axis])


WRITER = Writer(name="movement", suffix=".nc", write=write_movement)
