"""Places on a flat map: neighbours on it are alike in many numbers.

Axes: ``n`` things, ``F`` numbers of each.
"""

import numpy as np

MOST_EMBEDDED = 5_000
"""Things that t-SNE places, at most; the others lie between their nearest neighbours among these."""
PERPLEXITY = 30.0
LEAST_THINGS = 4
"""Things that t-SNE needs; fewer are placed by PCA."""
NUM_NEIGHBOURS = 3
NUM_COMPONENTS = 30
"""Principal components that distances are measured in."""


def place_by_pca(numbers: np.ndarray) -> np.ndarray:
    """Return the first two principal components (n, 2) of numbers (n, F), scaled to -1..1."""
    centred = numbers - numbers.mean(axis=0)
    components = reduce(centred, 2)
    if components.shape[1] < 2:
        components = np.pad(components, ((0, 0), (0, 2 - components.shape[1])))
    return fit_square(components)


def place_by_tsne(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Return places (n, 2) by t-SNE of numbers (n, F), scaled to -1..1; the first guess is PCA's.

    Of more than `MOST_EMBEDDED` things a random part is embedded, and each other lies at the mean place of
    its nearest neighbours, the nearer the heavier.
    """
    if len(numbers) < LEAST_THINGS:
        return place_by_pca(numbers)
    reduced = reduce(numbers - numbers.mean(axis=0), NUM_COMPONENTS)
    chosen = np.arange(len(numbers))
    if len(numbers) > MOST_EMBEDDED:
        chosen = np.sort(np.random.default_rng(seed).choice(len(numbers), MOST_EMBEDDED, replace=False))
    places = np.empty((len(numbers), 2))
    places[chosen] = _embed(reduced[chosen], seed)
    rest = np.setdiff1d(np.arange(len(numbers)), chosen)
    if len(rest):
        places[rest] = _place_between(reduced[rest], reduced[chosen], places[chosen])
    return fit_square(places)


def reduce(centred: np.ndarray, most: int) -> np.ndarray:
    """Return the leading principal components (n, k) of centred numbers (n, F), each with a fixed sign."""
    values = centred.astype(np.float64)
    _, directions = np.linalg.eigh(values.T @ values)
    leading = directions[:, ::-1][:, :most]
    signs = np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(leading.shape[1])])
    components: np.ndarray = values @ (leading * signs)
    return components


def fit_square(places: np.ndarray) -> np.ndarray:
    """Return places (n, 2) moved and scaled into -1..1, the shape kept."""
    low, high = places.min(axis=0), places.max(axis=0)
    half = float((high - low).max()) / 2 or 1.0
    fitted: np.ndarray = (places - (low + high) / 2) / half
    return fitted


def _embed(numbers: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, (len(numbers) - 1) / 3)
    start = numbers[:, :2] if numbers.shape[1] > 1 else np.pad(numbers, ((0, 0), (0, 1)))
    spread = float(start[:, 0].std())
    if not spread:
        return np.zeros((len(numbers), 2))  # all alike
    tsne = TSNE(2, perplexity=perplexity, init=(start / spread * 1e-4).astype(np.float32), random_state=seed)
    found: np.ndarray = tsne.fit_transform(numbers.astype(np.float32)).astype(np.float64)
    return found


def _place_between(numbers: np.ndarray, known: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the places (m, 2) of numbers (m, k) among known ones (n, k) with places (n, 2)."""
    from sklearn.neighbors import NearestNeighbors

    distances, near = NearestNeighbors(n_neighbors=NUM_NEIGHBOURS).fit(known).kneighbors(numbers)
    weights = 1 / np.maximum(distances, 1e-9)
    weights /= weights.sum(axis=1, keepdims=True)
    found: np.ndarray = np.einsum("mk,mkd->md", weights, places[near])
    return found
