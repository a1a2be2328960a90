"""``htvae norm fit`` and ``htvae norm score``."""
