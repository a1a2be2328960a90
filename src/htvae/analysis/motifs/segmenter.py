"""A fitted segmenter: which motif each frame of a recording belongs to. It can be saved and applied again.

Axes: ``T`` frames, ``n`` windows of a recording, ``K`` motifs, ``F`` features.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from htvae.analysis.motifs.hmm import Chain, GaussianStates, Vectors, find_path, infer_shares
from htvae.analysis.motifs.merge_hmm import fit_states
from htvae.analysis.window_features import WindowFeatures, WindowGrid
from htvae.metrics.agreement import NOTHING

WINDOW_SECONDS, STRIDE_SECONDS = 0.5, 8 / 30
"""Width of windows, and time from one to the next."""
EVIDENCE_SECONDS = 1.6
"""Time after which windows count as independent evidence."""
LEAST_SECONDS = 0.4
"""Shortest stay in a motif."""
STRANGE_SHARE = 0.001
"""Share of the windows fitted to that count as none of the motifs; windows of other recordings count so where
they are as unlikely."""
MOST_WINDOWS = 40_000
"""Windows that motifs are fitted to, at most; they are taken in pieces from all recordings evenly."""
PIECE = 128
"""Windows of a piece."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """The motifs of one recording."""

    labels: np.ndarray
    """(T,) motif of each frame, `NOTHING` where none fits."""
    confidence: np.ndarray
    """(T,) probability of this motif given the whole recording, 0..1."""
    likelihood: np.ndarray
    """(T,) log density of the frame's window in this motif, nats."""


@dataclass(frozen=True, eq=False)
class Segmenter:
    """Everything that turns series into motifs."""

    features: WindowFeatures
    states: GaussianStates
    chain: Chain
    least_length: int
    """Windows of the shortest stay."""
    threshold: float
    """Log density (nats) below which a window is none of the motifs."""
    groups: np.ndarray
    """(K,) motif of each state: its own, or the motif that a user merged it into."""

    @classmethod
    def fit(
        cls,
        series: Sequence[np.ndarray],
        scale: np.ndarray,
        fps: float | None,
        num_motifs: int,
        bout_seconds: float,
        seed: int = 0,
        advance: Callable[[int], Any] = lambda done: None,
    ) -> "Segmenter":
        """Fit motifs to series (T, N, D) without gaps.

        Args:
            series: recordings, from `make_series`.
            scale: (N,), from `scale_points`.
            fps: frames per second. None: 30 are assumed.
            num_motifs: K.
            bout_seconds: length of a stay that is looked for.
            seed: seed of the random numbers.
            advance: called with the number of starts that are done.

        Raises:
            ValueError: the recordings are too short for so many motifs.
        """
        rate = fps or 30.0
        grid = WindowGrid.of_rate(rate, WINDOW_SECONDS, STRIDE_SECONDS)
        features = WindowFeatures.fit(series, grid, scale)
        vectors = [features.transform(one) for one in series]
        check_size(sum(map(len, vectors)), num_motifs)
        chain = make_chain(grid, rate, bout_seconds)
        pieces = choose_pieces(vectors, seed)
        fitted = np.concatenate(pieces)
        states = fit_states(fitted, [len(p) for p in pieces], num_motifs, chain, seed, advance).states
        least = max(1, round(LEAST_SECONDS * rate / grid.stride))
        best = states.log_likelihood(Vectors.of(fitted)).max(1)
        threshold = float(np.quantile(best, STRANGE_SHARE))
        return cls(features, states, chain, least, threshold, np.arange(num_motifs))

    def apply(self, series: np.ndarray) -> Segmentation:
        """Return the motifs of a recording from its series (T, N, D)."""
        vectors = self.features.transform(series)
        likelihood = np.concatenate(
            [
                self.states.log_likelihood(Vectors.of(vectors[start : start + MOST_WINDOWS]))
                for start in range(0, len(vectors), MOST_WINDOWS)
            ]
        )
        lengths = [len(likelihood)]
        path = find_path(likelihood, lengths, self.chain, self.least_length)
        shares, _ = infer_shares(likelihood, lengths, self.chain)
        motifs = self.groups[path]
        together = shares @ (self.groups[:, None] == np.arange(len(self.states)))
        rows = np.arange(len(path))
        labels = np.where(likelihood.max(1) < self.threshold, NOTHING, motifs)
        values = labels, together[rows, motifs].clip(0, 1), likelihood[rows, path]
        return Segmentation(*(self.features.grid.spread(value, len(series)) for value in values))

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return everything that was fitted, as arrays of numbers."""
        features = self.features
        return {
            "grid": np.array([features.grid.width, features.grid.stride]),
            "scale": features.scale,
            "pose_mean": features.pose_mean,
            "pose_basis": features.pose_basis,
            "window_mean": features.window_mean,
            "window_basis": features.window_basis,
            "means": self.states.means,
            "covariances": self.states.covariances,
            "counts": self.states.counts,
            "chain": np.array([self.chain.stay, self.chain.temper]),
            "least_length": np.array(self.least_length),
            "threshold": np.array(self.threshold),
            "groups": self.groups,
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, np.ndarray]) -> "Segmenter":
        """Make a segmenter from `state_dict`'s result; it gives the same motifs to the last bit."""
        grid = WindowGrid(*(int(x) for x in state["grid"]))
        parts = ("scale", "pose_mean", "pose_basis", "window_mean", "window_basis")
        return cls(
            features=WindowFeatures(grid, *(state[name] for name in parts)),
            states=GaussianStates(state["means"], state["covariances"], state["counts"]),
            chain=Chain(*(float(x) for x in state["chain"])),
            least_length=int(state["least_length"]),
            threshold=float(state["threshold"]),
            groups=state["groups"],
        )


def make_chain(grid: WindowGrid, fps: float, bout_seconds: float) -> Chain:
    """Return the chain whose stays last ``bout_seconds`` on average."""
    step = grid.stride / fps
    return Chain(stay=max(0.05, 1 - step / bout_seconds), temper=min(1.0, step / EVIDENCE_SECONDS))


def check_size(num_windows: int, num_motifs: int) -> None:
    """Raise ValueError where there are too few windows for so many motifs."""
    if num_windows < 2 * num_motifs:
        raise ValueError(
            f"Recordings must have at least {2 * num_motifs} windows of {WINDOW_SECONDS} s for {num_motifs} "
            f"motifs, but have {num_windows}. Ask for fewer with --num_motifs, or give more recordings."
        )


def choose_pieces(vectors: Sequence[np.ndarray], seed: int, most: int = MOST_WINDOWS) -> list[np.ndarray]:
    """Return the vectors (n, F) of recordings in pieces; of too many, a random choice of pieces."""
    pieces = [
        one[start : start + PIECE] for one in vectors for start in range(0, len(one), PIECE) if len(one)
    ]
    if sum(map(len, pieces)) <= most:
        return pieces
    order = np.random.default_rng(seed).permutation(len(pieces))
    total = np.cumsum([len(pieces[i]) for i in order])
    chosen = sorted(order[: max(1, int(np.searchsorted(total, most, side="right")))])
    return [pieces[i] for i in chosen]
