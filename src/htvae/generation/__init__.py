"""New motion from a trained model and its prior. The names below are imported when first asked for."""

from typing import TYPE_CHECKING

from htvae.utils.lazy import lazy_names

if TYPE_CHECKING:
    from htvae.generation.model import GenerativeModel, load
    from htvae.generation.script import Script

__all__ = ["GenerativeModel", "Script", "load"]

_HOMES = {
    "GenerativeModel": "htvae.generation.model",
    "Script": "htvae.generation.script",
    "load": "htvae.generation.model",
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
