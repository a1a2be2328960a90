"""Muon for small steps and for machines of every kind.

- Matrices take turns: with 16 turns each moves in every sixteenth step, and then sixteen times as far. With
  small steps, making them orthogonal would cost more than the model itself.
- Products are in bf16 where the run asks for it and the hardware multiplies it fast, else in float32.
  (`torch.optim.Muon` always uses bf16; a processor that emulates it takes fifty times as long, see
  docs/performance.md.)
- Rounds of a wide matrix run on its Gram matrix, which is smaller.
- Of several processes each makes its share of the matrices orthogonal, and gives them to the others.

Axes: ``M`` rows, ``N`` columns of a matrix, ``S`` the smaller of both.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from htvae.training.distributed import share_out

MOMENTUM = 0.95
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Coefficients of the odd polynomial, which takes singular values from 0.005 to about 1 in five rounds."""
NUM_ITERATIONS = 5
ROUNDS_AT_ONCE = {torch.float32: 5, torch.bfloat16: 3}
"""Rounds for which one Gram matrix serves. A round may make its rounding errors twelve times as large: those
of five rounds at once run away in bf16."""
WIDE = 1.5
"""Columns over rows from which one Gram matrix for several rounds saves work."""
SMALLEST_NORM = 1e-7


class Muon(torch.optim.Optimizer):
    """Momentum whose matrices are replaced by nearly orthogonal ones before they are added to the weights.

    Nesterov's momentum of 0.95, which every step enters; the update has the size of AdamW's, an orthogonal
    matrix times ``0.2 sqrt(max(M, N))`` (Liu et al. 2025, "Muon is Scalable for LLM Training", eq. 4).

    Args:
        matrices: two-dimensional parameters.
        learning_rate: as AdamW would have it.
        weight_decay: decoupled.
        in_bf16: whether the matrix products are made in bf16; worth it where the hardware multiplies it fast.
        num_turns: steps from one move of a matrix to its next; neighbours in the list move in different ones.
        shared: whether all processes step together, and share the work.

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks".
    """

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        learning_rate: float,
        weight_decay: float,
        in_bf16: bool = False,
        num_turns: int = 1,
        shared: bool = False,
    ) -> None:
        super().__init__(matrices, {"lr": learning_rate, "weight_decay": weight_decay})
        self.in_bf16 = in_bf16
        self.num_turns = num_turns
        self.shared = shared

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take every gradient in, and move the matrices whose turn it is."""
        for group in self.param_groups:
            moving = []
            for index, matrix in enumerate(group["params"]):
                if matrix.grad is None:
                    continue
                state = self.state[matrix]
                if not state:
                    state["momentum_buffer"], state["turn"] = torch.zeros_like(matrix), index
                state["momentum_buffer"].lerp_(matrix.grad, 1 - MOMENTUM)
                state["turn"] += 1
                if state["turn"] % self.num_turns == 0:
                    moving.append(matrix)
            self._move(moving, self.num_turns * group["lr"], group["weight_decay"])

    def _move(self, matrices: list[Tensor], learning_rate: float, weight_decay: float) -> None:
        for matrix, update in zip(matrices, self._find_updates(matrices), strict=True):
            size = 0.2 * max(matrix.shape) ** 0.5
            matrix.mul_(1 - learning_rate * weight_decay).add_(update, alpha=-learning_rate * size)

    def _find_updates(self, matrices: list[Tensor]) -> list[Tensor]:
        """Return the orthogonal matrix for each."""

        def find(matrix: Tensor) -> Tensor:
            assert matrix.grad is not None
            momentum = self.state[matrix]["momentum_buffer"]
            return orthogonalise(matrix.grad.lerp(momentum, MOMENTUM), self.in_bf16)

        if not self.shared:
            return [find(matrix) for matrix in matrices]
        return share_out(find, matrices, torch.bfloat16 if self.in_bf16 else torch.float32)


def orthogonalise(matrix: Tensor, in_bf16: bool = False) -> Tensor:
    """Return (M, N) with the singular vectors of ``matrix`` (M, N) and singular values near 1.

    It is of the type that it is computed in.
    """
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.mT
    with torch.autocast(matrix.device.type, enabled=False):  # Gram matrices in bf16 run away
        result = _iterate(wide.bfloat16() if in_bf16 else wide.float())
    return result if wide is matrix else result.mT


def _iterate(x: Tensor) -> Tensor:
    """Run the rounds of Newton-Schulz on a wide matrix (S, N), several at a time where that is cheaper."""
    x = x / x.norm().clamp(min=SMALLEST_NORM)
    at_once = 1 if x.shape[1] < WIDE * x.shape[0] else ROUNDS_AT_ONCE[x.dtype]
    for first in range(0, NUM_ITERATIONS, at_once):
        x = _run_rounds(x, min(at_once, NUM_ITERATIONS - first))
    return x


def _run_rounds(x: Tensor, count: int) -> Tensor:
    """Run rounds with 2 products with the matrix (S, N) in all, and up to 4 of S x S in each.

    Every iterate is a polynomial of the Gram matrix ``G = X X^T`` times ``X``. Such polynomials commute, so
    that ``Q = a + b G + c G^2`` takes ``G`` to ``Q G Q``, and the product of all ``Q`` is applied to ``X``
    once.
    """
    gram = x @ x.mT
    product = factor = _make_factor(gram)
    for _ in range(count - 1):
        gram = factor @ (gram @ factor)
        factor = _make_factor(gram)
        product = product @ factor
    return product @ x


def _make_factor(gram: Tensor) -> Tensor:
    """Return ``a + b G + c G^2`` (S, S) of a Gram matrix G (S, S)."""
    a, b, c = COEFFICIENTS
    factor = torch.addmm(gram, gram, gram, beta=b, alpha=c)
    factor.diagonal().add_(a)
    return factor
