"""``htvae latents``."""
