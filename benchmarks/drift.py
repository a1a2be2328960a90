"""Measures how generated motion changes with time, up to minute 36 of what the prior draws.

    python benchmarks/drift.py CHECKPOINT DIR    32 sequences of 65,536 frames; DIR: the model's recordings
    python benchmarks/drift.py CHECKPOINT DIR --num_frames 8192 --num_sequences 16

- Sequences are drawn as `htvae generate` draws them where nothing is asked for. Measured are the 256 frames
  before frame 256, 512, 1,024, ... of each: all rows show the same sequences, ever later.
- **distance**: Frechet excess of windows of 128 frames over training recordings, as `htvae evaluate` has it
  (``frechet_prior_sample_train``), in sets of one size for all rows. 0: as near as training to itself.
- **speed**: mean speed of landmarks around the body's centre over training's. **still**: share of frames
  that are slower than the slowest tenth of training's.
- **bones**: length over training's, mean over bones. **bone spread**: standard deviation of lengths within a
  window over their mean, over training's. **body**: mean absolute logarithm of bone lengths over those of
  the sequence's first window. In two dimensions lengths are the picture's, and change with the view.
- Errors are those of the jackknife over batches of sequences. Held-out recordings (validation and test)
  stand beside, measured in the same way.
- Cost: one sequence of each length in a process of its own: time of a core, and peak memory (Linux only).
- Finished batches are kept beside the output until the end, so that a run may be interrupted.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import torch
from drift_figures import Real, measure_drift
from drift_show import describe, draw_picture, render_table
from kept_cells import describe_machine, find_commit, run_command, write_result

import htvae
from htvae.data.loader import PoseDataLoader
from htvae.evaluation.motion_sets import draw_from_prior
from htvae.evaluation.plans import NO_NAME, Wanted
from htvae.generation.sampler import MotionSampler
from htvae.inference.windows import PoseJoin
from htvae.models.prior import Latents
from htvae.utils.files import atomic_write
from htvae.utils.progress import track

RESULTS = Path(__file__).parent / "results"
IMAGES = Path(__file__).parents[1] / "docs/images"
WINDOW = 256
"""Frames that are measured before each place; the first place is the end of the first of them."""
BATCH = 4
"""Sequences drawn together."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    arguments = parse(argv)
    if arguments.alone:
        print(json.dumps(measure_alone(arguments.checkpoint, arguments.alone)))
        return 0
    return run_command(partial(run, arguments), arguments.output.with_suffix(".partial.npz"))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    add = parser.add_argument
    add("checkpoint", type=Path, help="best_model.pt, with a prior")
    add("data_dir", type=Path, help="folder of the recordings that it was trained on")
    add("--num_frames", type=int, default=65_536, help="length of each sequence")
    add(
        "--num_sequences",
        type=int,
        default=32,
        help=f"rounded up to a multiple of {BATCH}, {2 * BATCH} at least",
    )
    add("--output", type=Path, help="default: benchmarks/results/drift_NAME.json, NAME the folder's")
    add("--trained_at", help="commit of the code that trained the model, where it is known")
    add("--alone", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    name = arguments.data_dir.resolve().name
    arguments.picture = (
        arguments.output.with_suffix(".png") if arguments.output else IMAGES / f"drift_{name}.png"
    )
    arguments.output = arguments.output or RESULTS / f"drift_{name}.json"
    arguments.num_batches = max(2, -(-arguments.num_sequences // BATCH))
    return arguments


def list_ends(num_frames: int) -> list[int]:
    """Return the frames before which motion is measured: `WINDOW`, and its doubles up to a length.

    Raises:
        ValueError: there are fewer than two.
    """
    ends = [WINDOW << k for k in range(num_frames.bit_length()) if WINDOW << k <= num_frames]
    if len(ends) < 2:
        raise ValueError(f"num_frames must be at least {2 * WINDOW}, but got {num_frames}.")
    return ends


def run(arguments: argparse.Namespace) -> None:
    """Draw, measure, and write table, figures and picture."""
    ends = list_ends(arguments.num_frames)
    model = htvae.load(arguments.checkpoint)
    if not model.has_prior:
        raise ValueError(
            f"{arguments.checkpoint} must have a prior, but has none. "
            "Add one: htvae train-prior --checkpoint FILE."
        )
    real = read_real(model, arguments.data_dir)
    kept = arguments.output.with_suffix(".partial.npz")
    windows = draw_batches(model, ends, arguments, kept)
    measured = measure_drift(windows.swapaxes(0, 1), BATCH, real)
    result = {
        "question": "drift",
        "recordings": arguments.data_dir.resolve().name,
        "command": [describe_command(arguments)],
        "commit": find_commit(),
        "date": date.today().isoformat(),
        "machine": describe_machine(),
        "num_sequences": len(windows),
        "num_frames": arguments.num_frames,
        "window": WINDOW,
        "fps": model.processor.fps,
        "training": describe_training(model),
        "trained_at": arguments.trained_at,
        "ends": ends,
        **measured,
        "costs": measure_costs(arguments, ends),
    }
    write_result(result, arguments.output)
    draw_picture(result, arguments.picture)
    kept.unlink()
    print(f"\n{describe(result)}\n\n{render_table(result)}\n")
    print(f"Figures: {arguments.output}; picture: {arguments.picture}")


def describe_command(arguments: argparse.Namespace) -> str:
    """Return the command, with names of files and folders in place of their paths."""
    names = f"{arguments.checkpoint.name} {arguments.data_dir.resolve().name}"
    sizes = f"--num_frames {arguments.num_frames} --num_sequences {arguments.num_batches * BATCH}"
    return f"python benchmarks/drift.py {names} {sizes}"


def describe_training(model: MotionSampler) -> str:
    """Return how long model and prior were trained at most, in words."""
    training, prior = model.config.training, model.config.prior
    length = (
        f"{training.num_frames:,} frames" if training.num_epochs is None else f"{training.num_epochs} epochs"
    )
    return f"{length} of training, {prior.prior_steps:,} steps of the prior"


def read_real(model: MotionSampler, folder: Path) -> Real:
    """Return what motion is compared with: the recordings of a folder, dealt as in training."""
    with tempfile.TemporaryDirectory() as cache:
        config = model.config.replace(data_dir=str(folder), experiments_dir=cache)
        data = PoseDataLoader(config, processor=model.processor, splits=model.splits)
        training = data.processed("train")
        held_out = [*data.processed("val"), *data.processed("test")]
        fallback = np.asarray(model.processor.pose_mean, np.float32)[: len(model.processor.landmarks)]
        return Real.of(training, held_out, fallback, model.processor.edges, WINDOW)


@torch.no_grad()
def draw_batches(
    model: MotionSampler, ends: Sequence[int], arguments: argparse.Namespace, kept: Path
) -> np.ndarray:
    """Return the windows (n, P, W, L, D) before each end of sequences from the prior, torso lengths.

    Each batch has a seed of its own. Finished batches are written to ``kept``, and read from there.
    """
    model_hash = hashlib.sha256(arguments.checkpoint.read_bytes()).hexdigest()
    key = f"{model_hash} {arguments.num_frames} {WINDOW} {BATCH}"
    batches = read_kept(kept, key)
    draw = draw_from_prior(model, with_label=False, with_chunk_labels=False)
    wanted = Wanted(arguments.num_frames, None, np.full(arguments.num_frames, NO_NAME))
    for seed in track("Generating", range(len(batches), arguments.num_batches)):
        latents = draw([wanted] * BATCH, seed)
        batches.append(decode_before(model, latents, ends, arguments.num_frames))
        with atomic_write(kept) as temporary:
            np.savez(temporary, key=key, batches=np.stack(batches))
    return np.concatenate(batches[: arguments.num_batches])


def read_kept(kept: Path, key: str) -> list[np.ndarray]:
    """Return the batches that an interrupted run of the same model and lengths left."""
    if not kept.exists():
        return []
    with np.load(kept, allow_pickle=False) as found:
        if str(found["key"]) != key:
            raise ValueError(
                f"{kept} must be of this model and length, but is of others. Remove or rename it."
            )
        batches = list(found["batches"])
    print(f"{len(batches) * BATCH} sequences are in {kept}.", flush=True)
    return batches


def decode_before(model: MotionSampler, latents: Latents, ends: Sequence[int], num_frames: int) -> np.ndarray:
    """Return the windows (n, P, W, L, D) before each end, as `MotionSampler.decode_all` has them.

    Only the model's windows that hold them are decoded.
    """
    cuts = model.grid.cut(num_frames)
    needed = [i for i, cut in enumerate(cuts) if any(cut.start < e and cut.stop > e - WINDOW for e in ends)]
    lengths = [cuts[i].num_frames for i in needed]
    found = []
    for sequence, chunks in zip(*latents, strict=True):
        given = [[(sequence, chunks[slice(*cuts[i].chunks)])] for i in needed]
        joined = PoseJoin(cuts)
        for i, pose in zip(needed, model.windowed.decode(given, lengths), strict=True):
            joined.add(i, pose)
        found.append(np.stack([joined.pose[e - WINDOW : e, : len(model.processor.landmarks)] for e in ends]))
    return np.stack(found)


def measure_costs(arguments: argparse.Namespace, lengths: Sequence[int]) -> list[dict[str, float]]:
    """Return what drawing one sequence of each length costs, each in a process of its own."""
    found = []
    for length in track("Timing", lengths):
        command = [sys.executable, __file__, str(arguments.checkpoint), str(arguments.data_dir)]
        answer = subprocess.run(
            [*command, "--alone", str(length)], stdout=subprocess.PIPE, text=True, check=True
        )
        found.append(json.loads(answer.stdout.splitlines()[-1]))
    return found


def measure_alone(checkpoint: Path, num_frames: int) -> dict[str, float]:
    """Return the time of a core (s) and the memory (MiB) of drawing one sequence with one thread.

    ``loaded_mib`` is the greatest memory before, ``peak_mib`` the greatest of all.
    """
    torch.set_num_threads(1)
    model = htvae.load(checkpoint, "cpu")
    model.generate(model.grid.chunk_size)  # what is done at the first call alone
    loaded, begun = _peak_mib(), time.process_time()
    model.generate(num_frames)
    return {"core_seconds": time.process_time() - begun, "loaded_mib": loaded, "peak_mib": _peak_mib()}


def _peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 2**10 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.exit(main())
