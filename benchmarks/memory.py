"""Measures the memory and the speed of a command for growing recordings; memory should not grow.

    python benchmarks/memory.py CHECKPOINT DATA_DIR --format parquet
    python benchmarks/memory.py CHECKPOINT DATA_DIR --format npz --frames_each 1000000
    python benchmarks/memory.py CHECKPOINT DATA_DIR --frames_each 1000000 --command motifs --no_stability

- Corpora are made of the frames of DATA_DIR's recordings, over and over, and read once beforehand, so that
  the command finds them in the cache ("the store"). They are recordings of --frames_each frames.
- Each corpus has a process of its own, which is asked for its memory 50 times a second: anonymous memory (its
  own: RssAnon), pages of mapped files (which the system takes back where memory is short: RssFile), and the
  most of both (VmHWM). A process that only imports and loads the model has the first row. Linux only.
- `encode`: frames per second of CPU time count from the first shard begun to the end; a small corpus is
  encoded --rounds times, of which the median counts.
- Other commands: seconds of CPU time, once imports are done; loading the model, tables and pictures count.
  Frames per second are the further frames of the larger corpus over its further seconds.
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

from htvae.cli.main import main as run
from htvae.inference.checkpoint import load_checkpoint
from htvae.inference.corpus import CorpusRequest, encode_corpus
from htvae.inference.opening import Corpus
from htvae.io.cache import open_store
from htvae.io.writers.folders import write_sessions
from htvae.io.writers.registry import find_writer
from htvae.poses.sequence import PoseSequence

FIELDS = ("RssAnon", "RssFile", "VmHWM")
"""Figures of /proc/PID/status, of which the largest of each counts."""
COMMANDS = ("encode", "reconstruct", "motifs", "surprise", "evaluate")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("checkpoint", type=Path, help="best_model.pt of a run")
    parser.add_argument("data_dir", type=Path, help="folder of recordings, or a made corpus with --alone")
    parser.add_argument("--command", choices=COMMANDS, default="encode", help="takes all further flags")
    parser.add_argument("--frames", type=int, nargs=2, default=[10_000, 1_000_000])
    parser.add_argument("--frames_each", type=int, default=4_000, help="frames of a recording")
    parser.add_argument("--format", choices=["npz", "parquet"], default="parquet", help="of encode")
    parser.add_argument("--rounds", type=int, default=5, help="of encode")
    parser.add_argument("--folder", type=Path, help="folder to keep the corpora in; None: a temporary one")
    parser.add_argument("--alone", action="store_true", help="run on a made corpus in this process")
    parser.add_argument("--empty", action="store_true", help="only import, and load the model")
    arguments, arguments.further = parser.parse_known_args(argv)
    if arguments.alone:
        print(json.dumps({"seconds": _run_alone(arguments)}))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        corpora = [_make_corpus(arguments, folder, frames) for frames in arguments.frames]
        base = _measure(arguments, corpora[0], 1, ["--empty"])
        small, large = (
            _measure(arguments, corpus, max(1, arguments.rounds * arguments.frames[0] // frames))
            for corpus, frames in zip(corpora, arguments.frames, strict=True)
        )
    _show(arguments, base, small, large)
    return 0


def _show(
    arguments: argparse.Namespace, base: dict[str, float], small: dict[str, float], large: dict[str, float]
) -> None:
    print(f"{'frames':>10} {'seconds':>8} {'anonymous':>10} {'mapped':>7} {'most':>6}  (MiB)")
    for frames, result in zip((0, *arguments.frames), (base, small, large), strict=True):
        sizes = " ".join(f"{result[name]:>{w}.0f}" for name, w in zip(FIELDS, (10, 7, 6), strict=True))
        print(f"{frames:>10,} {result['seconds']:>8.1f} {sizes}")
    few, many = arguments.frames
    if arguments.command == "encode":
        rates = f"{few / small['seconds']:,.0f} and {many / large['seconds']:,.0f}"
    else:
        rates = f"{(many - few) / (large['seconds'] - small['seconds']):,.0f}"
    print(f"frames/s of a core: {rates}")
    ratios = {name: large[name] / small[name] for name in FIELDS}
    print("ratio " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))


def _measure(
    arguments: argparse.Namespace, corpus: Path, rounds: int, further: Sequence[str] = ()
) -> dict[str, float]:
    """Run the command on a corpus in a process of its own; return its CPU time and largest memory (MiB)."""
    command = [sys.executable, __file__, str(arguments.checkpoint), str(corpus), "--alone"]
    command += ["--command", arguments.command, "--format", arguments.format, "--rounds", str(rounds)]
    command += [*further, *arguments.further]
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


def _run_alone(arguments: argparse.Namespace) -> float:
    """Run the command on a corpus that lies in the cache; return seconds of CPU time."""
    import htvae.analysis.model  # so that imports do not count

    if arguments.empty:
        start = time.process_time()
        htvae.analysis.model.load(arguments.checkpoint, "cpu")
        return time.process_time() - start
    return _encode(arguments) if arguments.command == "encode" else _run_command(arguments)


def _run_command(arguments: argparse.Namespace) -> float:
    corpus = arguments.data_dir
    wanted = [str(corpus)] if arguments.command == "reconstruct" else ["--data_dir", str(corpus)]
    if arguments.command != "reconstruct":
        wanted += ["--split", "all"]
    start = time.process_time()
    with tempfile.TemporaryDirectory(dir=corpus.parent) as output:
        flags = {
            "--checkpoint": arguments.checkpoint,
            "--output_dir": Path(output) / "results",
            "--experiments_dir": corpus.parent,
            "--device": "cpu",
        }
        wanted += [str(word) for pair in flags.items() for word in pair]
        if run([arguments.command, *wanted, *arguments.further]):
            raise SystemExit(1)
    return time.process_time() - start


def _encode(arguments: argparse.Namespace) -> float:
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
    return float(np.median(seconds))


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
