"""Computes, and does not measure, what a large corpus would take on GPUs; a table in Markdown.

    python benchmarks/extrapolate.py --peak 312 --share 0.35 --cores 8

- Measured here, in a minute: operations per frame of the default model's passes (33 landmarks, windows of
  4,096 frames; matrix products, as in `measure.py`), and the frames per second that one core prepares: from
  poses to batches, as encoding and training do it.
- Assumed: the GPU's published peak, the share of it that is reached, cores beside each GPU, and that disks
  and networks keep up. Without a GPU to measure none of these is known.
- GPUs and cores work at the same time, so the slower of the two counts. The price p of a GPU's hour stays a
  letter. Start, reading files for the first time, validation and writing are not in it.
"""

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
from measure import NUM_LANDMARKS, Case, count_operations

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import PoseDataProcessor
from htvae.inference.windows import WindowedModel
from htvae.models.chunking import ChunkGrid
from htvae.poses.sequence import PoseSequence

PREPARED = 50
"""Recordings whose preparation is timed."""
NAMES = ("LEFT_HIP", "RIGHT_HIP", "LEFT_SHOULDER", "RIGHT_SHOULDER")
"""Landmarks that place and scale a body; the others have numbers."""
COUNTS = (1, 8, 64)
WORK = {"encoding": "encode", "training, one pass": "train"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--recordings", type=int, default=1_000_000)
    parser.add_argument("--frames_each", type=int, default=4_000)
    parser.add_argument("--peak", type=float, default=312, help="published bf16 peak of a GPU, TFLOP/s")
    parser.add_argument("--share", type=float, default=0.35, help="share of the peak that is reached, 0..1")
    parser.add_argument("--cores", type=int, default=8, help="cores beside each GPU")
    arguments = parser.parse_args(argv)
    frames = arguments.recordings * arguments.frames_each
    stored = frames * NUM_LANDMARKS * 2 * 4 / 1e9  # GB of float32 in the cache
    print("| work | MFLOP/frame | frames/s of a core | GPUs | GPUs alone | cores alone | reading | cost |")
    print("|---|---|---|---|---|---|---|---|")
    rates = measure_preparation(arguments.frames_each)
    for (work, mode), rate in zip(WORK.items(), rates, strict=True):
        operations = count_operations(Case(mode=mode))
        for count in COUNTS:
            gpu = frames * operations / (count * arguments.peak * 1e12 * arguments.share)
            cores = frames / (count * arguments.cores * rate)
            seconds = max(gpu, cores)
            row = (
                f"{operations / 1e6:.1f} | {rate:,.0f} | {count} | {gpu / 60:.1f} min | {cores / 60:.1f} min"
            )
            print(f"| {work} | {row} | {stored / seconds:.1f} GB/s | {count * seconds / 3600:.2f} p |")
    return 0


def measure_preparation(frames_each: int) -> tuple[float, float]:
    """Return the frames per second of CPU time that become batches, for encoding and for training."""
    config, recordings = Config().replace(num_workers=0), _make_recordings(frames_each)
    frames = sum(recording.num_frames for recording in recordings)
    processor, grid = PoseDataProcessor(config.data).fit(recordings[:2]), ChunkGrid.of(config)
    windowed = WindowedModel(None, grid, "cpu", 16_384)
    start = time.process_time()
    poses = [processor.transform_in_blocks(recording).pose for recording in recordings]
    for _ in windowed.batches(poses, [grid.cut(len(pose)) for pose in poses]):
        pass
    encoding = frames / (time.process_time() - start)
    loader = PoseDataLoader(config, sequences=recordings).train_loader()
    start = time.process_time()
    learned = sum(int(part.num_frames.sum()) for step in loader for part in step)
    return encoding, learned / (time.process_time() - start)


def _make_recordings(frames_each: int) -> list[PoseSequence]:
    landmarks = (*NAMES, *(f"POINT_{i}" for i in range(NUM_LANDMARKS - len(NAMES))))
    rng = np.random.default_rng(0)
    places = rng.normal(0, 1, (NUM_LANDMARKS, 2)) + 5
    return [
        PoseSequence.from_array(
            places + rng.normal(0, 0.1, (frames_each, NUM_LANDMARKS, 2)), landmarks, f"recording_{i}", 30
        )
        for i in range(PREPARED)
    ]


if __name__ == "__main__":
    sys.exit(main())
