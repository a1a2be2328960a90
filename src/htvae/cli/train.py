"""``htvae train`` and ``htvae train-prior``."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from htvae.cli.flags import field_docs
from htvae.cli.options import TrainOptions, TrainPriorOptions
from htvae.cli.parsing import parse_with_settings
from htvae.config import PriorConfig, setting_names
from htvae.config.files import ConfigFile

log = logging.getLogger(__name__)

OTHER_SETTINGS = ("seed", "device", "precision", "max_minutes", "resume", "data_dir", "experiments_dir")
"""Settings that train-prior takes beside those of the prior."""


def train(argv: Sequence[str]) -> None:
    """Train a model on a folder of recordings."""
    run = parse_train(argv)

    from htvae.training.trainer import HTVAETrainer

    HTVAETrainer(run.config, build_model=run.build_model).fit()


def parse_train(argv: Sequence[str], prog: str = "htvae train") -> ConfigFile:
    """Return the settings of a run, and ``build_model`` if the settings file defines it."""
    options, file = parse_with_settings(TrainOptions, argv, prog)
    for sentence in options.settings.idle_settings():
        log.warning(sentence)
    return replace(file, config=options.settings)


def train_prior(argv: Sequence[str]) -> None:
    """Fit a prior to an existing model, so that it can generate."""
    own = {*field_docs(PriorConfig), *OTHER_SETTINGS}
    options, file = parse_with_settings(
        TrainPriorOptions, argv, "htvae train-prior", without=set(setting_names()) - own
    )

    from htvae.training.prior import add_prior_to

    given = {name for name in own if any(flag.split("=")[0] == f"--{name}" for flag in argv)}
    add_prior_to(options.checkpoint, options.settings, "data_dir" in given, file.build_model)
