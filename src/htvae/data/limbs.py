"""Bodies of other proportions: every bone of a training window longer or shorter by a share of its own.

- A skeleton is any graph: several components, cycles, landmarks without a bone. The body is the component
  that has more than half of the landmarks with bones. Each other part (a mouth, a point of a face) goes with
  the landmark of the body that is nearest to it on average. Without such a body, landmarks without a bone
  keep their place.
- Each component hangs on the origin by its root, the landmark that stays nearest to the origin. A root's left
  or right partner is a root as well if it is in the same component, so both sides are built alike.
- The parents of a landmark are its neighbours one step nearer to the roots, and its bone leads to it from the
  middle of them: a nose that is joined to both shoulders hangs between them. A root's bone leads to it from
  the origin.
- With p the places, P the matrix that averages parents (a root's row is 0) and F the factors on a diagonal,
  new places p' solve (I - P) p' = F (I - P) p. So p' = p + C p with C = (I - P)^-1 (F - I) (I - P), which is
  one matrix for all frames of a window.
- A point that is missing in some frames is interpolated for the points that hang on it, so that these do not
  jump where it comes and goes; one that the whole window lacks lies where training has it on average.
- The origin stays what it is, mid-hip or centroid: bodies are moved back to it.

Axes: ``T`` frames, ``L`` landmarks, ``N`` points (``L``, and the root velocity where there is one), ``D``
coordinates.
"""

from dataclasses import dataclass

import numpy as np

from htvae.data.anchoring import find_pair
from htvae.data.processing import PoseDataProcessor
from htvae.poses.geometry import fill_gaps, observed_points

SIDE_DIFFERENCE = 0.2
"""Largest difference between the factors of left and right, as a share of the range of factors."""
LEAST_HEIGHT = 0.5
"""Least height (torso lengths) of the origin above the feet at which the feet say how far a step leads."""


@dataclass(frozen=True, eq=False)
class Limbs:
    """What scaling limbs needs to know about a skeleton; made by `build_limbs`."""

    bones: np.ndarray
    """I - P, (L, L): a landmark's row gives its bone, the vector from the middle of its parents."""
    has_bone: np.ndarray
    """Mask (L,) of landmarks that a bone joins; the factor of others is 1."""
    moves: np.ndarray
    """Mask (L,) of landmarks that have a bone or go with one that has; others keep their place."""
    anchors: np.ndarray
    """Mask (L,) of landmarks that move and whose mean place is the origin: the hips, or all of them."""
    partners: np.ndarray
    """Index (L,) of each landmark's left/right partner, its own where it has none."""
    mean: np.ndarray
    """Mean places (L, D), float32, of the training set."""
    feet: np.ndarray
    """Indices of the lowest landmark and its partner."""

    def draw_factors(self, rng: np.random.Generator, share: float) -> np.ndarray:
        """Return a factor (L,) in 1 +- ``share`` for each landmark's bone, hardly another for its partner."""
        shared, own = rng.uniform(-share, share, size=(2, len(self.partners)))
        first = np.minimum(self.partners, np.arange(len(self.partners)))
        return 1 + (1 - SIDE_DIFFERENCE / 2) * shared[first] + SIDE_DIFFERENCE / 2 * own

    def compute_change(self, factors: np.ndarray) -> np.ndarray:
        """Return the matrix C (L, L) of p' = p + C p that scales bones by ``factors`` (L,)."""
        excess = np.where(self.has_bone, factors - 1, 0)
        change = np.linalg.solve(self.bones, excess[:, None] * self.bones)
        if self.anchors.any():
            change[self.moves] -= change[self.anchors].mean(axis=0)
        return change

    def compute_stride(self, change: np.ndarray) -> float:
        """Return the factor by which the origin's height above the feet changes, 1 where that is small."""
        height = -self.mean[self.feet, 1].mean()
        growth = -(change @ self.mean)[self.feet, 1].mean()
        return float(1 + growth / height) if height >= LEAST_HEIGHT else 1.0


def build_limbs(processor: PoseDataProcessor) -> Limbs:
    """Return the limbs of a fitted processor's skeleton."""
    count = len(processor.landmarks)
    mean, scale = np.array(processor.pose_mean)[:count], np.array(processor.pose_scale)[:count]
    partners = np.array(processor.mirror[:count])
    joined = np.zeros((count, count), dtype=bool)
    for start, end in processor.edges:
        joined[start, end] = joined[end, start] = start != end
    has_bone: np.ndarray = np.logical_or.reduce(joined, axis=1)
    joined = _tie_to_body(joined, mean, partners)
    moves: np.ndarray = np.logical_or.reduce(joined, axis=1)
    distance = np.sqrt(np.square(mean).sum(axis=1) + mean.shape[1] * np.square(scale))
    steps = _count_steps_from_roots(joined, distance + distance[partners], partners)
    above = joined & (steps[None, :] == steps[:, None] - 1)
    lowest = int(mean[:, 1].argmin())
    return Limbs(
        bones=np.eye(count) - above / np.maximum(above.sum(axis=1, keepdims=True), 1),
        has_bone=has_bone,
        moves=moves,
        anchors=moves & _find_anchors(processor),
        partners=partners,
        mean=mean.astype(np.float32),
        feet=np.array([lowest, partners[lowest]]),
    )


def scale_limbs(pose: np.ndarray, rng: np.random.Generator, share: float, limbs: Limbs) -> np.ndarray:
    """Make each bone longer or shorter by up to ``share``, in all frames alike.

    The root velocity grows with the height of the origin above the feet: longer legs take longer steps, and a
    foot that stands still does not begin to slide.

    Args:
        pose: the window (T, N, D), not mirrored: missing landmarks are taken from the training set's mean.
        rng: source of randomness.
        share: largest change (0..1) of a bone's length.
        limbs: the skeleton.
    """
    change = limbs.compute_change(limbs.draw_factors(rng, share))
    num_landmarks = len(change)
    places = pose[:, :num_landmarks]
    filled = fill_gaps(places, observed_points(places))
    filled = np.where(np.isnan(filled), limbs.mean, filled)
    scaled = pose.copy()
    scaled[:, :num_landmarks] += np.tensordot(filled, change.astype(np.float32), (1, 1)).swapaxes(1, 2)
    scaled[:, num_landmarks:] *= np.float32(limbs.compute_stride(change))
    return scaled


def _find_anchors(processor: PoseDataProcessor) -> np.ndarray:
    """Return the mask (L,) of the landmarks whose mean place is the origin."""
    hips = find_pair(processor.landmarks, "HIP") if processor.anchor == "midhip" else None
    return np.isin(np.arange(len(processor.landmarks)), hips or np.arange(len(processor.landmarks)))


def _tie_to_body(joined: np.ndarray, mean: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """Return the joined pairs (L, L), with every other part tied to the body where the two are nearest.

    The partners of the two are tied as well, so that left and right go alike.
    """
    parts = [_count_steps(joined, [index]) >= 0 for index in range(len(joined))]
    body = max(parts, key=np.count_nonzero)
    if 2 * np.count_nonzero(body) <= np.count_nonzero(joined.any(axis=1)):
        return joined
    tied = joined.copy()
    gaps = np.linalg.norm(mean[:, None] - mean[None, :], axis=2)
    for part in {part.tobytes(): part for part in parts if not (part & body).any()}.values():
        own, other = np.unravel_index(np.where(part[:, None] & body, gaps, np.inf).argmin(), gaps.shape)
        for a, b in ((own, other), (partners[own], partners[other])):
            tied[a, b] = tied[b, a] = tied[a, b] or (part[a] and body[b])
    return tied


def _count_steps_from_roots(joined: np.ndarray, distance: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """Return the number of bones (L,) between each landmark and the nearest root of its component.

    Args:
        joined: (L, L) bool, True where a bone joins two landmarks.
        distance: (L,) distance from the origin, equal for partners; a component's root has the least.
        partners: (L,) index of each landmark's partner.
    """
    steps = np.full(len(joined), -1)
    for root in np.argsort(distance, kind="stable"):
        if steps[root] < 0:
            component = _count_steps(joined, [root])
            roots = [root, partners[root]] if component[partners[root]] >= 0 else [root]
            steps = np.maximum(steps, _count_steps(joined, roots))
    return steps


def _count_steps(joined: np.ndarray, roots: list[int]) -> np.ndarray:
    """Return the number of bones (L,) between each landmark and the nearest root, -1 where no path leads."""
    steps = np.full(len(joined), -1)
    ring, count = np.isin(np.arange(len(joined)), roots), 0
    while ring.any():
        steps[ring] = count
        ring, count = joined[ring].any(axis=0) & (steps < 0), count + 1
    return steps
