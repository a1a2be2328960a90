"""Surprise and motifs of a recording that is still going on."""
