"""Shows where the time of a default run goes, and how much of the machine's matrix peak it uses.

    python benchmarks/utilisation.py DIR [--steps 200] [--num_workers N] [--preset large] [--growth 4]

- `htvae train` itself runs, with its defaults or a preset, in a folder of its own, and is stopped after
  --steps steps; on a GPU it is compiled. --growth 1, 2 and 4 take the steps of one part of it from the start
  to the end; without, steps grow as in any run. Its parts are timed; the first steps do not count. On a GPU,
  each part waits until the device has finished.
- Validation, and what is saved with it, are shared out over the steps of the default interval.
- The share of the matrix peak counts the products of the model's passes over the batches of the run, backward
  twice as often as forward, and neither Muon's nor those of validation; see `measure.py`. The peak is the
  median of measurements between steps, whose time does not count: machines are faster in some minutes.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from measure import counting_operations, measure_matrix_rate, wait

from htvae.config import Config
from htvae.config.files import load_config_file
from htvae.data import batching
from htvae.training.loop import Callback, Loop
from htvae.training.trainer import HTVAETrainer

CONFIG = Path(__file__).parents[1] / "configs" / "config.py"
WARM_UP = 3
"""Steps at the start that do not count."""
COUNTED = 5
"""Steps at the end whose operations are counted."""
PEAK_INTERVAL = 10
"""Steps from one measurement of the matrix peak to the next."""
AT_VALIDATION = ("validation", "saving")


class Stopwatch:
    """Adds up the time of named parts; the time of a part that runs inside another counts there alone."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inside: list[float] = []

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, timed."""

        def timed(*given: Any, **named: Any) -> Any:
            start = time.perf_counter()
            self._inside.append(0.0)
            try:
                return function(*given, **named)
            finally:
                wait(self.device)
                whole = time.perf_counter() - start
                self.seconds[name] += whole - self._inside.pop()
                if self._inside:
                    self._inside[-1] += whole

        return timed


class Watch(Callback):
    """Times the parts of a run, and stops it.

    Args:
        steps: optimiser steps to time.
    """

    def __init__(self, steps: int) -> None:
        self.last = WARM_UP + steps
        self.watch = Stopwatch()
        self.started = time.perf_counter()
        self.start_up = self.seconds = self.aside = 0.0
        self.before: dict[str, float] = {}
        self.validations = 0
        self.found: dict[str, float] = {}
        """Seconds of each part, and of validations before the first steps as well."""
        self.batches: deque[Any] = deque(maxlen=COUNTED)
        self.frames = 0
        self.peaks: list[float] = []
        """Operations per second of matrix products, measured between steps."""

    def on_train_start(self, loop: Loop) -> None:
        """Wrap the parts."""
        self.start_up = time.perf_counter() - self.started
        self.watch.device = loop.task.device
        parts = {
            "loader": (loop.task, "draw"),
            "passes": (loop.task, "compute_gradients"),
            "optimiser": (loop.optimizer, "step"),
            "averaging": (loop.averaged, "catch_up"),
            "logging": (loop, "_note"),
            "validation": (loop, "validate"),
            "saving": (loop, "save"),
        }
        for name, (owner, attribute) in parts.items():
            setattr(owner, attribute, self.watch.wrap(name, getattr(owner, attribute)))
        loop._save_best = self.watch.wrap("saving", loop._save_best)  # type: ignore[method-assign]

    def on_step_start(self, loop: Loop, batch: Any) -> None:
        """Keep the last batches."""
        self.batches.append(batch)

    def on_step_end(self, loop: Loop) -> None:
        """Begin to count after the first steps, and stop when all are taken."""
        if loop.step == WARM_UP:
            self.before = {name: self.watch.seconds[name] for name in AT_VALIDATION}
            self.watch.seconds.clear()
            self.started, self.frames = time.perf_counter(), loop.task.done
        elif loop.step == self.last:
            self.found = dict(self.watch.seconds)
            between = sum(self.found.get(name, 0.0) for name in AT_VALIDATION)
            self.seconds = time.perf_counter() - self.started - between - self.aside
            self.found |= {n: self.found.get(n, 0.0) + seconds for n, seconds in self.before.items()}
            self.frames = loop.task.done - self.frames
            loop.pause.seconds = 0.0
        if WARM_UP < loop.step <= self.last and loop.step % PEAK_INTERVAL == 0:
            start = time.perf_counter()
            self.peaks.append(measure_matrix_rate(loop.task.device, loop.task.precision))
            self.aside += time.perf_counter() - start

    def on_validation_end(self, loop: Loop) -> None:
        """Count."""
        self.validations += not self.found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data_dir", help="folder of recordings")
    parser.add_argument("--steps", type=int, default=200, help="optimiser steps to time")
    parser.add_argument(
        "--num_workers", type=int, default=Config().data.num_workers, help="as for `htvae train`"
    )
    parser.add_argument("--preset", default="get_config", help="preset of configs/config.py")
    parser.add_argument("--growth", type=int, choices=[1, 2, 4], help="times the first steps")
    arguments = parser.parse_args(argv)
    if arguments.growth is not None:
        batching.GROWTH = ((0, arguments.growth),)
    with tempfile.TemporaryDirectory() as folder:
        config = load_config_file(CONFIG, arguments.preset).config.replace(
            data_dir=arguments.data_dir,
            experiments_dir=folder,
            num_workers=arguments.num_workers,
            prior_steps=0,
            compile_model=torch.cuda.is_available(),  # on a CPU it takes longer than what is measured
        )
        watch, loops = Watch(arguments.steps), Keep()
        with _timed_clipping(watch.watch):
            HTVAETrainer(config, callbacks=[loops, watch]).fit()
    if not watch.found:
        raise SystemExit(f"The run must have {watch.last} steps, but has fewer. Give a smaller --steps.")
    _show(watch, loops.loop)
    return 0


class Keep(Callback):
    """Keeps the loop of a run."""

    loop: Any

    def on_train_start(self, loop: Loop) -> None:
        """Keep it."""
        self.loop = loop


@contextmanager
def _timed_clipping(watch: Stopwatch) -> Iterator[None]:
    clip = torch.nn.utils.clip_grad_norm_
    torch.nn.utils.clip_grad_norm_ = watch.wrap("clipping", clip)
    try:
        yield
    finally:
        torch.nn.utils.clip_grad_norm_ = clip


def _show(watch: Watch, loop: Any) -> None:
    """Print the table in Markdown, and the share of the matrix peak."""
    matrix_rate = statistics.median(
        watch.peaks or [measure_matrix_rate(loop.task.device, loop.task.precision)]
    )
    steps, interval = watch.last - WARM_UP, loop.settings.validation_interval
    each = {name: seconds / steps for name, seconds in watch.found.items() if name not in AT_VALIDATION}
    each["rest (guards, progress, learning rate)"] = watch.seconds / steps - sum(each.values())
    for name in AT_VALIDATION:
        each[name] = watch.found[name] / max(watch.validations, 1) / interval
    total = sum(each.values())
    print(f"\n{steps} steps; start-up {watch.start_up:.1f} s; a validation every {interval} steps\n")
    print("| part | ms per step | share |\n|---|---|---|")
    for name, seconds in sorted(each.items(), key=lambda item: -item[1]):
        print(f"| {name} | {1000 * seconds:.1f} | {seconds / total:.1%} |")
    given = [part for batch in watch.batches for part in batch]
    counted = sum(int(part.num_frames.sum()) for part in given)
    frames = watch.frames / steps
    operations = _count_operations(loop.model, given) / counted * frames
    print(
        f"\n{frames:,.0f} frames and {operations / 1e9:.0f} GFLOP a step, "
        f"{operations / frames / 1e6:.1f} MFLOP a frame"
    )
    print(f"{frames / total:,.0f} frames/s; matrix peak {matrix_rate / 1e9:,.0f} GFLOP/s")
    print(
        f"share of the matrix peak {operations / total / matrix_rate:.1%}, in the passes alone "
        f"{operations / each['passes'] / matrix_rate:.1%}"
    )
    print(f"step time with the loader over step time without: {total / (total - each['loader']):.3f}")


def _count_operations(model: Any, batches: Sequence[Any]) -> float:
    """Return the operations of the passes over batches."""
    model = model.to("cpu").train()
    with counting_operations() as counter:
        for part in batches:
            part = part.to("cpu")
            model(part.pose, part.observed, part.num_frames, part.seeds)
    return 3 * counter.get_total_flops()


if __name__ == "__main__":
    sys.exit(main())
