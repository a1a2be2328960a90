"""Reading and writing files of poses. No other room of the package knows what a file contains."""
