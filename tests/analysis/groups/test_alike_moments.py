"""Moments that are alike in a part of the body: found where they were put, whatever the rest does."""

import numpy as np
import pytest

from htvae.analysis.groups.alike_moments import (
    Contrast,
    _cut,
    _find_nearest,
    _misfit,
    find_alike_moments,
)

FRAMES = 20
GROUPS = (np.array([0, 1]), np.array([2, 3]))
NOTHING = Contrast([], GROUPS)


def make_people(low: float = 0.4) -> tuple[list[np.ndarray], list[int]]:
    """Return four people, in whom point 0 moves in ways of their own but for a swing that all show twice.

    The second begins 50 frames after the first. While it swings, point 1 moves in all; in the last two people
    by ``low`` of what the others do.
    """
    rng, series, places = np.random.default_rng(0), [], [15, 32, 23, 27]
    swing = np.sin(np.linspace(0, np.pi, FRAMES))
    for person, place in enumerate(places):
        pose = 0.01 * rng.normal(size=(110, 2, 2))
        pose[:, 0, 1] += np.sin((0.2 + 0.1 * person) * np.arange(110) + person)
        for start in (place, place + 50):
            pose[start : start + FRAMES, 0] = np.stack([swing, np.zeros(FRAMES)], axis=1)
            pose[start : start + FRAMES, 1, 1] += swing * (low if person > 1 else 1.0)
        series.append(pose)
    return series, places


def test_the_swing_is_found_in_everybody() -> None:
    series, places = make_people()
    found = find_alike_moments(series, np.arange(4), [0], FRAMES, 3, NOTHING)
    assert [moment.row for moment in found] == [0, 1, 2, 3]
    # the reference may begin a little beside the swing, and all others lie like it
    offsets = (np.array([moment.start for moment in found]) - places + 25) % 50 - 25
    assert np.abs(offsets).max() <= 3 and np.ptp(offsets) <= 2
    assert all(moment.stop - moment.start == FRAMES and moment.distance < 0.3 for moment in found)


def test_the_reference_is_no_moment_of_its_own_subject() -> None:
    """Where everybody shows the swing once, the subject of the reference cannot show it again."""
    series, _ = make_people()
    once = [pose[:70] if i in (0, 2) else pose[40:] for i, pose in enumerate(series)]
    found = find_alike_moments(once, np.arange(4), [0], FRAMES, 3, NOTHING)
    assert len(found) == 3


def test_what_is_not_matched_is_free() -> None:
    """A moment is chosen by point 0 alone: taking point 1's movement away changes no place."""
    series, _ = make_people()
    still = [pose.copy() for pose in series]
    still[3][:, 1] = 0
    first, second = (
        find_alike_moments(one, np.arange(4), [0], FRAMES, 3, NOTHING) for one in (series, still)
    )
    assert [moment.start for moment in first] == [moment.start for moment in second]


def test_nearest_windows_by_a_slow_loop() -> None:
    series, _ = make_people()
    windows = _cut(series, np.arange(4), [0, 1], FRAMES, 7, [1])
    references = np.array([2, 20])
    nearest, distance = _find_nearest(windows, references, FRAMES)
    for r, reference in enumerate(references):
        for row in range(4):
            best = min(
                (float(np.linalg.norm(windows.features[w] - windows.features[reference])), w)
                for w in np.flatnonzero(windows.row == row)
                if windows.recording[w] != windows.recording[reference]
                or abs(windows.start[w] - windows.start[reference]) >= FRAMES
            )
            assert distance[r, row] == pytest.approx(best[0], abs=1e-5)
            assert nearest[r, row] == best[1]


def test_the_way_of_points_by_hand() -> None:
    pose = np.zeros((9, 2, 2))
    pose[:, 1, 0] = 0.5 * np.arange(9)
    windows = _cut([pose], np.array([0]), [0], 5, 2, [1])
    assert windows.start.tolist() == [0, 2, 4] and windows.activity == pytest.approx([2.0, 2, 2])


def test_a_usual_contrast_has_no_misfit() -> None:
    """Both groups move evenly, so any windows show what they usually do; double movement misfits by one."""
    series = [np.zeros((60, 1, 2)) for _ in range(4)]
    for person, speed in enumerate((3.0, 3.0, 1.0, 1.0)):
        series[person][:, 0, 0] = speed * np.arange(60)
    windows = _cut(series, np.arange(4), [0], FRAMES, 5, [0])
    chosen = np.array([np.flatnonzero(windows.row == row)[0] for row in range(4)])
    contrast = Contrast([0], GROUPS)
    assert _misfit(series, windows, chosen, contrast, FRAMES) == pytest.approx(0, abs=1e-9)
    # the first group stands still: it misses its movement of 3, and groups differ by 2
    still = [np.zeros_like(series[0]), np.zeros_like(series[1]), *series[2:]]
    assert _misfit(still, windows, chosen, contrast, FRAMES) == pytest.approx(1.5)


def test_rows_that_do_not_show_it_are_left_out() -> None:
    series, _ = make_people()
    series[1][:, 0] += 50.0
    found = find_alike_moments(series, np.arange(4), [0], FRAMES, 3, NOTHING)
    assert [moment.row for moment in found] == [0, 2, 3]


def test_short_recordings_and_those_left_out() -> None:
    series, _ = make_people()
    rows = np.array([0, -1, 1, 2])
    contrast = Contrast([], (np.array([0]), np.array([1, 2])))
    found = find_alike_moments(series, rows, [0], FRAMES, 3, contrast)
    assert [moment.recording for moment in found] == [0, 2, 3]
    assert find_alike_moments([series[0][:5]], np.array([0]), [0], FRAMES, 3, contrast) == []
