"""Measures time and memory of `htvae motifs` for growing numbers of frames.

    python benchmarks/motifs_cost.py CHECKPOINT DATA_DIR --frames 62500 250000 1000000

- The recordings of DATA_DIR are repeated, under new names, until there are as many frames. Reading files is
  left out: the command reads them once, and later from its cache.
- Everything else that the command does is in: features, the fit, the fits that check it, tables, pictures.
- Seconds of a core are what the work takes where other programs do not hold the machine up.
- Each number of frames has a process of its own; memory is the most that it held at any time, PyTorch and the
  model among it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from htvae.cli.analysis_files import open_lazily
from htvae.cli.motifs.command import analyse_motifs
from htvae.cli.motifs.options import MotifsOptions
from htvae.data.lazy import LazyRecordings
from htvae.poses.sequence import PoseSequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkpoint", help="best_model.pt of a run")
    parser.add_argument("data_dir", help="folder of recordings")
    parser.add_argument("--frames", type=int, nargs="+", default=[62_500, 250_000, 1_000_000])
    parser.add_argument("--num_motifs", type=int, default=10)
    parser.add_argument("--alone", action="store_true", help="measure the first number in this process")
    arguments = parser.parse_args(argv)
    if arguments.alone:
        print(json.dumps(_measure(arguments)))
        return 0
    print(f"{'frames':>10} {'seconds':>8} {'of a core':>10} {'MiB':>6}")
    for frames in arguments.frames:
        further = ["--frames", str(frames), "--num_motifs", str(arguments.num_motifs), "--alone"]
        command = [sys.executable, __file__, arguments.checkpoint, arguments.data_dir, *further]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return 1
        result = json.loads(done.stdout.splitlines()[-1])
        frames, mebibytes = f"{result['frames']:>10,}", f"{result['mebibytes']:>6.0f}"
        print(f"{frames} {result['seconds']:>8.0f} {result['cpu_seconds']:>10.0f} {mebibytes}", flush=True)
    return 0


def _measure(arguments: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        options = MotifsOptions(
            checkpoint=Path(arguments.checkpoint),
            data_dir=Path(arguments.data_dir),
            experiments_dir=Path(folder) / "experiments",
            output_dir=Path(folder) / "motifs",
            num_motifs=arguments.num_motifs,
            device="cpu",
        )
        model, recordings = open_lazily(options, None)
        sequences = _repeat(recordings.sequences, arguments.frames[0])
        start, cpu_start = time.perf_counter(), time.process_time()
        analyse_motifs(options, model, LazyRecordings(model.processor, sequences))
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mebibytes = most / (2**20 if sys.platform == "darwin" else 2**10)
    return {
        "frames": sum(s.num_frames for s in sequences),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "mebibytes": mebibytes,
    }


def _repeat(sequences: Sequence[PoseSequence], frames: int) -> list[PoseSequence]:
    """Return recordings under new names, one after the other and again, until there are so many frames."""
    repeated: list[PoseSequence] = []
    for number, sequence in enumerate(cycle(sequences)):
        if frames <= 0:
            break
        repeated.append(replace(sequence, name=f"{number:06d}_{sequence.name}"))
        frames -= sequence.num_frames
    return repeated


if __name__ == "__main__":
    sys.exit(main())
