import numpy as np
import pytest

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats.frames import frames_of_times, number_frames
from htvae.io.formats.steps import common_step, guess_steps, ordinal


def times_of(fps: float, num_frames: int, digits: int, unit: float = 1.0) -> np.ndarray:
    return np.round(np.arange(num_frames) / fps / unit, digits)


@pytest.mark.parametrize("fps", [24, 25, 29.97, 30, 50, 59.94, 60, 120, 240])
@pytest.mark.parametrize(("unit", "digits"), [(1.0, 3), (1.0, 6), (1e-3, 0), (1e-3, 3), (1e-6, 0)])
def test_rounded_times_give_every_frame_and_the_exact_rate(fps: float, unit: float, digits: int) -> None:
    frames, found, step = frames_of_times(times_of(fps, 100_000, digits, unit), unit)
    assert np.array_equal(frames, np.arange(100_000)) and step == 1
    assert found == pytest.approx(fps, rel=1e-5)


def test_lost_frames_leave_gaps_and_the_first_time_does_not_matter() -> None:
    kept = np.delete(np.arange(200), [5, 6, 50, *range(90, 140)])
    frames, fps, _ = frames_of_times(1e5 + kept * 40.0, 1e-3)
    assert np.array_equal(frames, kept) and fps == 25


def test_uneven_times_neither_repeat_nor_lose_frames() -> None:
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.7, 1.3, 5_000)) / 30
    frames, fps, _ = frames_of_times(times, 1.0)
    assert np.array_equal(frames, np.arange(5_000))
    assert fps == pytest.approx(30, rel=0.02)


def test_times_in_any_order_and_a_single_time() -> None:
    assert frames_of_times(np.array([0.2, 0.0, 0.1]), 1.0).frames.tolist() == [2, 0, 1]
    assert frames_of_times(np.array([7.5]), 1.0) == (np.zeros(1), None, 1)


def test_times_out_of_all_proportion_end_in_one_sentence() -> None:
    config = ReadingConfig(time_unit="s")
    with pytest.raises(DataError, match=r"walk: frame numbers must not leave out more than max_frame_gap"):
        number_frames(np.array([0, 1e-300, 2e-300, 1e300]), config, "walk")
    with pytest.raises(DataError, match="times must be numbers, but row 2 has none"):
        number_frames(np.array([0, np.nan]), config, "walk")


@pytest.mark.parametrize("step", [1e-320, 1e-200, 1e200])
def test_steps_that_no_recording_has_give_no_rate(step: float) -> None:
    assert frames_of_times(np.arange(4) * step, 1.0).fps is None


def test_every_nth_frame_is_divided() -> None:
    numbered = number_frames(np.array([45.0, 15, 30, 75]), ReadingConfig(time_unit="step"), "walk")
    assert numbered.frames.tolist() == [3, 1, 2, 5] and numbered.step == 15
    plain = number_frames(np.array([45.0, 15, 30, 75]), ReadingConfig(), "walk")
    assert plain.frames.tolist() == [45, 15, 30, 75] and plain.step == 1


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (np.arange(90), None),
        (np.arange(90) + 614, None),
        (np.sort(np.random.default_rng(0).permutation(1000)[:400]), None),  # frames without anybody
        (np.sort(np.random.default_rng(1).permutation(1000)[:200]), None),
        (np.r_[0:20, 900:950], None),
        (np.array([0, 40, 80]), None),  # too few to tell
        (2 * np.arange(60), ("step", "ms")),
        (np.delete(3 * np.arange(60), [4, 5, 30]), ("step", None)),
        (30 * np.arange(60), ("step", None)),
        (33 * np.arange(60), ("ms", "step")),
        (np.round(np.arange(90) / 30 * 1000), ("ms", None)),
        (np.round(np.delete(np.arange(900), [7, 8, 500]) / 59.94 * 1000), ("ms", None)),
        (np.round(np.arange(90) / 30 * 1e6), ("us", None)),
        (np.round(np.arange(90) / 30, 3), ("s", None)),
        (np.round(np.arange(90) / 30 * 1000, 2), ("ms", None)),
    ],
)
def test_what_numbers_seem_to_be(numbers: np.ndarray, expected: tuple[str, str | None] | None) -> None:
    guess = guess_steps(numbers)
    assert (None if guess is None else (guess.unit, guess.other)) == expected


def test_the_remedy_names_the_flag() -> None:
    guess = guess_steps(33.0 * np.arange(50))
    assert guess is not None and guess.remedy == (
        "If these are milliseconds (30.3 frames per second), add --time_unit ms; "
        "if only every 33rd frame was kept, --time_unit step."
    )


def test_common_steps_and_ordinals() -> None:
    assert common_step(np.array([5, 11, 8, 26])) == 3
    assert common_step(np.array([4])) == 1
    assert [
        ordinal(n) for n in (2, 3, 4, 11, 12, 13, 21, 33)
    ] == "2nd 3rd 4th 11th 12th 13th 21st 33rd".split()
