"""All that ``htvae motifs`` finds in recordings, before it is written down."""

from collections.abc import Sequence
from dataclasses import dataclass

from htvae.analysis.model import AnalysisModel
from htvae.analysis.motifs.activities import Activities, apply_activities, find_activities
from htvae.analysis.motifs.motifs import Motifs, apply_motifs, find_motifs
from htvae.analysis.motifs.reliability import measure_reliability
from htvae.analysis.motifs.stability import Stability, measure_stability
from htvae.analysis.reliability import RecordingReliability
from htvae.cli.motifs.files import load_segmenter, motif_ids
from htvae.cli.motifs.options import MotifsOptions
from htvae.data.lazy import without_poses
from htvae.data.processing import ProcessedSequence


@dataclass(frozen=True, eq=False)
class Findings:
    """Motifs, activities, and how far to believe them."""

    motifs: Motifs
    names: list[str]
    """(K,) of motifs."""
    activities: Activities | None
    """None where none were looked for."""
    reliability: RecordingReliability
    activity_reliability: RecordingReliability | None
    stability: Stability | None
    places: list[ProcessedSequence]
    """The recordings without their poses."""


def find_all(
    options: MotifsOptions, model: AnalysisModel, recordings: Sequence[ProcessedSequence]
) -> Findings:
    """Fit motifs and activities, or find earlier ones again, and measure how far to believe them."""
    motifs, names, activities = _find(options, model, recordings)
    stability = None
    if options.stability and options.apply is None:
        stability = measure_stability(model, recordings, motifs, options.bout_seconds, options.seed)
    places = without_poses(recordings)
    ones, count = motifs.segmentations, motifs.num_motifs
    reliability, own = measure_reliability(ones, count, motifs.fps, places, options.seed), None
    if activities is not None:
        ones, count = activities.segmentations, len(activities.model)
        own = measure_reliability(ones, count, motifs.fps, places, options.seed)
    return Findings(motifs, names, activities, reliability, own, stability, places)


def _find(
    options: MotifsOptions, model: AnalysisModel, recordings: Sequence[ProcessedSequence]
) -> tuple[Motifs, list[str], Activities | None]:
    """Return the motifs, their names, and activities where they are asked for."""
    if options.apply is not None:
        saved = load_segmenter(options.apply, model)
        found = apply_motifs(model, recordings, saved.segmenter, saved.kind)
        known = saved.activities
        return found, saved.names, None if known is None else apply_activities(found, known)
    found = find_motifs(  # not the model's method, which makes all recordings at once
        model,
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
