"""Activities: what people do for a minute, by which motifs they alternate between.

A second hidden Markov model whose observations are motifs: each activity uses motifs in shares of its own. A
longer bout in the segmenter of motifs does not find activities, because an activity has no pose of its own.

Axes: ``n`` windows of a recording, ``K`` motifs, ``A`` activities, ``T`` frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from htvae.analysis.motifs.hmm import Chain, find_path, infer_shares
from htvae.analysis.motifs.motifs import Bout, Motifs, cut_bouts
from htvae.analysis.motifs.segmenter import Segmentation, choose_pieces

ACTIVITY_SECONDS = 30.0
"""Length of an activity that is looked for."""
EVIDENCE_SECONDS = 4.0
"""Time after which motifs count as independent evidence: about a bout."""
NUM_STARTS, NUM_ROUNDS = 8, 20
"""Starts of which the likeliest is kept, and rounds of expectation and maximisation of each."""
PRIOR_COUNT = 1.0
"""Windows of each motif that every activity is taken to have had before any was seen."""
LEAST_SHARE = 1e-9
"""Share of a motif that an activity has at least; merged motifs have none."""
MOST_STEPS, PIECE = 40_000, 1024
"""Windows that activities are fitted to, at most, and of a piece (four and a half minutes)."""


@dataclass(frozen=True, eq=False)
class ActivityModel:
    """A fitted model of activities."""

    shares: np.ndarray
    """(A, K + 1) share of time that an activity spends in each motif, and last in none; rows add up to 1."""
    chain: Chain

    def __len__(self) -> int:
        return len(self.shares)

    def merge(self, groups: np.ndarray) -> "ActivityModel":
        """Return the model for motifs that were merged: ``groups`` (K,) is the motif of each."""
        targets = np.append(groups, len(groups))
        return replace(self, shares=self.shares @ (targets[:, None] == np.arange(len(targets))))

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return everything that was fitted, as arrays of numbers."""
        return {
            "activity_shares": self.shares,
            "activity_chain": np.array([self.chain.stay, self.chain.temper]),
        }

    @classmethod
    def from_state_dict(cls, state: Mapping[str, np.ndarray]) -> "ActivityModel":
        """Make a model from `state_dict`'s result."""
        return cls(state["activity_shares"], Chain(*(float(x) for x in state["activity_chain"])))


@dataclass(frozen=True, eq=False)
class Activities:
    """The activities of a set of recordings."""

    model: ActivityModel
    segmentations: list[Segmentation]
    """One for each recording; ``likelihood`` is that of the motif in this activity."""

    @property
    def bouts(self) -> list[Bout]:
        """All stays of all recordings in order; ``motif`` is the activity."""
        return [bout for i, one in enumerate(self.segmentations) for bout in cut_bouts(i, one)]

    def usage(self) -> np.ndarray:
        """Return (recordings, A): the share of frames of each activity."""
        return np.array(
            [np.bincount(s.labels, minlength=len(self.model)) / len(s.labels) for s in self.segmentations]
        )


def find_activities(
    motifs: Motifs, num_activities: int, activity_seconds: float = ACTIVITY_SECONDS, seed: int = 0
) -> Activities:
    """Fit activities to the motifs of recordings, and return them with each frame's activity.

    Args:
        motifs: the motifs of recordings.
        num_activities: A.
        activity_seconds: length of an activity that is looked for.
        seed: seed of the random numbers.

    Raises:
        ValueError: a number is too small, or the recordings are too short for so many activities.
    """
    if num_activities < 1:
        raise ValueError(f"num_activities must be at least 1, but got {num_activities}.")
    if not activity_seconds > 0:
        raise ValueError(f"activity_seconds must be above 0, but got {activity_seconds}.")
    step = motifs.segmenter.features.grid.stride / (motifs.fps or 30.0)
    windows = _thin(motifs)
    width = max(1, round(activity_seconds / step))
    if sum(map(len, windows)) < num_activities * width:
        raise ValueError(
            f"Recordings must last {num_activities * activity_seconds:g} s together for {num_activities} "
            f"activities of {activity_seconds:g} s, but last {sum(map(len, windows)) * step:.0f} s. Ask for "
            "fewer with --num_activities, or for shorter ones with --activity_seconds."
        )
    chain = Chain(max(0.05, 1 - step / activity_seconds), min(1.0, step / EVIDENCE_SECONDS))
    rng = np.random.default_rng((seed, 7))
    pieces = choose_pieces(windows, seed, MOST_STEPS, PIECE)
    shares = _fit(pieces, motifs.num_motifs, num_activities, width, chain, rng)
    return apply_activities(motifs, ActivityModel(shares, chain))


def apply_activities(motifs: Motifs, model: ActivityModel) -> Activities:
    """Return the activities of recordings by a model that was fitted before."""
    grid, windows = motifs.segmenter.features.grid, _thin(motifs)
    logs, found = np.log(np.maximum(model.shares, LEAST_SHARE)).T, []
    for own, one in zip(windows, motifs.segmentations, strict=True):
        likelihood = logs[own]
        path = find_path(likelihood, [len(own)], model.chain)
        shares, _ = infer_shares(likelihood, [len(own)], model.chain)
        rows = np.arange(len(path))
        values = path, shares[rows, path].clip(0, 1), likelihood[rows, path]
        found.append(Segmentation(*(grid.spread(value, len(one.labels)) for value in values)))
    return Activities(model, found)


def _thin(motifs: Motifs) -> list[np.ndarray]:
    """Return the motif (n,) of each window, K where there is none."""
    grid, none = motifs.segmenter.features.grid, motifs.num_motifs
    labels = [one.labels[:: grid.stride] for one in motifs.segmentations]
    return [np.where(x < 0, none, x) for x in labels]


def _fit(
    windows: Sequence[np.ndarray],
    num_motifs: int,
    num_activities: int,
    width: int,
    chain: Chain,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the shares (A, K + 1) of the likeliest of several fits, the commonest activity first."""
    from sklearn.cluster import KMeans

    lengths, joined = [len(x) for x in windows], np.concatenate(windows)
    used = np.eye(num_motifs + 1)[joined]
    around = np.sqrt(np.concatenate([_average(x, num_motifs, width) for x in windows]))
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for _ in range(NUM_STARTS):
        start = KMeans(num_activities, n_init=1, random_state=int(rng.integers(2**31))).fit(around)
        chances, evidence = np.eye(num_activities)[start.labels_], -np.inf
        for _ in range(NUM_ROUNDS):
            counts = chances.T @ used + PRIOR_COUNT
            shares = counts / counts.sum(1, keepdims=True)
            chances, evidence = infer_shares(np.log(shares).T[joined], lengths, chain)
        if best is None or evidence > best[0]:
            best = evidence, shares, chances.sum(0)
    assert best is not None
    return best[1][np.argsort(-best[2], kind="stable")]


def _average(windows: np.ndarray, num_motifs: int, width: int) -> np.ndarray:
    """Return (n, K + 1): the share of each motif, and of none, among ``width`` windows around each."""
    total = np.concatenate([np.zeros((1, num_motifs + 1)), np.eye(num_motifs + 1)[windows].cumsum(0)])
    middle = np.arange(len(windows))
    start, stop = (middle - width // 2).clip(0), (middle + (width + 1) // 2).clip(max=len(windows))
    share: np.ndarray = (total[stop] - total[start]) / (stop - start)[:, None]
    return share
