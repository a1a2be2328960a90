"""Take a picture of every view of the report and of the live page, in both themes and three sizes of window.

    python benchmarks/page_views.py demo views

It needs what ``benchmarks/report_picture.py`` needs. ``views`` then holds a PNG of each view, since overlaps,
cut words and empty room are seen faster than tested.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from report_picture import PLACE, serve_live

SIZES = {"wide": (1920, 1080), "desk": (1280, 720), "phone": (390, 844)}
THEMES = ("light", "dark")
TABS = (
    *("similar", "motifs", "groups", "latents", "generated"),
    *("completion", "attention", "figures", "method"),
)
FORMS = ("Generate", "Continue", "Fill", "Edit", "Between")
Act = Callable[[Page], object]


def _open_tab(name: str) -> Act:
    def act(page: Page) -> None:
        page.evaluate("tab => htvaeReport.change({ tab })", name)
        if name == "similar":
            page.keyboard.press("f")

    return act


def _open_form(name: str) -> Act:
    def act(page: Page) -> None:
        page.evaluate("htvaeReport.change({ tab: 'make' })")
        page.click(f".kinds button:text-is('{name}')")

    return act


def _play(card: str) -> Act:
    def act(page: Page) -> None:
        page.evaluate("tab => htvaeReport.change({ tab })", card)
        page.click(f"#pane-{card} .card >> nth=0")
        page.wait_for_timeout(900)
        page.evaluate("htvaeReport.change({ playing: false })")

    return act


def _make(page: Page) -> None:
    _open_form("Generate")(page)
    page.click(".making .primary")
    page.wait_for_selector("#guest-close:not([hidden])", timeout=120_000)
    page.evaluate("htvaeReport.change({ playing: false })")


def _judge(page: Page) -> None:
    _open_tab("similar")(page)
    page.wait_for_selector(".yes-no")
    page.click("[data-yes=true] >> nth=0")
    page.click("[data-yes=false] >> nth=1")


def _paint(page: Page) -> None:
    page.click(".timeline button:text-is('Labels')")
    page.fill("#brush-label", "hop")
    page.click(".brush-bar button:text-is('Paint the span')")


REPORT: dict[str, Act] = {
    **{name: _open_tab(name) for name in TABS},
    "findings": lambda page: page.click("#findings-open"),
    "recordings": lambda page: page.evaluate(
        "htvaeReport.change({ mapView: 'recordings', playerView: 'over' })"
    ),
    "keys": lambda page: page.click("#help-open"),
    "playing_completion": _play("completion"),
    "playing_generated": _play("generated"),
    "playing_groups": _play("groups"),
}
"""What opens each view of the report."""
LIVE: dict[str, Act] = {
    **{f"make_{name.lower()}": _open_form(name) for name in FORMS},
    "made": _make,
    "judging": _judge,
    "naming": _open_tab("motifs"),
    "tuning": _open_tab("latents"),
    "painting": _paint,
}
"""What opens each view that only the live page has."""


def take_views(browser: Browser, address: str, views: dict[str, Act], folder: Path, kind: str) -> None:
    """Take the pictures of some views."""
    for size, (width, height) in SIZES.items():
        for theme in THEMES:
            for name, act in views.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)  # type: ignore[arg-type]
                page.goto(f"{address}#{PLACE}")
                page.wait_for_selector("html[data-ready]", state="attached")
                act(page)
                page.wait_for_timeout(700)
                path = folder / f"{kind}_{name}_{size}_{theme}.png"
                page.screenshot(path=path, full_page=size == "phone")
                page.close()


def main(demo: Path, folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        take_views(browser, (demo / "report.html").resolve().as_uri(), REPORT, folder, "report")
        with serve_live(demo) as address:
            take_views(browser, address, LIVE, folder, "live")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
