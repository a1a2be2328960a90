"""The command line: flags in, one call of a lower floor, sentences out. Nothing below knows of it."""
