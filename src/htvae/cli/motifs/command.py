"""``htvae motifs``: what recurs in recordings, and when."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from htvae.cli.motifs.options import MotifsOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.analysis.model import AnalysisModel
    from htvae.analysis.motifs.activities import Activities
    from htvae.analysis.motifs.motifs import Motifs
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
    from htvae.analysis.motifs.reliability import measure_reliability
    from htvae.analysis.motifs.stability import measure_stability
    from htvae.cli.analysis_files import write_json
    from htvae.cli.motifs import files
    from htvae.cli.motifs.activity_tables import write_activities
    from htvae.cli.motifs.clips import draw_clips
    from htvae.cli.motifs.intervals import write_intervals
    from htvae.cli.motifs.report import describe, summarise
    from htvae.cli.motifs.tables import write_tables
    from htvae.data.lazy import without_poses

    found, names, activities = _find(options, model, recordings)
    stability = None
    if options.stability and options.apply is None:
        stability = measure_stability(model, recordings, found, options.bout_seconds, options.seed)
    folder, places = options.output_dir, without_poses(recordings)
    size = found.num_motifs, found.fps, places, options.seed
    reliability = measure_reliability(found.segmentations, *size)
    paths = write_tables(folder, found, places, names, reliability, options.save_frames)
    own = model_of_activities = None
    tiers = {"motif": [(bout, names[bout.motif]) for bout in found.bouts]}
    if activities is not None:
        model_of_activities, count = activities.model, len(activities.model)
        own = measure_reliability(activities.segmentations, count, *size[1:])
        paths += write_activities(folder, activities, found, places, own)
        tiers["activity"] = [(b, files.activity_ids(count)[b.motif]) for b in activities.bouts]
    paths += write_intervals(folder, options.intervals, tiers, places)
    paths.append(files.save_segmenter(folder / files.MODEL_FILE, found, model_of_activities, model))
    content = summarise(found, names, activities, stability, reliability)
    paths.append(write_json(folder / "motifs.json", options, content))
    paths.append(_draw(found, activities, places, names, folder / "motifs.png"))
    for line in describe(found, activities, stability, reliability, own):
        print(line)
    return [*paths, *draw_clips(model, recordings, found, names, folder / "clips")]


def _find(
    options: MotifsOptions, model: "AnalysisModel", recordings: "Sequence[ProcessedSequence]"
) -> "tuple[Motifs, list[str], Activities | None]":
    """Return the motifs, their names, and activities where they are asked for."""
    from htvae.analysis.motifs.activities import apply_activities, find_activities
    from htvae.analysis.motifs.motifs import apply_motifs
    from htvae.cli.motifs.files import load_segmenter, motif_ids

    if options.apply is not None:
        saved = load_segmenter(options.apply, model)
        found = apply_motifs(model, recordings, saved.segmenter, saved.kind)
        known = saved.activities
        return found, saved.names, None if known is None else apply_activities(found, known)
    found = model.find_motifs(
        recordings,
        num_motifs=options.num_motifs,
        bout_seconds=options.bout_seconds,
        kind=options.features,
        seed=options.seed,
    )
    activities = None
    if options.num_activities:
        activities = find_activities(found, options.num_activities, options.activity_seconds, options.seed)
    return found, motif_ids(found.num_motifs), activities


def _draw(
    motifs: "Motifs",
    activities: "Activities | None",
    recordings: "Sequence[ProcessedSequence]",
    names: Sequence[str],
    path: Path,
) -> Path:
    from htvae.cli.motifs.report import join_costs
    from htvae.plots.motifs import draw_motifs

    return draw_motifs(
        [one.labels for one in motifs.segmentations],
        [p.record.fps for p in recordings],
        [p.name for p in recordings],
        names,
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
