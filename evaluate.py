"""Score a trained HT-VAE: ``python evaluate.py --visualize --extract_latents``.

``htvae evaluate`` is the same, without the metrics that are added here. A metric of your own goes into
`get_metrics`.
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from htvae.cli.evaluate import parse_evaluate, run_evaluation
from htvae.cli.main import run_command

if TYPE_CHECKING:
    from htvae.evaluation.reconstruction import Metric


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate, and return the exit code."""
    return run_command(evaluate, argv)


def evaluate(argv: Sequence[str]) -> None:
    """Evaluate as the flags say; the checkpoint holds the settings with which recordings are read."""
    options, build_model = parse_evaluate(argv, prog="python evaluate.py")
    run_evaluation(options, get_metrics(), build_model)  # prints what it finds, and writes it to --output_dir


def get_metrics() -> dict[str, "Metric"]:
    """Return the metrics by the name they get in the tables.

    A metric is a function of the list of scored recordings: their poses, reconstructions and masks. Add yours
    as ``{**DEFAULT_METRICS, "worst_error": worst_error}``. It comes first in the printed table.
    """
    from htvae.evaluation.evaluator import DEFAULT_METRICS

    return {**DEFAULT_METRICS}


if __name__ == "__main__":
    sys.exit(main())
