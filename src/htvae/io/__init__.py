"""Files to `PoseSequence` and back. Nothing else in the package knows what stands in a file."""
