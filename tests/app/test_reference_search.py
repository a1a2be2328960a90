"""The reference of the page's search: it finds what was planted, and agrees with arrays over all spans."""

import numpy as np
import pytest

from htvae.app.reference_search import MOST_FOUND, find_similar, place_span

EVERY, LENGTH = 0.2, 0.3


@pytest.fixture
def windows() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    parts = [rng.integers(-20, 20, (count, 5)) for count in (60, 41, 3)]
    parts[1][20:30] = parts[0][10:20]  # the same movement again
    return [part.astype(np.int8) for part in parts]


@pytest.mark.parametrize(
    ("seconds", "place"),
    [
        ((2.0, 4.1), (10, 10)),
        ((0.0, 0.01), (0, 1)),
        ((11.5, 13.0), (53, 7)),  # past the end: moved back
        ((0.0, 99.0), (0, 60)),
        ((1.0, 1.6), (5, 3)),  # 2.5 windows round up
    ],
)
def test_a_span_of_seconds_is_one_of_windows(seconds: tuple[float, float], place: tuple[int, int]) -> None:
    assert place_span(60, EVERY, LENGTH, seconds) == place


def test_the_planted_copy_comes_first_and_nothing_overlaps(windows: list[np.ndarray]) -> None:
    found = find_similar(windows, EVERY, LENGTH, 0, (2.0, 4.1))
    assert (found[0].recording, found[0].start, found[0].num_windows) == (1, 20, 10)
    assert found[0].distance == pytest.approx(0, abs=1e-9)
    assert [own.distance for own in found] == sorted(own.distance for own in found)
    taken = [(0, 10), *((own.recording, own.start) for own in found)]
    for i, (own, first) in enumerate(taken):
        for other, start in taken[:i]:
            assert own != other or abs(first - start) * EVERY >= 9 * EVERY + LENGTH - 1e-9
    assert {own.recording for own in found} == {0, 1}  # the third is shorter than the span
    assert len(found) <= MOST_FOUND


def test_elsewhere_leaves_the_own_recording_out_and_keeps_the_order(windows: list[np.ndarray]) -> None:
    found = find_similar(windows, EVERY, LENGTH, 0, (2.0, 4.1), elsewhere=True)
    everywhere = find_similar(windows, EVERY, LENGTH, 0, (2.0, 4.1))
    assert {own.recording for own in found} == {1}
    assert found[0] == everywhere[0]
    assert [own.distance for own in found] == sorted(own.distance for own in found)


def test_it_agrees_with_arrays_over_all_spans(windows: list[np.ndarray]) -> None:
    count, described, places = 4, [], []
    for own, part in enumerate(windows):
        values = part.astype(float)
        for first in range(len(values) - count + 1):
            cut = values[first : first + count]
            described.append(np.concatenate([cut.mean(0), cut.std(0)]))
            places.append((own, first))
    vectors = np.array(described) - np.mean(described, axis=0)
    asked = vectors[places.index((1, 7))]
    cosines = vectors @ asked / np.linalg.norm(vectors, axis=1) / np.linalg.norm(asked)
    best = max((c, p) for c, p in zip(cosines, places, strict=True) if p[0] != 1 or abs(p[1] - 7) >= 5)
    found = find_similar(windows, EVERY, LENGTH, 1, (1.4, 2.3))
    assert (found[0].recording, found[0].start) == best[1]
    assert found[0].distance == pytest.approx(1 - best[0])


def test_alike_recordings_are_no_reason_to_stop() -> None:
    same = [np.ones((6, 2), np.int8), np.ones((6, 2), np.int8)]
    found = find_similar(same, EVERY, LENGTH, 0, (0.0, 0.5))
    assert [(own.recording, own.start) for own in found] == [(0, 3), (1, 0), (1, 3)]
