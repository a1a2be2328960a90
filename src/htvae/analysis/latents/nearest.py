"""Which recordings are alike: the nearest by sequence latent, and how often they share label and subject.

Axes: ``n`` recordings, ``k`` neighbours, ``Z`` latent_dim.
"""

from dataclasses import dataclass

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.latents.gather import FRAME_LABEL, MOST_MOMENTS, RecordedLatents, spread_evenly
from htvae.metrics.neighbours import NeighbourShare, find_nearest, share_alike

NUM_NEIGHBOURS = 5
NUM_SHUFFLES = 199
_LEAST_SPREAD = 0.1
"""Least spread within recordings that a number is divided by, as a share of its spread over recordings."""


@dataclass(frozen=True)
class AlikeShare:
    """How often near recordings have the same value of a column."""

    rows: str
    """``recordings``, near by sequence latent, or ``moments``, near by chunk latent."""
    column: str
    among: str
    """Neighbours that were counted: ``all``, or those of ``other subjects``."""
    first: NeighbourShare
    """Of the nearest."""
    all: NeighbourShare
    """Of the k nearest."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest recordings."""

    index: np.ndarray
    """Indices (n, k) of each recording's nearest, the nearest first."""
    distance: np.ndarray
    """Distances (n, k). 1: as far as the two halves of a recording are from each other."""
    is_scaled: bool
    """Whether distances have this unit. False: no recording could be halved, and the unit is the spread over
    recordings."""
    shares: tuple[AlikeShare, ...]


def find_nearest_recordings(
    latents: RecordedLatents, num_neighbours: int = NUM_NEIGHBOURS, seed: int = 0
) -> tuple[Nearest, list[Doubt]]:
    """Return each recording's nearest, and what is doubtful about them.

    Args:
        latents: latents of recordings.
        num_neighbours: k, at least 1.
        seed: seed of the values dealt out anew.
    """
    scale, is_scaled = _find_scale(latents)
    rows = latents.sequences / (scale * np.sqrt(latents.sequences.shape[1]))
    index, distance = find_nearest(rows, num_neighbours)
    doubts = []
    if len(rows) < 2:
        doubts.append(Doubt("one_recording", "One recording alone has no neighbours. Give more recordings."))
    elif not is_scaled:
        text = (
            "No recording is long enough to be halved, so distances are in units of the spread over "
            "recordings, not of halves of a recording."
        )
        doubts.append(Doubt("no_halves", text))
    shares = _measure_shares(latents, rows, index, num_neighbours, seed) if len(rows) > 1 else []
    shares += _measure_moments(latents, num_neighbours, seed)
    return Nearest(index, distance, is_scaled, tuple(shares)), doubts


def _find_scale(latents: RecordedLatents) -> tuple[np.ndarray, bool]:
    """Return what each number (Z,) is divided by: the root mean square distance of a recording's halves."""
    spread = np.maximum(latents.sequences.std(axis=0), 1e-9)
    pairs = [pair for pair in latents.halves if pair is not None]
    if not pairs:
        return spread, False
    steps = np.stack([a.sequence_latent - b.sequence_latent for a, b in pairs]).astype(np.float64)
    within = np.sqrt(np.square(steps).mean(axis=0))
    scale: np.ndarray = np.maximum(within, _LEAST_SPREAD * spread)
    return scale, True


def _measure_shares(
    latents: RecordedLatents, rows: np.ndarray, index: np.ndarray, num_neighbours: int, seed: int
) -> list[AlikeShare]:
    rng = np.random.default_rng((seed, 6))
    subjects = latents.subjects
    strangers, _ = find_nearest(rows, num_neighbours, subjects)
    shares = []
    for column, cells in latents.columns.items():
        values = np.array([cell or "" for cell in cells])
        counts = np.unique(values[values != ""], return_counts=True)[1]
        if len(counts) < 2 or counts.max() < 2:
            continue
        kinds = [("all", index)]
        if column != "subject" and len(set(subjects)) < len(subjects):
            kinds.append(("other subjects", strangers))
        for among, found in kinds:
            first, all_ = (share_alike(part, values, NUM_SHUFFLES, rng) for part in (found[:, :1], found))
            if first.num_pairs:
                shares.append(AlikeShare("recordings", column, among, first, all_))
    return shares


def _measure_moments(latents: RecordedLatents, num_neighbours: int, seed: int) -> list[AlikeShare]:
    """Return how often the nearest moments of other subjects show the same; none without such labels."""
    if not any(latents.moment_labels) or not latents.moments.shape[1]:
        return []
    chosen = spread_evenly(len(latents.owner), MOST_MOMENTS)
    values = np.array([latents.moment_labels[i] or "" for i in chosen])
    subjects = latents.subjects[latents.owner[chosen]]
    found, _ = find_nearest(latents.moments[chosen], num_neighbours, subjects)
    rng = np.random.default_rng((seed, 7))
    first, all_ = (share_alike(part, values, NUM_SHUFFLES, rng) for part in (found[:, :1], found))
    return [AlikeShare("moments", FRAME_LABEL, "other subjects", first, all_)] if first.num_pairs else []
