"""Tools that do not depend on the package's topics."""

from htvae.utils.lazy import lazy_names
from htvae.utils.utils import __all__

__getattr__, __dir__ = lazy_names(__name__, dict.fromkeys(__all__, "htvae.utils.utils"))
