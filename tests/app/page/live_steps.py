"""What tests of the live page do again and again."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.app.page.stub_server import Stub


def choose_span(page: Any, start: int = 60, stop: int = 120, recording: int = 0) -> None:
    """Choose a span of a recording."""
    page.evaluate(
        "([recording, span]) => htvaeReport.change({ recording, span, frame: span[0] })",
        [recording, [start, stop]],
    )
    page.wait_for_timeout(60)


def open_form(page: Any, name: str) -> None:
    """Open a form of the tab Make."""
    page.click("#tab-make")
    page.click(f".kinds button:text-is('{name}')")


def shown_guest(page: Any) -> Any:
    """Return the pose (L, 2) in the player."""
    return np.array(page.evaluate("Array.from(htvaeReport.shownGuest().pose)")).reshape(-1, 2)


def wait_for_sent(page: Any, stub: Stub, path: str, test: Callable[[Any], bool]) -> None:
    """Wait until what a test asks for was sent to a path."""
    for _ in range(100):
        if any(own == path and test(content) for own, content in stub.asked):
            return
        page.wait_for_timeout(30)
    raise AssertionError(f"{path}: {stub.asked}")
