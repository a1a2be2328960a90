"""Comparing groups of recordings: from a model and its recordings to measures, differences and doubts.

Axes: ``n`` recordings, ``m`` measures, ``T`` frames.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.groups.differences import (
    NUM_BOOTSTRAPS,
    NUM_PERMUTATIONS,
    GroupComparison,
    check_study,
    compare_groups,
)
from htvae.analysis.groups.leaks import Leak, find_leaks, latent_features
from htvae.analysis.groups.measuring import measure_recordings
from htvae.analysis.groups.motif_measures import MotifMeasures, NamedMotifs
from htvae.analysis.groups.study import Cells, Study
from htvae.analysis.groups.study_columns import find_column
from htvae.analysis.groups.study_doubts import find_doubts
from htvae.analysis.measures import LatentAxes, MeasureTable
from htvae.analysis.motifs.motifs import Motifs
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import Encoding, TrainedModel
from htvae.metrics.reliability import (
    Reliability,
    is_unreliable,
    retest_reliability,
    split_half_reliability,
)

STEPS = ("encoding", "motifs", "halves", "differences", "reliability", "leaks")
"""Parts of the work, in their order; ``motifs`` only where there are some."""


@dataclass(frozen=True, kw_only=True)
class CompareRequest:
    """What to compare; see `htvae.analysis.groups.study.Study`."""

    by: str
    """Column of the groups: ``label``, ``subject`` or a column of manifest.csv."""
    blocks: str | None = None
    """Column within which groups are exchanged."""
    adjust: tuple[str, ...] = ()
    """Columns that are held fixed."""
    paired: bool | None = None
    """Whether subjects are compared with themselves; None: as the subjects were recorded."""
    num_permutations: int = NUM_PERMUTATIONS
    num_bootstraps: int = NUM_BOOTSTRAPS
    seed: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """A comparison, and what a reader must know of it."""

    request: CompareRequest
    names: tuple[str, ...]
    """Names (n,) of the recordings."""
    study: Study
    table: MeasureTable
    """Measures (n, m) of the recordings."""
    result: GroupComparison
    split_half: Reliability
    """Reliability within recordings: first halves against second halves."""
    retest: Reliability
    """Reliability over recordings of one subject."""
    leaks: tuple[Leak, ...]
    doubts: tuple[Doubt, ...]
    encodings: tuple[Encoding, ...]
    """Latents (n,) of the recordings."""
    axes: LatentAxes
    """Components of the sequence latents."""
    motifs: MotifMeasures | None
    """What was measured of motifs; None where none were given."""
    found: Motifs | None
    """Motifs of the recordings."""

    @property
    def is_unreliable(self) -> np.ndarray:
        """Whether (m,) one of the two reliabilities is below `LEAST_RELIABLE`."""
        return is_unreliable(self.split_half.value, self.retest.value)


def compare_recordings(
    model: TrainedModel,
    recordings: Sequence[ProcessedSequence],
    request: CompareRequest,
    tables: Sequence[MeasureTable] = (),
    on_step: Callable[[str], None] = lambda step: None,
    motifs: NamedMotifs | None = None,
) -> Comparison:
    """Compare groups of recordings in every measure.

    Args:
        model: the trained model.
        recordings: in the model's coordinates.
        request: what to compare.
        tables: further measures of the same recordings; their split-half reliability is unknown.
        on_step: called with each of `STEPS` when it begins.
        motifs: fitted motifs, whose measures are compared, too.

    Raises:
        ValueError: a column does not exist, or cannot be compared.
    """
    columns = read_columns(recordings)
    study, own_doubts = _make_study(recordings, columns, request)
    check_study(study)
    measured = measure_recordings(model, recordings, motifs, tables, on_step)
    table = measured.table
    on_step("halves")
    halves = measured.measure_halves(model, recordings)
    on_step("differences")
    result = compare_groups(
        table.values, study, request.num_permutations, request.num_bootstraps, request.seed
    )
    on_step("reliability")
    split_half, retest = _measure_reliability(table, halves, result, request)
    on_step("leaks")
    others, features = _other_columns(columns, request), latent_features(measured.encodings)
    leaks = find_leaks(features, table.values, study, others, request.num_permutations, request.seed)
    return Comparison(
        request=request,
        names=tuple(recording.name for recording in recordings),
        study=study,
        result=result,
        split_half=split_half,
        retest=retest,
        leaks=tuple(leaks),
        doubts=(*own_doubts, *find_doubts(study, result, table.names, others)),
        **vars(measured),
    )


def read_columns(recordings: Sequence[ProcessedSequence]) -> dict[str, Cells]:
    """Return label, subject and the manifest's columns of recordings, by name."""
    sources = [recording.source for recording in recordings]
    names = dict.fromkeys(name for source in sources for name in source.covariates)
    return {
        "label": [source.label for source in sources],
        "subject": [source.subject for source in sources],
        **{name: [source.covariates.get(name) for source in sources] for name in names},
    }


def _other_columns(columns: dict[str, Cells], request: CompareRequest) -> dict[str, Cells]:
    """Return columns that may matter; where subjects are compared, those that change within a subject."""
    others = {name: column for name, column in columns.items() if name not in ("subject", request.by)}
    if request.by != "subject":
        return others
    seen = {name: set(zip(columns["subject"], column, strict=True)) for name, column in others.items()}
    return {name: others[name] for name, pairs in seen.items() if len(pairs) > len(set(columns["subject"]))}


def duration(recording: ProcessedSequence) -> float:
    """Return a recording's length in seconds, in frames where its frame rate is unknown."""
    return len(recording.pose) / (recording.record.fps or 1.0)


def _make_study(
    recordings: Sequence[ProcessedSequence], columns: dict[str, Cells], request: CompareRequest
) -> tuple[Study, list[Doubt]]:
    """Return the study, and what is doubtful about its columns."""
    doubts, subjects = [], columns["subject"]
    if request.by == "subject":
        subjects = [recording.name for recording in recordings]
        text = (
            "Subjects are compared with each other, so each recording counts by itself. What differs, "
            "differs between these people; it says nothing of others."
        )
        doubts.append(Doubt("subjects", text))
    blocks = None if request.blocks is None else find_column(columns, request.blocks, "--blocks")
    study = Study(
        by=request.by,
        groups=find_column(columns, request.by, "--by"),
        subjects=subjects,
        seconds=[duration(recording) for recording in recordings],
        blocks=blocks,
        blocks_name=request.blocks or "blocks",
        covariates={name: find_column(columns, name, "--adjust") for name in request.adjust},
        paired=request.paired,
    )
    return study, doubts


def _measure_reliability(
    table: MeasureTable,
    halves: tuple[np.ndarray, np.ndarray],
    result: GroupComparison,
    request: CompareRequest,
) -> tuple[Reliability, Reliability]:
    """Return split-half reliability of rows, and retest reliability over the recordings of a row."""
    units, rng = result.units, np.random.default_rng((request.seed, 3))
    first, second = (units.average(half) for half in halves)
    split_half = split_half_reliability(first, second, units.groups, request.num_bootstraps, rng)
    rows = units.rows_of_recordings
    kept = rows >= 0
    retest = retest_reliability(
        units.adjust(table.values)[kept], rows[kept], units.groups[rows[kept]], request.num_bootstraps, rng
    )
    return split_half, retest
