"""Choices and defaults that settings, commands and library functions share."""

from typing import Literal

Precision = Literal["auto", "32", "bf16"]
Likelihood = Literal["gaussian", "laplace", "student"]
KLSchedule = Literal["constant", "linear", "cyclic", "target_rate"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Level = Literal["both", "sequence", "chunks"]
"""Which latents change: both levels, the sequence latent, or the chunk latents."""
PathKind = Literal["linear", "spherical"]
"""Path between two latents, see `LatentSpace.interpolate`."""
REFINE_STEPS = 5
"""Steps that fit the chunk latents to a recording in reconstruction, see `inference.refinement`."""
NUM_EXCERPTS = 24
"""Most excerpts that are completed to score completion, see `evaluation.completion`."""
Link = Literal["auto", "ids", "nearest"]
TimeUnit = Literal["frame", "step", "s", "ms", "us"]
