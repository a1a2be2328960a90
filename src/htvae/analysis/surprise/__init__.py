"""Where recordings are unlike what a model expects."""
