"""Parse a command's flags; the values of the settings file are the flags' defaults."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from htvae.cli.durations import TIME_NOTE, TIMED_SETTINGS, spell_out_times
from htvae.cli.flags import parse_flags, peek
from htvae.cli.names import with_names
from htvae.cli.options import ModelOptions, SettingsOptions
from htvae.config.files import ConfigFile, load_config_file

Settings = TypeVar("Settings", bound=SettingsOptions)
UsesModel = TypeVar("UsesModel", bound=ModelOptions)


def parse_with_settings(
    options: type[Settings], argv: Sequence[str], prog: str, **flags: Any
) -> tuple[Settings, ConfigFile]:
    """Return options and the settings file, whose values are the flags' defaults, in ``--help`` too."""
    path, preset = peek(argv, "config", "preset")
    file = load_config_file(Path(path) if path else None, preset)
    argv = spell_out_times(argv, file.config)
    notes = dict.fromkeys(TIMED_SETTINGS, TIME_NOTE)
    parsed = parse_flags(options, argv, prog, settings=file.config, notes=notes, **flags)
    return replace(parsed, settings=with_names(parsed.settings)), file


def parse_with_model(
    options: type[UsesModel], argv: Sequence[str], prog: str, **flags: Any
) -> tuple[UsesModel, Callable[..., Any] | None]:
    """Return options, and the ``build_model`` of the settings file, which also names the cache's folder."""
    (path,) = peek(argv, "config")
    file = load_config_file(Path(path) if path else None)
    experiments_dir = Path(file.config.experiment.experiments_dir)
    return parse_flags(options, argv, prog, experiments_dir=experiments_dir, **flags), file.build_model
