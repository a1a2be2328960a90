"""Measures the error on held-out people against how many training people there are, beside PCA.

    python benchmarks/learning_curve.py DIR                          1, 2, 4, ... people, and all
    python benchmarks/learning_curve.py DIR --counts 1 3 --seeds 3   other counts; all are always there
    python benchmarks/learning_curve.py DIR --by recordings          recordings, where people are named too

- Each run has the same number of optimiser frames and the same validation and test recordings. A seed decides
  weights and order, and which people come first: those of a smaller count are among those of a larger one.
- PCA has as many numbers per 48 frames as our model, and is fitted to the same recordings.
- Where a training recording names no person, recordings are counted.
- Finished cells are kept in the output and skipped by the next call.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ablation import shorten
from htvae_cells import Clock, fit_htvae, score_htvae
from kept_cells import RESULTS, measure_missing, open_result, run_command, start_result
from learning_show import describe, draw_picture, render_table
from quality_cells import RATES, Bench, measure_baseline

from htvae.config import REFINE_STEPS, Config
from htvae.evaluation.controls import measure_linear_code
from htvae.poses.sequence import SPLITS, PoseSequence

SAME = ("question", "recordings", "content", "by", "frames", "machine", "splits")
"""Entries that an output must share with the run that goes on with it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    arguments = parse(argv)
    return run_command(partial(run, arguments), arguments.output)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("data_dir", type=Path, help="folder of recordings")
    add("--frames", type=float, default=0.8, help="million frames that each run sees")
    add("--counts", type=int, nargs="+", help="people, or recordings; default: 1, 2, 4, ...")
    add("--by", choices=("people", "recordings"), help="default: people, where all are named")
    add("--seeds", type=int, default=1, help="runs of each count")
    add("--split_seed", type=int, default=0, help="another seed holds out others")
    add("--output", type=Path, help="default: benchmarks/results/learning_NAME.json, NAME the folder's")
    arguments = parser.parse_args(argv)
    if min(arguments.frames, arguments.seeds, *(arguments.counts or [1])) <= 0:
        parser.error("--frames, --seeds and --counts must be above 0.")
    name = arguments.data_dir.resolve().name
    parts = [f"python benchmarks/learning_curve.py {name} --frames {arguments.frames:g}"]
    parts += [f"--counts {' '.join(map(str, arguments.counts))}"] if arguments.counts else []
    parts += [f"--by {arguments.by}"] if arguments.by else []
    parts += [f"--seeds {arguments.seeds}"]
    parts += [f"--split_seed {arguments.split_seed}"] if arguments.split_seed else []
    arguments.command = " ".join(parts)
    arguments.output = arguments.output or RESULTS / f"learning_{name}.json"
    return arguments


def run(arguments: argparse.Namespace) -> None:
    """Measure the cells that the output lacks, and show table and picture."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config().replace(data_dir=str(arguments.data_dir), experiments_dir=folder)
        bench = Bench(shorten(config.replace(split_seed=arguments.split_seed), arguments), 0.0)
        people = all(s.subject for s in bench.data.recordings("train"))
        by = arguments.by or ("people" if people else "recordings")
        if by == "people" and not people:
            raise ValueError(
                f"{arguments.data_dir}: training recordings must name their people in the column subject of "
                "manifest.csv, but some do not. Leave --by away."
            )
        first = start_result("learning", arguments.data_dir, bench, arguments.command, range(arguments.seeds))
        result = open_result(arguments.output, first | {"frames": arguments.frames, "by": by}, SAME)
        counts = choose_counts(len(group_recordings(bench, by)), arguments.counts)
        cells = [{"count": count, "seed": s} for s in range(arguments.seeds) for count in counts]
        measure_missing(result, arguments.output, cells, partial(measure, bench, by))
    picture = arguments.output.with_suffix(".png")
    draw_picture(result, picture)
    print(
        f"\n{describe(result)}\n\n{render_table(result)}\n\nFigures: {arguments.output}; picture: {picture}"
    )


def choose_counts(total: int, counts: Sequence[int] | None) -> list[int]:
    """Return the counts below ``total`` (1, 2, 4, ... where none are given), and ``total``."""
    usual = [2**power for power in range(total.bit_length())]
    return sorted({count for count in counts or usual if count < total} | {total})


def group_recordings(bench: Bench, by: str) -> dict[str, list[PoseSequence]]:
    """Return the training recordings of each person, or each recording, by name."""
    groups: dict[str, list[PoseSequence]] = {}
    for sequence in bench.data.recordings("train"):
        groups.setdefault(sequence.subject or "" if by == "people" else sequence.name, []).append(sequence)
    return groups


def measure(bench: Bench, by: str, count: int, seed: int) -> dict[str, Any]:
    """Train with so many people or recordings, and return the figures of the cell."""
    groups = group_recordings(bench, by)
    names = sorted(groups)
    chosen = {names[i] for i in np.random.default_rng(seed).permutation(len(names))[:count]}
    smaller = restrict(bench, [s for name in chosen for s in groups[name]])
    clock = Clock()
    model = fit_htvae(smaller, smaller.config.replace(seed=seed), clock)
    refined = score_htvae(smaller, model, REFINE_STEPS)[1]
    pca = measure_baseline(smaller, "pca", refined["numbers_used"], seed, RATES[0])
    return {
        **refined,
        **measure_linear_code(model, smaller.test),
        "pca_mpjpe": pca["mpjpe"],
        "pca_numbers_used": pca["numbers_used"],
        "recordings": len(smaller.data.recordings("train")),
        "train_frames": smaller.data.num_train_frames,
        "frames": sum(frames for _, frames in clock.steps),
        "seconds": clock.spent,
    }


def restrict(bench: Bench, kept: Sequence[PoseSequence]) -> Bench:
    """Return the bench with these training recordings alone; validation and test stay as they are.

    Bones of a skeleton.csv are not taken along: landmarks' names must tell them.
    """
    held_out = [s for split in SPLITS[1:] for s in bench.data.recordings(split)]
    split_of = {s.name: split for split in SPLITS for s in bench.data.recordings(split)}
    sequences = [replace(s, split=split_of[s.name]) for s in [*kept, *held_out]]
    return Bench(bench.config, 0.0, sequences)


if __name__ == "__main__":
    sys.exit(main())
