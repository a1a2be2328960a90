"""``htvae compare``."""
