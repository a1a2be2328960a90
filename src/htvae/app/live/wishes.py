"""Jobs: which of them does what, and what it is called while it is done."""

from collections.abc import Callable
from typing import Any

from htvae.app.live.bodies import Complete, Continue, Edit, Generate, Interpolate
from htvae.app.live.changing import edit_span, interpolate_moments
from htvae.app.live.clips import Clip
from htvae.app.live.drawing import continue_moment, generate
from htvae.app.live.filling import complete_span
from htvae.app.live.session import Session

_WORK: dict[type, tuple[str, Callable[[Session, Any], Clip]]] = {
    Generate: ("Generating", generate),
    Continue: ("Continuing", continue_moment),
    Complete: ("Filling in", complete_span),
    Edit: ("Editing", edit_span),
    Interpolate: ("Interpolating", interpolate_moments),
}


def describe_wish(wish: Any) -> str:
    """Return what is done, in one word."""
    return _WORK[type(wish)][0]


def name_recordings(wish: Any) -> list[int]:
    """Return the indices of all recordings that a job needs."""
    if isinstance(wish, Interpolate):
        return [wish.begin[0], wish.end[0]]
    named = (getattr(wish, "recording", None), getattr(wish, "style", None))
    return [own for own in named if own is not None]


def fulfil(session: Session, wish: Any) -> Clip:
    """Do a job.

    Raises:
        ValueError: it cannot be done; the message says why.
    """
    return _WORK[type(wish)][1](session, wish)
