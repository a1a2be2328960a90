"""Draw docs/images/report.png: the demo's report in Chromium, with a span chosen and what is like it.

    python benchmarks/report_picture.py demo/report.html docs/images/report.png

It needs ``pip install playwright`` and the system's Chromium.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SIZE = {"width": 1280, "height": 720}
PLACE = "recording=person_06_1&t=41.6&span=41-43"
"""Somebody who squats, in the demo."""


def main(report: Path, picture: Path) -> None:
    """Open the report at a place, find what is like it, and save a picture of the window."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(viewport=SIZE, device_scale_factor=1.5, color_scheme="light")
        page.goto(f"{report.resolve().as_uri()}#{PLACE}")
        page.wait_for_selector("html[data-ready]")
        page.keyboard.press("f")
        page.wait_for_timeout(1500)
        page.screenshot(path=picture)
        chromium.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
