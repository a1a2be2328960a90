"""Compares the time of fitting the prior with the time of training the VAE, both with default settings.

    python benchmarks/prior_cost.py DIR    parsed recordings are kept in experiments/cache

- Steps of both take turns, so that other work on the machine slows both alike. The medians are multiplied by
  the steps of a whole run; those of the VAE do not grow here.
- Validation of both is left out, and so is encoding the recordings for the prior.
- The latents come from an untrained model, which does not change the speed.
"""

import argparse
import itertools
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from measure import training_step

from htvae.config import Config
from htvae.data.loader import PoseDataLoader
from htvae.inference.checkpoint import Checkpoint, build_model, hash_weights
from htvae.inference.model import TrainedModel
from htvae.training.loop import Loop
from htvae.training.machine import choose_precision
from htvae.training.prior import build_loop
from htvae.training.prior_data import PriorExamples, Vocabulary, collect_latents
from htvae.training.prior_task import PriorTask
from htvae.utils.interruption import EndRequest

STEPS = 12
"""Steps in a turn; the first does not count."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data_dir", help="folder of recordings")
    parser.add_argument("--turns", type=int, default=5, help="turns of each")
    arguments = parser.parse_args(argv)
    config = Config().replace(data_dir=arguments.data_dir, batch_growth=False)
    data = PoseDataLoader(config)
    model = _untrained(config, data)
    step = training_step(model.model.train().requires_grad_(), model.device)
    batches = itertools.chain.from_iterable(itertools.repeat(data.train_loader()))

    def step_vae() -> None:
        step([batch.to(model.device) for batch in next(batches)])

    with tempfile.TemporaryDirectory() as folder:
        loop = _start_prior(config, data, model, Path(folder))
        turns = [(_time(step_vae), _time(loop.take_step)) for _ in range(arguments.turns)]
    vae, prior = (
        statistics.median(itertools.chain.from_iterable(times)) for times in zip(*turns, strict=True)
    )
    num_steps, prior_steps = data.num_epochs * data.steps_per_epoch, config.prior.prior_steps
    print(f"VAE: {num_steps:,} steps of {vae:.3f} s; prior: {prior_steps:,} steps of {prior:.3f} s")
    ratios = [statistics.median(p) * prior_steps / (statistics.median(v) * num_steps) for v, p in turns]
    print("turn by turn: " + ", ".join(f"{ratio:.3f}" for ratio in ratios))
    print(f"time of the prior over time of the VAE: {prior * prior_steps / (vae * num_steps):.3f}")
    return 0


def _untrained(config: Config, data: PoseDataLoader) -> TrainedModel:
    state = build_model(config, data.processor).state_dict()
    checkpoint = Checkpoint(
        state=state, config=config, processor=data.processor, splits=data.splits, figures={}
    )
    return TrainedModel(checkpoint, config.training.device)


def _start_prior(config: Config, data: PoseDataLoader, model: TrainedModel, folder: Path) -> Loop:
    train = data.processed("train")
    vocabulary = Vocabulary.of(train)
    latents = collect_latents(model, train, vocabulary, config.training.seed)
    task = PriorTask(
        config.prior,
        PriorExamples(latents, None, vocabulary, math.inf, 0.0, (), int(latents.num_chunks.sum())),
        hash_weights(model.model.state_dict()),
        config.training.seed,
        model.device,
        choose_precision(config.training.precision, model.device),
    )
    return build_loop(task, folder, EndRequest())


def _time(step: Callable[[], None]) -> list[float]:
    """Return the seconds of each step of a turn."""
    moments = []
    for _ in range(STEPS + 1):
        step()
        moments.append(time.perf_counter())
    return [stop - start for start, stop in itertools.pairwise(moments)]


if __name__ == "__main__":
    sys.exit(main())
