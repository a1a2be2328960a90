"""Reliability of evidence: whether the halves of a recording favour a label alike.

Axes: ``n`` recordings or spans, ``G`` labels, ``R`` rounds, ``C`` chunks.
"""

from collections.abc import Sequence

import numpy as np

from htvae.analysis.judge.verdicts import Verdict
from htvae.analysis.reliability import NUM_DRAWS
from htvae.metrics.reliability import Reliability, split_half_reliability

LEAST_CHUNKS = 4
"""Chunks that a recording must have to be halved."""


def relate_halves(verdicts: Sequence[Verdict], num_labels: int, seed: int) -> Reliability:
    """Return the split-half reliability (G,) of the evidence for each label over that for all labels.

    Recordings are not centred by their labels: telling labels apart is what evidence is for.

    Args:
        verdicts: of recordings or spans; short ones are left out.
        num_labels: G.
        seed: of the intervals.
    """
    halves = np.full((2, len(verdicts), num_labels), np.nan)
    for row, verdict in enumerate(verdicts):
        mean = verdict.evidence.mean(axis=1)
        middle = mean.shape[1] // 2
        if mean.shape[1] >= LEAST_CHUNKS:
            for side, part in enumerate((mean[:, :middle], mean[:, middle:])):
                own = part.mean(axis=1)
                halves[side, row] = own - own.mean()
    alike = np.zeros(len(verdicts), int)
    rng = np.random.default_rng((seed, 29))
    return split_half_reliability(halves[0], halves[1], alike, NUM_DRAWS, rng)
