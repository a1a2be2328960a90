"""What a report costs in a browser: its size, how soon it is ready, and how fast it answers.

    python benchmarks/page_cost.py demo/report.html
    python benchmarks/page_cost.py --points 100000 1000000

The second line draws maps of so many made-up moments. It needs the system's Chromium. Times are medians, in
milliseconds, of a browser without a GPU.
"""

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from htvae.app.packing import Moments
from tests.app.page.made_up import make_report

SIZE = {"width": 1280, "height": 720}
REPEATS = 9
WATCH_DRAWING = """globalThis.drawn = []; {
  const kind = CanvasRenderingContext2D.prototype;
  const [make, put] = [kind.createImageData, kind.putImageData];
  let began = 0;
  kind.createImageData = function (...given) { began = performance.now(); return make.apply(this, given); };
  kind.putImageData = function (...given) {
    const answer = put.apply(this, given);
    drawn.push(performance.now() - began);
    return answer;
  };
}"""
"""Notes how long each picture of the map's points takes."""
FRAMES = """milliseconds => new Promise(done => {
  let [count, began] = [0, performance.now()];
  const next = now => { count += 1; now - began < milliseconds ? requestAnimationFrame(next)
    : done(1000 * (count - 1) / (now - began)); };
  requestAnimationFrame(next);
})"""
"""Counts frames a second."""
SWITCH = """async index => {
  const began = performance.now();
  htvaeReport.change({ recording: index, frame: htvaeReport.report.recordings[index].first });
  await htvaeReport.shownPoses();
  return performance.now() - began;
}"""
CLOCK = """milliseconds => new Promise(done => {
  const fps = htvaeReport.report.recordings[htvaeReport.state.recording].fps ?? 30;
  const [began, frame] = [performance.now(), htvaeReport.state.frame];
  const ahead = () => (htvaeReport.state.frame - frame) / fps - (performance.now() - began) / 1000;
  setTimeout(() => done(ahead()), milliseconds);
})"""
"""By how many seconds the player is ahead after a while."""
PICK = """([x, y]) => {
  const map = document.getElementById("map-marks");
  const box = map.getBoundingClientRect();
  const began = performance.now();
  map.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + x, clientY: box.top + y }));
  return performance.now() - began;
}"""


def measure_report(page: Page, report: Path) -> dict[str, str]:
    """Return figures of one report, as text."""
    page.goto(report.resolve().as_uri())
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    ready = float(page.get_attribute("html", "data-ready") or "nan")
    count = page.evaluate("htvaeReport.report.recordings.length")
    others = range(1, min(count, REPEATS + 1))
    switched = [page.evaluate(SWITCH, index) for index in others] or [float("nan")]
    figures = {"size": f"{report.stat().st_size / 1e6:.2f} MB", "ready": f"{ready:.0f} ms"}
    figures["another recording unpacked and shown"] = f"{statistics.median(switched):.0f} ms"
    page.evaluate("htvaeReport.change({ recording: 0, frame: htvaeReport.report.recordings[0].first })")
    query = "(one => ({ recording: 0, span: [one.first, one.first + 60] }))(htvaeReport.report.recordings[0])"
    search = f"""(async () => {{ const began = performance.now(); await htvaeReport.searchSimilar({query});
      return performance.now() - began; }})()"""
    figures["search"] = f"{statistics.median(page.evaluate(search) for _ in range(REPEATS)):.0f} ms"
    page.keyboard.press("i")
    page.evaluate(
        "(() => { const { frame } = htvaeReport.state; htvaeReport.change({ span: [frame, frame + 60] }) })()"
    )
    page.keyboard.press("f")
    page.wait_for_selector("#pane-similar .card")
    page.evaluate("htvaeReport.change({ span: null, speed: 1, playing: true })")
    figures["frames a second, 12 thumbnails moving"] = f"{page.evaluate(FRAMES, 3000):.0f}"
    figures["clock ahead after 10 s"] = f"{page.evaluate(CLOCK, 10_000):+.3f} s"
    page.evaluate("htvaeReport.change({ playing: false })")
    return figures | {"memory of the page's process": f"{_resident_mb(page):.0f} MiB"}


def measure_map(page: Page, count: int, folder: Path) -> dict[str, str]:
    """Return figures of a map of made-up moments, as text."""
    path = folder / f"points_{count}.html"
    path.write_text(_make_points(count), encoding="utf-8")
    page.add_init_script(WATCH_DRAWING)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=120_000)
    page.evaluate("drawn.length = 0")
    for kind in ("pca", "tsne") * 5:
        page.evaluate(f"htvaeReport.change({{ mapKind: '{kind}' }})")
        page.wait_for_timeout(150)
    drawn = page.evaluate("drawn")
    box = page.locator("#map-marks").bounding_box()
    assert box is not None
    rng = np.random.default_rng(0)
    places = rng.uniform(0.1, 0.9, (REPEATS, 2)) * [box["width"], box["height"]]
    picked = [page.evaluate(PICK, place.tolist()) for place in places]
    return {
        "draw": f"{statistics.median(drawn):.0f} ms",
        "pick": f"{statistics.median(picked):.1f} ms",
        "frames a second while it is moved": f"{_pan(page, box):.0f}",
    }


def _pan(page: Page, box: Any) -> float:
    """Magnify the map and drag it about; return pictures of it a second."""
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    for _ in range(4):
        page.mouse.wheel(0, -200)
    page.mouse.down()
    page.wait_for_timeout(300)
    page.evaluate("drawn.length = 0")
    began = page.evaluate("performance.now()")
    for turn in range(60):
        page.mouse.move(x + 60 * np.sin(turn / 5), y + 40 * np.cos(turn / 5))
    seconds = (page.evaluate("performance.now()") - began) / 1000
    page.mouse.up()
    return page.evaluate("drawn.length") / seconds


def _make_points(count: int) -> str:
    """Return a report's file with a map of so many moments, in clouds."""
    report = make_report()
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, count)
    places = [rng.normal(0.4 * np.stack([np.cos(2 * label), np.sin(2 * label)], -1), 0.15) for _ in range(2)]
    starts = np.sort(rng.integers(0, 540, count))
    moments = Moments(
        rng.integers(0, 4, count),
        starts,
        starts + 60,
        tuple(np.clip(places, -1, 1)),
        label,
        label,
        rng.random(count),
    )
    report.payload["moments"] |= {"count": count, "block": report.keep(moments.pack())}
    return report.html()


def _resident_mb(page: Page) -> float:
    """Return the memory of the page's process."""
    info = page.context.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")  # type: ignore[union-attr]
    sizes = []
    for process in info["processInfo"]:
        if process["type"] == "renderer":
            status = Path(f"/proc/{process['id']}/status").read_text(encoding="utf-8")
            sizes.append(int(status.split("VmRSS:")[1].split()[0]) / 1024)
    return max(sizes)


def main() -> None:
    """Print a table a report, and one a map."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", nargs="*", type=Path)
    parser.add_argument("--points", nargs="*", type=int, default=[])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for report in given.reports:
            _show(str(report), lambda page, report=report: measure_report(page, report))
        for count in given.points:
            _show(f"{count:,} points", lambda page, count=count: measure_map(page, count, Path(folder)))


def _show(title: str, measure: Callable[[Page], dict[str, str]]) -> None:
    print(title)
    with sync_playwright() as play:
        chromium = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, figure in measure(chromium.new_page(viewport=SIZE)).items():
            print(f"    {name:<40} {figure}")
        chromium.close()


if __name__ == "__main__":
    main()
