"""The plan of ``htvae power`` in plain words."""

from collections.abc import Iterator

from htvae.analysis.power.planner import PowerPlan
from htvae.analysis.power.simulation import Needed, SizeResult

_MOST_SHOWN = 5_000
"""Subjects beyond which no number is named."""


def describe_plan(plan: PowerPlan) -> list[str]:
    """Return the plan: what was planted, how many subjects it needs, what to expect, doubts."""
    return [
        *_describe_effect(plan),
        *(line for needed in plan.simulation.needed for line in _describe_needed(plan, needed)),
        _describe_sureness(plan),
        *_describe_curve(plan),
        *(f"Note: {doubt.text}" for doubt in plan.doubts),
    ]


def _describe_effect(plan: PowerPlan) -> Iterator[str]:
    share = plan.difference / plan.control_mean if plan.control_mean else 0.0
    size = f"{plan.difference:+.3g} {plan.unit}"
    if plan.effect.kind != "direction":
        size += f" ({share:+.1%} of the controls' {plan.control_mean:.3g})"
    yield (
        f"Effect: {plan.effect.text}, planted into {plan.num_recordings} recordings of "
        f"{len(plan.rows.names)} controls."
    )
    yield f"  {_describe_planting(plan)} changes {plan.outcome} by {size}."
    low, high = plan.simulation.effect_interval
    yield (
        f"  That is {plan.simulation.effect:.2f} times the spread between subjects (95 % interval {low:.2f} "
        f"to {high:.2f})."
    )
    yield f"  {_describe_reliability(plan)}"


def _describe_reliability(plan: PowerPlan) -> str:
    icc = float(plan.reliability.value[0])
    if icc != icc:
        return "Its reliability is unknown: too few controls have two recordings."
    said = f"Its reliability over the recordings of a control (ICC) is {icc:.2f}"
    if plan.reliability.is_low[0]:
        return (
            f"{said}, below 0.5: one recording says little of a person; with more recordings of each, fewer "
            "people are needed."
        )
    return f"{said}."


def _describe_planting(plan: PowerPlan) -> str:
    effect = plan.effect
    if effect.is_warp:
        return f"Playing recordings at {1 + plan.strength:.2f} of their pace"
    if effect.kind == "direction":
        return f"{plan.strength:g} of the way from {effect.start} to {effect.end} in the latents, decoded,"
    if effect.kind == "motif":
        return f"Changing bouts by {plan.strength:+.0%} of their time"
    return f"Moving {effect.target or 'all limbs'} {1 + plan.strength:.2f} times as far around the mean pose"


def _describe_needed(plan: PowerPlan, needed: Needed) -> Iterator[str]:
    curve, target = plan.simulation.curve, f"{needed.target:.0%}"
    outcome, interval = plan.outcome, _describe_range(*needed.interval)
    if needed.size is None:
        yield (
            f"Even with {curve[-1].size} subjects per group {outcome} alone finds the effect in "
            f"{curve[-1].power:.0%} of studies only, not in {target}; about {interval} are needed."
        )
    else:
        fewer = " or fewer" if needed.size == curve[0].size and curve[0].power >= needed.target else ""
        yield (
            f"With {needed.size} subjects per group{fewer} {outcome} finds the effect in {target} of studies "
            f"(95 % interval {interval} subjects)."
        )
    if needed.table_size is None:
        yield (
            f"  If all {plan.num_measures} measures are tested together, more than {curve[-1].size} are "
            f"needed: there {curve[-1].table_power:.0%} of studies find it."
        )
    else:
        yield f"  If all {plan.num_measures} measures are tested together: {needed.table_size}."


def _describe_sureness(plan: PowerPlan) -> str:
    """Return how well the controls know the spread, which no number of simulated studies makes better.

    The standard error of a spread of s people is about one in ``sqrt(2 (s - 1))``.
    """
    count = len(plan.rows.names)
    return (
        f"  These numbers are estimates: {count} controls know the spread between subjects to about "
        f"{(2 * (count - 1)) ** -0.5:.0%}. Plan for the upper end of the interval, or record more controls."
    )


def _describe_range(low: int, high: int) -> str:
    return f"{low:,} to {high:,}" if high <= _MOST_SHOWN else f"{low:,} to more than {_MOST_SHOWN:,}"


def _describe_curve(plan: PowerPlan) -> Iterator[str]:
    yield "  per group  power  (95 % interval)  false alarms  exaggeration  power, all measures"
    for result in plan.simulation.curve:
        yield _describe_size(result)


def _describe_size(result: SizeResult) -> str:
    low, high = result.power_interval
    interval = f"({low:.0%} to {high:.0%})"
    exaggeration = (
        "none found" if result.exaggeration != result.exaggeration else f"{result.exaggeration:.2f}"
    )
    return (
        f"  {result.size:>9}  {result.power:>5.0%}  {interval:<15}  {result.false_alarms:>12.1%}  "
        f"{exaggeration:>12}  {result.table_power:>19.0%}"
    )
