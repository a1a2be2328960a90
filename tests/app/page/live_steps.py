"""What tests of the live page do again and again."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.app.page.stub_server import Stub

FAINT = """parts => {
  const rgb = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const level = ([r, g, b]) => 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll(parts)) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())) continue;
    if (!element.checkVisibility() || element.closest('.heat, :disabled')) continue;
    const [a, b] = [level(rgb(getComputedStyle(element).color)), level(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${element.textContent}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""
"""Texts in elements that a selector chooses with a contrast below 4.5."""


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
