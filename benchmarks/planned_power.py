"""Compares the power that `htvae power` predicts from few controls with that of studies of fresh subjects.

    python benchmarks/planned_power.py --checkpoint demo/experiments/checkpoints/best_model.pt

- All subjects are made by the demo. Controls and fresh subjects have seeds of their own, other than the
  model's. Only measures of poses are used, so that nothing need be encoded: those of the named landmarks, or
  with --all_measures of all.
- Predicted: pools of controls, each planned by itself. Measured: studies of fresh subjects, drawn without
  replacement, half of them treated, and tested by `compare_groups` as `htvae compare` does. Many more studies
  of the same fresh subjects, tested by the fast path, say the same with less chance.
- Within: the share of pools and cells whose prediction is at most 0.05 from that; held: the share whose
  interval holds it.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from htvae.analysis import AnalysisModel, load
from htvae.analysis.groups.comparison import duration
from htvae.analysis.groups.differences import compare_groups
from htvae.analysis.groups.study import Study
from htvae.analysis.measures import LatentAxes, MeasureTable, measure_motion
from htvae.analysis.power.effects import find_landmarks, find_outcome, find_touched, parse_effect
from htvae.analysis.power.pipeline import Pipeline
from htvae.analysis.power.planting import LimbPlanter, WarpPlanter
from htvae.analysis.power.simulation import SizeResult, simulate
from htvae.analysis.power.strength import find_strength
from htvae.analysis.power.subjects import Owners, SubjectRows, find_owners, make_rows
from htvae.data.processing import ProcessedSequence
from htvae.demo.recordings import make_demo_sequences
from htvae.metrics.simulated_studies import arrange_study, permute_studies
from htvae.utils.progress import track

GOAL = 0.05
"""Largest difference between predicted and measured power."""
LEVEL = 0.05
RECORDINGS, FRAMES = 3, 300
"""Recordings of each subject, and their mean length."""


@dataclass(frozen=True, eq=False)
class PosePipeline(Pipeline):
    """A pipeline without latents, of some points."""

    points: tuple[int, ...]

    def measure(self, recordings: Sequence[ProcessedSequence]) -> MeasureTable:
        """Return the measures that need no model."""
        names = [self.model.processor.points[i] for i in self.points]
        chosen = list(self.points)
        return measure_motion([replace(r, pose=r.pose[:, chosen]) for r in recordings], names)

    def measure_outcome(self, recordings: Sequence[ProcessedSequence]) -> MeasureTable:
        """Return the same."""
        return self.measure(recordings)


@dataclass(frozen=True, eq=False)
class World:
    """Recordings and their subjects."""

    recordings: list[ProcessedSequence]
    owners: Owners

    @classmethod
    def make(cls, model: AnalysisModel, seed: int, num_subjects: int) -> "World":
        """Make subjects and record them."""
        made = make_demo_sequences(
            seed=seed, num_subjects=num_subjects, recordings_per_subject=RECORDINGS, num_frames=FRAMES
        )
        return cls.of([model.process(recording.recorded) for recording in made])

    @classmethod
    def of(cls, recordings: list[ProcessedSequence]) -> "World":
        """Find the subjects of recordings."""
        subjects = [recording.source.subject for recording in recordings]
        return cls(recordings, find_owners(subjects, [duration(recording) for recording in recordings]))

    def part(self, subjects: np.ndarray) -> "World":
        """Return some subjects, by their indices."""
        return World.of([self.recordings[i] for i in np.flatnonzero(np.isin(self.owners.index, subjects))])


@dataclass(frozen=True, eq=False)
class Planted:
    """A world with an effect."""

    world: World
    table: MeasureTable
    values: np.ndarray
    outcome: list[int]
    touched: list[int]
    rows: SubjectRows


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True, help="best_model.pt of a run on the demo")
    parser.add_argument("--effect", default="speed of RIGHT_WRIST", help="effect without its size")
    parser.add_argument("--shares", type=int, nargs="+", default=[-10, -20, -30], help="sizes in percent")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 20, 40], help="subjects per group")
    parser.add_argument("--controls", type=int, nargs="+", default=[24, 96, 480], help="subjects of a pool")
    parser.add_argument("--control_subjects", type=int, default=480, help="all controls, cut into pools")
    parser.add_argument("--fresh_subjects", type=int, default=1_000)
    parser.add_argument("--all_measures", action="store_true", help="measure all landmarks")
    parser.add_argument("--num_studies", type=int, default=200, help="studies that are tested slowly")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    model = load(arguments.checkpoint, "cpu")
    controls = World.make(model, 1000 + 2 * arguments.seed, arguments.control_subjects)
    fresh = World.make(model, 1001 + 2 * arguments.seed, arguments.fresh_subjects)
    for line in compare(model, controls, fresh, arguments):
        print(line, flush=True)
    return 0


def compare(
    model: AnalysisModel, controls: World, fresh: World, arguments: argparse.Namespace
) -> Iterator[str]:
    """Yield the tables: measured power, then predictions of each size of pool."""
    effects = [f"{arguments.effect} {share:+d}%" for share in arguments.shares]
    cells = [(effect, size) for effect in effects for size in arguments.sizes]
    treated = {
        effect: plant(model, fresh, effect, arguments.all_measures) for effect in track("Fresh", effects)
    }
    yield "effect, per group: measured (slow), measured (fast), false alarms, all measures (slow)"
    measured: dict[tuple[str, int], tuple[float, float]] = {}
    for effect, size in track("Measured", cells):
        slow, found, alarms = measure_slowly(treated[effect], size, arguments.num_studies, arguments.seed)
        fast = measure_fast(treated[effect].rows, size, arguments.seed)
        measured[effect, size] = fast, found
        yield f"{effect}, {size}: {slow:.3f} {fast:.3f} {alarms:.3f} {found:.3f}"
    for count in arguments.controls:
        pools = np.arange(len(controls.owners.names))[: arguments.control_subjects // count * count]
        misses, held, table_misses, alarms = [], [], [], []
        for pool in track(f"{count} controls", np.split(pools, len(pools) // count)):
            part = controls.part(pool)
            for effect in effects:
                planted = plant(model, part, effect, arguments.all_measures)
                for result in predict(planted.rows, arguments.sizes, arguments.seed):
                    true, found = measured[effect, result.size]
                    misses.append(result.power - true)
                    held.append(result.power_interval[0] <= true <= result.power_interval[1])
                    table_misses.append(result.table_power - found)
                    alarms.append(result.false_alarms)
        yield from _describe(count, cells, np.array(misses), np.array(held), np.array(table_misses), alarms)


def plant(model: AnalysisModel, world: World, text: str, all_measures: bool) -> Planted:
    """Plant an effect into a world."""
    effect, processor = parse_effect(text), model.processor
    landmarks = find_landmarks(effect, processor.landmarks, processor.edges)
    names = tuple(processor.landmarks[i] for i in landmarks)
    planter = WarpPlanter.of(processor) if effect.is_warp else LimbPlanter.of(processor, landmarks)
    axes = LatentAxes(np.zeros(0), np.zeros((0, 0)))
    points = tuple(range(len(processor.points))) if all_measures else landmarks
    pipeline = PosePipeline(model, planter, axes, None, None, names, "", points)
    table = pipeline.measure(world.recordings)
    outcome, touched = find_outcome(effect, names, table), find_touched(effect, names, table)
    if len(outcome) != 1:
        raise ValueError(f"effect must name one landmark, but {text!r} names {len(outcome)}.")
    strength = find_strength(effect, pipeline, world.recordings, world.owners, table, outcome)
    values = pipeline.measure([planter.plant(r, strength) for r in world.recordings]).values
    rng = np.random.default_rng(0)
    rows = make_rows(table.values, values, outcome, touched, world.owners, None, rng)
    return Planted(world, table, values, outcome, touched, rows)


def predict(rows: SubjectRows, sizes: Sequence[int], seed: int) -> tuple[SizeResult, ...]:
    """Return what `htvae power` says of a pool of controls."""
    return simulate(rows, sizes, num_studies=500, num_permutations=2_500, seed=seed).curve


def measure_slowly(planted: Planted, size: int, num_studies: int, seed: int) -> tuple[float, float, float]:
    """Return power alone, power in the table, and false alarms, of studies by `compare_groups`."""
    world, hits, found, alarms = planted.world, [], [], []
    rng = np.random.default_rng((seed, size))
    names, owner = world.owners.names, world.owners.index
    for _ in range(num_studies):
        chosen = rng.permutation(len(names))[: 2 * size]
        group = dict(zip(chosen.tolist(), np.repeat(["a", "b"], size).tolist(), strict=True))
        kept = np.flatnonzero(np.isin(owner, chosen))
        study = Study(
            by="group",
            groups=[group[owner[i]] for i in kept],
            subjects=[names[owner[i]] for i in kept],
            seconds=world.owners.seconds[kept].tolist(),
        )
        is_treated = np.array([cell == "b" for cell in study.groups])[:, None]
        plain = planted.table.values[kept]
        result = compare_groups(np.where(is_treated, planted.values[kept], plain), study, 2_500, 0)
        hits.append(bool(np.nanmin(result.p[planted.outcome]) < LEVEL))
        found.append(bool((result.q[planted.touched] < LEVEL).any()))
        result = compare_groups(plain[:, planted.outcome], study, 999, 0)
        alarms.append(bool(result.p[0] < LEVEL))
    return float(np.mean(hits)), float(np.mean(found)), float(np.mean(alarms))


def measure_fast(rows: SubjectRows, size: int, seed: int, num_studies: int = 4_000) -> float:
    """Return the power of many studies of fresh subjects, without replacement."""
    rng = np.random.default_rng((seed, size, 1))
    plain, treated = rows.outcome
    order = rng.random((num_studies, len(plain))).argsort(axis=1)
    first, second = order[:, :size], order[:, size : 2 * size]
    studies = np.concatenate([plain[first], treated[second]], axis=1)[..., None]
    return float((permute_studies(studies, arrange_study(size, 999, rng)) < LEVEL).mean())


def _describe(
    count: int,
    cells: Sequence[tuple[str, int]],
    misses: np.ndarray,
    held: np.ndarray,
    table_misses: np.ndarray,
    alarms: Sequence[float],
) -> Iterator[str]:
    by_cell, held_cell = (part.reshape(-1, len(cells)) for part in (misses, held))
    within = (np.abs(misses) <= GOAL).mean()
    yield (
        f"{count} controls, {len(by_cell)} pools: within {GOAL:g} {within:.2f}, mean miss "
        f"{misses.mean():+.3f}, typical {np.sqrt(np.square(misses).mean()):.3f}, held {held.mean():.2f}; "
        f"all measures: typical miss {np.sqrt(np.square(table_misses).mean()):.3f}; false alarms "
        f"{min(alarms):.3f} to {max(alarms):.3f}, mean {np.mean(alarms):.3f}"
    )
    for (effect, size), own, kept in zip(cells, by_cell.T, held_cell.T, strict=True):
        yield (
            f"  {effect}, {size}: mean miss {own.mean():+.3f}, {own.min():+.3f} to {own.max():+.3f}, held "
            f"{kept.mean():.2f}"
        )


if __name__ == "__main__":
    sys.exit(main())
