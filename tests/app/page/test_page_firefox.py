"""What matters most, in another browser: the page opens, fits, answers the pointer and keeps time."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.app.page.conftest import cannot_run
from tests.app.page.firefox import Firefox
from tests.app.page.made_up import make_report

pytestmark = pytest.mark.browser

FIREFOX = os.environ.get("HTVAE_FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
TABS = ("similar", "motifs", "groups", "latents", "generated", "completion", "attention", "figures", "method")


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """The system's Firefox with a made-up report, at 1280 x 720."""
    if FIREFOX is None:
        cannot_run("needs Firefox (apt install firefox-esr)")
    report = tmp_path_factory.mktemp("report") / "report.html"
    report.write_text(make_report().html(), encoding="utf-8")
    with Firefox(FIREFOX, tmp_path_factory.mktemp("profile")) as firefox:
        firefox.resize(1280, 720)
        firefox.open(report.as_uri())
        yield firefox


@pytest.fixture(autouse=True)
def _no_complaint(firefox: Firefox) -> Iterator[None]:
    yield
    firefox.evaluate("1")  # hears what was said meanwhile
    assert firefox.complaints == []


def test_opens_without_a_net_and_without_a_complaint(firefox: Firefox) -> None:
    for tab in TABS:
        firefox.evaluate(f"document.getElementById('tab-{tab}').click()")
        assert firefox.evaluate(f"document.getElementById('pane-{tab}').innerText.trim().length") > 10, tab
    assert firefox.evaluate("document.title") == "Made-up people"
    assert firefox.evaluate("document.getElementById('verdict-headline').innerText") == "A good model"


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (1280, 720), (1920, 1080)])
def test_nothing_scrolls_sideways(firefox: Firefox, size: tuple[int, int]) -> None:
    firefox.resize(*size)
    for tab in TABS:
        firefox.evaluate(f"htvaeReport.change({{ tab: '{tab}' }})")
        assert firefox.evaluate("document.documentElement.scrollWidth") <= size[0], tab
    firefox.resize(1280, 720)


def test_all_is_seen_without_scrolling(firefox: Firefox) -> None:
    assert firefox.evaluate("[document.documentElement.scrollHeight, innerHeight]") == [720, 720]


def test_pointing_at_a_moment_shows_it_and_a_click_plays_it(firefox: Firefox) -> None:
    x, y = firefox.evaluate("htvaeReport.pixelOfMoment(25)")
    left, top = firefox.evaluate(
        "(box => [box.left, box.top])(document.getElementById('map-marks').getBoundingClientRect())"
    )
    firefox.point(left + x, top + y)
    firefox.wait("!document.getElementById('hover-card').hidden", 2)
    assert firefox.evaluate("document.getElementById('hover-name').innerText") == "bob_1 10.0 s"
    firefox.point(left + x, top + y, press=True)
    firefox.wait("htvaeReport.state.playing", 2)
    assert firefox.evaluate("[htvaeReport.state.recording, htvaeReport.state.span]") == [2, [300, 360]]


def test_time_runs_as_it_should(firefox: Firefox) -> None:
    firefox.evaluate("htvaeReport.change({ recording: 0, span: null, frame: 0, speed: 1, playing: true })")
    passed, played = firefox.evaluate("""new Promise(done => {
      const [began, frame] = [performance.now(), htvaeReport.state.frame];
      const passed = () => [performance.now() - began, (htvaeReport.state.frame - frame) / 0.03];
      setTimeout(() => done(passed()), 4000);
    })""")
    firefox.evaluate("htvaeReport.change({ playing: false })")
    assert abs(played - passed) < 250  # milliseconds; the goal is 100, the rest is room for a busy machine
