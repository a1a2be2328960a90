"""Random numbers per window."""

import subprocess
import sys
from typing import Any

import torch

from htvae.models.noise import draw_noise

SIZES = {"latent_dim": 6, "chunk_latent_dim": 3}


def draw(seeds, counts, num_chunks=9):
    return draw_noise(torch.tensor(seeds), torch.tensor(counts), num_chunks, **SIZES)


def test_a_window_s_numbers_depend_on_its_seed_and_chunks_alone():
    together, alone = draw([5, 6, 7], [2, 9, 4]), draw([6], [9])
    for name, value in alone._asdict().items():
        assert torch.equal(getattr(together, name)[1:2], value)
    longer = draw([5], [2], num_chunks=30)
    assert torch.equal(longer.chunks[:, :2], together.chunks[:1, :2])
    assert torch.equal(longer.gaps, together.gaps[:1])


def test_what_is_beyond_a_window_s_chunks_is_zero():
    noise = draw([5, 6], [2, 9])
    assert (noise.chunks[0, 2:] == 0).all() and (noise.chunks[1] != 0).all()


def test_seeds_give_independent_normal_and_uniform_numbers():
    noise = draw(list(range(4000)), [9] * 4000)
    for normal in (noise.sequence, noise.chunks):
        assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.03  # 4 and more standard errors
    for uniform in (noise.part, noise.gaps):
        assert uniform.min() >= 0 and uniform.max() < 1
        assert abs(uniform.mean() - 0.5) < 0.01
    together = torch.cat([noise.sequence, noise.chunks.flatten(1), noise.part, noise.gaps], dim=1)
    correlation = torch.corrcoef(together.T).fill_diagonal_(0)
    assert correlation.abs().max() < 0.08  # five standard errors of 1 / sqrt(4000)


def test_large_seeds_are_taken():
    first, second = draw([2**63 - 1], [3]), draw([2**62], [3])
    assert not torch.equal(first.sequence, second.sequence)


def test_without_seeds_torch_s_global_state_decides():
    torch.manual_seed(0)
    first, second = (draw_noise(None, torch.tensor([3]), 3, **SIZES) for _ in range(2))
    torch.manual_seed(0)
    again = draw_noise(None, torch.tensor([3]), 3, **SIZES)
    assert torch.equal(first.chunks, again.chunks) and not torch.equal(first.chunks, second.chunks)


def test_what_is_compiled_draws_the_same_numbers():
    model = torch.nn.Linear(6, 4)

    def step(seeds, counts):
        return model(draw_noise(seeds, counts, 9, **SIZES).sequence)

    compiled = torch.compile(step, dynamic=True, backend="eager")
    for seeds in ([5, 6, 7], [8, 9]):
        arguments = torch.tensor(seeds), torch.full((len(seeds),), 4)
        assert torch.equal(compiled(*arguments), step(*arguments))


def test_the_compiler_is_imported_only_to_compile(trained: Any) -> None:
    """It takes a second, and a start of any command is what people wait for."""
    code = (
        "import sys, htvae.generation.model; from htvae.inference.checkpoint import load_checkpoint; "
        "from htvae.inference.weights import load_weights; "
        f"load_weights(load_checkpoint({str(trained.checkpoint)!r}), None); "
        "print({'torch._dynamo', 'sympy'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
