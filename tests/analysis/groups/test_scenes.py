"""What differences look like: the planted landmark moves apart, and nothing else does."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.analysis.groups.comparison import Comparison
from htvae.analysis.groups.differences import order_measures
from htvae.analysis.groups.mean_motion import find_usual_span, measure_distances
from htvae.analysis.groups.scenes import ScenePlan, choose_groups, find_landmarks, plan_scenes


@pytest.fixture(scope="module")
def model(trained: Any) -> Any:
    return htvae.load(trained.checkpoint, "cpu")


def make_people(make_walk: Any, groups: tuple[str, ...] = ("control", "treated")) -> list[Any]:
    """Return recordings in which everybody nods alike, and the wrist waves wider from group to group."""
    rng, sequences = np.random.default_rng(0), []
    for i in range(6 * len(groups)):
        group = i % len(groups)
        own = make_walk(
            0, 120, f"s{i:02d}", subject=f"s{i:02d}", covariates={"drug": groups[group], "all": "one"}
        )
        wave = rng.normal(1, 0.1) * (1 + 1.2 * group)
        swing = 1.2 + 0.5 * wave * np.sin(0.3 * np.arange(120))
        own.pose[:, 5, 1] = np.where(np.isnan(own.pose[:, 5, 0]), np.nan, swing)
        sequences.append(own)
    return sequences


@pytest.fixture(scope="module")
def recordings(model: Any, make_walk: Any) -> list[Any]:
    return [model.process(own) for own in make_people(make_walk)]


@pytest.fixture(scope="module")
def found(model: Any, recordings: list[Any]) -> Comparison:
    motifs = model.find_motifs(recordings, num_motifs=2, bout_seconds=1.0)
    found: Comparison = model.compare(recordings, "drug", motifs, num_permutations=999, num_bootstraps=0)
    return found


def with_q(found: Comparison, q: dict[str, float]) -> Comparison:
    """Return a comparison whose measures have these q, all others 1."""
    values = np.array([q.get(name, 1.0) for name in found.table.names])
    tested = np.isfinite(found.result.p)
    # measures that are the same in all, such as a rare motif's, are given numbers, too
    p = np.where(tested | (values < 1), values, np.nan)
    effect = np.where(tested, found.result.effect, 2.0)
    return replace(found, result=replace(found.result, q=p, p=p, effect=effect))


def test_the_planted_landmark_moves_apart(model: Any, recordings: list[Any], found: Comparison) -> None:
    scene = next(s for s in model.show_differences(recordings, found) if s.kind == "landmarks")
    assert scene.holds and scene.groups == (0, 1) and scene.means is not None
    landmarks = model.processor.landmarks
    wrist = landmarks.index("LEFT_WRIST")
    assert found.table.measures[scene.measures[0]].landmark == "LEFT_WRIST"
    assert scene.is_sure.tolist() == [name == "LEFT_WRIST" for name in landmarks]
    assert scene.values[wrist] > 2
    largest = scene.means.distance.max(axis=0)
    assert largest.argmax() == wrist and largest[wrist] > 3 * np.delete(largest, wrist).max()
    assert scene.means.num_subjects == (6, 6)
    assert (scene.means.distance[:, wrist] > scene.means.chance[:, wrist]).mean() > 0.3
    ranges = [np.ptp(pose[:, wrist, 1]) for pose in scene.means.poses]
    assert ranges[1] > 1.3 * ranges[0]
    for group, clip in enumerate(scene.clips):
        assert clip is not None and clip.stop - clip.start == len(scene.means.poses[0])
        assert recordings[clip.recording].source.covariates["drug"] == ("control", "treated")[group]
        assert np.isfinite(clip.pose).all()


def test_a_component_moves_from_mean_to_mean(model: Any, recordings: list[Any], found: Comparison) -> None:
    changed = with_q(found, {"latent component 1": 0.01, "latent component 2": 0.02})
    (scene,) = model.show_differences(recordings, changed)
    assert scene.kind == "latent" and scene.means is not None and scene.clips == (None, None)
    assert [found.table.names[i] for i in scene.measures] == ["latent component 1"]
    np.testing.assert_allclose(scene.values, scene.means.distance.max(axis=0))
    assert np.isnan(scene.means.chance).all() and scene.values.max() > 0


def test_a_motif_has_a_clip_of_each_group(model: Any, recordings: list[Any], found: Comparison) -> None:
    changed = with_q(found, {"usage of m01": 0.01, "rate of m01": 0.02, "usage of m02": 0.03})
    first, second = model.show_differences(recordings, changed)
    assert first.kind == second.kind == "motif" and first.means is None
    assert [found.table.names[i] for i in first.measures] == ["usage of m01", "rate of m01"]
    for clip in (*first.clips, *second.clips):
        if clip is not None:
            labels = found.found.segmentations[clip.recording].labels[clip.start : clip.stop]
            assert len(set(labels.tolist())) == 1
    shown = {i for s in found.found.segmentations for i in s.labels.tolist()}
    assert any(clip is not None for clip in first.clips) == (0 in shown)


def test_plans(found: Comparison) -> None:
    changed = with_q(
        found,
        {
            "usage of m01": 0.001,
            "asymmetry of speed, LEFT_HIP / RIGHT_HIP": 0.002,
            "latent component 2": 0.003,
            "range of NOSE": 0.004,
            "share observed": 0.005,
            "latent component 1": 0.006,
        },
    )
    names = found.table.names
    plans = [(plan.kind, [names[i] for i in plan.measures], plan.motifs) for plan in plan_scenes(changed)]
    assert plans == [
        ("motif", ["usage of m01"], (0,)),
        ("landmarks", ["range of NOSE", "asymmetry of speed, LEFT_HIP / RIGHT_HIP"], ()),
        ("latent", ["latent component 2"], ()),
    ]
    unsure = plan_scenes(with_q(found, {}))
    assert 1 <= len(unsure) <= 3
    assert {i for plan in unsure for i in plan.measures} <= set(order_measures(found.result))


def test_landmarks_that_differ(found: Comparison, model: Any) -> None:
    landmarks, names = model.processor.landmarks, found.table.names
    changed = with_q(found, {"range of NOSE": 0.01, "range of LEFT_WRIST": 0.04})
    plan = ScenePlan("landmarks", (names.index("range of NOSE"), names.index("range of LEFT_WRIST")))
    marks, family, _, is_sure = find_landmarks(changed, plan, landmarks)
    assert family == "range" and [landmarks[i] for i in marks] == ["NOSE", "LEFT_WRIST"]
    assert {landmarks[i] for i in np.flatnonzero(is_sure)} == {"NOSE", "LEFT_WRIST"}
    pair = ScenePlan("landmarks", (names.index("asymmetry of speed, LEFT_HIP / RIGHT_HIP"),))
    marks, family, *_ = find_landmarks(with_q(found, {}), pair, landmarks)
    assert family == "speed" and [landmarks[i] for i in marks] == ["LEFT_HIP", "RIGHT_HIP"]
    marks, *_ = find_landmarks(with_q(found, {}), plan, landmarks)  # nothing holds: the strongest alone
    assert [landmarks[i] for i in marks] == ["NOSE"]


def test_more_groups_show_the_lowest_and_the_highest(model: Any, make_walk: Any) -> None:
    recordings = [model.process(own) for own in make_people(make_walk, ("b", "c", "a"))]
    found = model.compare(recordings, "drug", num_permutations=999, num_bootstraps=0)
    place = found.table.names.index("range of LEFT_WRIST")
    groups = choose_groups(found, place)
    assert [found.result.units.group_names[g] for g in groups] == ["b", "a"]
    assert all(scene.groups[0] != scene.groups[1] for scene in model.show_differences(recordings, found))


def test_nothing_tested_shows_nothing(model: Any, recordings: list[Any], found: Comparison) -> None:
    missing = np.full(len(found.table.names), np.nan)
    nothing = replace(found, result=replace(found.result, p=missing, q=missing, effect=missing))
    assert model.show_differences(recordings, nothing) == []


def test_distances_by_hand() -> None:
    pairs = np.zeros((1, 2, 7, 2, 2))
    pairs[0, 1, :, 1] = (3, 4)
    pairs[0, 1, 6, 1] = (6, 8)
    times, distances = measure_distances(pairs, 20.0)  # spans of two frames, the last of one
    assert times == pytest.approx([0.05, 0.15, 0.25, 0.325])
    assert distances[0] == pytest.approx(np.array([[0, 5], [0, 5], [0, 5], [0, 10]]))
    times, _ = measure_distances(pairs, None)
    assert times == pytest.approx([1.5, 4.5, 6.5])  # frames


def test_the_usual_span() -> None:
    """The nearest recording is still, the next too short, the third moves at two speeds."""
    speeds = [np.zeros(50), np.full(4, 1.0), np.where(np.arange(50) < 25, 0.0, 1.0), np.full(50, 0.5)]
    series = [np.cumsum(own)[:, None, None] * np.array([1.0, 0.0]) for own in speeds]
    latents = np.array([[0.1], [0.1], [0.2], [-0.4]])
    used = np.ones(4, bool)
    recording, start = find_usual_span(series, latents, used, 1, 10) or (-1, -1)
    assert recording == 2 and 18 <= start <= 22  # a third of the span or so moves
    assert find_usual_span(series[1:2], latents[:1], used[:1], 1, 10) is None
