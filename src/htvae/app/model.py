"""A trained model that also shows: ``htvae.load("best_model.pt").show(recording)``."""

import tempfile
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from htvae.analysis.model import AnalysisModel
from htvae.app.collect.report import ReportRequest
from htvae.app.writing import describe_making, write_report
from htvae.data.processing import ProcessedSequence
from htvae.inference.checkpoint import BuildModel, load_checkpoint
from htvae.inference.model import Recording
from htvae.poses.sequence import PoseSequence

_ONE = (str, Path, PoseSequence, np.ndarray, ProcessedSequence)
NUM_NAMED = 3
"""Recordings that a title names."""


class ShowingModel(AnalysisModel):
    """A trained model that generates, analyses and shows; `htvae.load` makes it."""

    def show(
        self,
        recordings: Recording | ProcessedSequence | Sequence[Recording | ProcessedSequence],
        path: str | Path | None = None,
        title: str | None = None,
        opens: bool = True,
    ) -> Path:
        """Write a report on recordings, open it in the browser, and return its path.

        Args:
            recordings: files, sequences, arrays, or recordings in the model's coordinates; one or several.
            path: file to write. None: a new one in the system's temporary folder.
            title: title of the report. None: the names of the first recordings.
            opens: whether the browser opens it.

        Raises:
            ValueError: a recording cannot be read.
        """
        given = [recordings] if isinstance(recordings, _ONE) else recordings
        processed = sorted(self._process_all(given), key=lambda own: own.name)
        request = ReportRequest(
            title=title or ", ".join(own.name for own in processed[:NUM_NAMED]),
            max_mb=float("inf"),
            made=describe_making("model.show(...)", 0),
        )
        file = Path(path) if path is not None else Path(tempfile.mkdtemp(prefix="htvae-")) / "report.html"
        write_report(self, processed, request, file)
        if opens:
            webbrowser.open(file.absolute().as_uri())
        return file


def load(path: str | Path, device: str = "auto", build_model: BuildModel | None = None) -> ShowingModel:
    """Load a trained model.

    Args:
        path: ``best_model.pt`` of a run, or the folder of ``htvae export``.
        device: "auto", "cpu", "cuda" or "mps".
        build_model: function that builds the user's own architecture. None: the model has the default one.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: the file is damaged or foreign, or the device is absent.
    """
    return ShowingModel(load_checkpoint(path), device, build_model)
