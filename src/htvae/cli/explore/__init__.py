"""``htvae explore``."""
