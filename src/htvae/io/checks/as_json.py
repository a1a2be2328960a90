"""The report as JSON, for programs."""

import json
from dataclasses import asdict
from typing import Any

from htvae.io.checks.command import TrainingCommand
from htvae.io.checks.report import FolderReport

VERSION = 1
"""Version of this layout; it grows when a field changes its meaning or goes."""


def format_json(report: FolderReport, command: TrainingCommand | None = None) -> str:
    """Return the report as JSON."""
    content: dict[str, Any] = {
        "version": VERSION,
        "faults": list(report.faults),
        "findings": [asdict(finding) for finding in report.findings],
        "notes": list(report.notes),
        "passed_over": list(report.passed_over),
        "formats": [asdict(own) for own in report.formats],
        "training": asdict(report.training),
        "recordings": [asdict(row) for row in report.recordings],
        "command": None if command is None else command.line,
        "to_add": [] if command is None else list(command.to_add),
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False)
