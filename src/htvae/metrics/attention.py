"""What attention weights say: how spread they are, how far they look, and what they add up to over layers.

Axes: ``Q`` queries, ``K`` keys, ``N`` positions of a stack (queries and keys at once), ``H`` heads.
"""

import numpy as np


def attention_entropy(weights: np.ndarray) -> np.ndarray:
    """Return the entropy (...), nats, of weights (..., K) that add up to 1; ``ln K`` where all are equal."""
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    entropy: np.ndarray = -(weights * logs).sum(-1)
    return entropy


def mean_distance(weights: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Return the mean distance (..., Q) between queries and keys, weighted by attention.

    ``sum_k w_k d_k / sum_k w_k``, in the unit of the distances; 0 where no key has weight. Keys without a
    place, such as a summary token, are left out by the caller, and the other weights need not add up to 1.

    Args:
        weights: (..., Q, K).
        distances: between each query and each key; broadcasts against the weights.
    """
    total = weights.sum(-1)
    mean: np.ndarray = (weights * distances).sum(-1) / np.where(total > 0, total, 1)
    return mean


def roll_out_attention(weights: np.ndarray) -> np.ndarray:
    """Return how much of each input position arrives at each position of the last layer; rows add up to 1.

    Half of each layer's output is its input (the residual path), half is attended to, heads averaged:
    ``R = A_L ... A_1`` with ``A = (W + I) / 2``.

    Args:
        weights: (layer, H, N, N), the first layer first.

    Returns:
        (N, N).

    Source: Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3, eq. 1.
    """
    identity = np.eye(weights.shape[-1])
    flow = identity
    for layer in weights:
        flow = (layer.mean(axis=0) + identity) / 2 @ flow
    return flow
