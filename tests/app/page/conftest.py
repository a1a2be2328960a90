"""A browser for the page's tests: one for all of them, without a net; what it complains of fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright import sync_api as playwright

from tests.app.page.made_up import MadeUp, make_report
from tests.app.page.stub_server import TOKEN, Stub

REFUSED = "Failed to load resource"
"""What a browser itself says of an answer that refuses."""

CHROMIUM = os.environ.get("HTVAE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


REQUIRED = os.environ.get("HTVAE_BROWSERS") == "required"
"""Whether a missing browser is a failure: .ci/run says so."""


def cannot_run(reason: str) -> NoReturn:
    """Skip a test that lacks a browser, or fail where browsers are required."""
    if REQUIRED:
        pytest.fail(f"{reason}, since HTVAE_BROWSERS=required")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium, without a window."""
    if CHROMIUM is None:
        cannot_run("needs Chromium (apt install chromium)")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


Opener = Callable[..., Any]


@pytest.fixture
def open_report(chromium: Any, tmp_path: Path) -> Iterator[Opener]:
    """Return a function that opens a made-up report (or a file) and gives Playwright's page."""
    complaints: list[str] = []
    contexts = []

    def open_page(
        report: MadeUp | Path | None = None,
        link: str = "",
        size: tuple[int, int] = (1280, 720),
        **wishes: Any,
    ) -> Any:
        path = report if isinstance(report, Path) else tmp_path / f"report{len(contexts)}.html"
        if not isinstance(report, Path):
            path.write_text((report or make_report()).html(), encoding="utf-8")
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **wishes)
        context.set_offline(True)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda request: complaints.append(request.url) if not _is_local(request.url) else None
        )
        page.goto(f"{path.as_uri()}{link}")
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _is_local(address: str) -> bool:
    return address.startswith(("file:", "data:", "blob:"))


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A server of a made-up report."""
    report = make_report()
    report.payload["live"] = {
        **{"token": TOKEN, "video": [True, False, False, False], "offsets": [0.5, 0, 0, 0]},
        **{"canGenerate": True, "labels": ["walk", "squat"], "towards": ["walk", "camera=left"]},
        **{"scripted": ["walk", "squat"], "detectors": ["old"], "frame": [60] * 4},
    }
    server = Stub(report)
    yield server
    server.stop()


@pytest.fixture
def open_live(chromium: Any, stub: Stub) -> Iterator[Callable[..., Any]]:
    """Return a function that opens the live page; what it complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(link: str = "", size: tuple[int, int] = (1280, 720), **wishes: Any) -> Any:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **wishes)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{stub.address}{link}")
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [text for text in complaints if not text.startswith(REFUSED)] == []
