"""Poses for the tests of the linear code: made by a known code, or smooth and random.

Axes: ``n`` windows, ``T`` frames, ``L`` points, ``D`` coordinates, ``C`` chunks, ``S`` frames per chunk.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from htvae.config import ModelConfig
from htvae.models.chunking import compute_num_chunks, merge_chunks, split_into_chunks
from htvae.models.linear_code import LinearCode
from htvae.models.linear_fit import fit_linear_code
from htvae.models.packing import Rows


def make_config(chunk_size=8, overlap=2, numbers=3, latent_dim=8) -> ModelConfig:
    return ModelConfig(
        chunk_size=chunk_size,
        chunk_overlap=overlap,
        frames_per_token=2,
        embed_dim=16,
        num_heads=2,
        num_layers=1,
        latent_dim=latent_dim,
        chunk_latent_dim=numbers,
    )


def fit_code(config: ModelConfig, poses: Tensor, scale: Tensor | None = None) -> LinearCode:
    """Return the code of windows (n, T, L, D), whose number of body numbers is the model's."""
    num_points, num_coordinates = poses.shape[2:]
    code = LinearCode(config, num_points, num_coordinates)
    overlap = config.resolved_chunk_overlap
    values = fit_linear_code(list(poses), config.chunk_latent_dim, code.num_body, config.chunk_size, overlap)
    code.load(values, torch.ones(num_points) if scale is None else scale)
    return code


def all_chunks(code: LinearCode, poses: Tensor) -> Tensor:
    count = compute_num_chunks(poses.shape[1], code.chunk_size, code.chunk_overlap)
    return torch.ones(len(poses), count, dtype=torch.bool)


def pass_through(code: LinearCode, poses: Tensor, observed: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return poses (n, T, L, D) through the code and back, and the chunk latents (n, C, K)."""
    mask = all_chunks(code, poses)
    seen = torch.ones(poses.shape[:3], dtype=torch.bool) if observed is None else observed
    body = code.decode_body(code.infer_body(poses, seen, mask))
    latents = code.infer_chunks(poses, seen, body, mask)
    chunks = code.decode_chunks(latents[mask]).unflatten(0, mask.shape)
    frames = merge_chunks(chunks, mask, poses.shape[1], code.chunk_overlap) + body[:, None]
    return frames.unflatten(2, poses.shape[2:]), latents


def root_mean_square(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def pca_error(code: LinearCode, poses: Tensor, count: int) -> float:
    """Return the error of ``count`` principal components of the chunks, cross-faded like the code's chunks.

    Both describe the same movement around the body that the code infers.
    """
    mask = all_chunks(code, poses)
    seen = torch.ones(poses.shape[:3], dtype=torch.bool)
    moved = poses.flatten(2) - code.decode_body(code.infer_body(poses, seen, mask))[:, None]
    chunks = split_into_chunks(moved, Rows.of(mask), code.chunk_size, code.chunk_overlap)
    chunks = chunks.flatten(1).unflatten(0, mask.shape)
    mean = chunks.mean((0, 1))
    axes = torch.linalg.svd((chunks - mean).flatten(0, 1), full_matrices=False)[2][:count]
    approximation = ((chunks - mean) @ axes.T @ axes + mean).unflatten(2, (code.chunk_size, -1))
    return root_mean_square(merge_chunks(approximation, mask, poses.shape[1], code.chunk_overlap) - moved)


def make_coded_poses(config: ModelConfig, shape: tuple[int, ...], seed: int = 0) -> Tensor:
    """Return windows (n, T, L, D) that a random code without a body makes exactly."""
    torch.manual_seed(seed)
    num_windows, num_frames, *point = shape
    size, overlap = config.chunk_size, config.resolved_chunk_overlap
    decoder = 0.3 * torch.randn(config.chunk_latent_dim, size * point[0] * point[1])
    count = compute_num_chunks(num_frames, size, overlap)
    chunks = torch.randn(num_windows, count, config.chunk_latent_dim) @ decoder
    mask = torch.ones(num_windows, count, dtype=torch.bool)
    frames = merge_chunks(chunks.unflatten(2, (size, -1)), mask, num_frames, overlap)
    return frames.unflatten(2, tuple(point))


def make_smooth_poses(shape: tuple[int, ...], seed: int = 0, width: float = 6.0) -> Tensor:
    """Return windows (n, T, L, D) of random motion; ``width`` (frames) is how smooth it is."""
    generator = torch.Generator().manual_seed(seed)
    num_windows, num_frames, *point = shape
    sources, features = 6, point[0] * point[1]
    noise = torch.randn(num_windows * sources, 1, num_frames + 60, generator=generator)
    kernel = torch.exp(-0.5 * (torch.arange(-30, 31) / width) ** 2)
    moved = F.conv1d(noise, (kernel / kernel.norm())[None, None]).view(num_windows, sources, num_frames)
    mixing = torch.randn(sources, features, generator=generator) * 0.7 ** torch.arange(sources)[:, None]
    standing = torch.randn(num_windows, 1, features, generator=generator)
    return (0.3 * (moved.movedim(1, 2) @ mixing + standing)).unflatten(2, tuple(point))
