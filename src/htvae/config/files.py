"""Settings files.

- A settings file is Python with ``get_config()``, like ``configs/config.py``, or the JSON that a run saves.
- A Python file may define presets, which are further functions that return a `Config`.
- A Python file may define ``build_model(config, ...)``, which builds an architecture of the user's own.
- A Python file is run by its path; the package never imports it.
"""

import json
import runpy
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from htvae.config.config import Config

DEFAULT_FILE = Path("configs/config.py")


@dataclass(frozen=True, kw_only=True)
class ConfigFile:
    """Contents of a settings file."""

    config: Config = field(default_factory=Config)
    """The settings."""
    build_model: Callable[..., Any] | None = None
    """Function that builds the user's own model; None if the file defines none."""


def load_config_file(path: Path | None = None, preset: str | None = None) -> ConfigFile:
    """Read a settings file.

    Args:
        path: Python or JSON file. None: ``configs/config.py`` of the working folder; without it, the
            defaults.
        preset: function of the file to call instead of ``get_config``.

    Raises:
        FileNotFoundError: the file does not exist, or a preset is given and there is no settings file.
        ValueError: the file raises an error, does not define the function, or the function does not return
            a `Config`.
    """
    if path is None and preset is None and not DEFAULT_FILE.is_file():
        return ConfigFile()
    path = path or DEFAULT_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} must be a settings file, but there is none (looked in {Path.cwd()})."
        )
    if path.suffix != ".json":
        return _run_python_file(path, preset or "get_config")
    if preset is not None:
        raise ValueError(
            f"{path}: a preset must come from a Python file, but got --preset {preset}. Leave one out."
        )
    return _read_json_file(path)


def _read_json_file(path: Path) -> ConfigFile:
    try:
        return ConfigFile(config=Config.from_dict(json.loads(path.read_text(encoding="utf-8"))))
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: {error}") from error


def _run_python_file(path: Path, function: str) -> ConfigFile:
    """Run the file and call one of its functions; an error in the file is reported with its line."""
    try:
        names = runpy.run_path(str(path))
        make_config = names.get(function)
        config = make_config() if callable(make_config) else None
    except Exception as error:
        raise ValueError(f"{path}{_line_of(error, path)}: {type(error).__name__}: {error}") from error
    if not callable(make_config):
        raise ValueError(f"{path} must define {function}(), but has only: {', '.join(_presets(names))}.")
    if not isinstance(config, Config):
        raise ValueError(f"{path}: {function}() must return a Config, but returned {type(config).__name__}.")
    return ConfigFile(config=config, build_model=names.get("build_model"))


def _line_of(error: Exception, path: Path) -> str:
    """Return ", line N" for the file's innermost line in the error's traceback."""
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return f", line {lines[-1]}" if lines else ""


def _presets(names: dict[str, Any]) -> list[str]:
    """Return the names of the functions that the file itself defines."""
    own = [n for n, v in names.items() if callable(v) and getattr(v, "__module__", None) == names["__name__"]]
    return own or ["no function"]
