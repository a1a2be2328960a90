"""Compares the two-level model with full attention: speed, memory, and where the time goes.

    python benchmarks/throughput.py              the tables of docs/performance.md; half an hour on 2 cores
    python benchmarks/throughput.py --quick      the same with small windows, in a few minutes
    python benchmarks/throughput.py --profile    only the operations of a training step

- Every figure comes from a fresh process. The cases take turns and the median of the rounds counts, so that
  other work on the machine slows all cases alike.
- Memory is the peak above the memory of the imports.
- Compare ratios: absolute figures vary with the machine and its other work.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from measure import Case

HERE = Path(__file__).parent
WINDOWS = (512, 1024, 2048, 4096, 8192, 16_384)
QUICK_WINDOWS = (512, 1024)
OURS = Case()
FULL = replace(OURS, model="full")
OVER_FRAMES = replace(FULL, frames_per_token=1, num_steps=1)
NAMES = {
    ("two-level", 4): "HT-VAE (P=4)",
    ("two-level", 1): "HT-VAE (P=1)",
    ("full", 4): "full attention, same tokens (P=4)",
    ("full", 1): "full attention over frames (P=1)",
}


def plan(windows: Sequence[int]) -> list[Case]:
    """List the cases: P=4 at every length, P=1 at 4,096 frames and for full attention at the longest, too."""
    middle = min(4096, max(windows))
    training = [replace(case, window=window) for window in windows for case in (OURS, FULL)]
    training += [replace(OURS, frames_per_token=1, window=middle)]
    training += [replace(OVER_FRAMES, window=window) for window in _compared(windows)]
    return training + [replace(case, mode="encode") for case in training]


def run(case: Case) -> Any:
    """Measure a case in a process of its own."""
    result = subprocess.run(
        [sys.executable, str(HERE / "measure.py"), json.dumps(asdict(case))],
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise SystemExit(f"{case} failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def measure_all(cases: Sequence[Case], rounds: int) -> dict[Case, dict[str, float]]:
    """Measure the cases in turns and return the median of each figure."""
    found: dict[Case, list[dict[str, float]]] = {case: [] for case in cases}
    for number in range(rounds):
        for case in cases:
            found[case].append(run(case))
            print(
                f"round {number + 1}: {describe(case)}: {found[case][-1]['frames_per_second']:,.0f} frames/s"
            )
    return {
        case: {key: statistics.median(result[key] for result in results) for key in results[0]}
        for case, results in found.items()
    }


def describe(case: Case) -> str:
    """Name a case in words."""
    return f"{case.mode}, {NAMES[case.model, case.frames_per_token]}, {case.window:,} frames"


def print_table(figures: dict[Case, dict[str, float]]) -> None:
    """Print all figures as a table in Markdown."""
    print("\n| case | frames/s | peak memory (GB) | share of the matrix peak |\n|---|---|---|---|")
    for case, figure in figures.items():
        speed, memory = figure["frames_per_second"], figure["peak_bytes"] / 1e9
        print(f"| {describe(case)} | {speed:,.0f} | {memory:.2f} | {figure['matrix_share']:.0%} |")


def print_ratios(figures: dict[Case, dict[str, float]]) -> None:
    """Print our model's figures over full attention's, in training and in encoding."""
    windows = sorted({case.window for case in figures})
    shortest = min(2048, windows[-1])
    for mode in ("train", "encode"):
        for window in _compared(windows):
            ours, full, frames = (
                figures[replace(case, mode=mode, window=window)] for case in (OURS, FULL, OVER_FRAMES)
            )
            speeds = [_ratio(ours, other, "frames_per_second") for other in (frames, full)]
            print(f"\n{mode}, {window:,} frames:")
            print(f"  speed over full attention over frames:  {speeds[0]:.2f}")
            print(f"  speed over full attention, same tokens: {speeds[1]:.2f}")
            print(f"  memory over full attention over frames: {_ratio(ours, frames, 'peak_bytes'):.2f}")
        short, long = (figures[replace(OURS, mode=mode, window=w)] for w in (shortest, windows[-1]))
        cost = _ratio(short, long, "frames_per_second")
        print(f"  cost per frame at {windows[-1]:,} over cost at {shortest:,}: {cost:.2f}")


def _compared(windows: Sequence[int]) -> list[int]:
    """Return the windows at which frames, not tokens, are attended to as well."""
    return sorted({min(4096, max(windows)), max(windows)})


def _ratio(left: dict[str, float], right: dict[str, float], key: str) -> float:
    return left[key] / right[key]


def print_profile(window: int) -> None:
    """Print the operations of a training step that take the longest."""
    rows = run(replace(OURS, mode="profile", window=window))
    print("\n| operation | ms | share | calls |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row['operation']} | {row['milliseconds']:.0f} | {row['share']:.1%} | {row['calls']} |")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small windows, one round")
    parser.add_argument("--profile", action="store_true", help="only the operations of a training step")
    parser.add_argument(
        "--windows", type=int, nargs="+", help="frames of the windows, in place of all lengths"
    )
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each case")
    arguments = parser.parse_args(argv)
    windows = arguments.windows or (QUICK_WINDOWS if arguments.quick else WINDOWS)
    if not arguments.profile:
        figures = measure_all(plan(windows), 1 if arguments.quick else arguments.rounds)
        print_table(figures)
        print_ratios(figures)
    print_profile(min(4096, windows[-1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
