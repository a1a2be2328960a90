"""Checks that several commands' options share."""

import os
from pathlib import Path
from typing import Any


def check_output_dir(folder: Path) -> None:
    """Raise ValueError if the folder cannot be made or written to, so that hours of work are not lost."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not nearest.is_dir():
        raise ValueError(f"output_dir must be a folder, but {nearest} is a file. Give another.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ValueError(
            f"output_dir must be a folder to write in, but {nearest} is not. "
            "Give another, or change its permissions (chmod u+wx)."
        )


def check_picture(path: Path) -> None:
    """Raise ValueError if the file is no PNG, or cannot be written."""
    if path.suffix.lower() != ".png":
        raise ValueError(f"picture must be a file that ends with .png, but got {path}. Rename it.")
    if path.is_dir():
        raise ValueError(f"picture must be a file, but {path} is a folder. Give a file in it.")
    check_output_dir(path.parent)


def check_seed(seed: int) -> None:
    """Raise ValueError if the seed is negative."""
    if seed < 0:
        raise ValueError(f"seed must be at least 0, but got {seed}.")


def check_refine_steps(refine_steps: int) -> None:
    """Raise ValueError if the number of steps is negative."""
    if refine_steps < 0:
        raise ValueError(f"refine_steps must be at least 0, but got {refine_steps}.")


def check_counts(options: Any, *names: str) -> None:
    """Raise ValueError if one of the named options is set and below 1."""
    for name in names:
        value = getattr(options, name)
        if isinstance(value, int) and value < 1:
            raise ValueError(f"{name} must be at least 1, but got {value}.")


def check_guidance(guidance: float | None) -> None:
    """Raise ValueError if guidance is set and outside of [0, 100]."""
    if guidance is not None and not 0 <= guidance <= 100:
        raise ValueError(f"guidance must be in [0, 100], but got {guidance}.")
