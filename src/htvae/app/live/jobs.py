"""Work that takes seconds: one piece after the other, with its progress, and an end that can be asked for."""

import logging
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from htvae.app.live.clips import Clip, PackedClip
from htvae.utils.listening import listening

State = Literal["waiting", "running", "done", "failed", "cancelled"]
MOST_WAITING = 8
"""Jobs that wait, at most."""
MOST_KEPT = 16
"""Finished jobs whose results are kept."""
LONGEST_END = 10.0
"""Seconds that the end of the program waits for the job: Python aborts where PyTorch is still at work."""
LEAST_TOLD = 0.02
"""Share of a job that must be done before the time left can be guessed."""

log = logging.getLogger(__name__)


class QueueFullError(Exception):
    """Too many jobs wait."""


class CancelledError(Exception):
    """The job was cancelled; it ends where it next tells how far it is."""


@dataclass(eq=False)
class Job:
    """One piece of work."""

    text: str
    """What is made, in words."""
    work: Callable[[], Clip]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = "waiting"
    progress: float = 0.0
    error: str | None = None
    clip: PackedClip | None = None
    is_cancelled: bool = False
    began: float = 0.0

    @property
    def is_finished(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in ("done", "failed", "cancelled")

    def advance(self, share: float) -> None:
        """Take note of the share that is done, or end the job where that was asked for."""
        if self.is_cancelled:
            raise CancelledError
        self.progress = max(self.progress, min(share, 1.0))

    def describe(self) -> dict[str, object]:
        """Return what the page is told."""
        seconds = time.monotonic() - self.began
        is_known = self.state == "running" and self.progress >= LEAST_TOLD
        return {
            "state": self.state,
            "progress": round(self.progress, 4),
            "secondsLeft": round(seconds * (1 / self.progress - 1), 1) if is_known else None,
            "text": self.text,
            "error": self.error,
        }


class JobQueue:
    """Does jobs in their order, in one thread that does not outlive the program."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[Job] = deque()
        self._change = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._serve, name="htvae jobs", daemon=True)
        self._thread.start()

    def submit(self, text: str, work: Callable[[], Clip]) -> Job:
        """Put a job at the end of the queue.

        Raises:
            QueueFullError: `MOST_WAITING` jobs wait.
        """
        with self._change:
            if len(self._waiting) >= MOST_WAITING:
                raise QueueFullError(
                    f"At most {MOST_WAITING} jobs may wait, and as many do. Cancel one, or ask again later."
                )
            job = Job(text, work)
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._change.notify_all()
            return job

    def find(self, job_id: str) -> Job | None:
        """Return a job; None where it is unknown, or too old."""
        with self._change:
            return self._jobs.get(job_id)

    def cancel(self, job: Job) -> None:
        """End a job: at once where it waits, else where it next tells how far it is."""
        with self._change:
            job.is_cancelled = True
            if job in self._waiting:
                self._waiting.remove(job)
                self._finish(job, "cancelled")

    def close(self) -> None:
        """Cancel all jobs, take no more, and wait for the end of the one that runs."""
        with self._change:
            self._is_closed = True
            for job in list(self._waiting):
                self._finish(job, "cancelled")
            self._waiting.clear()
            for job in self._jobs.values():
                job.is_cancelled = True
            self._change.notify_all()
        self._thread.join(LONGEST_END)

    def _serve(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                job = self._waiting.popleft()
                job.state, job.began = "running", time.monotonic()
            self._do(job)

    def _do(self, job: Job) -> None:
        """Do a job; whatever it raises becomes its state."""
        state: State = "failed"
        try:
            with listening(job.advance):
                clip = job.work().pack()
            job.advance(1.0)
            job.clip, state = clip, "done"
        except CancelledError:
            state = "cancelled"
        except ValueError as error:
            job.error = str(error)
        except Exception:
            log.exception("%s failed.", job.text)
            job.error = "The program has a fault; the terminal says more."
        with self._change:
            self._finish(job, state)

    def _finish(self, job: Job, state: State) -> None:
        """Keep the outcome, and forget the oldest ones beyond `MOST_KEPT`; the lock is held."""
        job.state = state
        job.work = _nothing
        self._jobs.move_to_end(job.id)
        finished = [own for own in self._jobs.values() if own.is_finished]
        for old in finished[: max(0, len(finished) - MOST_KEPT)]:
            del self._jobs[old.id]


def _nothing() -> Clip:
    raise AssertionError("A finished job is not done again.")
