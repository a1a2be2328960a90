"""Linear maps, computed by oneDNN in float32 on a CPU where no gradient is asked for.

PyTorch 2.13 multiplies float32 matrices by MKL. On AMD's processors it takes 2.2 times as long as oneDNN with
AVX-512 and 1.15 times as long with AVX2 (docs/performance.md). The operator is the one that `torch.compile`
calls on a CPU; it has no gradient.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAST_ROWS = 16
"""Least rows that are worth oneDNN's overhead."""


class Linear(nn.Linear):
    """`torch.nn.Linear`, equal to rounding."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the map (..., out_features) of x (..., in_features)."""
        if self._can_use_onednn(x):
            mapped: Tensor = _ONEDNN(x, self.weight, self.bias, "none", [], "")
            return mapped
        return F.linear(x, self.weight, self.bias)

    def _can_use_onednn(self, x: Tensor) -> bool:
        return (
            not torch.compiler.is_compiling()
            and _ONEDNN is not None
            and x.device.type == "cpu"
            and x.dtype == self.weight.dtype == torch.float32
            and x.shape[-1] == self.in_features
            and x.numel() >= LEAST_ROWS * self.in_features
            and not torch.is_grad_enabled()
            and not torch.is_autocast_enabled("cpu")
        )


def _find_operator() -> Any:
    """Return oneDNN's linear map, None where PyTorch has none that takes the arguments above."""
    if not torch.backends.mkldnn.is_available():
        return None
    try:
        operator = torch.ops.mkldnn._linear_pointwise.default
        operator(torch.ones(1, 1), torch.ones(1, 1), None, "none", [], "")
    except (AttributeError, RuntimeError):
        return None
    return operator


_ONEDNN = _find_operator()
