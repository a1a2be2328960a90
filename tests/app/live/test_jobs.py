"""Jobs: one after the other, with progress, ended when asked for, and no more of them than can be kept."""

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from htvae.app.live.clips import Clip
from htvae.app.live.jobs import MOST_KEPT, MOST_WAITING, Job, JobQueue, QueueFullError
from htvae.utils.listening import tell

CLIP = Clip(rate=30.0, pose=np.zeros((2, 3, 2)))


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    own = JobQueue()
    yield own
    own.close()


def wait(job: Job) -> None:
    for _ in range(500):
        if job.is_finished:
            return
        time.sleep(0.01)
    raise AssertionError(job.describe())


class Gate:
    """Work that goes on until it is opened, and says so all the time."""

    def __init__(self) -> None:
        self.began, self.opened = threading.Event(), threading.Event()

    def work(self) -> Clip:
        self.began.set()
        while not self.opened.wait(0.005):
            tell(0.4)
        return CLIP


@pytest.fixture
def gate() -> Iterator[Gate]:
    own = Gate()
    yield own
    own.opened.set()


def test_a_job_from_waiting_to_done(queue: JobQueue, gate: Gate) -> None:
    first, second = queue.submit("Working", gate.work), queue.submit("Next", lambda: CLIP)
    assert gate.began.wait(5)
    time.sleep(0.05)
    told = first.describe()
    assert told["state"] == "running" and told["progress"] == 0.4 and told["text"] == "Working"
    left = told["secondsLeft"]
    assert isinstance(left, float) and 0 < left < 5
    assert second.describe()["state"] == "waiting" and second.describe()["secondsLeft"] is None
    gate.opened.set()
    wait(second)
    assert [job.describe()["state"] for job in (first, second)] == ["done", "done"]
    assert first.clip == CLIP.pack() and first.describe()["progress"] == 1.0


def test_progress_never_goes_back(queue: JobQueue) -> None:
    seen: list[float] = []

    def work() -> Clip:
        for share in (0.1, 0.5, 0.2, 2.0):
            tell(share)
            seen.append(job.progress)
        return CLIP

    ready = threading.Event()
    job = queue.submit("Working", lambda: work() if ready.wait(5) else CLIP)
    ready.set()
    wait(job)
    assert seen == [0.1, 0.5, 0.5, 1.0]


def test_a_running_job_ends_when_cancelled(queue: JobQueue, gate: Gate) -> None:
    job = queue.submit("Working", gate.work)
    assert gate.began.wait(5)
    began = time.monotonic()
    queue.cancel(job)
    wait(job)
    assert time.monotonic() - began < 2
    assert job.describe()["state"] == "cancelled" and job.clip is None
    queue.cancel(job)  # again: nothing happens
    after = queue.submit("Next", lambda: CLIP)
    wait(after)
    assert after.state == "done"


def test_a_waiting_job_is_cancelled_at_once(queue: JobQueue, gate: Gate) -> None:
    queue.submit("Working", gate.work)
    assert gate.began.wait(5)
    never: list[int] = []
    job = queue.submit("Next", lambda: never.append(1) or CLIP)  # type: ignore[func-returns-value]
    queue.cancel(job)
    assert job.state == "cancelled"
    gate.opened.set()
    wait(queue.submit("Last", lambda: CLIP))
    assert never == []


@pytest.mark.parametrize(
    ("error", "words"),
    [(ValueError("The label must exist."), "The label must exist."), (KeyError("secret"), "has a fault")],
)
def test_a_failed_job_says_why(
    queue: JobQueue, error: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    def work() -> Clip:
        raise error

    job = queue.submit("Working", work)
    wait(job)
    told = job.describe()
    assert told["state"] == "failed" and words in str(told["error"]) and "secret" not in str(told["error"])
    after = queue.submit("Next", lambda: CLIP)
    wait(after)
    assert after.state == "done"


def test_a_flood_is_refused(queue: JobQueue, gate: Gate) -> None:
    queue.submit("Working", gate.work)
    assert gate.began.wait(5)
    waiting = [queue.submit("Next", lambda: CLIP) for _ in range(MOST_WAITING)]
    with pytest.raises(QueueFullError, match="At most 8 jobs may wait"):
        queue.submit("Too many", lambda: CLIP)
    queue.cancel(waiting[0])
    queue.submit("There is room again", lambda: CLIP)


def test_old_results_are_forgotten(queue: JobQueue) -> None:
    make: Callable[[], Job] = lambda: queue.submit("Working", lambda: CLIP)  # noqa: E731
    jobs = []
    for _ in range(MOST_KEPT + 3):
        jobs.append(make())
        wait(jobs[-1])
    assert [queue.find(job.id) for job in jobs[:3]] == [None] * 3
    assert [queue.find(job.id) for job in jobs[3:]] == jobs[3:]
    assert queue.find("") is None and queue.find("../../etc/passwd") is None
    assert len({job.id for job in jobs}) == len(jobs)


def test_closing_cancels_all(gate: Gate) -> None:
    queue = JobQueue()
    running = queue.submit("Working", gate.work)
    assert gate.began.wait(5)
    waiting = queue.submit("Next", lambda: CLIP)
    queue.close()  # and waits, since a thread that is in PyTorch when Python ends makes it abort
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
