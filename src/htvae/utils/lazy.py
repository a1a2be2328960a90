"""Names of a package that are imported at their first use, so that importing the package is quick."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(module: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` (PEP 562) of a package.

    Example::

        __getattr__, __dir__ = lazy_names(__name__, {"PoseSequence": "htvae.poses.sequence"})

    Args:
        module: name of the package.
        homes: for each name, the module that it is imported from.
    """

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return getattr(importlib.import_module(homes[name]), name)

    def list_names() -> list[str]:
        return sorted({*vars(sys.modules[module]), *homes})

    return get, list_names
