"""What the latents of recordings hold: maps, dimensions, probes, neighbours, traversals."""
