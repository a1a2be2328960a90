"""``htvae judge``."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.cli.judge.options import JudgeOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.analysis.model import AnalysisModel
    from htvae.data.processing import ProcessedSequence
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)


def judge(argv: Sequence[str]) -> None:
    """Say which label each recording looks like; doubtful labels first."""
    options, build_model = parse_with_model(JudgeOptions, argv, "htvae judge")
    for path in run_judge(options, build_model):
        log.info("%s", path)


def run_judge(options: JudgeOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Judge recordings, print the verdict, and return the files written."""
    from htvae.cli.analysis_files import open_recordings
    from htvae.cli.judge.files import write_judgement
    from htvae.cli.judge.report import describe_judgement

    model, recordings = open_recordings(options, build_model)
    reference = _open_reference(options, model)
    judgements = {
        what: model.judge(
            recordings, reference, what == "spans", num_rounds=options.num_rounds, seed=options.seed
        )
        for what in ("recordings", "spans")[: 1 + options.spans]
    }
    lines = [line for what, found in judgements.items() for line in describe_judgement(found, what)]
    paths = write_judgement(options, judgements, lines)
    print("\n".join(lines))
    return paths


def _open_reference(options: JudgeOptions, model: "AnalysisModel") -> "list[ProcessedSequence]":
    """Return the model's own recordings, of training and validation; none where they cannot be found."""
    from htvae.data.loader import PoseDataLoader

    own = Path(model.config.data.data_dir)
    folder = options.training_dir or (own if own.is_dir() else options.data_dir) or own
    config = model.config.replace(data_dir=str(folder), experiments_dir=str(options.experiments_dir))
    data = PoseDataLoader(config, processor=model.processor, splits=model.splits)
    reference = [p for split in ("train", "val") for p in data.processed(split)]
    if not reference:
        log.warning(
            "%s holds no recording that the model was trained on; --training_dir names others.", folder
        )
    return reference
