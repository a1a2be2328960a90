"""``htvae motifs``: what recurs in recordings, and when."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from htvae.cli.motifs.options import MotifsOptions
from htvae.cli.parsing import parse_with_model

if TYPE_CHECKING:
    from htvae.analysis.model import AnalysisModel
    from htvae.analysis.motifs.motifs import Motifs, Stability
    from htvae.data.processing import ProcessedSequence
    from htvae.inference.checkpoint import BuildModel

log = logging.getLogger(__name__)

CLIP_PANELS = 4
"""Most clips of a motif's GIF."""


def motifs(argv: Sequence[str]) -> None:
    """Find movements that recur, when, and for how long."""
    options, build_model = parse_with_model(MotifsOptions, argv, "htvae motifs")
    for path in run_motifs(options, build_model):
        log.info("%s", path)


def run_motifs(options: MotifsOptions, build_model: "BuildModel | None" = None) -> list[Path]:
    """Fit motifs or find earlier ones again, print what they are, and return the files written."""
    from htvae.analysis.motifs.motifs import measure_stability
    from htvae.cli.analysis_files import open_recordings, write_json
    from htvae.cli.motifs import files
    from htvae.cli.motifs.tables import write_tables
    from htvae.plots.motifs import draw_motifs

    _check_folder(options.output_dir)
    model, recordings = open_recordings(options, build_model)
    result, names = _find(options, model, recordings)
    stability = None
    if options.stability and options.apply is None:
        stability = measure_stability(model, recordings, result, options.bout_seconds, options.seed)
    folder = options.output_dir
    paths = write_tables(folder, result, recordings, names, options.save_frames)
    paths.append(files.save_segmenter(folder / files.MODEL_FILE, result, model))
    paths.append(write_json(folder / "motifs.json", options, _summarise(result, names, stability)))
    labels = [s.labels for s in result.segmentations]
    rates = [p.record.fps for p in recordings]
    picture = folder / "motifs.png"
    draw_motifs(
        labels, rates, [p.name for p in recordings], names, result.transitions(), _joins(result), picture
    )
    _say(result, stability)
    return [*paths, picture, *_draw_clips(model, recordings, result, names, folder / "clips")]


def _find(
    options: MotifsOptions, model: "AnalysisModel", recordings: "Sequence[ProcessedSequence]"
) -> "tuple[Motifs, list[str]]":
    """Return the motifs and their names."""
    from htvae.analysis.motifs.motifs import apply_motifs
    from htvae.cli.motifs.files import load_segmenter, motif_ids

    if options.apply is not None:
        segmenter, kind, names = load_segmenter(options.apply, model)
        return apply_motifs(model, recordings, segmenter, kind), names
    found = model.find_motifs(
        recordings,
        num_motifs=options.num_motifs,
        bout_seconds=options.bout_seconds,
        kind=options.features,
        seed=options.seed,
    )
    return found, motif_ids(found.num_motifs)


def _check_folder(folder: Path) -> None:
    """Raise FileExistsError where a user's names and merges would be overwritten."""
    from htvae.cli.motifs.files import TABLE, is_edited

    if is_edited(folder / TABLE):
        raise FileExistsError(
            f"{folder / TABLE} must not be overwritten, because motifs were renamed or merged in it. "
            f"Use them with --apply {folder} and another --output_dir."
        )


def _joins(result: "Motifs") -> list[tuple[int, int, float]]:
    """Return the joins of the hierarchy; costs in nats per window."""
    total = float(result.segmenter.states.counts.sum())
    return [(join.kept, join.removed, join.cost / total) for join in result.hierarchy()]


def _summarise(result: "Motifs", names: Sequence[str], stability: "Stability | None") -> dict[str, Any]:
    labels = np.concatenate([s.labels for s in result.segmentations])
    return {
        "motifs": list(names),
        "groups": result.segmenter.groups,
        "features": result.kind,
        "frames": len(labels),
        "share_of_no_motif": float((labels < 0).mean()),
        "confidence": float(np.concatenate([s.confidence for s in result.segmentations]).mean()),
        "stability": None if stability is None else asdict(stability),
        "hierarchy": _joins(result),
        "transitions": result.transitions(),
    }


def _say(result: "Motifs", stability: "Stability | None") -> None:
    labels = np.concatenate([s.labels for s in result.segmentations])
    bouts, recordings = len(result.bouts), len(result.segmentations)
    print(f"{bouts} bouts of {result.num_motifs} motifs in {recordings} recordings.")
    print(f"{(labels < 0).mean():.1%} of frames fit none of them.")
    if stability is None:
        return
    print("Agreement (adjusted Rand index; 1: the same, 0: by chance):")
    print(f"  fits with other seeds {stability.seeds:.2f}; fits to halves {stability.halves:.2f};")
    print(f"  with motifs of plain pose windows, without the model {stability.windows:.2f}.")
    if stability.seeds < 0.7 or stability.halves < 0.5:
        print("Motifs depend on chance here: ask for fewer, or give more recordings.")


def _draw_clips(
    model: "AnalysisModel",
    recordings: "Sequence[ProcessedSequence]",
    result: "Motifs",
    names: Sequence[str],
    folder: Path,
) -> list[Path]:
    """Draw each motif's typical clips as a GIF."""
    from htvae.analysis.motion_series import make_series
    from htvae.cli.motifs.files import motif_ids
    from htvae.plots.visualizer import Visualizer
    from htvae.utils.progress import Progress

    typical = result.typical_bouts(CLIP_PANELS)
    needed = sorted({clip.recording for clips in typical for clip in clips})
    series = dict(zip(needed, make_series(model, [recordings[i] for i in needed], "filled"), strict=True))
    processor, paths = model.processor, []
    painter = Visualizer(processor.landmarks, processor.edges, processor.sides)
    progress = Progress("Drawing clips", len(typical), unit="motifs")
    for number, (motif, clips) in enumerate(zip(motif_ids(len(typical)), typical, strict=True)):
        if clips:
            frames = min(clip.stop - clip.start for clip in clips)
            shown = [
                series[c.recording][c.start : c.start + frames, : len(processor.landmarks)] for c in clips
            ]
            captions = [recordings[c.recording].name.rsplit("/", 1)[-1] for c in clips]
            title = motif if names[number] == motif else f"{motif} {names[number]}"
            path = folder / f"{motif}.gif"
            paths.append(painter.motion_picture(shown, path, processor.fps, title, captions))
        progress.update(number + 1)
    return paths
