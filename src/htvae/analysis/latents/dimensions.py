"""How many numbers of each level are used, how far the variance is spread, and how reliable each number is.

Axes: ``n`` recordings, ``d`` numbers of a level (Z or K), ``k`` components, ``m`` numbers and components.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.latents.gather import Level, RecordedLatents
from htvae.inference.model import Encoding
from htvae.metrics.components import Components
from htvae.metrics.rates import ACTIVE_VARIANCE
from htvae.metrics.reliability import Reliability, retest_reliability, split_half_reliability

NUM_DRAWS = 500
"""Draws of the intervals of reliability."""
MOST_COMPONENTS = 8
"""Components of a level whose reliability is measured."""


@dataclass(frozen=True, eq=False)
class LevelDimensions:
    """One level's numbers and components. Reliabilities (d + k,) are of the numbers, then the components."""

    name: str
    """``sequence`` or ``chunk``."""
    num_inputs: int
    """Windows, or moments, that variance and KL are taken over."""
    variance: np.ndarray
    """Variance (d,) of the posteriors' means over inputs, in units of the prior's variance."""
    posterior_variance: np.ndarray
    """Mean variance (d,) of the posteriors."""
    kl: np.ndarray
    """KL (d,) of each number, nats, mean over inputs."""
    components: Components
    """Components of recordings' sequence latents, or of moments' chunk latents."""
    num_measured: int
    """Components, the first ones, that have a reliability."""
    split_half: Reliability
    """Agreement of first and second halves of recordings; chunk latents averaged over a half."""
    retest: Reliability
    """Agreement of the recordings of one subject, after what recordings of one label share is taken off."""

    @property
    def is_active(self) -> np.ndarray:
        """Whether (d,) a number's mean tells inputs apart (Burda et al. 2016)."""
        active: np.ndarray = self.variance > ACTIVE_VARIANCE
        return active

    @property
    def kl_share(self) -> np.ndarray:
        """Share (d,) of the level's KL."""
        share: np.ndarray = self.kl / max(float(self.kl.sum()), 1e-300)
        return share

    @property
    def unreliable(self) -> list[str]:
        """What (d + k,) is below `LEAST_RELIABLE`: ``split_half``, ``retest``, ``both``, or none."""
        names = {
            (False, False): "",
            (True, False): "split_half",
            (False, True): "retest",
            (True, True): "both",
        }
        pairs = zip(self.split_half.is_low.tolist(), self.retest.is_low.tolist(), strict=True)
        return [names[pair] for pair in pairs]


@dataclass(frozen=True, eq=False)
class Dimensions:
    """Numbers of all levels."""

    levels: tuple[LevelDimensions, ...]
    doubts: tuple[Doubt, ...]


def measure_dimensions(latents: RecordedLatents, seed: int = 0) -> Dimensions:
    """Return use and reliability of every number, and of the first components, of both levels."""
    rng = np.random.default_rng((seed, 4))
    measured = [_measure_level(latents, level, rng) for level in latents.levels]
    return Dimensions(tuple(measured), tuple(_find_doubts(latents)))


def _measure_level(latents: RecordedLatents, level: Level, rng: np.random.Generator) -> LevelDimensions:
    is_sequence = level.name == "sequence"
    components = Components.fit(latents.sequences if is_sequence else latents.moments)
    measured = min(MOST_COMPONENTS, len(components.directions))

    def place(encoding: Encoding) -> np.ndarray:
        """Return a recording's numbers and scores (d + k,)."""
        row = encoding.sequence_latent if is_sequence else encoding.chunk_latents.mean(axis=0)
        row = row.astype(np.float64)
        return np.concatenate([row, components.project(row[None])[0, :measured]])

    whole = np.stack([place(encoding) for encoding in latents.encodings])
    first, second = np.full_like(whole, np.nan), np.full_like(whole, np.nan)
    for i, pair in enumerate(latents.halves):
        if pair is not None:
            first[i], second[i] = place(pair[0]), place(pair[1])
    alike, owner = np.zeros(len(whole), int), np.unique(latents.subjects, return_inverse=True)[1]
    rest = _remove_label_means(whole, latents.labels)
    return LevelDimensions(
        name=level.name,
        num_inputs=len(level.mu),
        variance=level.mu.var(axis=0, dtype=np.float64),
        posterior_variance=level.variance.mean(axis=0, dtype=np.float64),
        kl=level.kl.mean(axis=0, dtype=np.float64),
        components=components,
        num_measured=measured,
        split_half=split_half_reliability(first, second, alike, NUM_DRAWS, rng),
        retest=retest_reliability(rest, owner, alike, NUM_DRAWS, rng),
    )


def _remove_label_means(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return values (n, m) without what recordings of one label (n,) have in common."""
    rest = np.array(values)
    for label in np.unique(labels):
        own = labels == label
        rest[own] -= rest[own].mean(axis=0)
    return rest


def _find_doubts(latents: RecordedLatents) -> list[Doubt]:
    doubts = []
    count = len(latents.recordings)
    short = sum(pair is None for pair in latents.halves)
    if short:
        text = (
            f"{short} of {count} recordings are too short to be halved, so split-half reliability lacks them."
        )
        doubts.append(Doubt("short_recordings", text))
    if count - short < 4:
        text = (
            "Split-half reliability needs at least four recordings that can be halved, so it is left empty."
        )
        doubts.append(Doubt("no_split_half", text))
    repeated = sum(size > 1 for size in Counter(latents.subjects.tolist()).values())
    pairs = Counter(zip(latents.subjects.tolist(), latents.labels.tolist(), strict=True))
    if repeated < 4:
        text = (
            f"Retest reliability needs at least four subjects with several recordings, but {repeated} have "
            "(column subject of manifest.csv), so it is left empty."
        )
        doubts.append(Doubt("no_retest", text))
    elif max(pairs.values()) < 2:
        text = (
            "No subject has two recordings with the same label, so retests are recordings of different "
            "things: a low retest says that a number does not mark people, not that it is noise."
        )
        doubts.append(Doubt("retest_over_labels", text))
    if len(latents.sequences) <= latents.sequences.shape[1]:
        text = (
            f"{count} recordings have at most {count - 1} principal components, so the sequence latents' "
            "participation ratio and cumulative shares say little of more recordings."
        )
        doubts.append(Doubt("few_recordings", text))
    return doubts
