"""``htvae surprise``."""
