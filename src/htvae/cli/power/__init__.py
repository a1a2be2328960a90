"""``htvae power``."""
