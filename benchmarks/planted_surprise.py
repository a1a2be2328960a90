"""Plants faults in recordings that a model never saw, and counts how many `htvae surprise` finds.

    python benchmarks/planted_surprise.py --checkpoint demo/experiments/checkpoints/best_model.pt
    python benchmarks/planted_surprise.py --checkpoint ... --data_dir OTHER    recordings of another folder

- One fault per recording and kind, at a random place where most of its points are seen. The model's training
  recordings say what is usual; faults go into its test recordings, or into those of another folder that
  training never saw.
- AUROC: half seconds inside a fault against all others of the same recordings, by the highest score in each.
- Found: a span of the named score overlaps the fault. Frames are right if both its ends are within 0.3 s.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from htvae.analysis import AnalysisModel, load
from htvae.analysis.surprise.surprise import FrameScores, SurpriseReport, SurpriseSpan, find_surprise
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.poses.landmarks import landmark_sides, mirror_permutation
from htvae.poses.sequence import PoseSequence
from htvae.utils.progress import track

TOLERANCE = 0.3
"""Largest distance (s) between the ends of a fault and of its span."""
LEAST_SEEN = 0.7
"""Least share of a fault's points that are seen."""
LIMBS = (("ELBOW", "WRIST", "PINKY", "THUMB"), ("KNEE", "ANKLE", "HEEL"))
"""Parts of landmarks' names that make a limb."""
FPS = 30.0
"""Frame rate of recordings that name none (1/s)."""


class Fault(NamedTuple):
    """A planted fault."""

    start: int
    stop: int
    landmarks: list[int]


class Result(NamedTuple):
    """What was found of one fault."""

    inside: np.ndarray
    """Highest score of each half second inside the fault."""
    outside: np.ndarray
    found: bool
    frames_right: bool
    landmark_right: bool


Plant = Callable[[np.ndarray, PoseSequence, float, np.random.Generator], Fault]
"""Plants a fault in a pose (T, L, D), given the recording and its torso length."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True, help="best_model.pt of a run")
    parser.add_argument("--reference_dir", type=Path, help="folder of training (default: the model's own)")
    parser.add_argument("--data_dir", type=Path, help="other recordings to plant faults in")
    parser.add_argument("--experiments_dir", type=Path, default=Path("experiments"), help="for the cache")
    parser.add_argument("--repeats", type=int, default=4, help="faults of each kind per recording and seed")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--refine_steps", type=int, default=0)
    arguments = parser.parse_args(argv)
    model = load(arguments.checkpoint)
    reference_dir = arguments.reference_dir or Path(model.config.data.data_dir)
    reference = _open(model, reference_dir, arguments.experiments_dir).processed("train")
    held_out = _open(model, arguments.data_dir or reference_dir, arguments.experiments_dir)
    recordings = held_out.recordings("test") + held_out.recordings("new")
    report = find_surprise(model, [model.process(own) for own in recordings], reference)
    minutes = sum(len(own.frames) for own in report.frames) / FPS / 60
    print(
        f"{len(recordings)} recordings, {minutes:.1f} minutes; spans without a planted fault: "
        f"{len(report.spans)}, the highest score {max((s.score for s in report.spans), default=0):.2f}"
    )
    print(f"{'fault':<12} {'best score':<13} {'AUROC (by seed)':<24} found  frames right  landmark right")
    for name, (kind, plant) in FAULTS.items():
        by_seed = [
            _measure(model, recordings, reference, kind, plant, seed, arguments)
            for seed in track(name, range(arguments.seeds))
        ]
        print(_describe(name, kind, by_seed), flush=True)
    return 0


def _open(model: AnalysisModel, folder: Path, experiments_dir: Path) -> PoseDataLoader:
    config = model.config.replace(data_dir=str(folder), experiments_dir=str(experiments_dir))
    return PoseDataLoader(config, processor=model.processor, splits=model.splits)


def _measure(
    model: AnalysisModel,
    recordings: Sequence[PoseSequence],
    reference: Sequence[ProcessedSequence],
    kind: str,
    plant: Plant,
    seed: int,
    arguments: argparse.Namespace,
) -> list[Result]:
    """Plant faults of one kind and look for them."""
    planted: dict[str, tuple[PoseSequence, Fault]] = {}
    for number, recording in enumerate(recordings):
        for repeat in range(arguments.repeats):
            rng = np.random.default_rng([seed, number, repeat])
            faulty, fault = _plant(recording, plant, model.process(recording).record.unit, rng)
            planted[f"{recording.name} {repeat}"] = (
                replace(faulty, name=f"{recording.name} {repeat}"),
                fault,
            )
    processed = [model.process(faulty) for faulty, _ in planted.values()]
    report = find_surprise(model, processed, reference, refine_steps=arguments.refine_steps)
    return [_judge(report, own, *planted[own.recording], kind) for own in report.frames]


def _plant(
    recording: PoseSequence, plant: Plant, torso: float, rng: np.random.Generator
) -> tuple[PoseSequence, Fault]:
    while True:
        pose = recording.pose.astype(np.float64)
        fault = plant(pose, recording, torso, rng)
        if np.isfinite(pose[fault.start : fault.stop, fault.landmarks, 0]).mean() >= LEAST_SEEN:
            return replace(recording, pose=pose.astype(np.float32)), fault


def _judge(report: SurpriseReport, own: FrameScores, faulty: PoseSequence, fault: Fault, kind: str) -> Result:
    fps = faulty.fps or FPS
    start, stop = fault.start + faulty.first_frame, fault.stop + faulty.first_frame
    inside, outside = _by_half_seconds(own, start, stop, kind, fps)
    spans = [
        span
        for span in report.spans
        if (span.recording, span.kind) == (own.recording, kind) and span.start < stop and span.stop > start
    ]
    if not spans:
        return Result(inside, outside, False, False, False)
    span = max(spans, key=lambda span: min(span.stop, stop) - max(span.start, start))
    right = max(abs(span.start - start), abs(span.stop - stop)) <= TOLERANCE * fps
    return Result(inside, outside, True, right, _names_landmark(span, faulty, fault))


def _names_landmark(span: SurpriseSpan, faulty: PoseSequence, fault: Fault) -> bool:
    return bool(span.landmarks) and span.landmarks[0] in {faulty.landmarks[i] for i in fault.landmarks}


def _by_half_seconds(
    own: FrameScores, start: int, stop: int, kind: str, fps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the highest score of each half second inside the fault and outside of it.

    A half second counts as inside if half of it, or half of the fault, is. Others that the fault touches do
    not count.
    """
    length = round(fps / 2)
    inside, outside = [], []
    for first in range(0, len(own.frames) - length + 1, length):
        scores = own.scores[kind][first : first + length]
        frames = own.frames[first : first + length]
        shared = int(((frames >= start) & (frames < stop)).sum())
        if np.isfinite(scores).any() and shared >= min(length, stop - start) / 2:
            inside.append(np.nanmax(scores))
        elif np.isfinite(scores).any() and not shared:
            outside.append(np.nanmax(scores))
    return np.array(inside), np.array(outside)


def _describe(name: str, kind: str, by_seed: Sequence[Sequence[Result]]) -> str:
    from sklearn.metrics import roc_auc_score

    areas = []
    for results in by_seed:
        inside = np.concatenate([own.inside for own in results])
        outside = np.concatenate([own.outside for own in results])
        labels = np.repeat([1, 0], [len(inside), len(outside)])
        areas.append(roc_auc_score(labels, np.concatenate([inside, outside])))
    everything = [own for results in by_seed for own in results]
    found, frames, landmark = (
        sum(getattr(own, part) for own in everything) for part in ("found", "frames_right", "landmark_right")
    )
    areas_text = " ".join(f"{area:.3f}" for area in areas)
    counts, named = f"{found}/{len(everything)}", "-" if kind in ("swap", "backwards") else landmark
    return f"{name:<12} {kind:<13} {areas_text:<24} {counts:<7} {frames:<13} {named}"


def _swap(shortest: float, longest: float) -> Plant:
    def plant(pose: np.ndarray, recording: PoseSequence, torso: float, rng: np.random.Generator) -> Fault:
        fault = _draw(pose, recording, shortest, longest, rng)
        pose[fault.start : fault.stop] = pose[
            fault.start : fault.stop, mirror_permutation(recording.landmarks)
        ]
        return fault

    return plant


def _teleport(pose: np.ndarray, recording: PoseSequence, torso: float, rng: np.random.Generator) -> Fault:
    """Move one landmark by half a torso length to one and a half, for up to a second."""
    fault = _draw(pose, recording, 0.17, 1.0, rng)
    landmark = int(rng.integers(pose.shape[1]))
    direction = rng.normal(size=pose.shape[2])
    pose[fault.start : fault.stop, landmark] += (
        direction / np.linalg.norm(direction) * rng.uniform(0.5, 1.5) * torso
    )
    return fault._replace(landmarks=[landmark])


def _shake(pose: np.ndarray, recording: PoseSequence, torso: float, rng: np.random.Generator) -> Fault:
    """Add noise of 0.1 to 0.15 torso lengths to some landmarks of one limb for one second or two."""
    fault, limb = _draw(pose, recording, 1.0, 2.0, rng), _draw_limb(recording, rng)
    chosen = limb[: int(rng.integers(min(2, len(limb)), len(limb) + 1))]
    noise = rng.normal(size=(fault.stop - fault.start, len(chosen), pose.shape[2]))
    pose[fault.start : fault.stop, chosen] += rng.uniform(0.1, 0.15) * torso * noise
    return fault._replace(landmarks=chosen)


def _freeze(pose: np.ndarray, recording: PoseSequence, torso: float, rng: np.random.Generator) -> Fault:
    """Hold the whole body, or one limb, for one to three seconds."""
    fault = _draw(pose, recording, 1.0, 3.0, rng)
    held = fault.landmarks if rng.random() < 0.5 else _draw_limb(recording, rng)
    pose[fault.start : fault.stop, held] = pose[fault.start, held]
    return fault._replace(landmarks=held)


def _reverse(pose: np.ndarray, recording: PoseSequence, torso: float, rng: np.random.Generator) -> Fault:
    fault = _draw(pose, recording, 3.0, 6.0, rng)
    pose[fault.start : fault.stop] = pose[fault.start : fault.stop][::-1].copy()
    return fault


def _draw(
    pose: np.ndarray, recording: PoseSequence, shortest: float, longest: float, rng: np.random.Generator
) -> Fault:
    """Return a random span of some seconds, half a second from the recording's ends, with all landmarks."""
    fps = recording.fps or FPS
    length, edge = round(rng.uniform(shortest, longest) * fps), round(fps / 2)
    start = int(rng.integers(edge, len(pose) - length - edge))
    return Fault(start, start + length, list(range(pose.shape[1])))


def _draw_limb(recording: PoseSequence, rng: np.random.Generator) -> list[int]:
    """Return the landmarks of one arm or leg; where names tell none, those of one side, or all."""
    side, words = ("left", "right")[int(rng.integers(2))], LIMBS[int(rng.integers(len(LIMBS)))]
    own = [i for i, found in enumerate(landmark_sides(recording.landmarks)) if found == side]
    limb = [i for i in own if any(word in recording.landmarks[i].upper() for word in words)]
    return limb or own or list(range(len(recording.landmarks)))


FAULTS: dict[str, tuple[str, Plant]] = {
    "swap": ("swap", _swap(0.3, 2.0)),
    "teleport": ("error", _teleport),
    "noise": ("tremble", _shake),
    "freeze": ("stillness", _freeze),
    "long swap": ("swap", _swap(5.0, 10.0)),
    "backwards": ("backwards", _reverse),
}
"""Faults by name: the score that finds it best, and how to plant it."""


if __name__ == "__main__":
    sys.exit(main())
