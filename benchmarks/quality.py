"""Compares errors on held-out recordings with other models', at as many numbers and as much training.

    python benchmarks/quality.py DIR                        two minutes a cell, all models
    python benchmarks/quality.py DIR --minutes 0.5 --numbers 16 32
    python benchmarks/quality.py DIR --model my_model.py    your own beside them, see baselines/interface.py

- A cell is a model with so many numbers per 48 frames and a seed. Each trains alone for the same time, one
  after the other, with the same threads and allocator; its row says the time that was taken. One thread is
  timed by the processor's clock (OMP_NUM_THREADS=1), so that other programs hardly count.
- Our model has the default settings but for the sizes of its latents, which the numbers decide, and the
  length of its windows, which hold each recording as a whole; its numbers are rounded down, others' up. Each
  other model is first tried with three learning rates on the validation recordings, for a quarter of the
  time, at the middle count of numbers. Steps are described in `baselines/training.py`.
- Finished cells are kept in the output and skipped by the next call, so that a run may be interrupted, and
  more numbers, models or seeds may be added. Beside the output stands a picture of the same name.
- Subjects are held out where the manifest names them, else recordings; the output says which.
"""

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from htvae_cells import calibrate, measure_htvae
from kept_cells import RESULTS, open_result, run_command, start_result, write_result
from quality_cells import (
    BASELINES,
    RATES,
    TUNING_SHARE,
    Bench,
    load_baseline,
    measure_baseline,
    tune_baseline,
)
from quality_show import TITLES, describe, draw_picture, render_table

from htvae.config import Config
from htvae.utils.text import format_duration

SAME = ("question", "recordings", "content", "minutes", "machine", "splits")
"""Entries that an output must share with the run that goes on with it."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """What is measured at once."""

    model: str
    numbers: float
    seed: int


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    arguments = parse(argv)
    return run_command(partial(run, arguments), arguments.output)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments, with the files of own models among the models."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("data_dir", type=Path, help="folder of recordings")
    add("--minutes", type=float, default=2.0, help="training of a cell")
    add("--numbers", type=float, nargs="+", default=[8, 16, 32, 64], help="per 48 frames")
    add("--models", nargs="+", choices=("htvae", *BASELINES), help="all, if none is named")
    add("--model", action="append", default=[], metavar="FILE", help="Python file with build_baseline(task)")
    add("--seeds", type=int, default=1, help="runs of each cell")
    add("--split_seed", type=int, default=0, help="another seed holds out others")
    add("--output", type=Path, help="default: benchmarks/results/quality_NAME.json, NAME the folder's")
    arguments = parser.parse_args(argv)
    if min(arguments.minutes, arguments.seeds, *arguments.numbers) <= 0:
        parser.error("--minutes, --seeds and --numbers must be above 0.")
    arguments.command = describe_command(arguments)
    arguments.output = arguments.output or RESULTS / f"quality_{arguments.data_dir.resolve().name}.json"
    arguments.models = [*(arguments.models or ("htvae", *BASELINES)), *arguments.model]
    return arguments


def describe_command(arguments: argparse.Namespace) -> str:
    """Return the command, with names of folders and files in place of their paths."""
    parts = [f"--minutes {arguments.minutes:g} --numbers", *(f"{n:g}" for n in arguments.numbers)]
    parts += ["--models", *arguments.models] if arguments.models else []
    parts += [f"--model {Path(file).name}" for file in arguments.model]
    parts += [f"--seeds {arguments.seeds}"] if arguments.seeds > 1 else []
    parts += [f"--split_seed {arguments.split_seed}"] if arguments.split_seed else []
    return " ".join(["python benchmarks/quality.py", arguments.data_dir.resolve().name, *parts])


def run(arguments: argparse.Namespace) -> None:
    """Measure the cells that the output lacks, and show the table."""
    for name in arguments.models:
        if name != "htvae":
            load_baseline(name)  # a fault of an own model shows at once
    with tempfile.TemporaryDirectory() as folder:
        config = Config().replace(
            data_dir=str(arguments.data_dir), experiments_dir=folder, split_seed=arguments.split_seed
        )
        bench = Bench(config, 60 * arguments.minutes)
        fresh = start_quality(arguments, bench)
        result = open_result(arguments.output, fresh, SAME)
        result["titles"] |= fresh["titles"]
        measure_cells(result, bench, arguments)
    draw_picture(result, arguments.output.with_suffix(".png"))
    print(f"\n{describe(result)}\n\n{render_table(result)}\n")
    print(f"Figures: {arguments.output}; picture: {arguments.output.with_suffix('.png')}")


def start_quality(arguments: argparse.Namespace, bench: Bench) -> dict[str, Any]:
    """Return a result without cells."""
    titles = {m: load_baseline(m) for m in arguments.models if m != "htvae"}
    return {
        **start_result("quality", arguments.data_dir, bench, arguments.command, range(arguments.seeds)),
        "minutes": arguments.minutes,
        "rates": list(RATES),
        "tuning": {},
        "titles": TITLES | {short_name(m): getattr(t, "TITLE", short_name(m)) for m, t in titles.items()},
    }


def short_name(model: str) -> str:
    """Return a model's name in the output: a file's without folder and ending."""
    return Path(model).stem if model.endswith(".py") else model


def measure_cells(result: dict[str, Any], bench: Bench, arguments: argparse.Namespace) -> None:
    """Measure what is missing, cell by cell; the output is written after each."""
    done = {(cell["model"], cell["numbers"], cell["seed"]) for cell in result["cells"]}
    cells = [
        Cell(model, numbers, seed)
        for seed in range(arguments.seeds)
        for numbers in sorted(arguments.numbers)
        for model in arguments.models
    ]
    waiting = [cell for cell in cells if (short_name(cell.model), cell.numbers, cell.seed) not in done]
    print(f"{len(cells) - len(waiting)} of {len(cells)} cells are in {arguments.output}.", flush=True)
    middle = sorted(arguments.numbers)[len(arguments.numbers) // 2]
    overheads: list[float] = []
    for number, cell in enumerate(waiting):
        left = estimate(waiting[number:], result, bench.seconds)
        overhead = sum(overheads) / len(overheads) if overheads else 0.15 * bench.seconds
        left += overhead * (len(waiting) - number)
        name = f"{short_name(cell.model)}, {cell.numbers:g} numbers, seed {cell.seed}"
        print(f"[{number + 1}/{len(waiting)}] {name}; about {format_duration(left)} left", flush=True)
        expected, start = estimate([cell], result, bench.seconds), time.perf_counter()
        found = measure_cell(cell, result, bench, middle)
        overheads.append(max(0.0, time.perf_counter() - start - expected))
        for name, figures in found.items():
            result["cells"].append({"model": name, "numbers": cell.numbers, "seed": cell.seed, **figures})
            print(
                f"    {name}: error {figures['mpjpe']:.4f}, {figures['numbers_used']:.1f} numbers", flush=True
            )
        write_result(result, arguments.output)


def measure_cell(
    cell: Cell, result: dict[str, Any], bench: Bench, middle: float
) -> dict[str, dict[str, Any]]:
    """Return the figures of a cell by model; what is measured once for all cells is kept in the result."""
    tuning, name = result["tuning"], short_name(cell.model)
    if cell.model == "htvae":
        if name not in tuning:
            tuning[name] = calibrate(bench)
        return measure_htvae(bench, cell.numbers, cell.seed, tuning[name])
    if name not in tuning:
        tuning[name] = tune_baseline(bench, cell.model, middle)
    rate = tuning[name]["best"]
    return {name: measure_baseline(bench, cell.model, cell.numbers, cell.seed, rate)}


def estimate(cells: Sequence[Cell], result: dict[str, Any], seconds: float) -> float:
    """Return the time (s) of training of cells, with the learning rates that are still to be tried."""
    trained = [cell for cell in cells if cell.model != "pca"]
    models = {short_name(cell.model) for cell in trained if cell.model != "htvae"}
    trials = len(models - set(result["tuning"])) * len(RATES) * TUNING_SHARE
    return (len(trained) + trials) * seconds


if __name__ == "__main__":
    sys.exit(main())
