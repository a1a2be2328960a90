"""Score a trained HT-VAE: ``python evaluate.py --visualize --extract_latents``.

``htvae evaluate`` is the same, without the metrics that are added here. A metric of your own goes into
`get_metrics`.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from htvae.cli.evaluate import parse_evaluate
from htvae.cli.main import run_command
from htvae.config.files import load_config_file

if TYPE_CHECKING:
    from htvae.evaluation.reconstruction import Metric


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate, and return the exit code."""
    return run_command(evaluate, argv)


def evaluate(argv: Sequence[str]) -> None:
    """Evaluate as the flags say; how recordings are read is taken from the checkpoint."""
    options = parse_evaluate(argv, prog="python evaluate.py")

    from htvae.evaluation import evaluator  # here, so that --help does not wait for PyTorch

    build_model = load_config_file(options.config).build_model  # the user's own architecture, if any
    evaluator.evaluate(options, get_metrics(), build_model)  # writes what it finds to --output_dir


def get_metrics() -> dict[str, "Metric"]:
    """Return the metrics by the name they get in the tables.

    A metric is a function of the list of scored recordings: their poses, reconstructions and masks. Add yours
    as ``{**DEFAULT_METRICS, "worst_error": worst_error}``.
    """
    from htvae.evaluation.evaluator import DEFAULT_METRICS

    return {**DEFAULT_METRICS}


if __name__ == "__main__":
    sys.exit(main())
