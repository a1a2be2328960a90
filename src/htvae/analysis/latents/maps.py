"""Maps of recordings and of moments.

Axes: ``n`` recordings, ``m`` moments.
"""

from dataclasses import dataclass

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.latents.gather import RecordedLatents, spread_evenly
from htvae.metrics.components import Components
from htvae.metrics.point_maps import LEAST_ROWS, MapKind, lay_out, measure_trust

MOST_POINTS = 5_000
"""Moments that t-SNE and UMAP place, evenly spread over all; their time grows faster than the number."""


@dataclass(frozen=True, eq=False)
class LatentMap:
    """A map of rows, beside their principal components."""

    kind: MapKind
    points: np.ndarray
    """(rows, 2), NaN where a moment has no place."""
    scores: np.ndarray
    """(rows, k) along the principal components."""
    components: Components
    trust: float
    """Share of neighbours that are kept, see `measure_trust`."""


def map_recordings(latents: RecordedLatents, kind: MapKind, seed: int) -> tuple[LatentMap, list[Doubt]]:
    """Return the map of recordings by sequence latent, and what is doubtful about it."""
    rows, doubts = latents.sequences, []
    if len(rows) < 2:
        text = "One recording has no map of recordings: it lies at (0, 0). Give more recordings."
        doubts.append(Doubt("one_recording", text))
    elif kind != "pca" and len(rows) < LEAST_ROWS:
        text = f"Fewer than {LEAST_ROWS} recordings are mapped by PCA, whatever --map says."
        doubts.append(Doubt("few_recordings", text))
    return _map(rows, kind, seed), doubts


def map_moments(latents: RecordedLatents, kind: MapKind, seed: int) -> tuple[LatentMap | None, list[Doubt]]:
    """Return the map of moments by chunk latent, None without such latents, and what is doubtful about it."""
    rows = latents.moments
    if not rows.shape[1]:
        text = "The model has no chunk latents (chunk_latent_dim 0), so moments are left out."
        return None, [Doubt("no_chunk_latents", text)]
    if kind == "pca" or len(rows) <= MOST_POINTS:
        return _map(rows, kind, seed), []
    chosen = spread_evenly(len(rows), MOST_POINTS)
    part, components = _map(rows[chosen], kind, seed), Components.fit(rows)
    points = np.full((len(rows), 2), np.nan)
    points[chosen] = part.points
    text = (
        f"{kind} places {len(chosen):,} of {len(rows):,} moments, evenly spread, since its time grows faster "
        "than their number. --map pca places all."
    )
    found = LatentMap(kind, points, components.project(rows), components, part.trust)
    return found, [Doubt("thinned_moments", text)]


def _map(rows: np.ndarray, kind: MapKind, seed: int) -> LatentMap:
    components = Components.fit(rows)
    if len(rows) < LEAST_ROWS:
        kind = "pca"
    points = lay_out(rows, kind, seed)
    return LatentMap(kind, points, components.project(rows), components, measure_trust(rows, points))
