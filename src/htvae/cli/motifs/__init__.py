"""``htvae motifs`` and ``htvae compare-labels``."""
