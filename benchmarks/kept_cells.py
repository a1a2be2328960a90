"""Runs of training whose finished cells are kept in one file, so that a later call goes on with the rest.

A cell is what is measured at once: some entries that name it, such as variant and seed, and its figures.
"""

import hashlib
import json
import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch
from quality_cells import Bench

from htvae.utils.files import atomic_write
from htvae.utils.text import format_duration

RESULTS = Path(__file__).parent / "results"


def start_result(
    question: str, data_dir: Path, bench: Bench, command: str, seeds: Sequence[int]
) -> dict[str, Any]:
    """Return a result without cells."""
    data, test = bench.data, bench.test
    subjects = sorted({p.source.subject or "" for p in test})
    named = f"unseen subjects ({', '.join(subjects)})" if all(subjects) else "recordings"
    if not all(subjects) and any(subjects):
        named = "recordings, of which some name no subject"
    splits = {part: len(data.recordings(part)) for part in ("train", "val", "test")}
    hashes = json.dumps(data.splits.to_dict(), sort_keys=True, default=str)
    return {
        "question": question,
        "recordings": data_dir.resolve().name,
        "held_out": f"{named} held out, {splits['test']} recordings of {sum(splits.values())}",
        "content": hashlib.sha256(hashes.encode()).hexdigest()[:16],
        "splits": splits,
        "train_frames": data.num_train_frames,
        "test_frames": sum(bench.lengths),
        "command": [command],
        "commit": find_commit(),
        "date": date.today().isoformat(),
        "machine": describe_machine(),
        "seeds": list(seeds),
        "cells": [],
    }


def open_result(path: Path, fresh: dict[str, Any], same: Sequence[str]) -> dict[str, Any]:
    """Return what an earlier call left in the output, or ``fresh``, a result without cells.

    Args:
        path: the output.
        fresh: the result of `start_result`.
        same: entries that both must share, since their cells are compared.

    Raises:
        ValueError: the output differs in one of them.
    """
    if not path.exists():
        return fresh
    earlier: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if differing := [name for name in same if earlier.get(name) != fresh[name]]:
        found = "; ".join(f"{name} {str(earlier.get(name))[:80]}" for name in differing)
        raise ValueError(
            f"{path} must have the same {', '.join(same)} as this run, but differs: {found}. "
            "Figures that are compared come from one machine. Choose another --output."
        )
    commits = " and ".join(dict.fromkeys([*earlier["commit"].split(" and "), fresh["commit"]]))
    return {
        **earlier,
        "command": list(dict.fromkeys([*earlier["command"], *fresh["command"]])),
        "commit": commits,
        "seeds": sorted({*earlier["seeds"], *fresh["seeds"]}),
    }


def measure_missing(
    result: dict[str, Any],
    path: Path,
    names: Sequence[Mapping[str, Any]],
    measure: Callable[..., dict[str, Any]],
) -> None:
    """Measure the cells that a result lacks, one by one; the output is written after each.

    The time left is that of the cells so far that share the first entry, else the mean of all cells so far.

    Args:
        result: gets the cells.
        path: the output.
        names: what names each cell; the entries are the arguments of ``measure``.
        measure: returns the figures of a cell, ``mpjpe`` among them.
    """
    done = [{key: cell[key] for key in names[0]} for cell in result["cells"]]
    waiting = [name for name in names if dict(name) not in done]
    print(f"{len(names) - len(waiting)} of {len(names)} cells are in {path}.", flush=True)
    for number, name in enumerate(waiting):
        left = estimate(waiting[number:], result["cells"])
        words = ", ".join(str(v) if isinstance(v, str) else f"{k} {v}" for k, v in name.items())
        ending = f"about {format_duration(left)} left" if left else "the time is known after the first cell"
        print(f"[{number + 1}/{len(waiting)}] {words}; {ending}", flush=True)
        start = time.perf_counter()
        figures = measure(**name)
        result["cells"].append({**name, **figures, "wall_seconds": time.perf_counter() - start})
        print(f"    error {figures['mpjpe']:.4f}", flush=True)
        write_result(result, path)


def estimate(names: Sequence[Mapping[str, Any]], cells: Sequence[Mapping[str, Any]]) -> float:
    """Return the time (s) that cells will take; 0 where none was measured yet."""
    if not cells:
        return 0.0
    key = next(iter(names[0]))
    mean = sum(cell["wall_seconds"] for cell in cells) / len(cells)
    known = {cell[key]: cell["wall_seconds"] for cell in cells}
    return float(sum(known.get(name[key], mean) for name in names))


def write_result(result: dict[str, Any], path: Path) -> None:
    """Write the output."""
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def run_command(run: Callable[[], None], output: Path) -> int:
    """Run a command, show its progress and return its exit code; a fault or an interruption is one line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("htvae.utils.progress").setLevel(logging.INFO)
    try:
        run()
    except KeyboardInterrupt:
        print(f"Interrupted. What is done is in {output}; the same command goes on with the rest.")
        return 130
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def find_commit() -> str:
    """Return the commit of this checkout, with a plus where files were changed."""
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=RESULTS, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "not noted"


def describe_machine() -> str:
    """Return processor, cores, threads, GPU, PyTorch and allocator."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    preloaded = os.environ.get("LD_PRELOAD", "")
    allocator = next((a for a in ("tcmalloc", "jemalloc", "mimalloc") if a in preloaded), "usual allocator")
    return (
        f"{os.cpu_count()} cores of {name or platform.processor() or platform.machine()}, "
        f"{torch.get_num_threads()} threads, {gpu}; PyTorch {torch.__version__.split('+')[0]}, {allocator}"
    )
