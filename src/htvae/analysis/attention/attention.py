"""The encoder's attention in recordings of any length, and what each chunk contributes to z.

- Recordings are cut, batched and masked by the code that encodes them (`htvae.inference.windows`), so that
  the weights are those of the fast path.
- Each chunk is described once, by the window that keeps it. Its contribution counts in all windows.

Axes: ``C`` chunks of a recording, ``H`` heads, ``N`` positions of a stack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from htvae.analysis.attention.contributions import (
    Agreement,
    compare,
    join_shares,
    leave_each_out,
    share_windows,
)
from htvae.analysis.attention.heads import HeadFigures, HeadSums, describe_rows
from htvae.analysis.attention.maps import (
    AttentionMaps,
    WindowAttention,
    count_pose_numbers,
    read_latents,
    read_maps,
    summarise_maps,
)
from htvae.analysis.attention.reliability import measure_chunks, measure_heads
from htvae.config import ModelConfig
from htvae.data.batching import PoseBatch
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.inference.source import to_source_spans
from htvae.inference.windows import Place
from htvae.metrics.reliability import Reliability
from htvae.models.chunking import ChunkWindow
from htvae.utils.progress import Progress

METHODS = ("compute_attention", "encode_parts")
"""Methods that a network must have."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordingAttention:
    """The attention of one recording's chunks, and their contributions to its sequence latent."""

    processed: ProcessedSequence
    """The recording."""
    chunk_frames: np.ndarray
    """Source frames (C, 2) of each chunk, (first, one after the last)."""
    chunk_seconds: np.ndarray | None
    """Times (C, 2) of these frames, seconds; None if the frame rate is unknown."""
    num_windows: np.ndarray
    """Windows (C,) that hold the chunk."""
    observed: np.ndarray
    """Share (C,) of points that are observed."""
    attention: np.ndarray
    """Share (C,) of the sequence token's attention in the last layer, heads averaged; adds up to 1."""
    rollout: np.ndarray
    """The same through all layers, see `roll_out_attention`; adds up to 1."""
    left_out: np.ndarray
    """How far the mean of z moves (C,) without the chunk, posterior standard deviations; NaN for the only
    chunk."""
    left_out_beyond_pose: np.ndarray
    """The same for the numbers of z that do not say the mean pose; their posteriors are much wider."""
    entropy: np.ndarray
    """Entropy (C,), nats, of the chunk's own attention in the last layer, heads averaged."""
    entropy_share: np.ndarray
    """The same over the entropy of equal weights."""
    distance: np.ndarray
    """Mean distance (C,), model frames, of the chunks that the chunk attends to."""
    windows: tuple[WindowAttention, ...]
    """The windows of the recording."""
    maps: tuple[AttentionMaps, ...]
    """All attention weights of each window; empty unless asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AttentionAnalysis:
    """The attention of recordings."""

    recordings: list[RecordingAttention]
    """In the given order."""
    heads: list[HeadFigures]
    """Each head's figures over all recordings, local level first."""
    agreements: dict[str, Agreement]
    """How well ``attention`` and ``rollout`` agree with ``left_out``, and ``attention_beyond_pose`` and
    ``rollout_beyond_pose`` with ``left_out_beyond_pose``."""
    chunk_reliability: Reliability
    """Of `htvae.analysis.attention.reliability.MEASURES`: whether halves of heads, or of the numbers of z,
    tell a window's chunks apart alike."""
    head_reliability: dict[tuple[str, str], Reliability]
    """Of the fields of `htvae.analysis.attention.heads.RowFigures`, by level and query: whether halves of the
    windows tell heads apart alike."""


@torch.no_grad()
def analyse_attention(
    model: TrainedModel, recordings: Sequence[ProcessedSequence], map_bytes: int = 0, seed: int = 0
) -> AttentionAnalysis:
    """Analyse the encoder's attention at both levels; see `AttentionAnalysis`.

    Args:
        model: the model.
        recordings: at least one, of any length.
        map_bytes: most bytes of attention weights to keep (`RecordingAttention.maps`). Recordings are kept
            whole, in their order, until one does not fit.
        seed: of the bootstrap intervals.

    Raises:
        ValueError: the network is the user's own and has no attention, or there are no recordings.
    """
    _check(model.model, recordings)
    poses = [processed.pose for processed in recordings]
    cuts = [model.grid.cut(len(pose)) for pose in poses]
    num_kept = _count_kept(cuts, model.config.model, map_bytes)
    reader = _Reader(model)
    progress = Progress("Attention", sum(map(len, cuts)), unit="windows")
    for places, batch in model.windowed.batches(poses, cuts):
        reader.read(places, batch, [cuts[i][number] for i, number in places], num_kept)
        progress.update(len(reader.found))
    progress.close()
    results = []
    for i, processed in enumerate(recordings):
        places = [(i, number) for number in range(len(cuts[i]))]
        windows = tuple(reader.found[place] for place in places)
        maps = tuple(reader.kept[place] for place in places if place in reader.kept)
        results.append(_assemble(model, processed, windows, maps))
    heads = reader.local.means() + reader.overall.means()
    return AttentionAnalysis(
        recordings=results,
        heads=heads,
        agreements=_compare(results, seed),
        chunk_reliability=measure_chunks([own for result in results for own in result.windows], seed),
        head_reliability={
            (sums.level, query): own
            for sums in (reader.local, reader.overall)
            for query, own in measure_heads(sums, seed).items()
        },
    )


class _Reader:
    """Reads batches of windows: figures of heads, and what is kept of each window."""

    def __init__(self, model: TrainedModel) -> None:
        self.network, self.stride = model.model, model.grid.stride
        self.token = model.config.model.frames_per_token
        self.num_pose_numbers = count_pose_numbers(model.model)
        self.local = HeadSums("local", ("summary", "tokens"))
        self.overall = HeadSums("global", ("sequence", "chunks"))
        self.found: dict[Place, WindowAttention] = {}
        self.kept: dict[Place, AttentionMaps] = {}

    def read(
        self, places: Sequence[Place], batch: PoseBatch, windows: Sequence[ChunkWindow], num_kept: int
    ) -> None:
        """Read one batch; of the first ``num_kept`` recordings all weights are kept."""
        maps = read_maps(self.network, batch, windows, self.stride, self.token)
        latents = read_latents(self.network, batch, windows)
        for place, own, parts in zip(places, maps, latents, strict=True):
            self._add_heads(own)
            self.found[place] = summarise_maps(own, parts, self.stride, self.num_pose_numbers)
            if place[0] < num_kept:
                self.kept[place] = own

    def _add_heads(self, maps: AttentionMaps) -> None:
        """Add a window's rows to the figures of the heads; chunks that another window keeps do not count."""
        kept = maps.window.kept_part
        mask = maps.token_mask[kept]
        self.local.add(describe_rows(maps.local[:, kept], mask, self.token), mask)
        everywhere = np.ones((1, maps.overall.shape[-1]), dtype=bool)
        counted = np.zeros_like(everywhere)
        counted[0, 0] = counted[0, 1:][kept] = True
        self.overall.add(describe_rows(maps.overall[:, None], everywhere, self.stride), counted)


def _check(network: Any, recordings: Sequence[ProcessedSequence]) -> None:
    lacks = [name for name in METHODS if not hasattr(network, name)]
    if lacks:
        raise ValueError(
            f"The model must have {' and '.join(METHODS)}, but {type(network).__name__} lacks "
            f"{' and '.join(lacks)}. "
            "Build the architecture on HierarchicalTransformerVAE, or give it these methods."
        )
    if not recordings:
        raise ValueError("recordings must hold at least one recording, but there is none.")


def _count_kept(cuts: Sequence[Sequence[ChunkWindow]], config: ModelConfig, map_bytes: int) -> int:
    """Return of how many recordings, from the first, the attention weights fit into so many bytes."""
    tokens = 1 + config.chunk_size // config.frames_per_token
    sizes = []
    for windows in cuts:
        counts = [stop - first for first, stop in (window.chunks for window in windows)]
        weights = sum(count * tokens**2 + (count + 1) ** 2 for count in counts)
        sizes.append(4 * config.num_layers * config.num_heads * weights)
    return int((np.cumsum(sizes) <= map_bytes).sum())


def _compare(results: Sequence[RecordingAttention], seed: int) -> dict[str, Agreement]:
    def collect(name: str) -> list[list[np.ndarray]]:
        return [[getattr(window, name) for window in result.windows] for result in results]

    return {
        share + suffix: compare(collect(share), collect(f"left_out{suffix}"), seed)
        for suffix in ("", "_beyond_pose")
        for share in ("attention", "rollout")
    }


def _assemble(
    model: TrainedModel,
    processed: ProcessedSequence,
    windows: tuple[WindowAttention, ...],
    maps: tuple[AttentionMaps, ...],
) -> RecordingAttention:
    spans = model.grid.spans(len(processed.pose))
    frames = to_source_spans(spans, processed.record.source_frames)
    fps = processed.source.fps
    seen = np.isfinite(processed.pose).all(-1).mean(-1)
    cuts, latents = [own.window for own in windows], [own.latents for own in windows]
    beyond = [own.latents.beyond(own.num_pose_numbers) for own in windows]
    held = sum(np.bincount(np.arange(*cut.chunks), minlength=len(spans)) for cut in cuts)
    weights = share_windows(latents)
    kept = {
        name: np.concatenate([getattr(own, name)[own.window.kept_part] for own in windows])
        for name in ("entropy", "entropy_share", "distance")
    }
    return RecordingAttention(
        processed=processed,
        chunk_frames=frames,
        chunk_seconds=None if fps is None else frames / fps,
        num_windows=np.asarray(held),
        observed=np.array([seen[start:stop].mean() for start, stop in spans]),
        attention=join_shares(cuts, [own.attention for own in windows], weights),
        rollout=join_shares(cuts, [own.rollout for own in windows], weights),
        left_out=leave_each_out(cuts, latents),
        left_out_beyond_pose=leave_each_out(cuts, beyond),
        windows=windows,
        maps=maps,
        **kept,
    )
