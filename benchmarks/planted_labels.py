"""Cuts new recordings into excerpts, exchanges some labels, and counts what `htvae judge` makes of them.

    python benchmarks/planted_labels.py --checkpoint MODEL --training_dir demo/pose_csvs --data_dir OTHER

- Accuracy: excerpts of a length, one from a random place of every recording that training never saw, and
  whole recordings. The controls learn from eight such excerpts of each of the model's training recordings.
- Found: labels of a tenth of the excerpts are exchanged for others; share of these among as many most
  doubtful ones, over 200 exchanges. Beside it the same by a linear classifier of hand-made statistics.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from htvae.analysis import AnalysisModel, load
from htvae.analysis.judge.controls import answer_by_controls
from htvae.analysis.judge.judge import NUM_ROUNDS, judge_recordings
from htvae.analysis.judge.trust import Calibration
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.metrics.calibration import calibration_error
from htvae.metrics.probe import fit_classifier, hand_made_statistics
from htvae.metrics.windows import mean_pose

SHARE = 0.1
"""Share of labels that are exchanged."""
NUM_EXCHANGES = 200
NUM_EXCERPTS = 8
"""Excerpts of each training recording that the controls learn from."""


def main(argv: Sequence[str] | None = None) -> None:
    """Print a table of accuracies and of exchanged labels found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--training_dir", type=Path, required=True)
    parser.add_argument("--data_dir", type=Path, required=True)
    parser.add_argument("--seconds", type=float, nargs="+", default=[2, 4, 8, 16, 0], help="0: whole")
    parser.add_argument("--num_rounds", type=int, default=NUM_ROUNDS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    model = load(options.checkpoint, "cpu")
    own, new = (_read(model, folder) for folder in (options.training_dir, options.data_dir))
    calibration = judge_recordings(model, own["val"], num_rounds=options.num_rounds).calibration
    print("seconds | judge, error of its probability | controls | found by the judge, by statistics")
    for seconds in options.seconds:
        rng = np.random.default_rng(options.seed)
        parts = (own["train"] * (NUM_EXCERPTS if seconds else 1), [*new["new"], *new["test"]])
        learned, tested = (_cut(model, part, seconds, rng) for part in parts)
        print(_measure(model, learned, tested, calibration, seconds, options), flush=True)


def _read(model: AnalysisModel, folder: Path) -> dict[str, list[ProcessedSequence]]:
    config = model.config.replace(data_dir=str(folder))
    data = PoseDataLoader(config, processor=model.processor, splits=model.splits)
    return {split: data.processed(split) for split in ("train", "val", "test", "new")}


def _cut(
    model: AnalysisModel, recordings: Sequence[ProcessedSequence], seconds: float, rng: np.random.Generator
) -> list[ProcessedSequence]:
    """Return an excerpt of each recording; whole ones where ``seconds`` is 0."""
    excerpts = []
    for p in recordings:
        length = p.source.num_frames
        size = min(round(seconds * (p.source.fps or 30.0)), length) or length
        start = int(rng.integers(length - size + 1))
        pose = np.ascontiguousarray(p.source.pose[start : start + size])
        excerpts.append(model.process(replace(p.source, pose=pose, first_frame=p.source.first_frame + start)))
    return [p for p in excerpts if p.source.label in model.labels]


def _measure(
    model: AnalysisModel,
    learned: Sequence[ProcessedSequence],
    tested: Sequence[ProcessedSequence],
    calibration: Calibration,
    seconds: float,
    options: argparse.Namespace,
) -> str:
    """Return a row of the table."""
    verdicts = judge_recordings(model, tested, num_rounds=options.num_rounds, seed=options.seed).verdicts
    verdicts.sort(key=lambda v: v.processed.name)
    tested = [v.processed for v in verdicts]
    truth = np.array([model.labels.index(str(p.source.label)) for p in tested])
    scores = np.stack([v.scores for v in verdicts])
    probability = np.stack([v.probability(calibration.temperature).max() for v in verdicts])
    right = scores.argmax(axis=1) == truth
    pairs = [[(p, str(p.source.label)) for p in part] for part in (learned, tested)]
    controls = answer_by_controls(model, *pairs, options.seed)
    fallback = mean_pose([p.pose for p in learned])
    known, asked = (np.stack([hand_made_statistics(p.pose, fallback) for p in q]) for q in (learned, tested))
    names = np.array([model.labels.index(str(p.source.label)) for p in learned])
    values = fit_classifier(known, names).decision_function(asked)
    found = [_find(part, truth, options.seed) for part in (scores, values)]
    named = ", ".join(f"{name} {answers.mean():.2f}" for name, answers in controls.items())
    return (
        f"{seconds or 'whole'} | {right.mean():.2f}, {calibration_error(probability, right):.2f} | {named} | "
        f"{found[0]:.2f}, {found[1]:.2f}"
    )


def _find(scores: np.ndarray, truth: np.ndarray, seed: int) -> float:
    """Return the share of exchanged labels among as many most doubtful ones."""
    rng = np.random.default_rng(seed)
    count, num_labels = scores.shape
    size = max(1, round(SHARE * count))
    shares = []
    for _ in range(NUM_EXCHANGES):
        chosen = rng.permutation(count)[:size]
        given = truth.copy()
        given[chosen] = (given[chosen] + rng.integers(1, num_labels, size)) % num_labels
        own = scores[np.arange(count), given]
        others = np.where(np.arange(num_labels) == given[:, None], -np.inf, scores).max(axis=1)
        shares.append(np.isin(np.argsort(own - others, kind="stable")[:size], chosen).mean())
    return float(np.mean(shares))


if __name__ == "__main__":
    sys.exit(main())
