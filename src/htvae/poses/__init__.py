"""Poses: sequences, landmark names, geometry, the ground. This room uses NumPy and SciPy alone."""
