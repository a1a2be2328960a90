"""Measures continuing, interpolating and editing of held-out recordings, which the evaluation leaves out.

    python benchmarks/transitions.py CHECKPOINT    parsed recordings are kept in experiments/cache

- Continuing: how often a seam is as calm as 95 % of the recording's frames, and how often the next second is
  within half to twice as fast as the recording's mean. The recordings themselves, cut at the same places, are
  measured too.
- Interpolation: how even the steps are, and whether the motion between the ends is as smooth and as near to
  training windows as samples from the posteriors of held-out recordings.
- Editing: whether the label's score by a classifier, fitted to training recordings, rises with the strength.

Axes: ``T`` frames, ``L`` landmarks, ``D`` coordinates, ``n`` segments, ``F`` features, ``S`` strengths.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import htvae
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.evaluation.likeness import SEEDS, measure_excess
from htvae.evaluation.motion_sets import sample_posteriors
from htvae.generation.editing import edit_towards, find_direction
from htvae.generation.model import GenerativeModel
from htvae.metrics.feature_space import FeatureSpace
from htvae.metrics.frechet import pose_features
from htvae.metrics.probe import fit_classifier, hand_made_statistics
from htvae.poses.ground import USUAL_RATE
from htvae.poses.sequence import PoseSequence
from htvae.utils.progress import track

SAMPLES = 2
"""Continuations drawn for each recording."""
SEGMENT = 512
"""Longest segment (frames) that is interpolated or edited."""
STEPS = 7
"""Results of an interpolation, both ends included."""
STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Strengths of the edits."""
CALM = 0.95
"""Quantile of the movement of a recording's frames that a calm seam does not exceed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="best_model.pt, with a prior")
    parser.add_argument("--data_dir", help="folder of its recordings (default: their folder in training)")
    parser.add_argument("--num_cuts", type=int, default=64, help="frames at which recordings are continued")
    parser.add_argument("--num_pairs", type=int, default=30, help="pairs to interpolate")
    arguments = parser.parse_args(argv)
    model = htvae.load(arguments.checkpoint)
    config = model.config.replace(data_dir=arguments.data_dir or model.config.data.data_dir)
    data = PoseDataLoader(config, processor=model.processor, splits=model.splits)
    held_out = [*data.processed("val"), *data.processed("test")]
    measure_seams(model, held_out, arguments.num_cuts)
    measure_interpolation(model, data.processed("train"), held_out, arguments.num_pairs)
    measure_editing(model, data.processed("train"), held_out)
    return 0


def measure_seams(model: GenerativeModel, recordings: Sequence[ProcessedSequence], num_cuts: int) -> None:
    """Continue recordings from random frames and print how often the seams are calm enough."""
    rng = np.random.default_rng(0)
    found: dict[str, list[tuple[bool, bool, float]]] = {"continued": [], "recordings themselves": []}
    for number in track("Continuing", range(num_cuts)):
        source = recordings[number % len(recordings)].source
        second = round(source.fps or USUAL_RATE)
        first = source.num_frames // 4
        cut = int(rng.integers(first, max(source.num_frames - second, first + 1)))
        begun = replace(source, pose=source.pose[:cut], frame_labels=())
        further = model.continue_(begun, second, SAMPLES, seed=number)
        index = [source.landmarks.index(name) for name in further[0].landmarks if name in source.landmarks]
        real = source.pose[:, index]
        for drawn in further:
            own = [drawn.landmarks.index(source.landmarks[i]) for i in index]
            joined = np.concatenate([real[:cut], drawn.pose[:, own]])
            found["continued"].append(_judge_seam(joined, real, cut))
        found["recordings themselves"].append(_judge_seam(real[: cut + second], real, cut))
    for name, rows in found.items():
        speed, acceleration, ratio = (np.array(column) for column in zip(*rows, strict=True))
        near = (ratio >= 0.5) & (ratio <= 2)
        print(
            f"{name}, {len(rows)} seams: speed calm {speed.mean():.3f}, "
            f"acceleration {acceleration.mean():.3f}, "
            f"next second within 0.5 to 2 x {near.mean():.3f} (median {np.median(ratio):.2f})"
        )


def _judge_seam(joined: np.ndarray, real: np.ndarray, cut: int) -> tuple[bool, bool, float]:
    """Return whether speed and acceleration at a cut are calm, and the speed after it over the mean.

    Speed and acceleration are means over landmarks. The seam's speed belongs to the step into the first new
    frame; its acceleration is the greater of the two accelerations that this step is part of.
    """
    calm = []
    for order, seam in ((1, slice(cut - 1, cut)), (2, slice(cut - 2, cut))):
        at_seam, usual = _movement(joined, order)[seam].max(), _movement(real, order)
        calm.append(bool(at_seam <= np.nanquantile(usual, CALM)))
    after = np.nanmean(_movement(joined[cut - 1 :], 1)) / np.nanmean(_movement(real, 1))
    return calm[0], calm[1], float(after)


def _movement(pose: np.ndarray, order: int) -> np.ndarray:
    """Return the size (T - order,) of a pose's differences of an order, a mean over landmarks."""
    size: np.ndarray = np.nanmean(np.linalg.norm(np.diff(pose, order, axis=0), axis=-1), axis=-1)
    return size


def measure_interpolation(
    model: GenerativeModel,
    training: Sequence[ProcessedSequence],
    held_out: Sequence[ProcessedSequence],
    num_pairs: int,
) -> None:
    """Interpolate random pairs of segments; print steps, jerk and Frechet excess of the motion between."""
    rng = np.random.default_rng(1)
    ratios, between = [], []
    for _ in track("Interpolating", range(num_pairs)):
        first, second = rng.choice(len(held_out), 2, replace=False)
        ends = [_cut_segment(held_out[i].source, rng) for i in (first, second)]
        poses = [_model_pose(model, result) for result in model.interpolate(*ends, steps=STEPS)]
        steps = [np.linalg.norm(b - a, axis=-1).mean() for a, b in pairwise(poses)]
        ratios.append(max(steps) / min(steps))
        between += poses[1:-1]
    print(f"{num_pairs} pairs: greatest over least step {np.median(ratios):.2f}, worst {max(ratios):.2f}")
    fallback = _mean_places(model)
    reconstructions = model.reconstruct_all(held_out)
    samples = [sample_posteriors(model, reconstructions, seed).poses for seed in SEEDS]
    jerk = _mean_jerk(between) / _mean_jerk(samples[0])
    real = pose_features([p.pose[:, : len(fallback)] for p in training], fallback)
    space = FeatureSpace.fit(real)
    excess = []
    for seed, poses in zip(SEEDS, samples, strict=True):
        kinds = {"between": between, "sampled": poses}
        rows = {name: space.project(pose_features(kind, fallback)) for name, kind in kinds.items()}
        excess.append(measure_excess(space.project(real), rows, seed))
    ours, theirs = (float(np.mean([e[name] for e in excess])) for name in ("between", "sampled"))
    print(
        f"... over posterior samples: jerk {jerk:.2f}, "
        f"Frechet excess {ours / theirs:.2f} ({ours:.1f} over {theirs:.1f})"
    )


def _mean_jerk(poses: Sequence[np.ndarray]) -> float:
    return float(np.mean(np.concatenate([_movement(pose, 3) for pose in poses])))


def measure_editing(
    model: GenerativeModel, training: Sequence[ProcessedSequence], held_out: Sequence[ProcessedSequence]
) -> None:
    """Edit a segment of each recording towards each label; print how often a classifier's score rises."""
    fallback = _mean_places(model)
    readers: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "statistics": lambda pose: hand_made_statistics(pose, fallback),
        "z, encoded again": lambda pose: model.encode_sequence(pose)[0].mode()[0].numpy(),
    }
    known = [(s, p.source.label) for p in training for s in _cut_all(p.source) if p.source.label]
    poses = [model.process(segment).pose for segment, _ in track("Reading", known)]
    names = np.array([label for _, label in known])
    probes = {
        name: fit_classifier(np.stack([read(p) for p in poses]), names) for name, read in readers.items()
    }
    rng = np.random.default_rng(2)
    segments = [_cut_segment(p.source, rng) for p in held_out]
    encodings = model.encode_all(training)
    rises: dict[str, list[np.ndarray]] = {name: [] for name in readers}
    for label in track("Editing", sorted(set(names))):
        direction = find_direction(encodings, label)
        edited = [
            [model.process(edit_towards(model, segment, direction, s)).pose for s in STRENGTHS]
            for segment in segments
        ]
        for name, read in readers.items():
            rises[name].append(
                np.stack([_scores(probes[name], [read(p) for p in row], label) for row in edited])
            )
    for name, tables in rises.items():
        in_mean = sum(bool((np.diff(table.mean(axis=0)) > 0).all()) for table in tables)
        single = sum(int((np.diff(table, axis=1) > 0).all(axis=1).sum()) for table in tables)
        print(
            f"score by {name}: rises at every step for {in_mean} of {len(tables)} labels in the mean, "
            f"for {single} of {len(tables) * len(segments)} single segments"
        )


def _scores(probe: Any, features: Sequence[np.ndarray], label: str) -> np.ndarray:
    """Return the classifier's score (S,) of a label for each row of features (S, F)."""
    found = probe.decision_function(np.stack(features))
    classes = list(probe.classes_)
    if found.ndim == 1:  # there are two labels
        return np.asarray(found if classes[1] == label else -found)
    return np.asarray(found[:, classes.index(label)])


def _mean_places(model: GenerativeModel) -> np.ndarray:
    """Return the mean places (L, D) of landmarks, used for landmarks that a recording never shows."""
    return np.asarray(model.processor.pose_mean, np.float32)[: len(model.processor.landmarks)]


def _model_pose(model: GenerativeModel, sequence: PoseSequence) -> np.ndarray:
    """Return landmarks (T, L, D) in the model's coordinates."""
    pose: np.ndarray = model.process(sequence).pose[:, : len(model.processor.landmarks)]
    return pose


def _cut_segment(source: PoseSequence, rng: np.random.Generator) -> PoseSequence:
    start = int(rng.integers(max(source.num_frames - SEGMENT, 0) + 1))
    return replace(source, pose=source.pose[start : start + SEGMENT], frame_labels=())


def _cut_all(source: PoseSequence) -> list[PoseSequence]:
    starts = range(0, max(source.num_frames - SEGMENT, 0) + 1, SEGMENT)
    return [replace(source, pose=source.pose[s : s + SEGMENT], frame_labels=()) for s in starts]


if __name__ == "__main__":
    sys.exit(main())
