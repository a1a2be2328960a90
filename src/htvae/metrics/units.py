"""The unit of distances in words, the one place that knows it: what the poses of a model were divided by."""

TORSO_LENGTHS = "torso lengths"
"""Unit where bodies have shoulders and hips, and of settings and docstrings everywhere."""
UNIT_WORDS = {"torso": TORSO_LENGTHS, "spread": "body sizes"}
"""Words by the unit of `htvae.data.processing.PoseDataProcessor`. A body size is the root mean square
distance of landmarks from the middle of the body."""
