"""``htvae attention``."""
