"""Maps: rows of many numbers as points of two. PCA keeps distances; t-SNE and UMAP keep neighbours only.

Axes: ``n`` rows, ``d`` numbers.
"""

import warnings
from typing import Literal

import numpy as np

from htvae.metrics.components import Components

MapKind = Literal["pca", "tsne", "umap"]
LEAST_ROWS = 5
"""Rows below which a map is PCA's, whatever is asked for."""
NUM_NEIGHBOURS = 10
"""Neighbours by which `measure_trust` judges a map."""
_MOST_COMPONENTS = 50
_MOST_JUDGED = 2_000
_PERPLEXITY, _UMAP_NEIGHBOURS = 30.0, 15


def check_umap() -> None:
    """Raise ValueError if UMAP is not installed; callers check before they start long work."""
    try:
        import umap  # noqa: F401
    except ImportError:
        raise ValueError(
            'A UMAP map needs umap-learn, but it is not installed. Try pip install "ht-vae[umap]", or take '
            "--map tsne, which needs nothing more."
        ) from None


def lay_out(rows: np.ndarray, kind: MapKind, seed: int = 0) -> np.ndarray:
    """Return the map (n, 2) of rows (n, d), the same for the same seed.

    t-SNE and UMAP start at PCA's map and see at most 50 components. Their axes have no unit, and distances
    between groups mean little.

    Raises:
        ValueError: UMAP is selected and not installed.

    Source: van der Maaten & Hinton 2008; McInnes et al. 2018; the start after Kobak & Berens 2019.
    """
    components = Components.fit(rows)
    scores = components.project(rows)[:, :_MOST_COMPONENTS]
    flat = np.zeros((len(rows), 2))
    flat[:, : min(2, scores.shape[1])] = scores[:, :2]
    if kind == "pca" or len(rows) < LEAST_ROWS or scores.shape[1] < 2:
        return flat
    return _lay_out_tsne(scores, seed) if kind == "tsne" else _lay_out_umap(scores, seed)


def measure_trust(rows: np.ndarray, points: np.ndarray) -> float:
    """Return the trustworthiness of a map (n, 2) of rows (n, d), in [0, 1]; NaN for fewer than five rows.

    It is 1 if all neighbours in the map are neighbours among the rows, and about 0.5 for a map by chance. Of
    many rows it looks at 2,000, evenly spread.

    Source: Venna & Kaski 2001, "Neighborhood Preservation in Nonlinear Projection Methods".
    """
    from sklearn.manifold import trustworthiness

    chosen = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _MOST_JUDGED)).round().astype(int))
    count = min(NUM_NEIGHBOURS, (len(chosen) - 1) // 2)
    if len(chosen) < LEAST_ROWS or count < 1:
        return float("nan")
    return float(trustworthiness(rows[chosen], points[chosen], n_neighbors=count))


def _lay_out_tsne(scores: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(scores) - 1) / 3)
    tsne = TSNE(init="pca", perplexity=perplexity, random_state=seed, n_jobs=1)
    points: np.ndarray = tsne.fit_transform(scores.astype(np.float32)).astype(np.float64)
    return points


def _lay_out_umap(scores: np.ndarray, seed: int) -> np.ndarray:
    check_umap()
    import umap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numba and of the seed, which users cannot change
        reducer = umap.UMAP(
            n_neighbors=min(_UMAP_NEIGHBOURS, len(scores) - 1),
            init=_start(scores),
            random_state=seed,
            n_jobs=1,
        )
        points: np.ndarray = reducer.fit_transform(scores.astype(np.float32)).astype(np.float64)
    return points


def _start(scores: np.ndarray) -> np.ndarray:
    """Return PCA's map (n, 2) with the size that UMAP starts with: coordinates up to 10."""
    start: np.ndarray = (10 * scores[:, :2] / max(float(np.abs(scores[:, :2]).max()), 1e-12)).astype(
        np.float32
    )
    return start
