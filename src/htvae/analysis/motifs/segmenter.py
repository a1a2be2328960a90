"""A fitted segmenter: which motif each frame of a recording belongs to. It can be saved and applied again.

Axes: ``T`` frames, ``n`` windows of a recording, ``K`` motifs, ``F`` features.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
TOGETHER = 16_384
"""Windows of recordings that go through the loop over time together, padding among them."""


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
        features = fit_features(series, scale, fps)
        vectors = [features.transform(one) for one in series]
        return cls.fit_vectors(features, vectors, fps, num_motifs, bout_seconds, seed, advance)

    @classmethod
    def fit_vectors(
        cls,
        features: WindowFeatures,
        vectors: Sequence[np.ndarray],
        fps: float | None,
        num_motifs: int,
        bout_seconds: float,
        seed: int = 0,
        advance: Callable[[int], Any] = lambda done: None,
        most: int = MOST_WINDOWS,
    ) -> "Segmenter":
        """Fit motifs to the features (n, F) of recordings' windows; see `fit`.

        Args:
            features: what made the vectors.
            vectors: one array for each recording.
            fps: as for `fit`, like ``num_motifs``, ``bout_seconds``, ``seed`` and ``advance``.
            num_motifs: K.
            bout_seconds: length of a stay that is looked for.
            seed: seed of the random numbers.
            advance: called with the number of starts that are done.
            most: windows that motifs are fitted to, at most.
        """
        rate, grid = fps or 30.0, features.grid
        check_size(sum(map(len, vectors)), num_motifs)
        chain = make_chain(grid, rate, bout_seconds)
        pieces = choose_pieces(vectors, seed, most)
        fitted = np.concatenate(pieces)
        states = fit_states(fitted, [len(p) for p in pieces], num_motifs, chain, seed, advance).states
        least = max(1, round(LEAST_SECONDS * rate / grid.stride))
        best = states.log_likelihood(Vectors.of(fitted)).max(1)
        threshold = float(np.quantile(best, STRANGE_SHARE))
        return cls(features, states, chain, least, threshold, np.arange(num_motifs))

    def apply(self, series: np.ndarray) -> Segmentation:
        """Return the motifs of a recording from its series (T, N, D)."""
        return self.apply_vectors([self.features.transform(series)], [len(series)])[0]

    def apply_vectors(self, vectors: Sequence[np.ndarray], lengths: Sequence[int]) -> list[Segmentation]:
        """Return the motifs of recordings from the features (n, F) of their windows, and their frames."""
        found: list[Segmentation | None] = [None] * len(vectors)
        for group, likelihood in self._likelihoods(vectors):
            sizes = [len(vectors[i]) for i in group]
            path, cuts = find_path(likelihood, sizes, self.chain, self.least_length), np.cumsum(sizes)[:-1]
            parts = zip(group, np.split(path, cuts), np.split(likelihood, cuts), strict=True)
            for i, own_path, own in parts:
                found[i] = self._describe(own_path, own, lengths[i])
        return [one for one in found if one is not None]

    def _describe(self, path: np.ndarray, likelihood: np.ndarray, num_frames: int) -> Segmentation:
        """Return the motifs of one recording, alone: padding would change the last bits of chances."""
        shares, _ = infer_shares(likelihood, [len(likelihood)], self.chain)
        together = shares @ (self.groups[:, None] == np.arange(len(self.states)))
        rows = np.arange(len(path))
        confidence = together[rows, self.groups[path]].clip(0, 1)
        values = self._name(path, likelihood), confidence, likelihood[rows, path]
        return Segmentation(*(self.features.grid.spread(value, num_frames) for value in values))

    def label_windows(self, vectors: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the motif (n,) of each window of recordings, `NOTHING` where none fits."""
        found = [np.empty(0, np.int16)] * len(vectors)
        for group, likelihood in self._likelihoods(vectors):
            sizes = [len(vectors[i]) for i in group]
            path = find_path(likelihood, sizes, self.chain, self.least_length)
            labels = self._name(path, likelihood).astype(np.int16)
            for i, own in zip(group, np.split(labels, np.cumsum(sizes)[:-1]), strict=True):
                found[i] = own
        return found

    def _likelihoods(self, vectors: Sequence[np.ndarray]) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield recordings of about the same length, and the log densities (n, K) of their windows."""
        for group in group_lengths([len(one) for one in vectors], TOGETHER):
            yield group, np.concatenate([self._likelihood(vectors[i]) for i in group])

    def _likelihood(self, vectors: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [
                self.states.log_likelihood(Vectors.of(vectors[start : start + MOST_WINDOWS]))
                for start in range(0, len(vectors), MOST_WINDOWS)
            ]
        )

    def _name(self, path: np.ndarray, likelihood: np.ndarray) -> np.ndarray:
        """Return the motifs (n,) of states."""
        return np.where(likelihood.max(1) < self.threshold, NOTHING, self.groups[path])

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


def fit_features(series: Sequence[np.ndarray], scale: np.ndarray, fps: float | None) -> WindowFeatures:
    """Return the features of windows of series (T, N, D), as motifs are fitted to."""
    return WindowFeatures.fit(series, WindowGrid.of_rate(fps, WINDOW_SECONDS, STRIDE_SECONDS), scale)


def group_lengths(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Return which sequences go together: alike in length, ``most`` vectors with padding where several."""
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if groups and lengths[groups[-1][0]] * (len(groups[-1]) + 1) <= most:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


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


def choose_pieces(
    vectors: Sequence[np.ndarray], seed: int, most: int = MOST_WINDOWS, size: int = PIECE
) -> list[np.ndarray]:
    """Return the vectors (n, ...) of recordings in pieces; of too many, a random choice of pieces."""
    pieces = [one[start : start + size] for one in vectors for start in range(0, len(one), size) if len(one)]
    if sum(map(len, pieces)) <= most:
        return pieces
    order = np.random.default_rng(seed).permutation(len(pieces))
    total = np.cumsum([len(pieces[i]) for i in order])
    chosen = sorted(order[: max(1, int(np.searchsorted(total, most, side="right")))])
    return [pieces[i] for i in chosen]
