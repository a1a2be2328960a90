"""Progress of plain loops: lines where there is no terminal, and the bar is taken away."""

import logging

import pytest

from htvae.utils import progress
from htvae.utils.progress import track


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
        "Filling in:  50 %  step 2 of 4  0.07 steps/s  30 s left",
        "Filling in: 100 %  step 4 of 4  0.07 steps/s  0.0 s left",
    ]


def test_on_a_terminal_a_bar_is_shown_and_taken_away(monkeypatch, capsys):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    bars, bar = [], progress.tqdm
    monkeypatch.setattr(progress, "tqdm", lambda **settings: bars.append(bar(**settings)) or bars[0])
    items = track("Drawing", range(3))
    assert [next(items), next(items)] == [0, 1] and bars[0].n == 1
    items.close()  # as an error in the loop does
    assert bars[0].disable and "Drawing" in capsys.readouterr().err
