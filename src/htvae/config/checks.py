"""Checks of settings: kinds, ranges and names of folders."""

import math
import types
import typing
from typing import Any, Literal


def require(holds: bool, message: str) -> None:
    """Raise ValueError with ``message`` unless ``holds``."""
    if not holds:
        raise ValueError(message)


def check_range(config: Any, name: str, low: float, high: float = math.inf, open_high: bool = False) -> None:
    """Raise ValueError unless a value is None, or finite and in [low, high] (``open_high``: [low, high))."""
    value = getattr(config, name)
    if value is None:
        return
    inside = low <= value and (value < high if open_high else value <= high)
    bound = f"at least {low}" if high == math.inf else f"in [{low}, {high}{')' if open_high else ']'}"
    require(math.isfinite(value), f"{name} must be a finite number, but got {value}.")
    require(inside, f"{name} must be {bound}, but got {value}.")


def check_kinds(section: Any) -> None:
    """Raise TypeError (ValueError for an unknown choice) unless each field has its annotated type."""
    for name, hint in typing.get_type_hints(type(section)).items():
        value = getattr(section, name)
        if _matches(value, hint):
            continue
        choices = typing.get_args(hint)
        if typing.get_origin(hint) is Literal and isinstance(value, str):
            raise ValueError(f"{name} must be one of {', '.join(choices)}, but got {value!r}.")
        kind = hint.__name__ if isinstance(hint, type) and not choices else str(hint).replace("typing.", "")
        raise TypeError(f"{name} must be {kind}, but got {value!r}.")


def _matches(value: Any, hint: Any) -> bool:
    """Return whether the value has the hinted type; an int counts as a float, a bool never as a number."""
    options = typing.get_args(hint)
    if isinstance(hint, types.UnionType):
        return any(_matches(value, option) for option in options)
    if typing.get_origin(hint) is Literal:
        return isinstance(value, str) and value in options
    if typing.get_origin(hint) is tuple and options[1:] == (...,):
        return isinstance(value, tuple) and all(_matches(part, options[0]) for part in value)
    if typing.get_origin(hint) is tuple:
        return isinstance(value, tuple) and len(value) == len(options) and all(map(_matches, value, options))
    if hint in (int, float):
        return isinstance(value, int if hint is int else (int, float)) and not isinstance(value, bool)
    return isinstance(value, hint)


def is_plain(name: str) -> bool:
    """Return whether the name is a valid folder name on every system."""
    fits = 0 < len(name) <= 60 and name.strip(" .") == name
    return fits and name.isprintable() and not set(name) & set('/\\:*?"<>|')
