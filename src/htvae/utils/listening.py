"""Who wants to know how far a long piece of work is: the work tells it, without knowing whom.

- `tell` says what share of the work at hand is done; nothing happens where nobody listens.
- `part` makes what is told inside a part of the whole.
- A listener may raise to end the work.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

Listener = Callable[[float], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call a function with the share (0..1) that is done, whenever the work inside tells it."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def is_heard() -> bool:
    """Return whether anybody listens."""
    return _listener.get() is not None


def tell(share: float) -> None:
    """Say that this share of the work at hand is done."""
    listener = _listener.get()
    if listener is not None:
        listener(share)


def part_of(number: int, count: int) -> AbstractContextManager[None]:
    """Let the work inside count as one of equal parts of the work at hand, numbered from 0."""
    return part(number / count, (number + 1) / count)


@contextmanager
def part(start: float, stop: float) -> Iterator[None]:
    """Let the work inside count as what lies between two shares of the work at hand."""
    listener = _listener.get()
    if listener is None:
        yield
        return
    with listening(lambda share: listener(start + (stop - start) * share)):
        yield
    listener(stop)
