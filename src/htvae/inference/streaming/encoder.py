"""The encoder for chunks that come one after the other, in constant memory and constant time per chunk.

- A chunk passes the local level once. Its summary, what the global level's first block makes of it alone, and
  the sum of its frames are kept as long as the chunk lies in the window; its frames are not.
- The window is the last chunks, as many as the model sees at once. Only the rest of the global level and the
  sequence latent are computed again for every chunk.

The result is that of the encoder for the window's frames alone, to rounding.

Axes: ``T`` frames of a chunk, ``N`` points, ``D`` coordinates, ``W`` chunks of the window, ``E`` embed_dim,
``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

from collections import deque
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from htvae.models.chunking import ChunkGrid
from htvae.models.latent import Gaussian
from htvae.models.vae import HierarchicalTransformerVAE
from htvae.poses.geometry import observed_points


class ChunkFrames(NamedTuple):
    """The frames of one chunk."""

    pose: Tensor
    """(1, T, N, D), standardised; 0 where not observed."""
    observed: Tensor
    """(1, T, N) bool."""

    def add_up(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Return the sum (1, N, D) and the number (1, N) of the points observed in some frames."""
        seen = self.observed[:, start:stop]
        return self.pose[:, start:stop].sum(1), seen.to(self.pose.dtype).sum(1)


class WindowPart(NamedTuple):
    """What is kept of a chunk in the window."""

    summary: Tensor
    """(1, E)."""
    projected: Tensor
    """(1, 3 E), see `HierarchicalAttention.project`."""
    total: Tensor
    """(1, N, D) sum of the frames before the next chunk's."""
    observed: Tensor
    """(1, N) number of these frames in which each point is observed."""


class ChunkEncoder:
    """Encodes the chunks at the end of a growing recording.

    Args:
        network: the model, in evaluation mode.
        grid: its chunks and windows.
    """

    def __init__(self, network: HierarchicalTransformerVAE, grid: ChunkGrid) -> None:
        self.network, self.grid = network, grid
        self._parts: deque[WindowPart] = deque(maxlen=grid.window)
        self._chunks: deque[ChunkFrames] = deque(maxlen=2)
        attention = network.encoder.attention
        with torch.inference_mode():
            self._token = attention.project(attention.sequence_token[None, None])[:, 0]
        self._products = network.linear_code.chunk_products()

    @torch.inference_mode()
    def add(self, pose: np.ndarray) -> None:
        """Add the next chunk.

        Args:
            pose: (T, N, D) torso lengths, NaN where missing; fewer frames than ``chunk_size`` only at the end
                of the recording.
        """
        encoder, device = self.network.encoder, self.network.pose_mean.device
        observed = torch.from_numpy(observed_points(pose)).to(device)[None]
        values = torch.from_numpy(np.nan_to_num(pose)).to(device)[None]
        chunk = ChunkFrames(self.network.standardise(values) * observed[..., None], observed)
        num_frames = torch.tensor([len(pose)], device=device)
        tokens, token_mask, _ = encoder.tokenise(chunk.pose, observed, num_frames)
        summary = encoder.attention.summarise_chunks(tokens, token_mask)
        projected = encoder.attention.project(summary[:, None])[:, 0]
        self._parts.append(WindowPart(summary, projected, *chunk.add_up(0, self.grid.stride)))
        self._chunks.append(chunk)

    @torch.inference_mode()
    def encode(self, back: int) -> tuple[Gaussian, Gaussian]:
        """Return the posteriors of z, (Z,), and of one chunk, (K,), given the window.

        Args:
            back: chunks from the last one to the one that is asked for, 0 or 1.
        """
        network, code = self.network, self.network.linear_code
        summaries = torch.stack([part.summary for part in self._parts], dim=1)
        mask = torch.ones(summaries.shape[:2], dtype=torch.bool, device=summaries.device)
        projected = torch.stack([self._token, *(part.projected for part in self._parts)], dim=1)
        feature, features = network.encoder.attention.attend_globally(summaries, mask, projected)
        sequence = network.latent_space.infer_sequence(feature, features, mask)
        sequence = sequence.shift(code.solve_body(*self._add_up()))
        place, chunk = len(self._parts) - 1 - back, self._chunks[-1 - back]
        found = network.latent_space.infer_chunks(features[:, place : place + 1])
        body = code.decode_body(sequence.mu)
        found = found.shift(code.infer_chunks(*chunk, body, mask[:, :1], self._products))
        return Gaussian(*(part[0].cpu() for part in sequence)), Gaussian(
            *(part[0, 0].cpu() for part in found)
        )

    def _add_up(self) -> tuple[Tensor, Tensor]:
        """Return the sum (1, N, D) and the number (1, N) of the window's observed points."""
        rest = self._chunks[-1].add_up(self.grid.stride, self.grid.chunk_size)
        total = torch.stack([*(part.total for part in self._parts), rest[0]]).sum(0)
        return total, torch.stack([*(part.observed for part in self._parts), rest[1]]).sum(0)
