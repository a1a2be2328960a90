"""Warns where something became slower: a few ratios beside those that were measured before.

    python benchmarks/guard.py           prints the table, in about a minute; always exits with 0
    python benchmarks/guard.py --write   keeps what it measures as the figures to compare with

- A ratio compares two things of one run, so that it depends little on the machine and its other work. It
  depends on whether the processor multiplies bf16 fast: `guard.json` has a list for either kind.
- A warning is a place to look, not a verdict: run it again on a quiet machine, then
  `throughput.py --profile`.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from measure import Case, build_model, encoding_step, make_batches, training_step

from htvae.inference.refinement import refine
from htvae.training.machine import choose_precision
from htvae.utils.device import choose_device

KEPT = Path(__file__).parent / "guard.json"
MARGIN = 1.3
"""Growth of a ratio above which a warning is printed."""
NUM_TURNS = 5
"""Turns of each pair; their median counts."""
SHORT = Case(window=512, step_frames=2048)
LONG = replace(SHORT, window=4096, step_frames=4096)
MIN_SCALE = 0.02


def measure_ratios() -> dict[str, float]:
    """Return the ratios of times by name; more is slower."""
    device = choose_device("auto")
    train, train_long, encode = (
        _prepare(case, device) for case in (SHORT, LONG, replace(SHORT, mode="encode"))
    )
    train_full = _prepare(replace(SHORT, model="full", window=2048), device)
    pass_once, refined = (_prepare_refinement(device, steps) for steps in (0, 5))
    return {
        "training over encoding, 2,048 frames": _compare(train, encode),
        "training in windows of 4,096 frames over windows of 512, per frame": _compare(train_long, train) / 2,
        "training over training with full attention of the same tokens": _compare(train, train_full),
        "five steps of refinement over one pass": _compare(refined, pass_once),
    }


def _prepare(case: Case, device: str) -> Callable[[], None]:
    model, batches = build_model(case).to(device), make_batches(case, device)
    step = (encoding_step if case.mode == "encode" else training_step)(model, device)
    return lambda: step(batches)


def _prepare_refinement(device: str, num_steps: int) -> Callable[[], None]:
    model, (batch,) = build_model(SHORT).to(device).eval(), make_batches(SHORT, device)
    in_bf16 = choose_precision("auto", device) == "bf16"
    given = batch.pose, batch.observed, batch.num_frames

    def run() -> None:
        refine(model, *given, num_steps, MIN_SCALE, in_bf16=in_bf16 and num_steps > 0)

    return run


def _compare(first: Callable[[], None], second: Callable[[], None]) -> float:
    """Return the median ratio of the times of two things that take turns, after one turn to warm up."""
    ratios = [_time(first) / _time(second) for _ in range(NUM_TURNS + 1)]
    return statistics.median(ratios[1:])


def _time(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def describe(found: Mapping[str, float], kept: Mapping[str, float]) -> str:
    """Return the table of ratios, with a warning beside each that grew by more than `MARGIN`."""
    lines = ["| ratio of times | before | now | |", "|---|---|---|---|"]
    for name, ratio in found.items():
        before = kept.get(name)
        growth = 1.0 if before is None else ratio / before
        warning = f"**slower, {growth:.2f} times**" if growth > MARGIN else ""
        known = "not measured" if before is None else f"{before:.2f}"
        lines.append(f"| {name} | {known} | {ratio:.2f} | {warning} |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true", help="keep what is measured in guard.json")
    arguments = parser.parse_args(argv)
    kind = choose_precision("auto", choose_device("auto"))
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    found = measure_ratios()
    print(f"Precision {kind}, {torch.get_num_threads()} threads.\n\n{describe(found, kept.get(kind, {}))}")
    if arguments.write:
        rounded = {name: round(ratio, 3) for name, ratio in found.items()}
        KEPT.write_text(json.dumps(kept | {kind: rounded}, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
