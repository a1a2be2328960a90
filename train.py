"""Train HT-VAE on a folder of pose CSVs: ``python train.py --data_dir data/pose_csvs``.

``htvae train`` is the same.
"""

import sys
from collections.abc import Sequence

from htvae.cli.main import run_command
from htvae.cli.train import parse_train


def main(argv: Sequence[str] | None = None) -> int:
    """Train, and return the exit code."""
    return run_command(train, argv)


def train(argv: Sequence[str]) -> None:
    """Train with the settings of the flags and the settings file."""
    run = parse_train(argv, prog="python train.py")  # flag > --config FILE > configs/config.py > defaults

    from htvae.training.trainer import HTVAETrainer  # imported here so that --help does not load PyTorch

    trainer = HTVAETrainer(run.config, build_model=run.build_model)  # data, model, loss
    trainer.fit()  # writes checkpoints/best_model.pt, logs and tensorboard


if __name__ == "__main__":
    sys.exit(main())
