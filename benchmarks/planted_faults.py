"""Plants faults of trackers in sound recordings and counts how many `htvae check-data` finds.

    python benchmarks/planted_faults.py                   demo recordings that no threshold was chosen on
    python benchmarks/planted_faults.py --data_dir DIR    a folder of sound recordings

- One fault per recording, at a random place; the recordings without a fault must give no finding.
- A fault is found if a finding of its kind names its landmarks. Its frames are right if the finding's frames
  and the planted ones overlap by at least nine tenths of their union.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from htvae.config import DataConfig
from htvae.demo.recordings import make_demo_sequences
from htvae.io.findings import Finding, check_recording
from htvae.io.findings.measures import compute_body_size
from htvae.io.folder import read_folder
from htvae.poses.landmarks import mirror_permutation
from htvae.poses.sequence import PoseSequence
from htvae.utils.progress import track

SEED = 100
"""Seed of the demo recordings; thresholds were chosen on seeds 0 to 9."""
OVERLAP = 0.9
"""Least overlap of found and planted frames, over their union."""
APART = 0.4
"""Least distance (body sizes) of some exchanged pair where an exchange begins or ends. In a view from the
side partners lie on each other most of the time, and an exchange changes nothing."""
PIXELS = 400.0
"""Pixels per unit of the demo's coordinates."""

Mask = np.ndarray


@dataclass(frozen=True)
class Planted:
    """A recording with a fault."""

    pose: np.ndarray
    """(T, L, D)."""
    mask: Mask
    """(T, L), True for the points that are wrong."""


Plant = Callable[[np.ndarray, Sequence[str], np.random.Generator], Planted | None]
"""Plants a fault in a pose; None where there is no place for it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data_dir", type=Path, help="folder of sound recordings (default: demo recordings)")
    parser.add_argument("--num_recordings", type=int, default=20, help="recordings per kind of fault")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of recordings and faults")
    arguments = parser.parse_args(argv)
    recordings = _load(arguments.data_dir, arguments.num_recordings, arguments.seed)
    clean = [check_recording(sequence, DataConfig()) for sequence in recordings]
    print(f"| fault | kind | recordings | found | with the right frames |\n|{'---|' * 5}")
    for number, (name, (kind, plant)) in enumerate(track("Planting", FAULTS.items())):
        rngs = [np.random.default_rng([arguments.seed, number, place]) for place in range(len(recordings))]
        judged = [judge(own, kind, plant, rng) for own, rng in zip(recordings, rngs, strict=True)]
        rows = [row for row in judged if row is not None]
        found, right = (sum(column) / len(rows) for column in zip(*rows, strict=True))
        print(f"| {name} | {kind} | {len(rows)} | {found:.0%} | {right:.0%} |", flush=True)
    false = sum(report.has_findings for report in clean)
    print(f"| none | | {len(clean)} | {false / len(clean):.0%} | |")
    return 0


def judge(
    sequence: PoseSequence, kind: str, plant: Plant, rng: np.random.Generator
) -> tuple[bool, bool] | None:
    """Return whether a planted fault is found, and whether its frames are right too; None if none fits."""
    planted = plant(sequence.pose.astype(np.float64), sequence.landmarks, rng)
    if planted is None:
        return None
    pose = np.round(planted.pose, 5).astype(np.float32)
    report = check_recording(replace(sequence, pose=pose), DataConfig())
    frames = planted.mask.any(axis=1)
    names = {sequence.landmarks[index] for index in np.flatnonzero(planted.mask.any(axis=0)).tolist()}
    found = [own for own in report.findings if own.kind == kind and names & {*own.landmarks}]
    return bool(found), any(_overlap(own, frames, sequence.first_frame) >= OVERLAP for own in found)


def _overlap(finding: Finding, frames: np.ndarray, first_frame: int) -> float:
    own = np.zeros_like(frames)
    for start, stop in finding.spans:
        own[start - first_frame : stop - first_frame] = True
    return float((own & frames).sum() / (own | frames).sum())


def _load(data_dir: Path | None, number: int, seed: int) -> list[PoseSequence]:
    """Return recordings: those of a folder, or demo recordings of people and, one in four, of animals."""
    if data_dir is not None:
        recordings = read_folder(data_dir, DataConfig())
        places = np.linspace(0, len(recordings) - 1, min(number, len(recordings))).astype(int)
        return [recordings[place] for place in places.tolist()]
    animals = number // 4
    return [
        recording.recorded
        for kind, subjects in (("people", number - animals), ("animal", animals))
        if subjects
        for recording in make_demo_sequences(
            seed=seed,
            num_subjects=subjects,
            recordings_per_subject=1,
            kind=kind,  # type: ignore[arg-type]
        )
    ]


def _span(num_frames: int, shortest: int, longest: int, rng: np.random.Generator) -> slice:
    """Return a random span, at most a third of the recording, away from its ends."""
    frames = int(rng.integers(shortest, max(min(longest, num_frames // 3), shortest) + 1))
    start = int(rng.integers(5, num_frames - frames - 5))
    return slice(start, start + frames)


def _pairs(landmarks: Sequence[str]) -> list[tuple[int, int]]:
    return [(i, j) for i, j in enumerate(mirror_permutation(landmarks)) if i < j]


def _swap(shortest: int, longest: int, is_limb: bool = False) -> Plant:
    """Exchange the sides of all pairs, or of one limb, for a while; both ends can be seen."""

    def plant(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted | None:
        pairs = _pairs(landmarks)
        if is_limb:
            pairs = _choose_limb(landmarks, pairs, rng)
        left, right = (list(side) for side in zip(*pairs, strict=True))
        visible = _is_visible(pose, left, right)
        span = _visible_span(visible, shortest, longest, rng)
        if span is None:
            return None
        pose[span, left + right] = pose[span, right + left]
        return _mark(pose, span, left + right)

    return plant


def _choose_limb(
    landmarks: Sequence[str], pairs: list[tuple[int, int]], rng: np.random.Generator
) -> list[tuple[int, int]]:
    words = [("ELBOW", "WRIST"), ("KNEE", "ANKLE", "HEEL", "FOOT")][int(rng.integers(2))]
    limb = [pair for pair in pairs if any(word in landmarks[pair[0]] for word in words)]
    return limb or [pairs[int(rng.integers(len(pairs)))]]


def _swap_to_the_end(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted | None:
    left, right = (list(side) for side in zip(*_pairs(landmarks), strict=True))
    visible = np.flatnonzero(_is_visible(pose, left, right))
    late = visible[(visible > 0.6 * len(pose)) & (visible < len(pose) - 10)]
    if not len(late):
        return None
    start = int(rng.choice(late))
    pose[start:, left + right] = pose[start:, right + left]
    return _mark(pose, slice(start, len(pose)), left + right)


def _visible_span(visible: Mask, shortest: int, longest: int, rng: np.random.Generator) -> slice | None:
    """Return a random span whose ends are among the frames (T,) that are visible."""
    for start in rng.permutation(np.flatnonzero(visible)).tolist():
        stops = start + shortest + np.flatnonzero(visible[start + shortest : start + longest + 1])
        if len(stops):
            return slice(start, int(rng.choice(stops)))
    return None


def _is_visible(pose: np.ndarray, left: list[int], right: list[int]) -> Mask:
    """Return the frames (T,) around which some pair is seen, its partners apart."""
    distance = np.linalg.norm(pose[:, left] - pose[:, right], axis=-1)
    is_apart = distance > APART * compute_body_size(pose)
    visible = np.zeros(len(pose), dtype=bool)
    around = [is_apart[shift : len(pose) - 4 + shift] for shift in range(4)]
    visible[2:-2] = np.all(around, axis=0).any(axis=1)
    return visible


def _spike(shortest: int, longest: int) -> Plant:
    """Move one point by 2.5 to 4 body sizes, for one frame or for a few."""

    def plant(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
        span, index = _seen_span(pose, shortest, longest, rng)
        pose[span, index] += _push(pose, 2.5, 4, rng)
        return _mark(pose, span, [index])

    return plant


def _many_small_spikes(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    """Move one in 100 points by 0.8 to 2 body sizes; the demo's own tracker has few spikes so large."""
    mask = (rng.random(pose.shape[:2]) < 1e-2) & ~np.isnan(pose[..., 0])
    size = compute_body_size(pose)
    for frame, index in np.argwhere(mask):
        pose[frame, index] += size * _draw_vector(pose.shape[2], 0.8, 2, rng)
    return Planted(pose, mask)


def _wrong_marker(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    """Move a landmark by 2 to 3 body sizes for 30 to 200 frames."""
    span, index = _seen_span(pose, 30, 200, rng)
    pose[span, index] += _push(pose, 2, 3, rng)
    return _mark(pose, span, [index])


def _cut(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    """Move everything from one frame on."""
    span, _ = _seen_span(pose, 2, 2, rng)
    pose[span.start :] += _push(pose, 3, 6, rng)
    return _mark(pose, slice(span.start, span.start + 1), list(range(len(landmarks))))


def _frozen(shortest: int, longest: int) -> Plant:
    def plant(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
        span = _span(len(pose), shortest, longest, rng)
        while np.isnan(pose[span.start, :, 0]).mean() > 0.5:
            span = _span(len(pose), shortest, longest, rng)
        pose[span] = pose[span.start]
        return _mark(pose, span, np.flatnonzero(~np.isnan(pose[span.start, :, 0])).tolist())

    return plant


def _frozen_end(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    frames = int(rng.integers(10, len(pose) // 4))
    while np.isnan(pose[-frames, :, 0]).mean() > 0.5:
        frames += 1
    pose[-frames:] = pose[-frames]
    seen = np.flatnonzero(~np.isnan(pose[-1, :, 0])).tolist()
    return _mark(pose, slice(len(pose) - frames, len(pose)), seen)


def _held(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    """Hold one landmark at its place for 15 to 60 frames."""
    span, index = _seen_span(pose, 15, 60, rng)
    pose[span, index] = pose[span.start, index]
    return _mark(pose, span, [index])


def _sentinel(value: float, scale: float, shift: float, share: float) -> Plant:
    """Write lost points as one value, after a change of unit and origin."""

    def plant(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
        size = np.nanmax(np.abs(pose))
        pose = np.round(pose / size * scale + shift, 5)
        mask = (rng.random(pose.shape[:2]) < share) & ~np.isnan(pose[..., 0])
        pose[mask] = value
        return Planted(pose, mask)

    return plant


def _blackouts(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    """Write all points of a few frames as 0, 0, in pixels."""
    pose = np.round(pose * PIXELS + 3000, 1)
    mask = np.zeros(pose.shape[:2], dtype=bool)
    mask[rng.integers(10, len(pose) - 10, 3)] = True
    pose[mask] = 0
    return Planted(pose, mask)


def _still(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    index = int(rng.integers(len(landmarks)))
    pose[:, index] = pose[np.flatnonzero(~np.isnan(pose[:, index, 0]))[0], index]
    return _mark(pose, slice(0, len(pose)), [index])


def _never_seen(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    index = int(rng.integers(len(landmarks)))
    pose[:, index] = np.nan
    return _mark(pose, slice(0, len(pose)), [index])


def _hidden_side(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    """Lose one side of all pairs in 98 of 100 frames."""
    side = [pair[int(rng.integers(2))] for pair in _pairs(landmarks)]
    lost = rng.random((len(pose), len(side))) < 0.98
    pose[:, side] = np.where(lost[..., None], np.nan, pose[:, side])
    return _mark(pose, slice(0, len(pose)), side)


def _repeated(pose: np.ndarray, landmarks: Sequence[str], rng: np.random.Generator) -> Planted:
    """Write every second pose twice, as a conversion from 15 to 30 frames per second does."""
    pose[1::2] = pose[: len(pose) // 2 * 2 : 2]
    return _mark(pose, slice(0, len(pose)), list(range(len(landmarks))))


def _seen_span(pose: np.ndarray, shortest: int, longest: int, rng: np.random.Generator) -> tuple[slice, int]:
    """Return a random span and a landmark that is seen in it and just before and after."""
    while True:
        span, index = _span(len(pose), shortest, longest, rng), int(rng.integers(pose.shape[1]))
        if not np.isnan(pose[span.start - 3 : span.stop + 3, index]).any():
            return span, index


def _push(pose: np.ndarray, shortest: float, longest: float, rng: np.random.Generator) -> np.ndarray:
    """Return a vector (D,) in a random direction, of a length between two numbers of body sizes."""
    return compute_body_size(pose) * _draw_vector(pose.shape[2], shortest, longest, rng)


def _draw_vector(
    num_coordinates: int, shortest: float, longest: float, rng: np.random.Generator
) -> np.ndarray:
    """Return a vector (D,) in a random direction, of a length between two numbers."""
    direction = rng.normal(size=num_coordinates)
    return np.asarray(direction / np.linalg.norm(direction) * rng.uniform(shortest, longest))


def _mark(pose: np.ndarray, span: slice, indices: list[int]) -> Planted:
    mask = np.zeros(pose.shape[:2], dtype=bool)
    mask[span, indices] = True
    return Planted(pose, mask)


FAULTS: dict[str, tuple[str, Plant]] = {
    "all sides exchanged for 50 to 400 frames": ("swap", _swap(50, 400)),
    "all sides exchanged for 2 to 10 frames": ("swap", _swap(2, 10)),
    "one limb's sides exchanged for 10 to 200 frames": ("swap", _swap(10, 200, is_limb=True)),
    "all sides exchanged up to the end": ("swap", _swap_to_the_end),
    "one point off for one frame (2.5 to 4 body sizes)": ("spike", _spike(1, 1)),
    "one point off for 2 to 4 frames (2.5 to 4 body sizes)": ("spike", _spike(2, 4)),
    "one in 100 points off (0.8 to 2 body sizes)": ("spike", _many_small_spikes),
    "a landmark at a wrong place for 30 to 200 frames": ("jump", _wrong_marker),
    "everything jumps at a cut": ("cut", _cut),
    "the pose frozen for 8 to 15 frames": ("frozen", _frozen(8, 15)),
    "the pose frozen for 30 to 300 frames": ("frozen", _frozen(30, 300)),
    "the pose frozen up to the end": ("frozen", _frozen_end),
    "one landmark held for 15 to 60 frames": ("frozen", _held),
    "every second pose a copy": ("repeated", _repeated),
    "one in 10 points at 0, 0 in pixels": ("sentinel", _sentinel(0, 300, 400, 0.1)),
    "one in 10 points at -1, -1 in shares": ("sentinel", _sentinel(-1, 0.4, 0.5, 0.1)),
    "one in 1,000 points at -9999": ("sentinel", _sentinel(-9999, 3, 0, 1e-3)),
    "one in 5 points at 0, 0 in body units": ("sentinel", _sentinel(0, 1, 0, 0.2)),
    "three whole frames at 0, 0 in pixels": ("sentinel", _blackouts),
    "a landmark that never moves": ("still", _still),
    "a landmark without points": ("never_seen", _never_seen),
    "one side lost in 98 of 100 frames": ("one_sided", _hidden_side),
}
"""Faults by name: kind of the finding, and how to plant it."""


if __name__ == "__main__":
    sys.exit(main())
