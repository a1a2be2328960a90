"""``htvae report``."""

import logging
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.cli.parsing import parse_with_model
from htvae.cli.report.options import ReportOptions

if TYPE_CHECKING:
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)


def report(argv: Sequence[str]) -> None:
    """Write one HTML file that shows recordings, and what a model finds in them."""
    options, build_model = parse_with_model(ReportOptions, argv, "htvae report")
    print(make_report(options, build_model, shlex.join(["htvae", "report", *argv])))


def make_report(
    options: ReportOptions, build_model: "BuildModel | None" = None, command: str = "htvae report"
) -> Path:
    """Write the report and return its path.

    Args:
        options: model, recordings, file.
        build_model: function that builds the user's own architecture. None: the model has the default one.
        command: command that the report names.

    Raises:
        FileNotFoundError: the checkpoint or a folder does not exist.
        ValueError: files are faulty, a recording is unknown, or groups cannot be compared.
    """
    from htvae.app.collect.anonymise import anonymise
    from htvae.app.collect.report import ReportRequest
    from htvae.app.writing import describe_making, write_report
    from htvae.cli.analysis_files import open_recordings
    from htvae.cli.motifs.files import load_segmenter
    from htvae.cli.report.choosing import choose_recordings, find_evaluation, name_folder

    model, recordings = open_recordings(options, build_model)
    folder = Path(options.data_dir or model.config.data.data_dir)
    recordings, notes = choose_recordings(recordings, options.recordings)
    scored = find_evaluation(options)
    if options.anonymise:
        recordings = anonymise(recordings, options.seed, options.by)
        notes.append("Names are pseudonyms, and columns of manifest.csv are left out.")
    request = ReportRequest(
        title=options.title or ("Report" if options.anonymise else name_folder(folder)),
        by=options.by,
        motifs=None if options.motifs is None else load_segmenter(options.motifs, model).named,
        scored=scored,
        max_mb=options.max_mb,
        seed=options.seed,
        made=describe_making(
            "htvae report --anonymise ..." if options.anonymise else command,
            None if options.anonymise else options.seed,
        ),
        lines=[] if options.anonymise else [f"Model: {options.checkpoint}", f"Recordings: {folder}"],
        notes=notes,
    )
    found = write_report(model, recordings, request, options.output, options.experiments_dir / "cache")
    for note in found.payload["notes"]:
        log.info("%s", note)
    log.info("%s: %s", found.payload["verdict"]["headline"], found.payload["verdict"]["sentence"])
    return options.output
