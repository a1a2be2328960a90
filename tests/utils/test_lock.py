"""Who holds a lock, and that it ends with its holder."""

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from htvae.utils.lock import LockHeldError, hold_lock

HOLDER = """
import sys, time
from pathlib import Path
from htvae.utils.lock import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_another_process_cannot_lock_and_learns_who_holds_the_lock(tmp_path, holder):
    found = (
        rf"but process {holder.pid} on \S+ \(since \d{{4}}-\d\d-\d\d [\d:]{{8}}\) is at work in it\. Wait or"
    )
    with (
        pytest.raises(LockHeldError, match=rf"{re.escape(str(tmp_path))} must not be in use, {found}"),
        hold_lock(tmp_path / "run.lock", "Wait or go."),
    ):
        pass


def test_a_killed_process_holds_it_no_more(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with hold_lock(tmp_path / "run.lock"):
        assert f"process {os.getpid()}" in (tmp_path / "run.lock").read_text()


def test_it_can_be_waited_for(tmp_path, holder):
    holder.terminate()
    with hold_lock(tmp_path / "run.lock", wait=30):
        pass


def test_it_is_held_once_in_a_process_and_stays_behind(tmp_path):
    path = tmp_path / "run.lock"
    with hold_lock(path), pytest.raises(LockHeldError), hold_lock(path):
        pass
    with hold_lock(path):
        pass
    assert path.exists()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of what is tested here
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_a_child_does_not_hold_it_on(tmp_path):
    """Workers of a killed run live on for a while."""
    with hold_lock(tmp_path / "run.lock"):
        child = os.fork()
        if child == 0:
            (tmp_path / "lives").touch()
            signal.pause()
    try:
        while not (tmp_path / "lives").exists():
            time.sleep(0.01)
        with hold_lock(tmp_path / "run.lock"):
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_file_system_without_locks_gives_a_warning(tmp_path, monkeypatch, caplog):
    def fail(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    with hold_lock(tmp_path / "run.lock"):
        pass
    assert "run.lock cannot be locked (No locks available). Make sure that no other process" in caplog.text
