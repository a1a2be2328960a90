"""Attention weights of windows, and the latents that windows have without each of their chunks.

Axes: ``B`` windows of a batch, ``C`` chunks, ``N`` tokens per chunk, ``H`` heads, ``Z`` latent_dim.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from htvae.analysis.attention.contributions import PartLatents, leave_each_out_of_window
from htvae.analysis.attention.heads import describe_rows
from htvae.data.batching import PoseBatch
from htvae.metrics.attention import roll_out_attention
from htvae.models.chunking import ChunkWindow


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionMaps:
    """All attention weights of one window; each row adds up to 1."""

    window: ChunkWindow
    """Frames and chunks of the window."""
    local: np.ndarray
    """Weights (layer, C, H, 1 + N, 1 + N) inside chunks, the summary token first."""
    token_mask: np.ndarray
    """Mask (C, 1 + N), bool, True for the summary token and for tokens that hold a real frame."""
    overall: np.ndarray
    """Weights (layer, H, 1 + C, 1 + C) between chunks, the sequence token first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowAttention:
    """What is kept of one window's attention; heads are averaged, the layer is the last."""

    window: ChunkWindow
    """Frames and chunks of the window."""
    overall: np.ndarray
    """Weights (1 + C, 1 + C) between chunks, the sequence token first."""
    rollout: np.ndarray
    """What reaches the sequence token (C,) of each chunk through all layers, see `roll_out_attention`."""
    entropy: np.ndarray
    """Entropy (C,), nats, of each chunk's attention."""
    entropy_share: np.ndarray
    """The same over the entropy of equal weights."""
    distance: np.ndarray
    """Mean distance (C,), model frames, of the chunks that each chunk attends to."""
    latents: PartLatents
    """Posteriors of the window's z, with and without each chunk."""
    num_pose_numbers: int
    """First numbers of z, which say the window's mean pose."""
    looks: tuple[dict[str, np.ndarray], ...]
    """Attention, rollout, entropy, its share and distance (C,) by every other head, and by the rest; empty
    for a single head. Distances are over those of equal weights."""

    @property
    def attention(self) -> np.ndarray:
        """What the sequence token attends to (C,)."""
        return self.overall[0, 1:]

    @property
    def left_out(self) -> np.ndarray:
        """How far the mean of the window's z moves (C,) without each chunk, posterior standard deviations."""
        return leave_each_out_of_window(self.latents)

    @property
    def left_out_beyond_pose(self) -> np.ndarray:
        """The same for the numbers of z that do not say the mean pose."""
        return leave_each_out_of_window(self.latents.beyond(self.num_pose_numbers))


def read_maps(
    network: Any, batch: PoseBatch, windows: Sequence[ChunkWindow], stride: int, token: int
) -> list[AttentionMaps]:
    """Return the attention weights of each window of a batch, without padding.

    Args:
        network: a `HierarchicalTransformerVAE`, or a user's own with its ``compute_attention``.
        batch: the windows' poses.
        windows: the windows, in the batch's order.
        stride: frames from one chunk to the next.
        token: frames of a token.
    """
    local, overall = (
        weights.float().cpu().numpy()
        for weights in network.compute_attention(batch.pose, batch.observed, batch.num_frames)
    )
    maps = []
    for row, window in enumerate(windows):
        count = window.chunks[1] - window.chunks[0]
        starts = np.arange(count)[:, None] * stride + np.arange(local.shape[-1] - 1) * token
        mask = np.pad(starts < window.num_frames, ((0, 0), (1, 0)), constant_values=True)
        own = overall[:, row, :, : count + 1, : count + 1]
        maps.append(AttentionMaps(window=window, local=local[:, row, :count], token_mask=mask, overall=own))
    return maps


def read_latents(network: Any, batch: PoseBatch, windows: Sequence[ChunkWindow]) -> list[PartLatents]:
    """Return the posteriors of each window's z, read off all chunks and off all but each."""
    counts = [stop - first for first, stop in (window.chunks for window in windows)]
    parts = torch.cat(
        [torch.ones(1, max(counts), dtype=torch.bool), ~torch.eye(max(counts), dtype=torch.bool)]
    )
    found = network.encode_parts(
        batch.pose, batch.observed, batch.num_frames, parts[:, None].to(batch.pose.device)
    )
    mu, precision = (_as_array(part) for part in (found.mu, (-found.logvar.double()).exp()))
    return [PartLatents(mu[: n + 1, row], precision[: n + 1, row]) for row, n in enumerate(counts)]


def count_pose_numbers(network: Any) -> int:
    """Return how many numbers of z, the first ones, say a window's mean pose; 0 without a linear path."""
    code = getattr(network, "linear_code", None)
    return int(code.num_body) if code is not None and bool(code.body_decoder.any()) else 0


def summarise_maps(
    maps: AttentionMaps, latents: PartLatents, stride: int, num_pose_numbers: int
) -> WindowAttention:
    """Return what is kept of a window's attention.

    Args:
        maps: all weights.
        latents: from `read_latents`.
        stride: frames from one chunk to the next.
        num_pose_numbers: from `count_pose_numbers`.
    """
    weights = maps.overall.astype(np.float64)
    num_looks = 2 if weights.shape[1] > 1 else 0
    found = _describe_chunks(weights, stride)
    del found["attention"]  # a row of `overall`
    return WindowAttention(
        window=maps.window,
        overall=weights[-1].mean(axis=0),
        latents=latents,
        num_pose_numbers=num_pose_numbers,
        looks=tuple(_look(weights[:, side::2], stride) for side in range(num_looks)),
        **found,
    )


def _describe_chunks(weights: np.ndarray, stride: int) -> dict[str, np.ndarray]:
    """Return figures (C,) of each chunk, from weights (layer, H, 1 + C, 1 + C); heads are averaged."""
    everywhere = np.ones((1, weights.shape[-1]), dtype=bool)
    rows = describe_rows(weights[-1:, None], everywhere, stride)
    entropy, share, distance = (part[0, 0].mean(axis=0)[1:] for part in rows[:3])
    return {
        "attention": weights[-1].mean(axis=0)[0, 1:],
        "rollout": roll_out_attention(weights)[0, 1:],
        "entropy": entropy,
        "entropy_share": share,
        "distance": distance,
    }


def _look(weights: np.ndarray, stride: int) -> dict[str, np.ndarray]:
    """Return the figures of some heads; distances over those of equal weights, which depend on the place."""
    found, places = _describe_chunks(weights, stride), np.arange(weights.shape[-1] - 1)
    even = np.abs(places[:, None] - places).mean(axis=1) * stride
    return found | {"distance": found["distance"] - even}


def _as_array(values: Tensor) -> np.ndarray:
    array: np.ndarray = values.double().cpu().numpy()
    return array
