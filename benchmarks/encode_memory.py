"""Measures the memory and the speed of `htvae encode` for growing corpora; memory should not grow.

    python benchmarks/encode_memory.py CHECKPOINT DATA_DIR --format parquet
    python benchmarks/encode_memory.py CHECKPOINT DATA_DIR --format npz --frames_each 1000000

- Corpora are made of the frames of DATA_DIR's recordings, over and over, and read once beforehand, so that
  encoding finds them in the cache ("the store").
- Each corpus is encoded by a process of its own, which is asked for its memory 50 times a second: anonymous
  memory (its own: RssAnon), pages of mapped files (which the system takes back where memory is short:
  RssFile), and the most of both (VmHWM). Linux only.
- Frames per second of CPU time count from the first shard begun to the end; a small corpus is encoded
  --rounds times, of which the median counts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from htvae.inference.checkpoint import load_checkpoint
from htvae.inference.corpus import CorpusRequest, encode_corpus
from htvae.inference.opening import Corpus
from htvae.io.cache import open_store
from htvae.io.writers.folders import write_sessions
from htvae.io.writers.registry import find_writer
from htvae.poses.sequence import PoseSequence

FIELDS = ("RssAnon", "RssFile", "VmHWM")
"""Figures of /proc/PID/status, of which the largest of each counts."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="best_model.pt of a run")
    parser.add_argument("data_dir", type=Path, help="folder of recordings, or a made corpus with --alone")
    parser.add_argument("--frames", type=int, nargs=2, default=[10_000, 1_000_000])
    parser.add_argument("--frames_each", type=int, default=4_000, help="frames of a recording")
    parser.add_argument("--format", choices=["npz", "parquet"], default="parquet")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="folder to keep the corpora in; None: a temporary one")
    parser.add_argument("--alone", action="store_true", help="encode a made corpus in this process")
    arguments = parser.parse_args(argv)
    if arguments.alone:
        print(json.dumps({"frames_per_second": _encode(arguments)}))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        found = [_measure(arguments, folder, frames) for frames in arguments.frames]
    print(f"{'frames':>10} {'frames/s':>9} {'anonymous':>10} {'mapped':>7} {'most':>6}  (MiB)")
    for frames, result in zip(arguments.frames, found, strict=True):
        sizes = " ".join(f"{result[name]:>{w}.0f}" for name, w in zip(FIELDS, (10, 7, 6), strict=True))
        print(f"{frames:>10,} {result['frames_per_second']:>9,.0f} {sizes}")
    small, large = found
    ratios = {name: large[name] / small[name] for name in (*FIELDS, "frames_per_second")}
    print("ratio " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))
    return 0


def _measure(arguments: argparse.Namespace, folder: Path, frames: int) -> dict[str, float]:
    """Encode a corpus in a process of its own, and return its speed and its largest memory (MiB)."""
    corpus = _make_corpus(arguments, folder, frames)
    command = [sys.executable, __file__, str(arguments.checkpoint), str(corpus), "--alone"]
    rounds = max(1, arguments.rounds * arguments.frames[0] // frames)
    command += ["--format", arguments.format, "--rounds", str(rounds)]
    most = dict.fromkeys(FIELDS, 0.0)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watcher = threading.Thread(target=_watch, args=(process, most))
        watcher.start()
        output, _ = process.communicate()
        watcher.join()
    if process.returncode:
        raise SystemExit(process.returncode)
    return most | json.loads(output.splitlines()[-1])


def _watch(process: "subprocess.Popen[str]", most: dict[str, float]) -> None:
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        for line in status.read_text().splitlines():
            name, _, value = line.partition(":")
            if name in most:
                most[name] = max(most[name], int(value.split()[0]) / 2**10)
        time.sleep(0.02)


def _encode(arguments: argparse.Namespace) -> float:
    """Encode a corpus that lies in the cache; return frames per second."""
    begun: list[float] = []
    encode = Corpus.encode

    def note_time(self: Corpus, shard: int) -> object:
        begun.append(time.process_time())
        return encode(self, shard)

    Corpus.encode = note_time  # type: ignore[method-assign, assignment]
    seconds, folder = [], arguments.data_dir.parent
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory(dir=folder) as output:
            request = CorpusRequest(
                checkpoint=arguments.checkpoint,
                inputs=[arguments.data_dir],
                output_dir=Path(output) / "latents",
                cache_dir=folder / "cache",
                device="cpu",
                format=arguments.format,
            )
            begun.clear()
            encode_corpus(request)
            seconds.append(time.process_time() - begun[0])
    return int(arguments.data_dir.name) / float(np.median(seconds))


def _make_corpus(arguments: argparse.Namespace, folder: Path, frames: int) -> Path:
    """Write recordings with this many frames in all, and read them once; return their folder."""
    config = load_checkpoint(arguments.checkpoint).config.data
    corpus = folder / f"each_{arguments.frames_each}" / str(frames)
    if not corpus.exists():
        own = replace(config, data_dir=str(arguments.data_dir))
        known = open_store(own, folder / "known").sequences
        known = [s for s in known if s.landmarks == known[0].landmarks and s.fps == known[0].fps]
        poses = np.concatenate([s.pose for s in known])
        for number, first in enumerate(range(0, frames, arguments.frames_each)):
            rows = np.arange(first, min(first + arguments.frames_each, frames)) % len(poses)
            one = PoseSequence.from_array(
                poses[rows], known[0].landmarks, f"recording_{number:06d}", known[0].fps
            )
            write_sessions(corpus, [one], find_writer("movement"))
    open_store(replace(config, data_dir=str(corpus)), corpus.parent / "cache")
    return corpus


if __name__ == "__main__":
    sys.exit(main())
