"""What each attention head does: how spread its attention is, how far it looks, how much it keeps to itself.

Each stack of the encoder has one position without a place in time, which comes first: the summary token of a
chunk (local level), the sequence token of a window (global level). It is described apart from the others.

Axes: ``S`` stacks (chunks, or one window), ``H`` heads, ``N`` positions of a stack.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from htvae.metrics.attention import attention_entropy, mean_distance

FIRST, OTHERS = slice(0, 1), slice(1, None)
"""Positions of a stack: the token without a place, and those with one."""


class RowFigures(NamedTuple):
    """Figures of attention rows, (layer, S, H, N) each, one for each query position."""

    entropy: np.ndarray
    """Entropy, nats."""
    entropy_share: np.ndarray
    """Entropy over that of equal weights: 0 looks at one position, 1 at all alike."""
    distance: np.ndarray
    """Mean distance (frames) of the positions looked at; NaN for the token without a place."""
    even_distance: np.ndarray
    """The same if all positions had equal weights."""
    self_share: np.ndarray
    """Share of attention on the position itself."""
    token_share: np.ndarray
    """Share of attention on the token without a place."""


@dataclass(frozen=True, kw_only=True)
class HeadFigures:
    """Means of one head's figures over the queries of one kind, in all recordings."""

    level: str
    """``local`` (tokens of a chunk) or ``global`` (chunks of a window)."""
    layer: int
    """Layer, from 1."""
    head: int
    """Head, from 1."""
    query: str
    """Kind of the queries: ``tokens`` or ``summary``, ``chunks`` or ``sequence``."""
    num_queries: int
    """Queries averaged over."""
    entropy: float
    """Entropy, nats."""
    entropy_share: float
    """Entropy over that of equal weights."""
    distance: float
    """Mean distance, model frames; NaN for ``summary`` and ``sequence``, which have no place in time."""
    even_distance: float
    """The same if all positions had equal weights."""
    self_share: float
    """Share of attention on the position itself."""
    token_share: float
    """Share of attention on the summary or sequence token."""


def describe_rows(weights: np.ndarray, mask: np.ndarray, step: int) -> RowFigures:
    """Return the figures of each row of attention weights.

    Args:
        weights: (layer, S, H, N, N), rows add up to 1.
        mask: (S, N) bool, True for positions that hold a real frame; others have no weight.
        step: frames from one place to the next.
    """
    places = np.arange(weights.shape[-1] - 1) * step
    distances = np.abs(places[:, None] - places).astype(float)
    even = mean_distance(mask[:, None, OTHERS].astype(float), distances)
    counts = np.maximum(mask.sum(-1), 2)[:, None, None]
    entropy = attention_entropy(weights)
    shape = weights.shape[:-1]
    distance, even_distance = np.full((2, *shape), np.nan)
    distance[..., OTHERS] = mean_distance(weights[..., OTHERS, OTHERS], distances)
    even_distance[..., OTHERS] = even[:, None]
    return RowFigures(
        entropy=entropy,
        entropy_share=entropy / np.log(counts),
        distance=distance,
        even_distance=even_distance,
        self_share=np.diagonal(weights, axis1=-2, axis2=-1),
        token_share=weights[..., 0],
    )


class HeadSums:
    """Running means of a level's figures, by layer, head and kind of query.

    Args:
        level: ``local`` or ``global``.
        kinds: names of the queries, those without a place first.
    """

    def __init__(self, level: str, kinds: tuple[str, str]) -> None:
        self.level, self.kinds = level, kinds
        self.num_added = 0
        self.counts = np.zeros((2, 2), int)
        """Queries of every other window and of the rest, by kind."""
        self.sums = [[np.zeros(1), np.zeros(1)], [np.zeros(1), np.zeros(1)]]
        """For each half of the windows and each kind, sums (figure, layer, H)."""

    def add(self, rows: RowFigures, mask: np.ndarray) -> None:
        """Add a window's rows of positions where ``mask`` (S, N) is True."""
        values, half = np.stack(rows), self.num_added % 2
        self.num_added += 1
        for kind, part in enumerate((FIRST, OTHERS)):
            counted = mask[:, part].astype(float)
            self.counts[half, kind] += int(counted.sum())
            own = np.einsum("flshn,sn->flh", values[..., part], counted)
            self.sums[half][kind] = self.sums[half][kind] + own

    def halves(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return the means (layer * H, figure) over every other window and over the rest, by kind of query.

        Kinds that a half lacks are left out.
        """
        return {
            kind: (self._half(0, number), self._half(1, number))
            for number, kind in enumerate(self.kinds)
            if self.counts[:, number].all()
        }

    def _half(self, half: int, kind: int) -> np.ndarray:
        mean: np.ndarray = self.sums[half][kind] / self.counts[half, kind]
        return mean.reshape(len(mean), -1).T

    def means(self) -> list[HeadFigures]:
        """Return the means, by layer, head and kind; kinds that were never added are left out."""
        tables = [
            (kind, int(count), (first + second) / count)
            for kind, count, first, second in zip(
                self.kinds, self.counts.sum(axis=0), *self.sums, strict=True
            )
            if count
        ]
        _, num_layers, num_heads = np.shape(tables[0][2])
        return [
            HeadFigures(
                level=self.level,
                layer=layer + 1,
                head=head + 1,
                query=kind,
                num_queries=count,
                **dict(zip(RowFigures._fields, table[:, layer, head].tolist(), strict=True)),
            )
            for layer in range(num_layers)
            for head in range(num_heads)
            for kind, count, table in tables
        ]
