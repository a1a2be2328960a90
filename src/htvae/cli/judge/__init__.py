"""``htvae judge``."""
