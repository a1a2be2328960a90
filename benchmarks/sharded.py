"""Checks that a preset can be trained with its weights shared out, and what memory that saves.

    python benchmarks/sharded.py                      the large preset, two processes on the CPU
    python benchmarks/sharded.py --processes 4 --steps 20

- `htvae train` itself keeps all weights in every process. This is a check of the model, the loss, the
  optimiser, clipping, averaging and whole checkpoints under PyTorch's `fully_shard`; nothing else uses it.
- Each process takes its own windows of made-up motion. The same steps are taken twice: with all weights in
  every process, and with a share of them. The losses and gradient norms must agree to --tolerance.
- Muon needs whole matrices: each is gathered when it moves, and made orthogonal in every process.
- At the end the shares are gathered into one state, which a fresh model must take over with the same loss.
"""

import argparse
import copy
import itertools
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from measure import NUM_LANDMARKS, Case, make_batches
from torch import Tensor, distributed, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from htvae.config import Config
from htvae.config.files import load_config_file
from htvae.models.transformer import Block
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.training.averaging import share_of_latest
from htvae.training.distributed import GradientSum, broadcast_weights
from htvae.training.losses import LossManager, VAELoss
from htvae.training.muon import MOMENTUM, Muon, orthogonalise
from htvae.training.optimizer import VAE_TURNS, build_optimizer

CONFIG = Path(__file__).parents[1] / "configs" / "config.py"
TOLERANCE = 1e-4
"""Largest relative difference of losses and norms: sums in another order, float32."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 1 where losses differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--preset", default="large", help="preset of configs/config.py")
    parser.add_argument("--embed_dim", type=int, help="another width; None: the preset's")
    parser.add_argument("--num_layers", type=int, help="another depth; None: the preset's")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--window", type=int, default=512, help="frames of a window; each process has two")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE)
    parser.add_argument("--alone", choices=["whole", "sharded"], help="be one of the processes")
    parser.add_argument("--meeting", help="file where the processes meet, with --alone")
    arguments = parser.parse_args(argv)
    if arguments.alone:
        print(json.dumps(_train(arguments)))
        return 0
    whole, sharded = (_run(arguments, kind) for kind in ("whole", "sharded"))
    print(f"{whole['parameters'] / 1e6:.1f} million parameters, {arguments.processes} processes")
    for step, (one, other) in enumerate(zip(whole["rows"], sharded["rows"], strict=True)):
        print(f"step {step}: loss {one[0]:.6f} and {other[0]:.6f}, gradient {one[1]:.6f} and {other[1]:.6f}")
    print(f"{'':>10} {'state of training':>18} {'most in all':>12}  (MiB per process)")
    for name, found in (("whole", whole), ("sharded", sharded)):
        print(f"{name:>10} {found['state']:>18.0f} {found['most']:>12.0f}")
    rows = zip(itertools.chain(*whole["rows"]), itertools.chain(*sharded["rows"]), strict=True)
    difference = max(abs(a - b) / max(abs(a), 1e-12) for a, b in rows)
    print(f"largest relative difference {difference:.1e}; restored loss off by {sharded['restored']:.1e}")
    return int(not max(difference, sharded["restored"]) <= arguments.tolerance)


def _run(arguments: argparse.Namespace, kind: str) -> dict[str, Any]:
    """Train in processes of their own, and return what the first found, with the most memory of all."""
    names = ("preset", "embed_dim", "num_layers", "processes", "steps", "window")
    given = {name: getattr(arguments, name) for name in names}
    flags = [word for name, value in given.items() if value is not None for word in (f"--{name}", str(value))]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, *flags, "--alone", kind, "--meeting", f"{folder}/meeting"]
        processes = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"RANK": str(rank)})
            for rank in range(arguments.processes)
        ]
        outputs = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise SystemExit(1)
    found: list[dict[str, Any]] = [json.loads(output.splitlines()[-1]) for output in outputs]
    return found[0] | {name: max(own[name] for own in found) for name in ("state", "most")}


def _train(arguments: argparse.Namespace) -> dict[str, Any]:
    """Take the steps; return losses and norms, the bytes of the state, and the peak of memory (MiB)."""
    rank = int(os.environ["RANK"])
    distributed.init_process_group(
        "gloo", init_method=f"file://{arguments.meeting}", rank=rank, world_size=arguments.processes
    )
    is_sharded = arguments.alone == "sharded"
    config = _choose_config(arguments)
    torch.manual_seed(0)
    model = HierarchicalTransformerVAE(config.model, NUM_LANDMARKS)
    broadcast_weights(model)
    averaged = copy.deepcopy(model)
    if is_sharded:
        for part in (model, averaged):
            shard(part)
    trainer = Trainer(model, averaged, config, is_sharded)
    batch = make_batches(Case(window=arguments.window, step_frames=2 * arguments.window), "cpu")[0]
    batch = replace(batch, pose=batch.pose * (1 + rank), target=batch.target * (1 + rank))
    rows = [trainer.step(batch) for _ in range(arguments.steps)]
    found = {
        "rows": rows,
        "parameters": sum(p.numel() for p in model.parameters()),
        "state": trainer.count_bytes() / 2**20,
        "most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
    }
    if is_sharded:
        found["restored"] = _compare_restored(averaged, config, batch)
    distributed.destroy_process_group()
    return found


def shard(model: nn.Module) -> None:
    """Share out the weights of a model: each block by itself, the rest together."""
    parts = [module for module in model.modules() if isinstance(module, Block)]
    for part in (*parts, model):
        shared = fully_shard(part)
        shared.set_gradient_divide_factor(1.0)  # gradients are added up, as in training
        shared.set_force_sum_reduction_for_comms(True)  # gloo knows no other


class ShardedMuon(Muon):
    """Muon for shared-out matrices: each is gathered when it moves."""

    def _find_updates(self, matrices: list[Tensor]) -> list[Tensor]:
        return [self._find_update(matrix) for matrix in matrices]

    def _find_update(self, matrix: Tensor) -> Tensor:
        momentum = self.state[matrix]["momentum_buffer"]
        assert isinstance(matrix, DTensor) and isinstance(momentum, DTensor)
        assert isinstance(matrix.grad, DTensor)
        whole = matrix.grad.full_tensor().lerp(momentum.full_tensor(), MOMENTUM)
        update = orthogonalise(whole, self.in_bf16)
        return distribute_tensor(update, matrix.device_mesh, matrix.placements)


class Trainer:
    """A step of training, of whole or shared-out weights.

    Args:
        model: the network.
        averaged: network of the averaged weights.
        config: settings.
        is_sharded: whether both are shared out.
    """

    def __init__(self, model: nn.Module, averaged: nn.Module, config: Config, is_sharded: bool) -> None:
        self.model, self.averaged, self.config, self.is_sharded = model, averaged, config, is_sharded
        self.parameters = list(model.parameters())
        self.sum_gradients = GradientSum(self.parameters)
        training = config.training
        self.optimizer = build_optimizer(
            model, training.learning_rate, training.weight_decay, num_turns=VAE_TURNS
        )
        if is_sharded:
            self.optimizer.parts[0].__class__ = ShardedMuon
        self.loss = VAELoss(config.loss)
        self.weights = LossManager(config.loss).final_weights()
        self.steps_done = 0

    def step(self, batch: Any) -> tuple[float, float]:
        """Take a step; return the loss over all processes, and the norm of the gradient."""
        frames = int(batch.num_frames.sum()) * distributed.get_world_size()
        output = self.model(batch.pose, batch.observed, batch.num_frames, batch.seeds)
        loss = self.loss(output, batch.target, batch.num_frames, self.weights, frames)["total"]
        loss.backward()
        if not self.is_sharded:
            self.sum_gradients()
        clip = self.config.training.gradient_clip or math.inf
        norm = nn.utils.clip_grad_norm_(self.parameters, clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps_done += 1
        share = share_of_latest(self.config.training.ema_decay, self.steps_done)
        with torch.no_grad():
            torch._foreach_lerp_([*self.averaged.parameters()], self.parameters, share)
        total = loss.detach().clone()
        distributed.all_reduce(total)
        return float(total), float(norm.full_tensor() if isinstance(norm, DTensor) else norm)

    def count_bytes(self) -> int:
        """Return the bytes that this process holds: weights, gradients, moments and averages."""
        moments = [
            value
            for part in self.optimizer.parts
            for state in part.state.values()
            for value in state.values()
            if isinstance(value, Tensor)
        ]
        gradients = self.parameters  # as large as the weights while a step lasts
        held = [*self.parameters, *gradients, *moments, *self.averaged.parameters()]
        return sum(t.to_local().nbytes if isinstance(t, DTensor) else t.nbytes for t in held)


def _compare_restored(averaged: nn.Module, config: Config, batch: Any) -> float:
    """Return how far a fresh model with the gathered averages is from the shared-out one, relative."""
    state = get_model_state_dict(averaged, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    with torch.no_grad():
        shared = averaged.eval()(batch.pose, batch.observed, batch.num_frames).reconstruction
        if distributed.get_rank():
            return 0.0
        fresh = HierarchicalTransformerVAE(config.model, NUM_LANDMARKS)
        fresh.load_state_dict(state)
        alone = fresh.eval()(batch.pose, batch.observed, batch.num_frames).reconstruction
    return float((alone - shared).abs().max() / shared.abs().max())


def _choose_config(arguments: argparse.Namespace) -> Config:
    config = load_config_file(CONFIG, arguments.preset).config
    changes = {name: getattr(arguments, name) for name in ("embed_dim", "num_layers")}
    return config.replace(**{name: value for name, value in changes.items() if value is not None})


if __name__ == "__main__":
    sys.exit(main())
