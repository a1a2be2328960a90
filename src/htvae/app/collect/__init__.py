"""The parts of a report, each from a model and its recordings."""
