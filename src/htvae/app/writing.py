"""Writing a report: the model reads every recording once, and one HTML file holds what is found."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from htvae.analysis.model import AnalysisModel
from htvae.app.collect.report import Report, ReportRequest, collect_report
from htvae.app.html import build_html
from htvae.app.payload import Made
from htvae.app.remembering import RememberingModel
from htvae.data.processing import ProcessedSequence
from htvae.utils.files import atomic_write


def write_report(
    model: AnalysisModel,
    recordings: Sequence[ProcessedSequence],
    request: ReportRequest,
    path: Path,
    work_dir: Path | None = None,
) -> Report:
    """Write a report as one HTML file.

    Args:
        model: the model.
        recordings: in the model's coordinates.
        request: what the report should hold.
        path: the file.
        work_dir: folder for a temporary file of reconstructions. None: the system's.

    Raises:
        ValueError: the groups that are asked for cannot be compared.
        OSError: the file cannot be written.
    """
    if work_dir is not None:
        work_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work_dir, prefix=".report-", ignore_cleanup_errors=True) as folder:
        remembering = RememberingModel(model, Path(folder) / "poses")
        report = collect_report(remembering, recordings, request)
    with atomic_write(path) as temporary:
        temporary.write_text(build_html(report.payload, report.blocks), encoding="utf-8")
    return report


def describe_making(command: str, seed: int | None) -> Made:
    """Return how a report is made now.

    Args:
        command: command that makes it.
        seed: of random numbers; None: it is not told.
    """
    from htvae import __version__

    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"program": f"htvae {__version__}", "date": now, "command": command, "seed": seed}
