"""`AnalysisModel.compare`: a difference is planted in one landmark of recordings, and found there."""

from typing import Any

import numpy as np
import pytest

import htvae
from htvae.analysis.groups.comparison import Comparison


@pytest.fixture(scope="module")
def model(trained: Any) -> Any:
    return htvae.load(trained.checkpoint, "cpu")


def record(make_walk: Any, num_subjects: int, planted: float) -> list[Any]:
    """Return two recordings of each subject; in group ``treated`` the wrist waves ``planted`` times as wide.

    The camera changes from subject to subject, and goes with nothing.
    """
    rng, sequences = np.random.default_rng(0), []
    for i in range(num_subjects):
        wave = rng.normal(1, 0.15) * (planted if i % 2 else 1)
        for take in range(2):
            own = make_walk(
                rng.integers(3),
                48 + 3 * take,
                f"s{i:02d}_{take}",
                subject=f"s{i}",
                covariates={"drug": ("control", "treated")[i % 2], "camera": ("front", "side")[i // 2 % 2]},
            )
            swing = 1.2 + wave * 0.5 * np.sin(0.4 * np.arange(len(own.pose)))
            own.pose[:, 5, 1] = np.where(np.isnan(own.pose[:, 5, 0]), np.nan, swing)
            sequences.append(own)
    return sequences


@pytest.fixture(scope="module")
def found(model: Any, make_walk: Any) -> Comparison:
    return model.compare(record(make_walk, 16, 2.2), "drug", num_permutations=999, num_bootstraps=200)


def test_the_planted_landmark_is_named(found: Comparison) -> None:
    result = found.result
    strongest = int(np.nanargmin(result.p - 1e-6 * np.abs(np.nan_to_num(result.effect))))
    assert found.table.measures[strongest].landmark == "LEFT_WRIST"
    place = found.table.names.index("range of LEFT_WRIST")
    assert result.q[place] < 0.05 and result.difference[place] > 0.3
    differing = {found.table.measures[i].landmark for i in np.flatnonzero(result.q < 0.05)} - {""}
    assert differing == {"LEFT_WRIST"}
    assert result.units.group_names == ("control", "treated") and not result.units.is_paired


def test_every_measure_has_a_reliability(found: Comparison) -> None:
    place = found.table.names.index("range of LEFT_WRIST")
    assert found.retest.value[place] > 0.8 and not found.is_unreliable[place]
    tested = np.isfinite(found.result.p)
    assert tested.sum() == 10  # shoulders and hips of these bodies are rigid
    assert np.isfinite(found.split_half.value[tested]).all() and np.isfinite(found.retest.value[tested]).all()


def test_the_camera_is_tested(found: Comparison) -> None:
    (leak,) = found.leaks
    assert leak.column == "camera" and leak.test is not None and leak.remaining is not None
    place = found.table.names.index("range of LEFT_WRIST")
    assert leak.remaining.q[place] < 0.05
    kinds = [doubt.kind for doubt in found.doubts]
    assert kinds == ["constant", "untested"]  # rigid landmarks; they have no asymmetry


def test_other_tables_join_without_halves(model: Any, make_walk: Any) -> None:
    from htvae.analysis.groups.comparison import CompareRequest, compare_recordings
    from htvae.analysis.measures import Measure, MeasureTable

    recordings = [model.process(sequence) for sequence in record(make_walk, 6, 1.0)]
    usage = MeasureTable((Measure("usage of motif 1", "share", "usage"),), np.arange(12.0)[:, None])
    steps: list[str] = []
    request = CompareRequest(by="drug", num_permutations=99, num_bootstraps=20)
    found = compare_recordings(model, recordings, request, [usage], steps.append)
    assert found.table.names[-1] == "usage of motif 1" and np.isnan(found.split_half.value[-1])
    assert found.retest.value[-1] > 0.5 and np.isfinite(found.result.p[-1])
    assert steps == ["encoding", "halves", "differences", "reliability", "leaks"]


def test_subjects_can_be_compared_with_each_other(model: Any, make_walk: Any) -> None:
    found = model.compare(record(make_walk, 3, 1.0), "subject", num_permutations=99, num_bootstraps=20)
    assert len(found.result.units.groups) == 6
    assert {"subjects", "few_subjects"} <= {doubt.kind for doubt in found.doubts}
    assert not {"no_subject", "confounded"} & {doubt.kind for doubt in found.doubts}
    assert found.leaks == ()  # drug and camera are the subject's


def test_unknown_columns(model: Any, make_walk: Any) -> None:
    sequences = record(make_walk, 2, 1.0)
    known = "Known: label, subject, drug, camera"
    with pytest.raises(ValueError, match=f"--by must name a column of manifest.csv, but got 'dose'. {known}"):
        model.compare(sequences, "dose")
    with pytest.raises(ValueError, match=r"--adjust must name a column .* got 'age'"):
        model.compare(sequences, "drug", adjust=("age",))
    with pytest.raises(ValueError, match="label must say something of recordings, but is empty for all 4"):
        model.compare(sequences, "label")
