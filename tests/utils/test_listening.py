"""Who listens hears the share of the whole, whatever part tells it, and may end the work."""

import threading

import pytest

from htvae.utils.listening import is_heard, listening, part, part_of, tell
from htvae.utils.progress import Progress, track


def test_nobody_need_listen() -> None:
    tell(0.5)
    with part(0.2, 0.4):
        tell(0.5)
    assert not is_heard()


def test_shares_of_parts_of_parts() -> None:
    heard: list[float] = []
    with listening(heard.append):
        for number in range(2):
            with part_of(number, 2):
                tell(0.5)
                with part(0.5, 1.0):
                    tell(0.5)
        tell(1)
    assert heard == [0.25, 0.375, 0.5, 0.5, 0.75, 0.875, 1.0, 1.0, 1]
    assert not is_heard()


def test_a_bar_is_told_to_the_listener_alone(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[float] = []
    with listening(heard.append):
        assert list(track("Work", "abcd")) == list("abcd")
        progress = Progress("Other work", 10)
        progress.update(3, "figures")
        assert progress.bar is None
    assert heard == [0.25, 0.5, 0.75, 1.0, 0.3] and not caplog.records


def test_a_listener_ends_the_work() -> None:
    def end(share: float) -> None:
        raise RuntimeError(f"enough at {share}")

    with pytest.raises(RuntimeError, match=r"enough at 0\.5"), listening(end), part(0, 0.5):
        tell(1)
    assert not is_heard()


def test_another_thread_is_not_heard() -> None:
    heard: list[float] = []
    with listening(heard.append):
        thread = threading.Thread(target=tell, args=(0.5,))
        thread.start()
        thread.join()
    assert heard == []
