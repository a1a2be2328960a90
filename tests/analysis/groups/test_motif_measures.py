"""Measures of motifs: truth by hand, calibration, and a difference planted in one motif."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.analysis.groups.differences import compare_groups
from htvae.analysis.groups.motif_measures import MotifMeasures, NamedMotifs, count_transitions
from htvae.analysis.groups.study import Study
from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.motifs.segmenter import Segmentation


def as_motifs(labels: list[list[int]], num_motifs: int, fps: float | None = 10.0) -> Motifs:
    """Return motifs from labels of frames; -1 is none."""
    segmenter: Any = SimpleNamespace(states=range(num_motifs), groups=np.arange(num_motifs))
    found = [Segmentation(np.array(own), np.ones(len(own)), np.zeros(len(own))) for own in labels]
    return Motifs(segmenter, "filled", fps, found)


def measure(found: Motifs, names: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    chosen = MotifMeasures.choose(NamedMotifs(found.segmenter, found.kind, names), found)
    table = chosen.measure(found)
    return dict(zip(table.names, table.values.T, strict=True))


FIRST = [0] * 10 + [1] * 20 + [0] * 30 + [1] * 5 + [2] * 10 + [-1] * 5 + [0] * 20
SECOND = [2] * 50


def test_by_hand() -> None:
    found = measure(as_motifs([FIRST, SECOND], 3), ("walk", "run", "sit"))
    assert found["usage of walk"] == pytest.approx([0.6, 0])
    assert found["usage of run"] == pytest.approx([0.25, 0])
    assert found["usage of sit"] == pytest.approx([0.1, 1])
    assert found["usage of no motif"] == pytest.approx([0.05, 0])
    # bouts at the ends are cut off; those of 20 and 5 frames have the median 12.5
    assert found["duration of walk"] == pytest.approx([3.0, np.nan], nan_ok=True)
    assert found["duration of run"] == pytest.approx([1.25, np.nan], nan_ok=True)
    assert found["duration of sit"] == pytest.approx([1.0, np.nan], nan_ok=True)
    assert found["rate of walk"] == pytest.approx([18, 0])  # three bouts in 10 s
    assert found["rate of sit"] == pytest.approx([6, 12])
    # to sit from run, and to walk from run: one each; from sit to walk there are frames of no motif
    assert found["transition run to walk"] == pytest.approx([0.5, np.nan], nan_ok=True)
    assert found["transition run to sit"] == pytest.approx([0.5, np.nan], nan_ok=True)
    assert found["transition walk to run"] == pytest.approx([1.0, np.nan], nan_ok=True)
    assert not any("sit to" in name for name in found)


def test_transitions_per_recording_add_up() -> None:
    rng = np.random.default_rng(0)
    found = as_motifs([rng.integers(-1, 4, 37).tolist() for _ in range(5)], 4)
    np.testing.assert_array_equal(count_transitions(found).sum(axis=0), found.transitions())


def test_without_a_frame_rate() -> None:
    found = as_motifs([FIRST, SECOND], 3, None)
    chosen = MotifMeasures.choose(NamedMotifs(found.segmenter, found.kind), found)
    table = chosen.measure(found)
    units = {measure.family: measure.unit for measure in table.measures}
    assert units["duration"] == "frames" and units["rate"] == "bouts/1000 frames"
    assert table.values[0, table.names.index("duration of m01")] == 30
    assert table.values[0, table.names.index("rate of m01")] == pytest.approx(30)


def test_few_of_many_transitions_are_tested() -> None:
    rng = np.random.default_rng(0)
    found = as_motifs([rng.integers(0, 12, 500).tolist() for _ in range(8)], 12)
    chosen = MotifMeasures.choose(NamedMotifs(found.segmenter, found.kind), found)
    assert len(chosen.pairs) == 24
    total = found.transitions()
    rest = [total[i, j] for i in range(12) for j in range(12) if i != j and (i, j) not in chosen.pairs]
    assert min(total[pair] for pair in chosen.pairs) >= max(rest)
    rare = as_motifs([[0, 1, 0, 1, 0]] + [[0] * 5] * 4, 2)  # one recording in five
    assert MotifMeasures.choose(NamedMotifs(rare.segmenter, rare.kind), rare).pairs == ()


def test_merged_and_like_named_motifs() -> None:
    found = as_motifs([FIRST, SECOND], 4)
    found.segmenter.groups[:] = [0, 1, 2, 1]
    names = NamedMotifs(found.segmenter, found.kind, ("walk", "sit", "sit", "run"))
    assert names.kept == [0, 1, 2] and names.titles == ["walk", "sit (m02)", "sit (m03)", "run"]
    chosen = MotifMeasures.choose(names, found)
    table = chosen.measure(found)
    assert not any("run" in name for name in table.names) and len(set(table.names)) == len(table.names)
    by_name = dict(zip(table.names, table.measures, strict=True))
    assert chosen.motifs_of(by_name["usage of sit (m03)"]) == (2,)
    assert chosen.motifs_of(by_name["transition walk to sit (m02)"]) == (0, 1)
    assert chosen.motifs_of(by_name["usage of no motif"]) == ()


def draw_study(seed: int, more: float = 1.0) -> tuple[Motifs, list[str]]:
    """Return two recordings of each of 16 people with habits of their own; half show motif 3 more."""
    rng, labels = np.random.default_rng(seed), []
    people = [f"s{i // 2:02d}" for i in range(32)]
    for i in range(16):
        habits = rng.dirichlet(np.full(5, 4.0))
        habits[2] *= more if i % 2 else 1.0
        for _ in range(2):
            bouts = rng.choice(5, 25, p=habits / habits.sum())
            labels.append(np.repeat(bouts, rng.integers(4, 30, 25)).tolist())
    return as_motifs(labels, 5), people


def test_shuffled_groups_differ_by_chance_alone() -> None:
    found, people = draw_study(0)
    values = np.stack(list(measure(found).values()), axis=1)
    names, rng, p = sorted(set(people)), np.random.default_rng(1), []
    for seed in range(200):
        groups = dict(zip(names, rng.permutation(["a", "b"] * 8), strict=True))
        study = Study(by="drug", groups=[groups[s] for s in people], subjects=people, seconds=[10.0] * 32)
        p.append(compare_groups(values, study, 199, 0, seed).p)
    shares = np.array(p)
    known = np.isfinite(shares)
    # measures go together: the share of 200 runs spreads by about 0.006
    assert 0.03 < (shares[known] < 0.05).mean() < 0.07


def test_a_planted_usage_is_named() -> None:
    found, people = draw_study(3, more=4.0)
    columns = measure(found)
    groups = ["ab"[int(s[1:]) % 2] for s in people]
    study = Study(by="drug", groups=groups, subjects=people, seconds=[10.0] * 32)
    result = compare_groups(np.stack(list(columns.values()), axis=1), study, 999, 100, 0)
    strongest = list(columns)[int(np.nanargmax(np.abs(result.effect)))]
    assert strongest in ("usage of m03", "rate of m03")
    place = list(columns).index("usage of m03")
    assert result.q[place] < 0.05 and result.difference[place] > 0.1


@pytest.fixture(scope="module")
def model(trained: Any) -> Any:
    return htvae.load(trained.checkpoint, "cpu")


def make_people(make_walk: Any) -> list[Any]:
    """Return recordings in which people wave slowly, then fast; the treated wave fast for longer."""
    rng, sequences = np.random.default_rng(0), []
    for i in range(10):
        own = make_walk(0, 150, f"s{i}", subject=f"s{i}", covariates={"drug": ("control", "treated")[i % 2]})
        change = int(rng.integers(30, 45) if i % 2 else rng.integers(90, 105))
        phase = np.cumsum(np.where(np.arange(150) < change, 0.1, 0.8)) + i
        swing = 1.2 + 0.7 * np.sin(phase)
        own.pose[:, 5, 1] = np.where(np.isnan(own.pose[:, 5, 0]), np.nan, swing)
        sequences.append(own)
    return sequences


def test_compare_with_motifs(model: Any, make_walk: Any) -> None:
    recordings = [model.process(own) for own in make_people(make_walk)]
    motifs = model.find_motifs(recordings, num_motifs=2, bout_seconds=1.0)
    found = model.compare(recordings, "drug", motifs, num_permutations=999, num_bootstraps=50)
    usage = [i for i, m in enumerate(found.table.measures) if m.family == "usage" and m.motif]
    assert [found.table.measures[i].motif for i in usage] == ["m01", "m02"]
    assert (found.result.q[usage] < 0.05).all()
    # shares of two motifs and of none add up to one
    assert found.result.difference[usage].sum() == pytest.approx(0, abs=0.02)
    assert np.abs(found.result.difference[usage]).min() > 0.2
    halves = found.split_half.value[usage]
    assert np.isfinite(halves).all() and len(found.found.segmentations) == 10
    alone = model.compare(recordings, "drug", num_permutations=99, num_bootstraps=0)
    assert alone.motifs is None and alone.table.names == found.table.names[: len(alone.table.names)]
