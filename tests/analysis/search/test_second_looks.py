"""Second looks: planted movements are found again, what only one cut resembles is not."""

from typing import Any

import numpy as np
import pytest

import htvae
from htvae.analysis.search.search import Hit
from htvae.analysis.search.second_looks import _is_among, find_again, list_moves, score_again
from htvae.analysis.search.span_index import Spans
from htvae.poses.sequence import PoseSequence
from tests.conftest import BODY, PLACES


@pytest.fixture(scope="module")
def model(trained: Any) -> Any:
    return htvae.load(trained.checkpoint, "cpu")


def wave(seed: int, starts: tuple[int, ...], num_frames: int = 900) -> PoseSequence:
    """Return a body that trembles, and waves for 90 frames from each of these on."""
    rng = np.random.default_rng(seed)
    pose = 2.0 * PLACES[None] + rng.normal(0, 0.1, (num_frames, len(BODY), 2))
    for start in starts:
        pose[start : start + 90, 5] += (0.8 * np.sin(0.4 * np.arange(90)) + [[0.8], [2.0]]).T
    return PoseSequence.from_array(pose, BODY, name=f"r{seed}", fps=30.0)


def test_planted_movements_are_found_again_and_the_rest_less(model: Any) -> None:
    recordings = [wave(0, (60, 400), 3000), wave(1, (200, 600), 3000), wave(2, (300,), 3000)]
    found = model.find(recordings[0], (60, 150), recordings, kind="pose", num_hits=12)
    again = find_again(model, found, "pose")
    assert again.shape == (12,)
    assert (again[:4] >= 0.75).all() and again[4:].mean() < 0.6 and (again[4:] < 0.5).any()
    np.testing.assert_array_equal(again, find_again(model, found, "pose"))


def test_a_list_of_all_there_is_says_nothing(model: Any) -> None:
    short = wave(3, (30,), 150)
    found = model.find(short, (30, 120), [short, wave(4, (20,), 150)], kind="pose", num_hits=3)
    assert np.isnan(find_again(model, found, "pose")).all()


def test_a_query_that_fills_its_recording_cannot_be_moved(model: Any) -> None:
    query = wave(5, (0,), 90)
    found = model.find(query, (0, 90), [wave(0, (60, 400)), wave(1, (200,))], kind="pose", num_hits=5)
    assert np.isnan(find_again(model, found, "pose")).all()


def test_moves_stay_within_a_quarter_of_a_span() -> None:
    assert [list_moves(n) for n in (1, 4, 7, 8, 40)] == [[-1, 1]] * 3 + [[-2, -1, 1, 2]] * 2


def test_found_again_needs_more_than_half_of_the_frames() -> None:
    hit = Hit(0, 100, 160, similarity=1.0, distance=0.0, observed=1.0)
    others = [Hit(*place, similarity=1.0, distance=0.0, observed=1.0) for place in
              ((1, 100, 160), (0, 130, 190), (0, 40, 100))]  # fmt: skip
    assert not _is_among(hit, others)
    assert _is_among(hit, [*others, Hit(0, 129, 189, similarity=1.0, distance=0.0, observed=1.0)])


def test_neighbours_of_a_detection_by_hand() -> None:
    starts = np.arange(10)
    recording = np.repeat([0, 1], 5)
    spans = Spans(8, starts, recording, starts * 6, starts * 6 + 48, np.ones(10))
    positive = np.array([0, 1, 1, 1, 1, 1, 0, 0, 1, 0], bool)
    # places 3 (neighbours 1, 2, 4), 5 (6 and 7 alone, since 3 and 4 are of another recording), 8 (6, 7, 9)
    assert score_again(spans, positive, [3, 5, 8]).tolist() == [1.0, 0.0, 0.0]
    assert score_again(spans, positive, []).shape == (0,)
