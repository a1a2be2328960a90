"""Following individuals: by ids, by the nearest pose, through crossings and gaps; pieces of tracks joined."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.following import MOST_DETECTIONS
from htvae.io.linking import link_individuals
from htvae.io.tracks import Content, Detections, Track

POINTS = ("a", "b", "c", "d", "e")
SHAPE = np.array([[0, 0], [30, 10], [60, -5], [10, 80], [50, 90.0]])


def walkers(*paths: Callable[[np.ndarray], np.ndarray], num_frames: int = 90) -> np.ndarray:
    """Return people (P, T, L, 2) of one shape who move along paths (frames) -> (T,) in pixels."""
    frames = np.arange(num_frames)
    across = np.stack([path(frames) for path in paths])[:, :, None, None] * [1.0, 0.0]
    noise = np.random.default_rng(0).normal(0, 0.5, (*across.shape[:2], 5, 2))
    return SHAPE + across + noise + 3 * np.arange(len(paths))[:, None, None, None]


def detect(people: np.ndarray, found: np.ndarray | None = None, seed: int = 0, **more: Any) -> Detections:
    """Return the detections of people (P, T, L, 2) in random order, where ``found`` (P, T) holds."""
    person, frame = np.nonzero(np.ones(people.shape[:2], bool) if found is None else found)
    order = np.random.default_rng(seed).permutation(len(person))
    person, frame = person[order], frame[order]
    more = {name: value[person] if name == "ids" else value for name, value in more.items()}
    return Detections(landmarks=POINTS, frames=frame, points=people[person, frame], **more)


def link(
    found: Detections | list[Track], fps: float | None = None, **settings: Any
) -> tuple[list[Track], list[str]]:
    notes: list[str] = []
    content = Content(individuals=found, fps=fps)
    return list(link_individuals(content, ReadingConfig(**settings), "video.json", notes)), notes


def identities(track: Track, people: np.ndarray) -> list[int]:
    """Return who the track is in each frame, -1 where it is nobody."""
    own = people[:, track.first_frame : track.first_frame + len(track.points)]
    same = np.isclose(own, track.points).all(axis=(2, 3))
    return np.where(same.any(axis=0), same.argmax(axis=0), -1).tolist()


CROSSING = (lambda t: 4.0 * t, lambda t: 356 - 4.0 * t)
"""Paths of two who pass each other in the middle."""


def test_ids_of_the_file() -> None:
    people = walkers(*CROSSING)
    tracks, notes = link(detect(people, ids=np.array([7, 3])))
    assert not notes and [track.individual for track in tracks] == ["id_3", "id_7"]
    assert set(identities(tracks[1], people)) == {0} and set(identities(tracks[0], people)) == {1}
    nearest, _ = link(detect(people, ids=np.array([7, 3])), link="nearest")
    assert [track.individual for track in nearest] == ["person_1", "person_2"]


def test_ids_that_occur_twice_in_a_frame_are_none() -> None:
    people = walkers(*CROSSING)
    found = detect(people, ids=np.array([7, 7]))
    with pytest.raises(
        DataError, match=r"^video\.json: --link ids needs .*, but frame 0 has the id 7 2 times\. Use"
    ):
        link(found, link="ids")
    tracks, notes = link(found)
    assert len(tracks) == 2
    assert notes == ["individuals are followed by the nearest pose, as frame 0 has the id 7 2 times"]
    with pytest.raises(DataError, match=r"but the file has no ids\. Use --link nearest"):
        link(replace(found, ids=None), link="ids")


def test_a_few_individuals_may_lack_an_id() -> None:
    people = walkers(*CROSSING)
    found = detect(people, ids=np.array([1, 2]))
    assert found.ids is not None
    few, many = found.ids.copy(), found.ids.copy()
    few[:10], many[:60] = -1, -1
    tracks, notes = link(replace(found, ids=few))
    assert [t.individual for t in tracks] == ["id_1", "id_2"]
    assert notes == ["individuals without an id in the file are left out"]
    tracks, notes = link(replace(found, ids=many))
    assert [t.individual for t in tracks] == ["person_1", "person_2"]
    assert notes == [
        "individuals are followed by the nearest pose, as many individuals have no id in the file"
    ]


@pytest.mark.parametrize("seed", range(5))
def test_who_cross_are_followed_whatever_the_order_of_the_list(seed: int) -> None:
    people = walkers(*CROSSING)
    tracks, _ = link(detect(people, seed=seed))
    assert [identities(track, people) for track in tracks] == [[0] * 90, [1] * 90]
    assert [track.individual for track in tracks] == ["person_1", "person_2"]  # from left to right
    others, _ = link(detect(people, seed=seed + 100))
    for one, other in zip(tracks, others, strict=True):
        np.testing.assert_array_equal(one.points, other.points)


def test_who_is_hidden_at_the_crossing_is_found_again() -> None:
    people = walkers(*CROSSING)
    found = np.ones((2, 90), bool)
    found[1, 38:52] = False
    tracks, _ = link(detect(people, found))
    assert [set(identities(track, people)) - {-1} for track in tracks] == [{0}, {1}]
    assert np.isnan(tracks[1].points[38:52]).all() and len(tracks[1].points) == 90


def test_who_is_hidden_for_long_is_waited_for_beside_the_other() -> None:
    """Two walk side by side for three seconds, one behind the other."""
    people = walkers(
        lambda t: 2.0 * t,
        lambda t: 2.0 * t + 200 * (np.clip(abs(t - 90), 50, None) - 50) / 40,
        num_frames=180,
    )
    found = np.ones((2, 180), bool)
    found[1, 50:131] = False
    tracks, _ = link(detect(people, found))
    assert [set(identities(track, people)) - {-1} for track in tracks] == [{0}, {1}]


def test_tracks_survive_gaps_of_a_second() -> None:
    people = walkers(lambda t: 1.0 * t, lambda t: 700 + 0.0 * t, num_frames=200)
    found = np.ones((2, 200), bool)
    found[0, 50:75] = False  # under a second
    found[0, 120:160] = False  # over a second: who returns may be another
    tracks, _ = link(detect(people, found))
    assert [(t.first_frame, len(t.points)) for t in tracks] == [(0, 120), (0, 200), (160, 40)]
    tracks, _ = link(detect(people, found), fps=60.0)
    assert [(t.first_frame, len(t.points)) for t in tracks] == [(0, 200), (0, 200)]


def test_who_enters_elsewhere_is_another() -> None:
    people = walkers(lambda t: 0.0 * t, lambda t: 600 + 0.0 * t, lambda t: 1300 + 0.0 * t)
    found = np.ones((3, 90), bool)
    found[1, 40:] = found[2, :41] = False
    tracks, _ = link(detect(people, found))
    assert [t.individual for t in tracks] == ["person_1", "person_2", "person_3"]


def test_one_individual_needs_no_following() -> None:
    """Who leaves and returns later, or jumps, is the same where nobody else is ever seen."""
    people = walkers(lambda t: np.where(t > 45, 3000.0, 0.0) + 2 * t)
    found = np.ones((1, 90), bool)
    found[0, 10:60] = False
    (alone,), notes = link(detect(people, found))
    assert not notes and alone.individual == "" and len(alone.points) == 90
    tracks, _ = link(detect(people, found), link="nearest")
    assert len(tracks) == 2


def test_unsure_points_do_not_lead() -> None:
    """Points below min_confidence are anywhere, but the sure ones tell who is who."""
    people = walkers(*CROSSING)
    found = detect(people)
    confidence = np.full(found.points.shape[:2], 0.9)
    confidence[:, 2:] = 0.1
    points = found.points.copy()
    points[:, 2:] = np.random.default_rng(1).uniform(0, 400, points[:, 2:].shape)
    tracks, _ = link(replace(found, points=points, confidence=confidence))
    sure = [replace(track, points=track.points[:, :2]) for track in tracks]
    assert [identities(track, people[:, :, :2]) for track in sure] == [[0] * 90, [1] * 90]


def test_individuals_that_are_listed_twice_are_read_once() -> None:
    people = walkers(*CROSSING)
    people[0, 3, 2] = np.nan
    twice = detect(np.concatenate([people, people]), ids=np.array([1, 2, 11, 12]))
    tracks, notes = link(twice, link="nearest")
    assert len(tracks) == 2 and notes == [
        "individuals that a frame lists twice with the same points are read once"
    ]


def test_many_points_are_followed_by_the_first_ones() -> None:
    """137 points: a face has more than the body, and would slow the search down."""
    people = walkers(*CROSSING)
    many = np.concatenate([people, np.repeat(people.mean(axis=2, keepdims=True), 132, axis=2)], axis=2)
    found = replace(detect(many), landmarks=tuple(f"p{i}" for i in range(137)))
    tracks, _ = link(found)
    assert [identities(track, many) for track in tracks] == [[0] * 90, [1] * 90]


def test_every_tenth_frame_is_followed_like_every_frame() -> None:
    people = walkers(*CROSSING)
    found = detect(people)
    tracks, _ = link(replace(found, frames=found.frames * 100 + 7))
    assert [(t.first_frame, len(t.points)) for t in tracks] == [(7, 8901), (7, 8901)]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([0, 1, 20_000], "not leave out more than max_frame_gap=10000 in a row, but leave out 19998"),
        ([-5, 0, 1], "must be at least 0 .* but begin at -5"),
    ],
)
def test_frame_numbers_that_cannot_be(frames: list[int], message: str) -> None:
    points = np.ones((3, 5, 2))
    with pytest.raises(DataError, match=message):
        link(Detections(landmarks=POINTS, frames=np.array(frames), points=points))


def test_files_that_would_fill_the_memory_are_refused() -> None:
    crowd = np.random.default_rng(0).normal(0, 1, (MOST_DETECTIONS + 1, 5, 2))
    with pytest.raises(
        DataError, match="at most 500 individuals to follow them by pose, but frame 0 has 501"
    ):
        link(Detections(landmarks=POINTS, frames=np.zeros(len(crowd), int), points=crowd))
    rng = np.random.default_rng(0)
    num = 3000  # each id is seen in two frames far apart
    frames = np.concatenate([np.arange(num), np.arange(num) + 9000 * 3])
    between = np.arange(num, 27_000, 9000)
    found = Detections(
        landmarks=POINTS,
        frames=np.concatenate([frames, between]),
        points=rng.normal(0, 1, (2 * num + len(between), 5, 2)),
        ids=np.concatenate([np.tile(np.arange(num), 2), np.full(len(between), num)]),
    )
    with pytest.raises(
        DataError, match="an individual must be seen in most frames between its first and its last"
    ):
        link(found)


def test_nobody_is_a_fault() -> None:
    with pytest.raises(DataError, match="must have a point, but nobody is seen"):
        link(Detections(landmarks=POINTS, frames=np.array([1]), points=np.full((1, 5, 2), np.nan)))


def pieces_of(people: np.ndarray) -> list[Track]:
    """Return tracks that end and begin anew every 20 frames, with a frame missing inside and 3 between."""
    tracks = []
    for who, points in enumerate(people):
        for start in range(0, 90, 20):
            own = points[start : start + 17].copy()
            own[5] = np.nan
            tracks.append(
                Track(landmarks=POINTS, points=own, individual=f"t{who}_{start}", first_frame=start)
            )
    return tracks


def test_pieces_of_tracks_are_joined_on_request() -> None:
    people = walkers(lambda t: 4.0 * t, lambda t: 376 - 4.0 * t)
    pieces = pieces_of(people)
    assert link(pieces) == (pieces, [])
    tracks, _ = link(pieces, link="nearest")
    assert [track.individual for track in tracks] == ["t0_0", "t1_0"]
    for who, track in enumerate(tracks):
        assert set(identities(track, people)) - {-1} == {who} and len(track.points) == 90


def test_pieces_of_different_takes_are_not_joined() -> None:
    people = walkers(lambda t: 4.0 * t)
    pieces = [
        replace(piece, take="later" if piece.first_frame > 50 else "", subject="S1")
        for piece in pieces_of(people)
    ]
    tracks, _ = link(pieces, link="nearest")
    assert [(track.take, track.first_frame, track.subject) for track in tracks] == [
        ("", 0, "S1"),
        ("later", 60, "S1"),
    ]


def test_whole_tracks_stay_as_they_are() -> None:
    """Pieces are kept together, even where individuals pass through each other."""
    people = walkers(*CROSSING)
    whole = [
        Track(landmarks=POINTS, points=p, individual=name, confidence=np.ones(p.shape[:2]))
        for p, name in zip(people, ("mus1", "mus2"), strict=True)
    ]
    tracks, _ = link(whole, link="nearest")
    assert [track.individual for track in tracks] == ["mus1", "mus2"]
    for track, points in zip(tracks, people, strict=True):
        np.testing.assert_array_equal(track.points, points)
        assert track.confidence is not None and (track.confidence == 1).all()


def test_landmarks_of_pieces_are_united() -> None:
    one = Track(landmarks=("a", "b"), points=np.ones((20, 2, 2)) + np.arange(2)[:, None], individual="t0")
    other = Track(
        landmarks=("b", "c"),
        points=np.ones((20, 2, 2)) + np.array([[1, 1], [2, 2]]),
        individual="t1",
        first_frame=22,
    )
    (joined,), _ = link([one, other], link="nearest")
    assert joined.landmarks == ("a", "b", "c") and len(joined.points) == 42
    assert np.isnan(joined.points[0, 2]).all() and np.isnan(joined.points[41, 0]).all()


@pytest.fixture
def films(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    import linking

    return linking


@pytest.mark.parametrize(
    ("people", "missed", "bound"),
    [(2, False, 0.01), (3, False, 0.01), (2, True, 0.06), (3, True, 0.2)],
    ids=["2 seen", "3 seen", "2 missed", "3 missed"],
)
def test_the_rate_of_mix_ups_at_crossings(films: Any, people: int, missed: bool, bound: float) -> None:
    """The rates of 100 videos are in docs/formats.md; here there are five, with a margin for chance."""
    scenario = films.Scenario(num_people=people, is_missed=missed)
    found: list[bool] = []
    for seed in range(5):
        film = films.make_film(scenario, seed)
        found += films.judge_crossings(film, films.link(film.detections))
    assert len(found) > 25 and np.mean(found) < bound


def test_ten_thousand_frames_take_a_second_or_two(films: Any) -> None:
    film = films.make_film(films.Scenario(num_people=3, is_missed=False, num_frames=2000), 0)
    start = time.process_time()
    link(film.detections, link="nearest")
    assert time.process_time() - start < 2.0  # of a CPU; 0.3 s as a rule
