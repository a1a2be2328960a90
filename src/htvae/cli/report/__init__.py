"""``htvae report``."""
