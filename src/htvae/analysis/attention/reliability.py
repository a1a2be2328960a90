"""Reliability of attention: whether heads agree on chunks, numbers of z on chunks, and windows on heads.

- A chunk's attention, rollout, entropy and distance are means over heads: every other head is a half.
- How far z moves without a chunk is a sum over numbers of z: every other number is a half.
- A head's figures are means over windows: every other window is a half.

Axes: ``C`` chunks of all windows, ``H`` heads of all layers, ``m`` measures.
"""

from collections.abc import Sequence

import numpy as np

from htvae.analysis.attention.contributions import PartLatents, leave_each_out_of_window
from htvae.analysis.attention.heads import HeadSums
from htvae.analysis.attention.maps import WindowAttention
from htvae.analysis.reliability import NUM_DRAWS, centre_groups
from htvae.metrics.reliability import Reliability, split_half_reliability

OF_HEADS = ("attention", "rollout", "entropy", "entropy_share", "distance")
OF_LATENTS = ("left_out", "left_out_beyond_pose")
MEASURES = (*OF_HEADS, *OF_LATENTS)
"""Measures (m,) of chunks."""
MOST_CHUNKS = 20_000
"""Chunks that are compared, at most, in windows evenly spread over all."""


def measure_chunks(windows: Sequence[WindowAttention], seed: int) -> Reliability:
    """Return how far chunks of one window are told apart alike by both halves, for `MEASURES`.

    Args:
        windows: of all recordings; differences between windows do not count.
        seed: of the intervals, from draws of chunks.
    """
    step = max(1, -(-sum(len(own.attention) for own in windows) // MOST_CHUNKS))
    chosen = windows[::step]
    places = np.repeat(np.arange(len(chosen)), [len(own.attention) for own in chosen])
    first, second = (
        centre_groups(np.concatenate([_look(own, side) for own in chosen]), places) for side in (0, 1)
    )
    alike = np.zeros(len(places), int)
    return split_half_reliability(first, second, alike, NUM_DRAWS, np.random.default_rng((seed, 19)))


def measure_heads(sums: HeadSums, seed: int) -> dict[str, Reliability]:
    """Return how far heads (H) are told apart alike by both halves of the windows, by kind of query.

    Each is of the fields of `htvae.analysis.attention.heads.RowFigures`.
    """
    rng, found = np.random.default_rng((seed, 23)), {}
    for kind, (first, second) in sums.halves().items():
        found[kind] = split_half_reliability(first, second, np.zeros(len(first), int), NUM_DRAWS, rng)
    return found


def _look(window: WindowAttention, side: int) -> np.ndarray:
    """Return the measures (C, m) of a window's chunks by one half; NaN where there is no half."""
    count, columns = len(window.attention), []
    own = window.looks[side] if window.looks else {}
    columns += [own.get(name, np.full(count, np.nan)) for name in OF_HEADS]
    beyond = window.latents.beyond(window.num_pose_numbers)
    for latents in (window.latents, beyond):
        mu, precision = (part[:, side::2] for part in latents)
        half = leave_each_out_of_window(PartLatents(mu, precision)) if mu.shape[1] else np.full(count, np.nan)
        columns.append(half)
    return np.stack(columns, axis=1)
