"""GIFs of motifs' most typical clips."""

from collections.abc import Sequence
from pathlib import Path

from htvae.analysis.model import AnalysisModel
from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.motion_series import make_group
from htvae.cli.motifs.files import motif_ids
from htvae.data.processing import ProcessedSequence
from htvae.plots.visualizer import Visualizer
from htvae.utils.progress import Progress

CLIP_PANELS = 4
"""Most clips of a motif's GIF."""


def draw_clips(
    model: AnalysisModel,
    recordings: Sequence[ProcessedSequence],
    motifs: Motifs,
    names: Sequence[str],
    folder: Path,
) -> list[Path]:
    """Draw each motif's typical clips as a GIF, and return the paths."""
    typical = motifs.typical_bouts(CLIP_PANELS)
    needed = sorted({clip.recording for clips in typical for clip in clips})
    wanted = {(clip.recording, clip.start, clip.stop) for clips in typical for clip in clips}
    processor, paths, cut = model.processor, [], {}
    for index in needed:  # one recording in memory at a time
        (series,) = make_group(model, [recordings[index]], "filled")
        for place in wanted:
            if place[0] == index:
                cut[place] = series[place[1] : place[2], : len(processor.landmarks)].copy()
    painter = Visualizer(processor.landmarks, processor.edges, processor.sides)
    progress = Progress("Drawing clips", len(typical), unit="motifs")
    for number, (motif, clips) in enumerate(zip(motif_ids(len(typical)), typical, strict=True)):
        if clips:
            frames = min(clip.stop - clip.start for clip in clips)
            shown = [cut[c.recording, c.start, c.stop][:frames] for c in clips]
            captions = [recordings[c.recording].name.rsplit("/", 1)[-1] for c in clips]
            title = motif if names[number] == motif else f"{motif} {names[number]}"
            path = folder / f"{motif}.gif"
            paths.append(painter.motion_picture(shown, path, processor.fps, title, captions))
        progress.update(number + 1)
    progress.close()
    return paths
