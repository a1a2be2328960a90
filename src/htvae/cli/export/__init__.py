"""``htvae export``."""
