"""Planning a study: an effect of known size is planted into recordings of controls, and found or not.

Every recording is measured once as it is and once with the effect; studies are drawn from these measures.

Axes: ``n`` recordings, ``m`` measures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from htvae.analysis.doubts import Doubt
from htvae.analysis.groups.comparison import duration, read_columns
from htvae.analysis.groups.motif_measures import NamedMotifs
from htvae.analysis.measures import MeasureTable, describe_constant
from htvae.analysis.power.effects import Effect, find_outcome, find_touched, parse_effect
from htvae.analysis.power.pipeline import Pipeline, build_pipeline
from htvae.analysis.power.simulation import LARGEST_SIZE, LEAST_SIZE, Simulation, simulate
from htvae.analysis.power.strength import find_strength
from htvae.analysis.power.subjects import SubjectRows, find_owners, make_rows
from htvae.analysis.reliability import relate_subjects
from htvae.data.processing import ProcessedSequence
from htvae.inference.model import TrainedModel
from htvae.metrics.reliability import Reliability

MEASURED, PLANTED = 10, 40
"""Percent of the work at which controls are measured, and the effect is planted."""
FEW_CONTROLS = 20
"""Controls below which a doubt is told."""


@dataclass(frozen=True, kw_only=True)
class PowerRequest:
    """What to plan."""

    effect: str
    """The effect in words, see `htvae.analysis.power.effects.GRAMMAR`."""
    sizes: tuple[int, ...] = ()
    """Subjects per group; none: those around what is needed."""
    targets: tuple[float, ...] = (0.8,)
    """Powers whose sizes are wanted."""
    recordings_per_subject: int | None = None
    """Recordings of each subject in the study; None: as many as controls have."""
    num_studies: int = 1_000
    num_permutations: int = 5_000
    seed: int = 0

    def __post_init__(self) -> None:
        for size in self.sizes:
            if not LEAST_SIZE <= size <= LARGEST_SIZE:
                raise ValueError(
                    f"num_subjects must be {LEAST_SIZE} to {LARGEST_SIZE} per group, but got {size}. With "
                    "fewer, p cannot fall below 0.05; more are not simulated."
                )
        for target in self.targets:
            if not 0.1 <= target <= 0.99:
                raise ValueError(f"target must be in [0.1, 0.99], but got {target}.")


@dataclass(frozen=True, eq=False, kw_only=True)
class PowerPlan:
    """What a study needs."""

    request: PowerRequest
    effect: Effect
    rows: SubjectRows
    outcome: str
    """Name of the measure that decides."""
    unit: str
    strength: float
    """What was planted so that the outcome changes as asked: movement or pace times 1 + strength, the step
    along the direction, or the change of time in the motif."""
    control_mean: float
    """Mean of the outcome over controls."""
    difference: float
    """Change of that mean by the effect."""
    reliability: Reliability
    """Of the outcome (1,): ICC of one recording, over the recordings of a control, means of labels
    taken off."""
    num_recordings: int
    num_measures: int
    """Measures of the table."""
    simulation: Simulation
    doubts: tuple[Doubt, ...]


def plan_power(
    model: TrainedModel,
    controls: Sequence[ProcessedSequence],
    request: PowerRequest,
    motifs: NamedMotifs | None = None,
    on_percent: Callable[[int, str], None] = lambda percent, step: None,
) -> PowerPlan:
    """Plan a study.

    Args:
        model: the trained model.
        controls: recordings of controls, in the model's coordinates; their metadata name the subjects.
        request: what to plan.
        motifs: motifs whose time is measured as well; needed for an effect on a motif.
        on_percent: called with the percent that are done, and what is done next.

    Raises:
        ValueError: too few controls, or the effect names what is not there or cannot be planted.
    """
    effect = parse_effect(request.effect)
    owners = find_owners([c.source.subject for c in controls], [duration(c) for c in controls])
    on_percent(0, "measuring")
    pipeline = build_pipeline(model, controls, effect, read_columns(controls), motifs)
    table = pipeline.measure(controls)
    outcome = _find_outcome(effect, pipeline, table)
    on_percent(MEASURED, "planting")
    strength = find_strength(effect, pipeline, controls, owners, table, outcome)
    planted = pipeline.measure([pipeline.planter.plant(c, strength) for c in controls])
    touched = find_touched(effect, pipeline.names, table)
    rng = np.random.default_rng((request.seed, 9))
    rows = make_rows(
        table.values, planted.values, outcome, touched, owners, request.recordings_per_subject, rng
    )
    on_percent(PLANTED, "studies")
    simulation = _simulate(rows, request, on_percent)
    plain, treated = rows.outcome
    return PowerPlan(
        request=request,
        effect=effect,
        rows=rows,
        outcome=_name_outcome(effect, table, outcome),
        unit=table.measures[outcome[0]].unit,
        strength=strength,
        control_mean=float(plain.mean()),
        difference=float((treated - plain).mean()),
        reliability=_relate(table, outcome, controls, request.seed),
        num_recordings=len(controls),
        num_measures=rows.plain.shape[2] - 1,
        simulation=simulation,
        doubts=(*rows.doubts, *_find_doubts(controls, rows, table.names, simulation)),
    )


def _simulate(rows: SubjectRows, request: PowerRequest, on_percent: Callable[[int, str], None]) -> Simulation:
    """Simulate the studies of a request, which are the last part of the work."""
    return simulate(
        rows,
        request.sizes,
        request.targets,
        request.num_studies,
        request.num_permutations,
        request.seed,
        lambda share: on_percent(round(PLANTED + (100 - PLANTED) * share), "studies"),
    )


def _relate(
    table: MeasureTable, outcome: Sequence[int], controls: Sequence[ProcessedSequence], seed: int
) -> Reliability:
    """Return the reliability of the outcome (1,) over the recordings of a control."""
    values = table.values[:, outcome].mean(axis=1, keepdims=True)
    return relate_subjects(values, controls, np.random.default_rng((seed, 31)))


def _find_outcome(effect: Effect, pipeline: Pipeline, table: MeasureTable) -> list[int]:
    """Return the columns whose mean is the outcome."""
    if effect.kind in ("speed", "range"):
        return find_outcome(effect, pipeline.names, table)
    wanted = pipeline.outcome_name
    return [table.names.index(wanted)]


def _name_outcome(effect: Effect, table: MeasureTable, outcome: Sequence[int]) -> str:
    if len(outcome) == 1:
        return table.names[outcome[0]]
    where = f"the landmarks of the {effect.target}" if effect.target else f"all {len(outcome)} landmarks"
    return f"mean {effect.kind} of {where}"


def _find_doubts(
    controls: Sequence[ProcessedSequence], rows: SubjectRows, names: Sequence[str], simulation: Simulation
) -> list[Doubt]:
    doubts, count = [], len(rows.names)
    unknown = sum(not control.source.subject for control in controls)
    if unknown:
        text = (
            f"{unknown} of {len(controls)} recordings do not name a subject, so each counts as a subject of "
            "its own. If people were recorded more than once, fill in the column subject of manifest.csv."
        )
        doubts.append(Doubt("no_subject", text))
    if count < FEW_CONTROLS:
        text = (
            f"{count} controls say little of how much subjects differ, so the intervals are wide. "
            f"{FEW_CONTROLS} and more are advised."
        )
        doubts.append(Doubt("few_controls", text))
    if rows.constant.any():
        doubts.append(Doubt("constant", describe_constant(names, rows.constant)))
    largest = max(result.size for result in simulation.curve)
    if largest > 5 * count:
        text = (
            f"Studies of {largest} per group are drawn from {count} controls: rare people are not among them."
        )
        doubts.append(Doubt("extrapolated", text))
    return doubts
