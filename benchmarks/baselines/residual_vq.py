"""An autoencoder of convolutions with residual quantisation: every four frames a code on each of some levels.

- Each level quantises what the levels before it left over. Gradients pass straight through; codebooks follow
  running means of the vectors that chose them; codes that are hardly chosen restart at a vector of the batch.
- While training, with probability 0.2 only the first levels are used, a random number of them.
- Loss: smooth L1 plus 0.02 times the squared distance of vectors from their codes, as in their program.

**Numbers.** Codes are whole numbers, so bits are counted: ``levels * log2(codes)`` every four frames. 16 bits
are one number, the cost of a half-precision float, in which latents of the other models could be stored at no
loss worth mentioning. That is generous to codes: the posteriors of our numbers hold far fewer bits than 16.
Levels have at most 512 codes, as theirs; the count of codes is chosen so that the bits fit.

Left out: random choice of codes while training (temperature 0.5 there). Their steps have 4,096 vectors for
512 codes, and codes with a running count below 1 restart; here the same share of the mean count, an eighth.

Source: Guo et al. 2024, "MoMask: Generative Masked Modeling of 3D Human Motions", section 3.1, eq. 1;
van den Oord et al. 2017, "Neural Discrete Representation Learning", appendix A.1 (running means).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.convolutions import build_decoder, build_encoder, hold_last_frame
from baselines.interface import Baseline, Task, observed_mean, real_frames

TITLE = "residual VQ (MoMask)"
HALVINGS, MOST_CODES = 2, 512
BITS_PER_NUMBER = 16
COMMITMENT, LEVEL_DROPOUT = 0.02, 0.2
DECAY, RESTART_SHARE = 0.99, 1 / 8


class Codebook(nn.Module):
    """One level's codes, kept by running means."""

    codes: Tensor
    sums: Tensor
    counts: Tensor

    def __init__(self, num_codes: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(num_codes, dim))
        self.register_buffer("sums", torch.zeros(num_codes, dim))
        self.register_buffer("counts", torch.zeros(num_codes))

    def forward(self, vectors: Tensor) -> Tensor:
        """Return the nearest code (n, F) of each vector (n, F); in training, the codes then follow."""
        if self.training and not bool(self.counts.any()):
            self._restart(torch.ones_like(self.counts, dtype=torch.bool), vectors)
        chosen = torch.cdist(vectors, self.codes).argmin(1)
        found = self.codes[chosen]
        if self.training:
            self._follow(vectors, chosen)
        return found

    @torch.no_grad()
    def _follow(self, vectors: Tensor, chosen: Tensor) -> None:
        counts = torch.bincount(chosen, minlength=len(self.codes)).to(vectors.dtype)
        sums = torch.zeros_like(self.sums).index_add_(0, chosen, vectors)
        self.counts.lerp_(counts, 1 - DECAY)
        self.sums.lerp_(sums, 1 - DECAY)
        self.codes.copy_(self.sums / self.counts.clamp(min=1e-6)[:, None])
        self._restart(self.counts < RESTART_SHARE * len(vectors) / len(self.codes), vectors)

    @torch.no_grad()
    def _restart(self, rare: Tensor, vectors: Tensor) -> None:
        drawn = vectors[torch.randint(len(vectors), (int(rare.sum()),), device=vectors.device)]
        noise = 0.01 / math.sqrt(drawn.shape[1]) * torch.randn_like(drawn)
        self.codes[rare] = drawn + noise
        self.counts[rare] = len(vectors) / len(self.codes)
        self.sums[rare] = self.codes[rare] * self.counts[rare][:, None]


class ResidualVQ(Baseline):
    """Frames -> codes -> frames.

    Args:
        task: what it is built for.
        width: channels of the convolutions, and dimension of codes.
    """

    window, training_window = 1 << 20, 64
    is_fixed = False

    def __init__(self, task: Task, width: int = 384) -> None:
        super().__init__(task)
        self.num_levels, self.num_codes = choose_codes(task)
        values = task.pose_mean.numel()
        self.encoder = build_encoder(values, width, width, HALVINGS, causal=False)
        self.levels = nn.ModuleList(Codebook(self.num_codes, width) for _ in range(self.num_levels))
        self.decoder = build_decoder(width, width, values, HALVINGS, causal=False)

    def numbers(self, num_frames: int) -> float:
        """Return the bits of all codes, 16 to a number."""
        bits = self.num_levels * math.log2(self.num_codes)
        return -(-num_frames // 2**HALVINGS) * bits / BITS_PER_NUMBER

    def loss(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return smooth L1 error and weighted distance from the codes."""
        used = self.num_levels
        if torch.rand(()) < LEVEL_DROPOUT:
            used = int(torch.randint(1, self.num_levels + 1, ()))
        vectors = self.encode(pose)
        mask = hold_last_frame(real_frames(observed)[..., None].float(), 2**HALVINGS)[..., 0]
        real = mask.unflatten(1, (-1, 2**HALVINGS)).any(-1)
        quantised, distance = self.quantise(vectors[real], used)
        passed = vectors.clone()
        passed[real] = vectors[real] + (quantised - vectors[real]).detach()
        decoded = self.decode(passed, pose.shape[1])
        errors = F.smooth_l1_loss(decoded, self.standardise(pose), reduction="none")
        return observed_mean(errors, observed) + COMMITMENT * distance

    def reconstruct(self, pose: Tensor, observed: Tensor) -> Tensor:
        """Return windows (B, T, L, D) from their codes."""
        vectors = self.encode(pose)
        quantised = self.quantise(vectors.flatten(0, 1), self.num_levels)[0].unflatten(0, vectors.shape[:2])
        return self.restore(self.decode(quantised, pose.shape[1]))

    def quantise(self, vectors: Tensor, num_levels: int) -> tuple[Tensor, Tensor]:
        """Return the sum (n, F) of the codes of the first levels, and the mean squared distances, summed."""
        left, total, distance = vectors, torch.zeros_like(vectors), vectors.new_zeros(())
        for level in list(self.levels)[:num_levels]:
            code = level(left.detach())
            distance = distance + F.mse_loss(left, code)
            total, left = total + code, left - code
        return total, distance

    def encode(self, pose: Tensor) -> Tensor:
        """Return vectors (B, T / 4, F) before quantisation."""
        return self.encoder(hold_last_frame(self.standardise(pose), 2**HALVINGS).mT).mT.float()

    def decode(self, vectors: Tensor, num_frames: int) -> Tensor:
        """Return standardised frames (B, T, L * D)."""
        return self.decoder(vectors.mT).mT.float()[:, :num_frames]


def choose_codes(task: Task) -> tuple[int, int]:
    """Return levels and codes of a level, so that the bits are those of the numbers asked for."""
    groups = task.count(ResidualVQ.window, lambda frames: -(-frames // 2**HALVINGS), is_fixed=False)
    bits = BITS_PER_NUMBER * task.numbers / groups  # of one place
    num_levels = math.ceil(bits / math.log2(MOST_CODES))
    return num_levels, min(MOST_CODES, max(2, math.ceil(2 ** (bits / num_levels))))


def build_baseline(task: Task) -> ResidualVQ:
    """Build the model with the codes that the task asks for."""
    return ResidualVQ(task)
