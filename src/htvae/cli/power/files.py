"""The files of ``htvae power``: power.csv, power.json and power.png."""

from pathlib import Path
from typing import Any

from htvae.analysis.power.planner import PowerPlan
from htvae.analysis.power.simulation import SizeResult
from htvae.cli.analysis_files import write_json, write_table
from htvae.cli.power.options import PowerOptions
from htvae.cli.power.report import describe_plan
from htvae.plots.power_curve import draw_power


def write_plan(options: PowerOptions, plan: PowerPlan) -> list[Path]:
    """Write all files and return their paths."""
    icc, is_low = float(plan.reliability.value[0]), bool(plan.reliability.is_low[0])
    reliability = {"outcome_icc": icc, "unreliable": is_low}
    rows = [describe_size(result) | reliability for result in plan.simulation.curve]
    folder, simulation = options.output_dir, plan.simulation
    content = {
        "verdict": describe_plan(plan),
        "outcome": plan.outcome,
        "unit": plan.unit,
        "control_mean": plan.control_mean,
        "difference": plan.difference,
        "strength": plan.strength,
        **reliability,
        "effect_in_spreads": simulation.effect,
        "effect_in_spreads_interval": simulation.effect_interval,
        "controls": list(plan.rows.names),
        "recordings": plan.num_recordings,
        "measures": plan.num_measures,
        "needed": [
            {
                "target": needed.target,
                "subjects_per_group": needed.size,
                "low": needed.interval[0],
                "high": needed.interval[1],
                "subjects_per_group_all_measures": needed.table_size,
            }
            for needed in simulation.needed
        ],
        "doubts": [{"kind": doubt.kind, "text": doubt.text} for doubt in plan.doubts],
        "curve": rows,
    }
    return [
        write_table(folder / "power.csv", rows),
        write_json(folder / "power.json", options, content),
        draw_power(
            simulation.curve,
            [(needed.target, needed.size) for needed in simulation.needed],
            folder / "power.png",
            plan.effect.text,
            plan.outcome,
            plan.num_measures,
            len(plan.rows.names),
        ),
    ]


def describe_size(result: SizeResult) -> dict[str, Any]:
    """Return the row of a size."""
    return {
        "subjects_per_group": result.size,
        "power": result.power,
        "power_low": result.power_interval[0],
        "power_high": result.power_interval[1],
        "false_alarms": result.false_alarms,
        "exaggeration": result.exaggeration,
        "wrong_sign": result.wrong_sign,
        "power_all_measures": result.table_power,
        "power_all_measures_low": result.table_interval[0],
        "power_all_measures_high": result.table_interval[1],
        "false_alarms_all_measures": result.table_false_alarms,
    }
