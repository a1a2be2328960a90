"""A source video that is served: it leads the clock while it plays, and is sought with the recording."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import htvae
from tests.app.live.test_lacking import serve
from tests.app.page.conftest import cannot_run
from tests.app.page.live_server import serve_session

pytestmark = pytest.mark.browser

OFFSET, SECONDS, LEVELS = 0.5, 14, 16
"""Second of the video at the recording's beginning; length; levels of grey that pass in a second."""
LIMIT = 0.1
"""Seconds that video and recording may differ by."""


@pytest.fixture
def address(trained: Any, make_walk: Any, tmp_path: Path) -> Iterator[str]:
    """Where a recording of 12 seconds is served, with a video that gets lighter by the second."""
    tool = shutil.which("ffmpeg")
    if tool is None:
        cannot_run("needs ffmpeg (apt install ffmpeg)")
    picture = f"color=black:s=160x90:r=25,format=gray,geq=lum='{LEVELS}*T'"
    made = [tool, "-loglevel", "error", "-f", "lavfi", "-i", picture, "-t", str(SECONDS)]
    subprocess.run([*made, "-c:v", "libvpx", "-g", "25", tmp_path / "walk.webm"], check=True)
    covariates = {"video": "walk.webm", "video_offset": str(OFFSET)}
    walk = replace(make_walk(0, 360), covariates=covariates)
    _, session = serve(htvae.load(trained.checkpoint, "cpu"), [walk, make_walk(1, 40)], tmp_path, tmp_path)
    with serve_session(session) as own:
        yield own


SECONDS_SHOWN = """() => {
  const [video, sheet] = [document.getElementById('video'), document.createElement('canvas')];
  [sheet.width, sheet.height] = [16, 9];
  const pen = sheet.getContext('2d');
  pen.drawImage(video, 0, 0, 16, 9);
  const level = pen.getImageData(8, 4, 1, 1).data[0];
  return { video: video.currentTime, frame: htvaeReport.state.frame, level, paused: video.paused };
}"""


def check_in_step(page: Any) -> float:
    """Return the recording's second, after checking that the video shows it."""
    seen = page.evaluate(SECONDS_SHOWN)
    second = seen["frame"] / 30
    assert abs(seen["video"] - OFFSET - second) <= LIMIT
    pictured = seen["level"] / LEVELS
    assert abs(pictured - OFFSET - second) <= LIMIT + 2 / LEVELS  # two levels are lost by the codec
    return float(second)


def test_a_video_plays_in_step_and_is_sought_with_the_recording(chromium: Any, address: str) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(20_000)
    page.goto(address)
    page.wait_for_selector("html[data-ready]", state="attached")
    page.click("#video-open")
    page.wait_for_function("() => document.getElementById('video').readyState >= 3")
    assert page.input_value("#video-offset") == str(OFFSET)
    page.evaluate("htvaeReport.change({ playing: true })")
    page.wait_for_function("() => htvaeReport.state.frame >= 150")  # five seconds of it
    assert check_in_step(page) >= 5
    for second in (9.0, 2.0):
        page.evaluate("frame => htvaeReport.change({ frame, playing: false })", 30 * second)
        page.wait_for_function(
            "at => (video => !video.seeking && video.paused && Math.abs(video.currentTime - at) < 0.02)"
            "(document.getElementById('video'))",
            arg=second + OFFSET,
        )
        page.wait_for_timeout(100)
        assert check_in_step(page) == pytest.approx(second)
    page.evaluate("htvaeReport.change({ playing: true })")
    page.wait_for_function("() => htvaeReport.state.frame >= 90")
    assert 3 <= check_in_step(page) < 8
    page.close()
