"""Which of several processes are alive."""

import os
import signal
import threading

import pytest

from htvae.utils import processes
from htvae.utils.processes import SignsOfLife, interrupt_on_terminate
from htvae.utils.world import World


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only while the code sleeps, and a list of what happens at each sleep."""
    now, happens = [1000.0], []

    def sleep(seconds):
        now[0] += seconds
        if happens:
            happens.pop(0)()
        assert now[0] < 1600, "waits without end"

    monkeypatch.setattr(processes.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(processes.time, "sleep", sleep)
    return now, happens


def test_terminate_interrupts():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), interrupt_on_terminate():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_terminate_is_left_alone_in_other_threads():
    """Python lets nobody but the main thread set a handler."""
    seen = []

    def work():
        with interrupt_on_terminate():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_a_single_process_leaves_no_trace(tmp_path):
    with SignsOfLife(tmp_path / "work", World(0, 1)) as signs:
        signs.wait_for(lambda: ())
        assert list(tmp_path.iterdir()) == []


def test_it_shows_that_it_lives_and_cleans_up(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "INTERVAL", 0.001)
    with SignsOfLife(tmp_path / "work", World(1, 2)):
        (path,) = (tmp_path / "work").iterdir()
        os.utime(path, (0, 0))
        while path.stat().st_mtime == 0:  # until the thread touches it
            pass
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_others_stay(tmp_path):
    (tmp_path / "shard").write_text("")
    with SignsOfLife(tmp_path, World(0, 2)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["shard"]


def test_its_folder_may_vanish(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "INTERVAL", 0.001)
    with SignsOfLife(tmp_path / "work", World(0, 2)) as signs:
        while (tmp_path / "work").exists():  # the thread may bring the file back in between
            for path in (tmp_path / "work").iterdir():
                path.unlink(missing_ok=True)
            try:
                (tmp_path / "work").rmdir()
            except OSError:
                continue
    assert not signs._thread.is_alive()


def test_waiting_ends_when_nobody_is_needed(tmp_path, clock):
    now, happens = clock
    needed = {1}
    happens += [lambda: None, needed.clear]
    SignsOfLife(tmp_path, World(0, 2)).wait_for(lambda: needed)
    assert now[0] == 1000 + 2 * processes.INTERVAL / 4


def test_who_never_came_is_waited_for_a_while(tmp_path, clock):
    now, _ = clock
    SignsOfLife(tmp_path, World(0, 3)).wait_for(lambda: {1, 2})
    assert now[0] - 1000 == pytest.approx(processes.PATIENCE, abs=processes.INTERVAL)


def test_who_was_killed_is_waited_for_a_while(tmp_path, clock):
    """A killed process leaves its file, which no longer changes."""
    now, happens = clock
    path = tmp_path / "process-1.alive"
    path.touch()
    steps = 200  # alive for 100 s
    happens += [lambda i=i: os.utime(path, (i, i)) for i in range(steps)]
    SignsOfLife(tmp_path, World(0, 2)).wait_for(lambda: {1})
    alive = steps * processes.INTERVAL / 4
    assert now[0] - 1000 == pytest.approx(alive + processes.PATIENCE, abs=processes.INTERVAL)


def test_who_ends_in_an_orderly_way_is_not_waited_for(tmp_path, clock):
    now, happens = clock
    path = tmp_path / "process-1.alive"
    path.touch()
    happens += [lambda: None, path.unlink]
    SignsOfLife(tmp_path, World(0, 2)).wait_for(lambda: {1})
    assert now[0] - 1000 == 2 * processes.INTERVAL / 4


def test_one_who_lives_is_enough_to_wait(tmp_path, clock):
    now, happens = clock
    path = tmp_path / "process-2.alive"
    path.touch()
    happens += [lambda i=i: os.utime(path, (i, i)) for i in range(200)] + [path.unlink]
    SignsOfLife(tmp_path, World(0, 3)).wait_for(lambda: {1, 2})
    assert now[0] - 1000 == 201 * processes.INTERVAL / 4
