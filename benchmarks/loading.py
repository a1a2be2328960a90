"""Measures how much longer training takes because of loading.

    python benchmarks/loading.py DIR [--num_workers N]    parsed recordings are kept in experiments/cache

Each step first waits for its batches, then trains on them. The ratio is the time of both over the time of
training alone.
"""

import argparse
import itertools
import statistics
import sys
import time
from collections.abc import Sequence

from measure import training_step

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.inference.checkpoint import build_model
from htvae.utils.device import choose_device

MAX_STEPS = 60
WARM_UP = 3
"""Steps at the start that do not count."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data_dir", help="folder of recordings")
    parser.add_argument("--num_workers", type=int, default=0, help="as for `htvae train`")
    config = Config().replace(**vars(parser.parse_args(argv)))
    data = PoseDataLoader(config)
    device = choose_device(config.training.device)
    step = training_step(build_model(config, data.processor).to(device), device)
    waits, steps = [], []
    start = time.perf_counter()
    loader = data.train_loader()  # each pass is the next epoch
    steps_of_epochs = itertools.chain.from_iterable(itertools.repeat(loader))
    for number, batches in zip(range(MAX_STEPS), steps_of_epochs, strict=False):
        loaded = time.perf_counter()
        step([batch.to(device) for batch in batches])
        trained = time.perf_counter()
        if number >= WARM_UP:
            waits.append(loaded - start)
            steps.append(trained - loaded)
        start = trained
    wait, work = sum(waits), sum(steps)
    print(
        f"{len(steps)} steps: waiting {statistics.median(waits):.4f} s, step {statistics.median(steps):.3f} s"
    )
    print(f"step time with the loader over step time without: {(wait + work) / work:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
