"""``htvae motifs``: what recurs in recordings, and when."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.cli.motifs.options import MotifsOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.analysis.model import AnalysisModel
    from htvae.cli.motifs.findings import Findings
    from htvae.data.processing import ProcessedSequence
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)


def motifs(argv: Sequence[str]) -> None:
    """Find movements that recur, when, and for how long."""
    options, build_model = parse_with_model(MotifsOptions, argv, "htvae motifs")
    for path in run_motifs(options, build_model):
        log.info("%s", path)


def run_motifs(options: MotifsOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Fit motifs or find earlier ones again, print what they are, and return the files written."""
    from htvae.cli.analysis_files import open_lazily

    _check_folder(options.output_dir)
    return analyse_motifs(options, *open_lazily(options, build_model))


def analyse_motifs(
    options: MotifsOptions, model: "AnalysisModel", recordings: "Sequence[ProcessedSequence]"
) -> list[Path]:
    """Do the same for recordings that are open; whoever makes them when asked for saves memory."""
    from htvae.cli.motifs.clips import draw_clips
    from htvae.cli.motifs.findings import find_all
    from htvae.cli.motifs.report import describe

    found = find_all(options, model, recordings)
    paths = _write(options, model, found)
    for line in describe(found):
        print(line)
    return [*paths, *draw_clips(model, recordings, found.motifs, found.names, options.output_dir / "clips")]


def _write(options: MotifsOptions, model: "AnalysisModel", found: "Findings") -> list[Path]:
    """Write tables, the fitted motifs, the summary and the picture, and return the paths."""
    from htvae.cli.analysis_files import write_json
    from htvae.cli.motifs import files
    from htvae.cli.motifs.activity_tables import write_activities
    from htvae.cli.motifs.intervals import write_intervals
    from htvae.cli.motifs.report import summarise
    from htvae.cli.motifs.tables import write_tables

    folder, motifs, activities = options.output_dir, found.motifs, found.activities
    tables = found.places, found.names, found.reliability
    paths = write_tables(folder, motifs, *tables, options.save_frames)
    tiers = {"motif": [(bout, found.names[bout.motif]) for bout in motifs.bouts]}
    if activities is not None and found.activity_reliability is not None:
        paths += write_activities(folder, activities, motifs, found.places, found.activity_reliability)
        ids = files.activity_ids(len(activities.model))
        tiers["activity"] = [(bout, ids[bout.motif]) for bout in activities.bouts]
    paths += write_intervals(folder, options.intervals, tiers, found.places)
    fitted = None if activities is None else activities.model
    return [
        *paths,
        files.save_segmenter(folder / files.MODEL_FILE, motifs, fitted, model),
        write_json(folder / "motifs.json", options, summarise(found)),
        _draw(found, folder / "motifs.png"),
    ]


def _draw(found: "Findings", path: Path) -> Path:
    from htvae.cli.motifs.report import join_costs
    from htvae.plots.motifs import draw_motifs

    motifs, activities = found.motifs, found.activities
    return draw_motifs(
        [one.labels for one in motifs.segmentations],
        [p.record.fps for p in found.places],
        [p.name for p in found.places],
        found.names,
        motifs.transitions(),
        join_costs(motifs),
        path,
        None if activities is None else [one.labels for one in activities.segmentations],
    )


def _check_folder(folder: Path) -> None:
    """Raise FileExistsError where a user's names and merges would be overwritten."""
    from htvae.cli.motifs.files import TABLE, is_edited

    if is_edited(folder / TABLE):
        raise FileExistsError(
            f"{folder / TABLE} must not be overwritten, because motifs were renamed or merged in it. "
            f"Use them with --apply {folder} and another --output_dir."
        )
