"""Progress of plain loops: lines where there is no terminal, and the bar is taken away."""

import logging

import pytest

from htvae.utils import progress
from htvae.utils.progress import Progress, track


@pytest.fixture
def clock(monkeypatch):
    """A clock that shows 15 s more each time it is read."""
    seconds = iter(range(0, 10_000, 15))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(seconds)))


def test_items_come_as_they_are_and_lines_tell_of_them(clock, caplog):
    with caplog.at_level(logging.INFO, logger="htvae"):
        assert list(track("Filling in", "abcd")) == ["a", "b", "c", "d"]
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "Filling in:  50 %  2 of 4 steps  0.067/s  30 s left",
        "Filling in: 100 %  4 of 4 steps  0.067/s  0.0 s left",
    ]


def test_items_that_take_longer_count_more(clock, caplog):
    """Half of the work is done with two of three items, after 30 s."""
    with caplog.at_level(logging.INFO, logger="htvae"):
        assert list(track("Filling in", "abc", [1, 3, 4])) == ["a", "b", "c"]
    assert caplog.messages[0] == "Filling in:  50 %  4 of 8 steps  0.13/s  30 s left"


def test_on_a_terminal_a_bar_is_shown_and_taken_away(monkeypatch, capsys):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    bars, bar = [], progress.tqdm
    monkeypatch.setattr(progress, "tqdm", lambda **settings: bars.append(bar(**settings)) or bars[0])
    items = track("Drawing", range(3))
    assert [next(items), next(items)] == [0, 1] and bars[0].n == 1
    items.close()  # as an error in the loop does
    assert bars[0].disable and "Drawing" in capsys.readouterr().err


@pytest.fixture
def set_clock(monkeypatch):
    """A clock that stands until it is set."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_large_counts_rates_and_figures(set_clock, caplog):
    caplog.set_level(logging.INFO, logger="htvae")
    work = Progress("Training", 4_000_000, 1_000_000, "frames")  # a run that goes on counts its rate anew
    set_clock(10)
    work.update(1_500_000)
    assert caplog.messages == []  # a line now and then
    set_clock(10)
    work.update(2_000_000)
    work.update(2_000_000, "error 0.05")  # figures always make a line
    line = "Training:  50 %  2.00 M of 4.00 M frames  50,000/s  40 s left"
    assert caplog.messages == [line, f"{line}  error 0.05"]
    assert work.describe() == "1,000,000 frames in 20 s (50,000/s)"


def test_a_little_more_than_all_is_all(set_clock, caplog):
    """Played faster or slower, an epoch has a few frames more or less."""
    caplog.set_level(logging.INFO, logger="htvae")
    work = Progress("Training", 1000, 0, "frames")
    set_clock(20)
    work.update(1010)
    assert caplog.messages[0].startswith("Training: 100 %") and caplog.messages[0].endswith("0.0 s left")


def test_before_anything_is_done_no_rate_is_claimed(set_clock, caplog):
    caplog.set_level(logging.INFO, logger="htvae")
    work = Progress("Training", 1000, 0, "frames")
    set_clock(5)
    work.update(0, "error 0.05")
    assert caplog.messages == ["Training:   0 %  0 of 1,000 frames  error 0.05"]
