"""Measures how long a stream takes per chunk, and how far its answers are from those of the whole recording.

    python benchmarks/streaming.py CHECKPOINT DATA_DIR --rounds 3

- One thread. The recordings of DATA_DIR, one after the other, are pushed as one stream of source frames, a
  chunk's new frames at a time; the time from there to the chunk's answer counts, preprocessing included.
- Chunks count once the window is full: before, they take less.
- "of a core" is the thread's own time, without the time in which other programs hold the processor.
- Differences from the whole: the same recordings, each streamed and encoded whole. ``r`` is the correlation
  of latents over chunks, mean over the numbers that vary; ``error`` the root mean square difference over the
  latents' own spread. With the unit of the whole recording only the latents are compared.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import htvae
from htvae.analysis.model import AnalysisModel
from htvae.io.inputs import read_inputs
from htvae.poses.sequence import PoseSequence

LEAST_SPREAD = 1e-3
"""Least spread of a number of the latents that counts as varying."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="best_model.pt of a run, or the folder of an export")
    parser.add_argument("data_dir", type=Path, help="folder of recordings with the model's landmarks")
    parser.add_argument("--chunks", type=int, default=100, help="chunks that are timed in each round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, each a stream of its own")
    parser.add_argument(
        "--recordings", type=int, default=8, help="recordings that are compared with the whole"
    )
    arguments = parser.parse_args(argv)
    torch.set_num_threads(1)
    model = htvae.load(arguments.checkpoint, "cpu")
    with tempfile.TemporaryDirectory() as cache:
        found = read_inputs([arguments.data_dir], model.config.data, Path(cache)).sequences
        sequences = [replace(own, pose=np.array(own.pose)) for own in found]
    print(f"{'stream':<34} {'median':>8} {'95 %':>8} {'of a core: median':>18} {'95 %':>8}   (ms per chunk)")
    for name, options in _list_streams(model, sequences[: arguments.recordings]):
        rounds = [_time(model, sequences, arguments.chunks, options) for _ in range(arguments.rounds)]
        wall, core = (np.concatenate(part) * 1000 for part in zip(*rounds, strict=True))
        columns = [f"{np.median(wall):>8.1f} {np.quantile(wall, 0.95):>8.1f}"]
        columns.append(f"{np.median(core):>18.1f} {np.quantile(core, 0.95):>8.1f}")
        print(f"{name:<34} {' '.join(columns)}", flush=True)
    rate = model.processor.fps
    if rate:
        print(f"A chunk's new frames last {1000 * model.grid.stride / rate:.0f} ms.")
    _compare(model, sequences[: arguments.recordings])
    return 0


def _list_streams(model: AnalysisModel, known: list[PoseSequence]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield streams to time: latents alone with windows of several lengths, then with the analyses."""
    most = model.config.data.max_frames
    for frames in (most, most // 2, most // 4):
        if frames >= model.grid.chunk_size:
            yield f"latents, {frames:,} frames", {"max_frames": frames}
    scale = model.fit_surprise(known)
    yield "latents and surprise", {"surprise": scale}
    yield "latents and motifs", {"motifs": model.find_motifs(known, num_motifs=5)}


def _time(
    model: AnalysisModel, sequences: Sequence[PoseSequence], count: int, options: dict[str, object]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the seconds (count,) of pushes that return a chunk, by the clock and of a core."""
    stream = model.stream(sequences[0].fps, landmarks=sequences[0].landmarks, **options)
    size = max(1, round(stream.grid.stride * (stream.fps or 1) / (model.processor.fps or stream.fps or 1)))
    seconds: list[tuple[float, float]] = []
    for frames in _cut(sequences, size):
        core, wall = time.thread_time(), time.perf_counter()
        found = stream.push(frames)
        spent = time.perf_counter() - wall, time.thread_time() - core
        if len(found) == 1 and found[0].index >= stream.grid.window:
            seconds.append(spent)
            if len(seconds) == count:
                break
    wall_seconds, core_seconds = np.array(seconds).T
    return wall_seconds, core_seconds


def _cut(sequences: Sequence[PoseSequence], size: int) -> Iterator[np.ndarray]:
    """Yield the frames of all recordings, again and again."""
    while True:
        for sequence in sequences:
            for start in range(0, sequence.num_frames - size + 1, size):
                yield sequence.pose[start : start + size]


def _compare(model: AnalysisModel, sequences: Sequence[PoseSequence]) -> None:
    """Print how far streamed latents are from those of the whole recordings."""
    longest = model.config.data.max_frames
    for most, measured in ((longest, True), (longest, False), (1024, True), (256, True)):
        if not model.grid.chunk_size <= most <= longest:
            continue
        streamed, whole, places = [], [], []
        for sequence in sequences:
            unit = model.process(sequence).record.unit if measured else "first"
            stream = model.stream(sequence.fps, landmarks=sequence.landmarks, unit=unit, max_frames=most)
            chunks = stream.push(sequence.pose) + stream.finish()
            encoding = model.encode(sequence)
            streamed.append(np.array([chunk.chunk_latent for chunk in chunks]))
            whole.append(encoding.chunk_latents)
            last = chunks[-1].sequence_latent - encoding.sequence_latent
            places.append(float(np.linalg.norm(last) / np.linalg.norm(encoding.sequence_latent)))
        a, b = np.concatenate(streamed), np.concatenate(whole)
        varies = b.std(0) > LEAST_SPREAD
        a, b = a[:, varies], b[:, varies]
        together = ((a - a.mean(0)) * (b - b.mean(0))).mean(0) / (a.std(0) * b.std(0))
        error = np.sqrt(np.square(a - b).mean() / b.var(0).mean())
        lengths = [len(part) for part in streamed]
        print(
            f"Windows of {most:,} frames, unit of the {'whole' if measured else 'first chunk'}; {len(a):,} "
            f"chunks of {len(sequences)} recordings of {min(lengths)} to {max(lengths)}: chunk latents r "
            f"{together.mean():.4f} (least {together.min():.4f}), error {error:.3f}; last sequence latent, "
            f"relative difference {np.median(places):.3f} (median)."
        )


if __name__ == "__main__":
    sys.exit(main())
