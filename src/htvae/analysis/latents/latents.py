"""What the latents of recordings hold, all parts together."""

from collections.abc import Sequence
from dataclasses import dataclass

from htvae.analysis.doubts import Doubt
from htvae.analysis.latents.changes import Change, measure_change
from htvae.analysis.latents.dimensions import Dimensions, measure_dimensions
from htvae.analysis.latents.gather import RecordedLatents, gather_latents
from htvae.analysis.latents.maps import LatentMap, map_moments, map_recordings
from htvae.analysis.latents.nearest import NUM_NEIGHBOURS, Nearest, find_nearest_recordings
from htvae.analysis.latents.probes import Probe, probe_latents
from htvae.analysis.latents.traversal import Traversal, check_name, traverse
from htvae.data.processing import ProcessedSequence
from htvae.generation.sampler import MotionSampler
from htvae.metrics.point_maps import MapKind, check_umap
from htvae.poses.body_groups import group_landmarks
from htvae.utils.progress import Progress

NUM_DIRECTIONS = 3


@dataclass(frozen=True, kw_only=True)
class LatentRequest:
    """What to look at."""

    kind: MapKind = "pca"
    """Kind of the maps: ``pca``, ``tsne`` or ``umap``."""
    num_neighbours: int = NUM_NEIGHBOURS
    """Nearest recordings of each recording, at least 1."""
    num_directions: int = NUM_DIRECTIONS
    """Directions of each level that are traversed; 0: none."""
    recording: str | None = None
    """Name of the recording that traversals start from; None: see `traverse`."""
    has_probes: bool = True
    """Whether columns are probed."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class LatentAnalysis:
    """What the latents hold, and what a reader must know before believing it."""

    request: LatentRequest
    latents: RecordedLatents
    recordings_map: LatentMap
    moments_map: LatentMap | None
    """None where the model has no chunk latents."""
    dimensions: Dimensions
    probes: tuple[Probe, ...]
    nearest: Nearest
    traversals: tuple[Traversal, ...]
    changes: tuple[Change, ...]
    """What each traversal changes."""
    doubts: tuple[Doubt, ...]


def analyse_latents(
    model: MotionSampler, recordings: Sequence[ProcessedSequence], request: LatentRequest
) -> LatentAnalysis:
    """Return maps, dimensions, probes, neighbours and traversals of recordings.

    Args:
        model: the trained model.
        recordings: in the model's coordinates, at least one.
        request: what to look at.

    Raises:
        ValueError: UMAP is selected and not installed, or no recording has the name.
    """
    if request.kind == "umap":
        check_umap()
    check_name([recording.name for recording in recordings], request.recording)
    latents = gather_latents(model, recordings)
    recordings_map, doubts = map_recordings(latents, request.kind, request.seed)
    moments_map, more = map_moments(latents, request.kind, request.seed)
    doubts += more
    dimensions = measure_dimensions(latents, request.seed)
    doubts += dimensions.doubts
    probes: list[Probe] = []
    if request.has_probes:
        probes, more = probe_latents(latents, len(model.processor.landmarks), request.seed)
        doubts += more
    nearest, more = find_nearest_recordings(latents, request.num_neighbours, request.seed)
    doubts += more
    traversals, changes, more = _traverse(model, latents, request)
    doubts += more
    return LatentAnalysis(
        request=request,
        latents=latents,
        recordings_map=recordings_map,
        moments_map=moments_map,
        dimensions=dimensions,
        probes=tuple(probes),
        nearest=nearest,
        traversals=tuple(traversals),
        changes=tuple(changes),
        doubts=tuple({doubt.text: doubt for doubt in doubts}.values()),
    )


def _traverse(
    model: MotionSampler, latents: RecordedLatents, request: LatentRequest
) -> tuple[list[Traversal], list[Change], list[Doubt]]:
    """Return the traversals, what they change, and what is doubtful about them."""
    if not request.num_directions:
        return [], [], []
    doubts = []
    if not model.has_prior:
        text = (
            "The model has no prior, so z is moved under a recording's own chunk latents, which changes "
            "little but the body. htvae train-prior adds one."
        )
        doubts.append(Doubt("no_prior", text))
    if len(latents.recordings) < 2:
        text = "One recording has no directions of sequence latents, so z is not moved. Give more recordings."
        doubts.append(Doubt("no_sequence_directions", text))
    processor = model.processor
    groups = group_landmarks(processor.landmarks, processor.edges)
    traversals, changes = [], []
    progress = Progress("Traversing", 2 * request.num_directions, unit="directions")
    for traversal in traverse(model, latents, request.num_directions, request.recording, request.seed):
        traversals.append(traversal)
        changes.append(measure_change(traversal, processor.landmarks, groups, processor.fps))
        progress.update(len(traversals))
    progress.close()
    return traversals, changes, doubts
