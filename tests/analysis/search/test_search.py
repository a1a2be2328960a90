"""Search: planted copies are found, nothing overlaps, and what users do wrong is said."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.analysis.search.search import Hit, build_index, place_query, search
from htvae.analysis.search.span_index import SpanIndex
from htvae.analysis.search.span_ranking import Clip, choose_apart, compare_spans, mean_vector
from htvae.poses.sequence import PoseSequence
from tests.conftest import BODY, PLACES


@pytest.fixture(scope="module")
def model(trained: Any) -> Any:
    return htvae.load(trained.checkpoint, "cpu")


def stand_and_wave(seed: int, waves: tuple[int, ...], num_frames: int = 400, **known: Any) -> PoseSequence:
    """Return a body that stands, and waves for 60 frames from each of these on."""
    rng = np.random.default_rng(seed)
    pose = np.repeat(2.0 * PLACES[None], num_frames, axis=0) + rng.normal(0, 0.03, (num_frames, len(BODY), 2))
    pose[:, 0] += 0.1 * np.sin(0.05 * np.arange(num_frames) + seed)[:, None]
    for start in waves:
        pose[start : start + 60, 5] += (0.5 * np.sin(0.4 * np.arange(60)) + [[0.5], [1.5]]).T
    return PoseSequence.from_array(pose, BODY, **({"name": f"r{seed}", "fps": 30.0} | known))


@pytest.fixture(scope="module")
def recordings() -> list[PoseSequence]:
    return [stand_and_wave(0, (60, 240)), stand_and_wave(1, (120,)), stand_and_wave(2, ())]


def places(hits: list[Hit]) -> list[tuple[int, int]]:
    """Return where hits begin, to the next planted movement within a third of a second."""
    near = [min((0, 60, 120, 240), key=lambda start: abs(start - hit.start)) for hit in hits]
    assert all(abs(start - hit.start) <= 10 for start, hit in zip(near, hits, strict=True))
    return sorted((hit.recording, start) for start, hit in zip(near, hits, strict=True))


def test_planted_movements_come_first(model: Any, recordings: list[PoseSequence]) -> None:
    found = model.find(recordings[0], (60, 120), recordings, kind="pose", num_hits=20)
    assert places(found.hits[:2]) == [(0, 240), (1, 120)]
    assert found.hits[1].similarity > 0.7 and found.hits[2].similarity < 0.4
    assert found.own == Clip(0, 60, 120)
    clips = [*found.hits, found.own]
    assert not any(a.overlaps(b) for i, a in enumerate(clips) for b in clips[:i])
    scores = [hit.similarity for hit in found.hits]
    assert scores == sorted(scores, reverse=True) and all(hit.observed > 0.95 for hit in found.hits)


def test_a_query_from_elsewhere(model: Any, recordings: list[PoseSequence]) -> None:
    slow = stand_and_wave(5, (30,), 100)
    found = model.find(slow, (30, 90), recordings, kind="pose")
    assert found.own is None and places(found.hits[:3]) == [(0, 60), (0, 240), (1, 120)]


def test_another_rate_and_fewer_landmarks(model: Any, recordings: list[PoseSequence]) -> None:
    double = np.repeat(stand_and_wave(5, (30,), 100).pose, 2, axis=0)
    query = PoseSequence.from_array(double[:, 1:], BODY[1:], "fast", 60.0)
    found = model.find(query, (60, 180), recordings, kind="pose")
    assert places(found.hits[:3]) == [(0, 60), (0, 240), (1, 120)]


def test_the_same_content_under_another_name_is_the_query(model: Any, recordings: list[PoseSequence]) -> None:
    renamed = replace(recordings[1], name="copy")
    assert model.find(renamed, (120, 180), recordings, kind="pose").own == Clip(1, 120, 180)


def test_what_is_not_observed_is_no_hit(model: Any, recordings: list[PoseSequence]) -> None:
    pose = recordings[1].pose.copy()
    pose[100:260] = np.nan
    hidden = replace(recordings[1], pose=pose)
    found = model.find(recordings[0], (60, 120), [recordings[0], hidden], kind="filled")
    assert all(hit.observed >= 0.1 for hit in found.hits)
    with pytest.raises(
        ValueError, match=r"at least 10% of points are observed, but in r1, 120:180, 0.0% are"
    ):
        model.find(hidden, (120, 180), recordings)


def test_one_recording_and_no_rate(model: Any) -> None:
    alone = stand_and_wave(3, (60, 240), fps=None)
    found = model.find(alone, (60, 120), [alone], kind="pose")
    assert places(found.hits[:1]) == [(0, 240)]
    whole = model.find(alone, (0, 400), [alone], kind="pose")
    assert whole.hits == []


def test_spans_that_cannot_be(model: Any, recordings: list[PoseSequence]) -> None:
    for frames in ((-3, 20), (390, 401), (50, 50)):
        with pytest.raises(ValueError, match=r"within the frames 0 to 400 of r0"):
            model.find(recordings[0], frames, recordings)
    long = stand_and_wave(4, (), 500)
    with pytest.raises(ValueError, match=r"no longer than the longest recording .*\(400 frames .*has 450"):
        model.find(long, (0, 450), recordings, kind="pose")
    with pytest.raises(ValueError, match="at least one to search in"):
        model.find(long, (0, 450), [])


def test_frames_are_counted_as_in_the_file(model: Any) -> None:
    late = model.process(stand_and_wave(0, (), first_frame=1000))
    query = place_query(late, (1030, 1060))
    assert (query.start, query.stop) == (30, 60)
    with pytest.raises(ValueError, match="1000 to 1400"):
        place_query(late, (30, 60))


def test_all_spans_are_compared(model: Any, recordings: list[PoseSequence]) -> None:
    processed = [model.process(r) for r in recordings]
    index = build_index(model, processed, "latent")
    query = place_query(processed[0], (60, 120))
    found = search(model, index, processed, query, "latent")
    spans = index.spans(found.length)
    vectors, mean = index.vectors(spans.rows, found.length), mean_vector(index, spans)
    away, wanted = vectors - mean, found.vector - mean
    cosine = away @ wanted / np.linalg.norm(away, axis=1) / np.linalg.norm(wanted)
    np.testing.assert_allclose(compare_spans(index, found.length, found.vector, mean), cosine, atol=1e-5)


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_choosing_is_greedy(most: int) -> None:
    rng = np.random.default_rng(1)
    lengths = (400, 30, 900)
    index = SpanIndex.fit(
        [rng.normal(size=(n, 2, 2)) for n in lengths], [np.ones(n) for n in lengths], np.ones(2), 30.0
    )
    spans, taken = index.spans(5), [Clip(2, 95, 131)]
    scores = rng.random(len(spans.rows)).round(2)
    kept = choose_apart(spans, scores, most, taken, least=0.2)
    expected, clips = [], list(taken)
    for i in sorted(range(len(scores)), key=lambda i: (-scores[i], i)):
        own = Clip(int(spans.recording[i]), int(spans.start[i]), int(spans.stop[i]))
        if scores[i] > 0.2 and len(expected) < most and not any(own.overlaps(c) for c in clips):
            expected.append(i)
            clips.append(own)
    assert sorted(scores[kept]) == sorted(scores[expected]) and kept[0] == expected[0]
    assert most == 1000 or kept == expected
