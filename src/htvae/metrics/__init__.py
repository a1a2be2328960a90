"""Numbers from arrays: errors, distances between motions, yardsticks. No model, no files."""
