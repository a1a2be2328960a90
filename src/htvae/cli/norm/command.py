"""``htvae norm fit`` and ``htvae norm score``."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.cli.norm.options import NormFitOptions, NormScoreOptions
from htvae.cli.options import InputOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.analysis.model import AnalysisModel
    from htvae.data.processing import ProcessedSequence
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)

_HELP = "  fit    Learn from controls what is usual.\n  score  Show where recordings differ from controls."


def norm(argv: Sequence[str]) -> None:
    """Fit a norm to controls, and show where others differ."""
    parser = argparse.ArgumentParser(
        prog="htvae norm",
        usage="htvae norm fit CONTROLS... [OPTIONS], or htvae norm score RECORDINGS... [OPTIONS]",
        description=f"{norm.__doc__}\n\n{_HELP}\n\nhtvae norm fit --help lists the options.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("fit", "score"), help=argparse.SUPPRESS)
    if parser.parse_args(argv[:1]).action == "fit":
        fit, build_model = parse_with_model(NormFitOptions, argv[1:], "htvae norm fit", positional=["inputs"])
        paths = run_fit(fit, build_model)
    else:
        score, build_model = parse_with_model(
            NormScoreOptions, argv[1:], "htvae norm score", positional=["inputs"]
        )
        paths = run_score(score, build_model)
    for path in paths:
        log.info("%s", path)


def run_fit(options: NormFitOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Fit a norm, print what it is worth, and return the files written."""
    from htvae.cli.norm.files import save_norm
    from htvae.cli.norm.report import describe_norm
    from htvae.cli.norm.tables import write_norm_tables

    model, controls = _open(options, build_model)
    fit = model.fit_norm(controls)
    paths = [save_norm(options.output_dir / "norm.npz", fit.norm), *write_norm_tables(options, fit)]
    print("\n".join(describe_norm(fit.norm)))
    return paths


def run_score(options: NormScoreOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Score recordings, print where they differ, and return the files written."""
    from htvae.cli.norm.files import load_norm
    from htvae.cli.norm.picture import draw_scores
    from htvae.cli.norm.report import describe_scores
    from htvae.cli.norm.tables import write_score_tables

    norm = load_norm(options.norm)
    model, recordings = _open(options, build_model)
    result = model.score_norm(recordings, norm)
    paths = write_score_tables(options, result)
    paths.append(draw_scores(model.processor, result, options.output_dir / "norm_scores.png"))
    print("\n".join(describe_scores(result)))
    return paths


def _open(
    options: InputOptions, build_model: "BuildModel | None"
) -> "tuple[AnalysisModel, list[ProcessedSequence]]":
    """Return the model, and the recordings in its coordinates."""
    from htvae.analysis.model import load
    from htvae.io.inputs import read_inputs

    model = load(options.checkpoint, options.device, build_model)
    model.config = model.config.replace(**options.reading.changes)
    found = read_inputs(options.inputs, model.config.data, options.experiments_dir / "cache")
    return model, [model.process(sequence) for sequence in found.sequences]
