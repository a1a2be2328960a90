"""``htvae find`` and ``htvae detect``."""
