"""SLEAP's analysis HDF5, as SLEAP exports it for MATLAB.

Frames count from 0. Individuals are tracks; a landmark that one of them lacks is missing in all its frames.
Scores are 1 for observed points, and 0 for missing ones.

Source: sleap ``info/write_tracking_h5.py``.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from htvae.io.writers.base import Writer, join_session, write_hdf5
from htvae.poses.sequence import PoseSequence


def write_sleap_analysis(path: Path, recordings: Sequence[PoseSequence]) -> None:
    """Write the recordings of one session to one analysis HDF5.

    Raises:
        ValueError: they cannot stand in one file, or have three coordinates.
        OSError: the file cannot be written.
    """
    if any(recording.pose.shape[2] != 2 for recording in recordings):
        raise ValueError(
            f"{recordings[0].name}: SLEAP's files have two coordinates, but the recording has three. Write "
            "another format, such as movement."
        )
    session = join_session(recordings, first_frame=0)
    observed = session.observed
    occupied = observed.any(axis=2)
    names = [name or f"track_{index}" for index, name in enumerate(session.individuals)]
    arrays = {
        "tracks": session.points.transpose(1, 3, 2, 0),
        "track_occupancy": occupied.astype(np.uint8),
        "point_scores": observed.transpose(1, 2, 0).astype(np.float64),
        "instance_scores": np.where(occupied, 1.0, np.nan).T,
        "tracking_scores": np.where(occupied, 1.0, np.nan).T,
    }
    others: Mapping[str, object] = {
        "track_names": np.array([name.encode() for name in names]),
        "node_names": np.array([name.encode() for name in session.landmarks]),
        "edge_names": np.empty((0, 2), "S1"),
        "edge_inds": np.empty((0, 2), np.int64),
        "video_path": "",
        "video_ind": 0,
        "labels_path": "",
        "provenance": json.dumps({"software": "HT-VAE"}),
    }
    with write_hdf5(path) as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, compression="gzip")
        for name, value in others.items():
            file.create_dataset(name, data=value)


WRITER = Writer(name="sleap", suffix=".analysis.h5", write=write_sleap_analysis)
