"""How good a reconstruction is, in numbers: pure functions on tensors, for validation and for evaluation.

Axes: ``B`` batch, ``T`` frames, ``L`` landmarks, ``D`` coordinates. Poses are (..., T, L, D),
masks (..., T, L) with True = observed; where the mask is False, poses may hold anything, NaN included. All is
computed in float32, whatever comes in. Positions are in torso lengths, time is in frames.

Most metrics are a quotient of two sums. A ``*_sums`` function returns the two, so that batches of different
sizes add up to the exact figure of the whole set; the function without the suffix divides them. Where nothing
was observed the quotient is NaN, never a flattering zero.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

Sums = tuple[Tensor, Tensor]

_NOISE_ORDER = 4


def mpjpe(reconstruction: Tensor, pose: Tensor, mask: Tensor) -> Tensor:
    """Return the mean Euclidean distance per observed point, in torso lengths.

    ``sum ||reconstruction - pose|| / number of observed points``. Every observed point counts the same:
    recordings and landmarks with few points weigh little.

    Args:
        reconstruction: (..., T, L, D).
        pose: (..., T, L, D), what was recorded.
        mask: (..., T, L), True where a point is scored.

    Returns:
        Scalar, at least 0.
    """
    return _quotient(mpjpe_sums(reconstruction, pose, mask))


def mpjpe_sums(reconstruction: Tensor, pose: Tensor, mask: Tensor) -> Sums:
    """Return the sum of distances and the number of points of `mpjpe`."""
    return _error_sums(reconstruction, pose, mask, order=0)


def velocity_error(reconstruction: Tensor, pose: Tensor, mask: Tensor) -> Tensor:
    """Return the mean distance between the velocities, in torso lengths per frame.

    ``mean ||(r[t+1] - r[t]) - (p[t+1] - p[t])||`` over pairs of neighbouring frames that are both observed.
    Velocity is a vector: the right speed in the wrong direction is an error.

    Args:
        reconstruction: (..., T, L, D).
        pose: (..., T, L, D).
        mask: (..., T, L).

    Returns:
        Scalar, at least 0.
    """
    return _quotient(velocity_error_sums(reconstruction, pose, mask))


def velocity_error_sums(reconstruction: Tensor, pose: Tensor, mask: Tensor) -> Sums:
    """Return the sum of distances and the number of frame pairs of `velocity_error`."""
    return _error_sums(reconstruction, pose, mask, order=1)


def acceleration_error(reconstruction: Tensor, pose: Tensor, mask: Tensor) -> Tensor:
    """Return the mean distance between the accelerations, in torso lengths per frame squared.

    As `velocity_error`, on second differences over three observed frames in a row.

    Args:
        reconstruction: (..., T, L, D).
        pose: (..., T, L, D).
        mask: (..., T, L).

    Returns:
        Scalar, at least 0. The tracker's jitter is in it: a smooth and true reconstruction does not reach 0.
    """
    return _quotient(acceleration_error_sums(reconstruction, pose, mask))


def acceleration_error_sums(reconstruction: Tensor, pose: Tensor, mask: Tensor) -> Sums:
    """Return the sum of distances and the number of frame triples of `acceleration_error`."""
    return _error_sums(reconstruction, pose, mask, order=2)


def jerk_ratio(reconstruction: Tensor, pose: Tensor, mask: Tensor) -> Tensor:
    """Return the jerk of the reconstruction over the jerk of the recording (no unit).

    ``mean ||third difference of r|| / mean ||third difference of p||``, both over the same four observed
    frames in a row. Below 1 is smoother than the recording, which is right where the recording trembles;
    above 1 is rougher.

    Args:
        reconstruction: (..., T, L, D).
        pose: (..., T, L, D).
        mask: (..., T, L).

    Returns:
        Scalar, at least 0; infinite where the recording has no jerk at all.
    """
    return _quotient(jerk_ratio_sums(reconstruction, pose, mask))


def jerk_ratio_sums(reconstruction: Tensor, pose: Tensor, mask: Tensor) -> Sums:
    """Return the summed jerk of the reconstruction and of the recording, for `jerk_ratio`."""
    return _masked_jerk(reconstruction, mask).sum(), _masked_jerk(pose, mask).sum()


def chunk_seams(num_frames: int, chunk_size: int, chunk_overlap: int) -> Tensor:
    """Return (T,) bool: True at frame t where more than one chunk makes the step from frame t - 1 to t.

    Chunks start every ``chunk_size - chunk_overlap`` frames. Around each start after the first, the steps
    into and out of the cross-fade and those within it are seams; without overlap, the one step between two
    chunks.

    Args:
        num_frames: T, at least 0.
        chunk_size: frames in a chunk.
        chunk_overlap: frames that neighbours share, in [0, chunk_size).
    """
    seams = torch.zeros(num_frames, dtype=torch.bool)
    stride = chunk_size - chunk_overlap
    for start in range(stride, num_frames - chunk_overlap, stride):
        seams[start : start + chunk_overlap + 1] = True
    return seams


def seam_ratio(reconstruction: Tensor, pose: Tensor, mask: Tensor, seams: Tensor) -> Tensor:
    """Return how much rougher the reconstruction is at seams of chunks than elsewhere (no unit).

    ``(jerk of r at seams / jerk of r elsewhere) / (the same of p)``, jerk being the mean norm of third
    differences. The second quotient takes out what the recording itself does at these frames. A third
    difference is at a seam when one of its three steps is.

    Args:
        reconstruction: (..., T, L, D).
        pose: (..., T, L, D).
        mask: (..., T, L).
        seams: (T,) or (..., T), from `chunk_seams`.

    Returns:
        Scalar, at least 0: 1 where seams do not show, above 1 where they do. NaN without a seam.
    """
    return seam_ratio_from_sums(seam_sums(reconstruction, pose, mask, seams))


def seam_sums(reconstruction: Tensor, pose: Tensor, mask: Tensor, seams: Tensor) -> Tensor:
    """Return (4,) summed jerk that adds up over batches: r at seams, r elsewhere, p at seams, p elsewhere."""
    seams = seams.to(mask.device)
    at_seam = (seams[..., 1:-2] | seams[..., 2:-1] | seams[..., 3:]).unsqueeze(-1)
    jerks = [_masked_jerk(reconstruction, mask), _masked_jerk(pose, mask)]
    return torch.stack([(jerk * place).sum() for jerk in jerks for place in (at_seam, ~at_seam)])


def seam_ratio_from_sums(sums: Tensor) -> Tensor:
    """Return `seam_ratio` from `seam_sums`; the numbers of differences cancel."""
    at_seam, elsewhere, pose_at_seam, pose_elsewhere = sums
    return (at_seam * pose_elsewhere) / (elsewhere * pose_at_seam)


def bone_length_error(
    reconstruction: Tensor, pose: Tensor, mask: Tensor, edges: Sequence[tuple[int, int]]
) -> Tensor:
    """Return the mean absolute difference of bone lengths, in torso lengths.

    ``mean | ||r[a] - r[b]|| - ||p[a] - p[b]|| |`` over edges (a, b) and frames in which both ends are
    observed. In a 2-D projection true bones change their length too: the recording's length of the same frame
    is the reference.

    Args:
        reconstruction: (..., T, L, D).
        pose: (..., T, L, D).
        mask: (..., T, L).
        edges: pairs of landmark indices that a bone joins.

    Returns:
        Scalar, at least 0; NaN without edges.
    """
    return _quotient(bone_length_error_sums(reconstruction, pose, mask, edges))


def bone_length_error_sums(
    reconstruction: Tensor, pose: Tensor, mask: Tensor, edges: Sequence[tuple[int, int]]
) -> Sums:
    """Return the sum of differences and the number of observed bones of `bone_length_error`."""
    tails, heads = [tail for tail, _ in edges], [head for _, head in edges]
    lengths = [_norm(p.float()[..., tails, :] - p.float()[..., heads, :]) for p in (reconstruction, pose)]
    return _masked_sums((lengths[0] - lengths[1]).abs(), mask[..., tails] & mask[..., heads])


def noise_floor(pose: Tensor) -> Tensor:
    """Return the tracker's own jitter: the mean distance (torso lengths) of points from their smooth path.

    That is the mean length of a noise vector of D coordinates of standard deviation s, found by
    `measure_jitter`: ``s * sqrt(2) * gamma((D + 1) / 2) / gamma(D / 2)``.

    A reconstruction without the jitter but otherwise true has this mpjpe. Jitter that lasts over several
    frames, as from a tracker that smooths, is not seen: the figure is a lower bound.

    Args:
        pose: (..., T, L, D), NaN where missing.

    Returns:
        Scalar, mean over landmarks seen in five frames in a row; NaN where there is none.
    """
    return measure_jitter(pose).nanmean() * noise_length(pose.shape[-1])


def noise_length(num_coordinates: int) -> float:
    """Return the mean length of a vector of D independent standard normal numbers: 1.25 for 2, 1.60 for 3."""
    ratio = math.exp(math.lgamma((num_coordinates + 1) / 2) - math.lgamma(num_coordinates / 2))
    return ratio * math.sqrt(2)


def measure_jitter(pose: Tensor) -> Tensor:
    """Return the standard deviation of each landmark's white noise, root mean square over coordinates.

    Per coordinate ``s = median |fourth difference| / 0.6745 / sqrt(70)``: white noise of standard deviation s
    has fourth differences of ``s * sqrt(70)``, 70 being 8 over 4; smooth motion has next to none, and the
    median is robust to outliers and fast moments.

    Args:
        pose: (..., T, L, D), NaN where missing.

    Returns:
        (L,) in the pose's units, NaN where a landmark is not seen in five frames in a row.
    """
    differences = _difference(pose.float(), _NOISE_ORDER).abs().flatten(end_dim=-3)
    if len(differences) == 0:
        return pose.new_full(pose.shape[-2:-1], math.nan, dtype=torch.float32)
    gain = math.sqrt(math.comb(2 * _NOISE_ORDER, _NOISE_ORDER))
    deviation = differences.nanmedian(dim=0).values / 0.6745 / gain
    return _norm(deviation) / math.sqrt(pose.shape[-1])


def _error_sums(reconstruction: Tensor, pose: Tensor, mask: Tensor, order: int) -> Sums:
    difference = _difference(reconstruction.float() - pose.float(), order)
    return _masked_sums(_norm(difference), _all_observed(mask, order))


def _masked_jerk(pose: Tensor, mask: Tensor) -> Tensor:
    """Return (..., T - 3, L) norms of third differences, 0 where not all four frames are observed."""
    return torch.where(_all_observed(mask, 3), _norm(_difference(pose.float(), 3)), 0.0)


def _difference(pose: Tensor, order: int) -> Tensor:
    """Return (..., T - order, L, D), or no frame where there are too few."""
    for _ in range(order):
        pose = pose[..., 1:, :, :] - pose[..., :-1, :, :]
    return pose


def _all_observed(mask: Tensor, order: int) -> Tensor:
    """Return (..., T - order, L): where all frames that a difference of this order looks at are observed."""
    for _ in range(order):
        mask = mask[..., 1:, :] & mask[..., :-1, :]
    return mask


def _norm(vectors: Tensor) -> Tensor:
    return torch.linalg.vector_norm(vectors, dim=-1)


def _masked_sums(values: Tensor, mask: Tensor) -> Sums:
    return torch.where(mask, values, 0.0).sum(), mask.sum()


def _quotient(sums: Sums) -> Tensor:
    return sums[0] / sums[1]
