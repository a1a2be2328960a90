"""Draw the pictures of the report and of the live page in docs/images, in Chromium, from the demo.

    python benchmarks/report_picture.py demo docs/images

It needs ``pip install -e ".[dev,explore]"`` and the system's Chromium. The last one is of ``htvae explore``.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

DESK, PHONE = {"width": 1280, "height": 720}, {"width": 390, "height": 844}
PLACE = "recording=person_06_1&t=41.6&span=41-43"
"""Somebody who squats, in the demo."""


def draw_similar(page: Page) -> None:
    """Find what is like the span."""
    page.keyboard.press("f")


def draw_completion(page: Page) -> None:
    """Play what was hidden for two seconds, and stop where it was hidden."""
    page.click("#tab-completion")
    page.click("#pane-completion .card >> nth=1")
    page.wait_for_timeout(300)


def draw_groups(page: Page) -> None:
    """Play the strongest difference between groups as motion."""
    page.click("#tab-groups")
    page.click("#pane-groups .card >> nth=0")


REPORT = {
    "report": (draw_similar, DESK, "light", 1.5),
    "report_completion": (draw_completion, DESK, "light", 1.0),
    "report_groups": (draw_groups, DESK, "dark", 1.0),
    "report_phone": (draw_similar, PHONE, "light", 1.0),
}
"""Name of each picture of the report: what is done first, window, theme, pixels per pixel of the page."""


def draw_making(page: Page) -> None:
    """Let the model make six seconds by a script."""
    page.click("#tab-make")
    page.fill("#pane-make input[type=text] >> nth=0", "walk:3s,squat:3s")
    page.click(".making .primary")
    page.wait_for_selector("#guest-close:not([hidden])", timeout=60_000)
    page.wait_for_timeout(2300)


def main(demo: Path, images: Path) -> None:
    """Draw all pictures."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, (act, size, theme, scale) in REPORT.items():
            page = chromium.new_page(viewport=size, device_scale_factor=scale, color_scheme=theme)
            _draw(page, f"{(demo / 'report.html').resolve().as_uri()}#{PLACE}", act, images / f"{name}.png")
        _draw_live(chromium, demo, images / "explore.png")
        chromium.close()


def _draw_live(chromium: Browser, demo: Path, picture: Path) -> None:
    with serve_live(demo) as address:
        page = chromium.new_page(viewport=DESK, color_scheme="light")
        _draw(page, f"{address}#{PLACE}", draw_making, picture)


def _draw(page: Page, address: str, act: object, picture: Path) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    act(page)  # type: ignore[operator]
    page.wait_for_timeout(1500)
    page.screenshot(path=picture)


@contextmanager
def serve_live(demo: Path) -> Iterator[str]:
    """Serve the demo's live page; give its address."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "htvae", "explore", "--no_browser", "--output_dir", folder]
        command += ["--checkpoint", str(demo / "experiments" / "checkpoints" / "best_model.pt")]
        command += ["--data_dir", str(demo / "pose_csvs"), "--experiments_dir", str(demo / "experiments")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            lines = iter(server.stdout.readline, "")
            yield next(line.strip() for line in lines if re.match("http://127", line))
            server.terminate()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
