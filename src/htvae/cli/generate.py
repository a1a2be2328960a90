"""``htvae generate``, ``continue``, ``complete``, ``interpolate`` and ``edit``."""

import logging
from collections.abc import Sequence

from htvae.cli.motion_options import (
    CompleteOptions,
    ContinueOptions,
    EditOptions,
    GenerateOptions,
    InterpolateOptions,
)
from htvae.cli.options import ModelOptions
from htvae.cli.parsing import parse_with_model

log = logging.getLogger(__name__)


def generate(argv: Sequence[str]) -> None:
    """Draw new motion."""
    _write_motion(GenerateOptions, argv, "generate")


def continue_(argv: Sequence[str]) -> None:
    """Continue a recording after its last frame."""
    _write_motion(ContinueOptions, argv, "continue", ["recording"])


def complete(argv: Sequence[str]) -> None:
    """Fill in a recording's missing landmarks and gaps."""
    _write_motion(CompleteOptions, argv, "complete", ["recording"])


def interpolate(argv: Sequence[str]) -> None:
    """Change step by step from one recording into another."""
    _write_motion(InterpolateOptions, argv, "interpolate", ["first", "second"])


def edit(argv: Sequence[str]) -> None:
    """Move a recording towards a label or another's style."""
    _write_motion(EditOptions, argv, "edit", ["recording"])


def _write_motion(
    options: type[ModelOptions], argv: Sequence[str], name: str, positional: Sequence[str] = ()
) -> None:
    """Run one of the generating commands and log the files that it wrote."""
    parsed, build_model = parse_with_model(options, argv, f"htvae {name}", positional=positional)

    from htvae.cli import motion

    run = getattr(motion, "continue_" if name == "continue" else name)
    for path in run(parsed, build_model):
        log.info("%s", path)
