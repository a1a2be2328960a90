"""`AnalysisModel.plan_power`: effects planted into recordings of a tiny model, and what cannot be planned."""

from typing import Any

import numpy as np
import pytest

import htvae
from htvae.analysis.groups.motif_measures import NamedMotifs
from htvae.analysis.power.planner import PowerPlan

QUICK = {"num_studies": 100, "num_permutations": 999}


@pytest.fixture(scope="module")
def model(trained: Any) -> Any:
    return htvae.load(trained.checkpoint, "cpu")


def record(make_walk: Any, num_subjects: int, takes: int = 2) -> list[Any]:
    """Return recordings of subjects who wave differently wide; the drug changes from take to take."""
    rng, sequences = np.random.default_rng(0), []
    for i in range(num_subjects):
        width = 0.5 * rng.normal(1, 0.15)
        for take in range(takes):
            known = {"subject": f"s{i:02d}", "covariates": {"drug": ("none", "some")[take % 2]}}
            own = make_walk(i % 3, 60 + 3 * take, f"s{i:02d}_{take}", **known)
            swing = 1.2 + width * np.sin(0.4 * np.arange(len(own.pose)) + take)
            own.pose[:, 5, 1] = np.where(np.isnan(own.pose[:, 5, 0]), np.nan, swing)
            sequences.append(own)
    return sequences


@pytest.fixture(scope="module")
def plan(model: Any, make_walk: Any) -> PowerPlan:
    return model.plan_power(record(make_walk, 12), "range of LEFT_WRIST -20%", **QUICK)


def test_the_asked_change_is_planted(plan: PowerPlan) -> None:
    assert plan.outcome == "range of LEFT_WRIST" and plan.unit == "torso lengths"
    assert plan.difference / plan.control_mean == pytest.approx(-0.2, abs=0.003)
    assert -0.3 < plan.strength < -0.19 and plan.num_recordings == 24
    change = plan.rows.treated - plan.rows.plain
    moved = np.abs(change).max(axis=(0, 1)) > 1e-6
    assert 2 <= moved.sum() < len(moved)
    assert not plan.rows.touched[0] and plan.rows.touched.sum() == 2  # its range and its speed


def test_the_outcome_says_its_reliability(model: Any, make_walk: Any, plan: PowerPlan) -> None:
    assert plan.reliability.value[0] > 0.5 and not plan.reliability.is_low[0]  # people wave differently wide
    alone = model.plan_power(record(make_walk, 6, 1), "range of LEFT_WRIST -20%", sizes=(6,), **QUICK)
    assert np.isnan(alone.reliability.value[0]) and not alone.reliability.is_low[0]


def test_a_strong_effect_needs_few(plan: PowerPlan) -> None:
    (needed,) = plan.simulation.needed
    assert needed.size is not None and 4 <= needed.size <= 25
    powers = [result.power for result in plan.simulation.curve]
    assert powers[-1] > 0.9 and powers[0] < 0.8
    assert [doubt.kind for doubt in plan.doubts][:1] == ["few_controls"]


def test_absolute_sizes_and_fewer_recordings(model: Any, make_walk: Any) -> None:
    options = {**QUICK, "sizes": (6,), "recordings_per_subject": 1}
    found = model.plan_power(record(make_walk, 8), "range of left arm -0.05", **options)
    assert found.difference == pytest.approx(-0.05, rel=0.05)
    assert found.rows.plain.shape[1] > 1


def test_the_whole_body(model: Any, make_walk: Any) -> None:
    found = model.plan_power(record(make_walk, 6), "speed -15%", **QUICK, sizes=(8,))
    assert found.outcome.startswith("mean speed of all") and -0.4 < found.strength < 0
    assert found.difference / found.control_mean == pytest.approx(-0.15, abs=0.01)


def test_directions(model: Any, make_walk: Any) -> None:
    sequences = record(make_walk, 6)
    found = model.plan_power(sequences, "drug none->some 0.5", **QUICK, sizes=(8,))
    assert found.outcome == "way from none to some (drug)" and found.strength == 0.5
    with pytest.raises(ValueError, match=r"none has 'much'. Known: none, some"):
        model.plan_power(sequences, "drug none->much 0.5", **QUICK)
    with pytest.raises(ValueError, match=r"--effect must name a column .* got 'dose'"):
        model.plan_power(sequences, "dose a->b 0.5", **QUICK)


def test_motifs(model: Any, make_walk: Any) -> None:
    rng, sequences = np.random.default_rng(4), []
    for i in range(5):
        own = make_walk(i % 3, 420, f"s{i}", subject=f"s{i}")
        waves = np.sin(0.5 * np.arange(420)) * (np.arange(420) // rng.integers(60, 80) % 2)
        own.pose[:, 5, 1] = np.where(np.isnan(own.pose[:, 5, 0]), np.nan, 1.2 + waves)
        sequences.append(own)
    motifs = model.find_motifs(sequences, num_motifs=2)
    known = NamedMotifs(motifs.segmenter, motifs.kind, ("first", "second"))
    found = model.plan_power(sequences, "motif First -30%", known, **QUICK, sizes=(8,))
    assert found.outcome == "usage of first"
    assert found.difference / found.control_mean == pytest.approx(-0.3, abs=0.1)
    with pytest.raises(ValueError, match=r"got 'm07'\. Known: first, second"):
        model.plan_power(sequences, "motif m07 -30%", known)
    with pytest.raises(ValueError, match="must change by a share such as"):
        model.plan_power(sequences, "motif m01 +0.1", known)
    with pytest.raises(ValueError, match="Give their folder with --motifs"):
        model.plan_power(sequences, "motif m01 +8%")


@pytest.mark.parametrize(
    ("effect", "options", "message"),
    [
        ("speed of TAIL -10%", {}, "a landmark or a part of the body, but got 'TAIL'. Landmarks: LEFT_SH"),
        ("range of LEFT_HIP -90%", {}, "the nearest that planting reaches"),
        ("speed -10%", {"sizes": (3,)}, "num_subjects must be 4 to 500 per group, but got 3"),
        ("speed -10%", {"sizes": (2_000,)}, "but got 2000"),
        ("speed -10%", {"targets": (1.5,)}, "target must be in"),
        ("speed -10%", {"recordings_per_subject": 5}, "s00 has 2 and 5 were asked for"),
    ],
)
def test_what_cannot_be_planned(
    effect: str, options: dict[str, Any], message: str, model: Any, make_walk: Any
) -> None:
    with pytest.raises(ValueError, match=message):
        model.plan_power(record(make_walk, 5), effect, **options)


def test_one_subject_is_no_population(model: Any, make_walk: Any) -> None:
    with pytest.raises(
        ValueError, match="at least 4 subjects, since studies are drawn from them, but found 1"
    ):
        model.plan_power(record(make_walk, 1), "speed -10%")
    nameless = [
        htvae.PoseSequence.from_array(r.pose, r.landmarks, r.name, 30.0) for r in record(make_walk, 5)
    ]
    found = model.plan_power(nameless, "range of LEFT_WRIST -20%", **QUICK, sizes=(6,))
    assert "no_subject" in {doubt.kind for doubt in found.doubts} and len(found.rows.names) == 10
