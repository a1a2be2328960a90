"""One optimiser of two: Muon for the transformers' hidden matrices, AdamW for everything else."""

from typing import Any

import torch
from torch import Tensor, nn

from htvae.training.distributed import gather
from htvae.training.muon import Muon
from htvae.utils.device import multiplies_bf16_fast

VAE_TURNS = 16
"""Steps from one move of a hidden matrix of the VAE to its next. On its small steps, 4, 8 and 16 learn the
same per frame (docs/log/2026-11-29.md)."""
HIDDEN = (".blocks.", ".pool.", ".unpool.", ".local_condition.")
"""Parts of the names of hidden matrices: maps from width to width, neither embeddings nor heads."""


class MuonWithAdamW(torch.optim.Optimizer):
    """Muon and fused AdamW behind one face: one ``param_groups``, one ``step``, one ``state_dict``.

    Muon's updates have AdamW's size (see `htvae.training.muon`), so that both share one learning rate and one
    schedule.

    Args:
        matrices: hidden matrices, two-dimensional; a network of one's own may have none.
        others: all other parameters; vectors and scalars are not decayed.
        learning_rate: of both.
        weight_decay: decoupled.
        in_bf16: whether Muon multiplies in bf16.
        num_turns: steps from one move of a matrix to its next, see `Muon`.
        shared: whether all processes step together, and share Muon's work.
    """

    def __init__(
        self,
        matrices: list[nn.Parameter],
        others: list[nn.Parameter],
        learning_rate: float,
        weight_decay: float,
        in_bf16: bool = False,
        num_turns: int = 1,
        shared: bool = False,
    ) -> None:
        decayed = [p for p in others if p.dim() > 1]
        plain = [p for p in others if p.dim() <= 1]
        groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.parts: list[torch.optim.Optimizer] = []
        if matrices:
            self.parts.append(Muon(matrices, learning_rate, weight_decay, in_bf16, num_turns, shared))
        self.parts.append(torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.98), fused=True))
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        self._share_groups()

    def step(self) -> None:  # type: ignore[override]
        """Step both parts."""
        for part in self.parts:
            part.step()

    def set_learning_rate(self, learning_rate: float) -> None:
        """Set the learning rate of both parts."""
        for group in self.param_groups:
            group["lr"] = learning_rate

    def set_num_turns(self, num_turns: int) -> None:
        """Set the steps from one move of a matrix to its next."""
        for part in self.parts:
            if isinstance(part, Muon):
                part.num_turns = num_turns

    def state_dict(self) -> dict[str, Any]:
        """Return the states of both parts."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the states of both parts.

        Raises:
            ValueError: they belong to other parameters.
        """
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
            for parameter, values in part.state.items():
                shapes = {v.shape for v in values.values() if isinstance(v, Tensor) and v.dim()}
                if not shapes <= {parameter.shape}:
                    raise ValueError(
                        f"the optimiser's state must have the parameters' shapes, but has {shapes}"
                    )
        self._share_groups()

    def _share_groups(self) -> None:
        """Let changes of our groups act on the dictionaries of the parts."""
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def build_optimizer(
    model: nn.Module,
    learning_rate: float,
    weight_decay: float,
    precision: str = "32",
    num_turns: int = 1,
    shared: bool = False,
) -> MuonWithAdamW:
    """Build the optimiser of a model: Muon takes the hidden matrices.

    Args:
        model: on its device already.
        learning_rate: highest learning rate.
        weight_decay: decoupled.
        precision: ``bf16`` or ``32``; with ``bf16`` Muon multiplies in bf16 where the hardware (of all
            processes) does so fast.
        num_turns: steps from one move of a matrix to its next, see `Muon`.
        shared: whether all processes step together, and share Muon's work.
    """
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    matrices = [p for name, p in named if _is_hidden_matrix(name, p)]
    others = [p for name, p in named if not _is_hidden_matrix(name, p)]
    in_bf16 = precision == "bf16" and multiplies_bf16_fast(named[0][1].device.type)
    if shared:  # what one computes the others receive: all must use one type
        in_bf16 = all(gather(in_bf16))
    return MuonWithAdamW(matrices, others, learning_rate, weight_decay, in_bf16, num_turns, shared)


def _is_hidden_matrix(name: str, parameter: nn.Parameter) -> bool:
    return parameter.dim() == 2 and any(part in name for part in HIDDEN)
