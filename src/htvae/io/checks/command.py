"""The command to train with: the flags that were given, and those that findings ask for. It runs as it is."""

import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from htvae.config import DataConfig, reading_names
from htvae.io.checks.finding import FolderFinding
from htvae.io.formats.frames import SECONDS


@dataclasses.dataclass(frozen=True)
class TrainingCommand:
    """A command line, and what the user had better add."""

    line: str
    """One line for a POSIX shell."""
    to_add: tuple[str, ...] = ()
    """Flags for what no file tells, with words to fill in: ``--fps FPS``, ``--image_size WIDTH HEIGHT``."""


def build_command(
    data_dir: Path,
    config: DataConfig,
    defaults: DataConfig,
    findings: Sequence[FolderFinding],
    has_rate: bool,
    others: Sequence[str] = (),
) -> TrainingCommand:
    """Return the command that trains on a folder.

    Args:
        data_dir: the folder.
        config: the settings of this check.
        defaults: the settings without flags; only what differs becomes a flag.
        findings: their settings become flags.
        has_rate: whether the frame rate of some recording is known.
        others: further words, such as ``--config FILE``.
    """
    wanted: dict[str, Any] = {name: getattr(config, name) for name in (*reading_names(), "fps")}
    for finding in findings:
        wanted |= finding.settings
    folder = str(data_dir)
    words = ["htvae", "train", *others, "--data_dir", f"./{folder}" if folder.startswith("-") else folder]
    for name, value in wanted.items():
        if value != getattr(defaults, name):
            words += spell_flag(name, value)
    is_told = has_rate or wanted["fps"] is not None or wanted["time_unit"] in SECONDS
    to_add = [flag for finding in findings for flag in finding.to_add] + ([] if is_told else ["--fps FPS"])
    return TrainingCommand(shlex.join(words), tuple(to_add))


def spell_flag(name: str, value: Any) -> list[str]:
    """Return the words of a setting's flag."""
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no_{name}"]
    if isinstance(value, tuple | list):
        return [f"--{name}", *map(_spell, value)]
    return [f"--{name}", _spell(value)]


def _spell(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
