"""Ridge solutions with a precision for each point, as the linear code infers its latents by them.

Axes: ``n`` rows, ``P`` points, ``D`` coordinates, ``K`` numbers of the code.
"""

import torch
from torch import Tensor


def solve_ridge(
    decoder: Tensor, values: Tensor, weight: Tensor, whole: Tensor, products: Tensor | None = None
) -> Tensor:
    """Return the latents (n, K) with a prior N(0, I) that decode best to values known with a precision.

    ``z = (I + B W B')^-1 B W x`` with B the decoder's rows and W the weights on the diagonal.

    Args:
        decoder: B (K, P, D) for P points.
        values: x (n, P, D).
        weight: (n, P), the precision of each point; 0 where it is hidden.
        whole: (P,), the precision of each point in rows that miss nothing, which share one solution.
        products: `multiply_rows` of the decoder. None: computed where a row misses something.

    Source: Hoerl & Kennard 1970, "Ridge Regression", eq. 2.1, with weights.
    """
    holes = (weight < whole).any(1)
    latents = torch.einsum("npd,kpd->nk", weight[..., None] * values, decoder)
    identity = torch.eye(len(decoder), device=decoder.device)
    if products is None:
        shared = identity + torch.einsum("kpd,p,lpd->kl", decoder, whole, decoder)
        solved = torch.linalg.solve(shared, latents, left=False)
    elif holes.all():  # no row shares the solution, which would take as long as a row's own
        solved = latents
    else:
        shared = identity + (whole @ products).unflatten(0, identity.shape)
        solved = torch.linalg.solve(shared, latents, left=False)
    if holes.any():
        products = multiply_rows(decoder) if products is None else products
        own = (weight[holes] @ products).unflatten(1, identity.shape) + identity
        answer = torch.linalg.solve(own, latents[holes][..., None]).squeeze(-1)
        solved = solved.index_put((holes,), answer)
    return solved


def multiply_rows(decoder: Tensor) -> Tensor:
    """Return the products (P, K * K) of each pair of a decoder's rows (K, P, D) at each point."""
    return torch.einsum("kpd,lpd->pkl", decoder, decoder).flatten(1)
