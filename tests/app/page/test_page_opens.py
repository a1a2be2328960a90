"""The page opens: whatever the report holds or lacks, at any size, without a net, without a complaint."""

from typing import Any

import pytest

from tests.app.page.made_up import make_report

pytestmark = pytest.mark.browser

TABS = ("similar", "motifs", "groups", "latents", "generated", "completion", "attention", "figures", "method")
HOSTILE = (
    "<img src=x onerror=document.title='run'>",
    "</script><script>document.title='run'</script>",
    "\u2028\u2029 \u202eright to left\u202c",
    "\u0645\u0634\u06cc \u05d4\u05dc\u05d9\u05db\u05d4",
    "\u6b65\u884c\u8005",
    "long" * 50,
)


def test_one_file_opens_without_a_net_and_without_a_complaint(open_report: Any) -> None:
    page = open_report()
    for tab in TABS:
        page.click(f"#tab-{tab}")
    assert page.title() == "Made-up people"
    assert page.inner_text("#verdict-headline") == "A good model"
    assert page.inner_text("#findings-count") == "1 fault"


def test_all_is_seen_without_scrolling(open_report: Any) -> None:
    page = open_report()
    assert page.evaluate("[document.documentElement.scrollHeight, innerHeight]") == [720, 720]
    for part in (".top", ".verdict", "#panel-map", "#panel-player", "#panel-side", ".timeline"):
        box = page.locator(part).bounding_box()
        assert box["height"] > 30 and box["y"] >= 0 and box["y"] + box["height"] <= 720, part


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (1280, 720), (1920, 1080)])
def test_nothing_scrolls_sideways(open_report: Any, size: tuple[int, int]) -> None:
    page = open_report(make_report(names=HOSTILE), size=size)
    for tab in TABS:
        page.evaluate("tab => htvaeReport.change({ tab })", tab)
        assert page.evaluate("document.documentElement.scrollWidth") == size[0], tab


def test_on_a_phone_the_player_leaves_the_map_free_and_no_box_is_empty(open_report: Any) -> None:
    page = open_report(size=(390, 664), has_touch=True)
    position = "getComputedStyle(document.getElementById('panel-player')).position"
    page.evaluate("document.getElementById('legend').scrollIntoView({ block: 'end' })")
    page.wait_for_function(f"() => {position} === 'static'")
    x, y = page.evaluate("htvaeReport.pixelOfMoment(25)")
    box = page.locator("#map-marks").bounding_box()
    page.touchscreen.tap(box["x"] + x, box["y"] + y)
    page.wait_for_function("() => htvaeReport.state.recording === 2")
    assert page.evaluate("document.getElementById('panel-side').clientHeight") < 300  # nothing was looked for
    page.evaluate("htvaeReport.change({ tab: 'motifs', playing: false })")
    assert page.evaluate("document.getElementById('panel-side').offsetHeight") == 560
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.click("#tab-method")
    page.evaluate("scrollTo(0, 120)")
    page.wait_for_function(f"() => {position} === 'sticky'")
    page.click("#findings-open")
    assert page.is_hidden("#findings-list .whole") and page.is_visible("#verdict-sentence")


def test_hostile_names_are_shown_as_they_are_and_nothing_runs(open_report: Any) -> None:
    report = make_report(names=HOSTILE, labels=HOSTILE[:3])
    report.payload["title"] = HOSTILE[0]
    report.payload["motifs"][0]["name"] = HOSTILE[1]
    report.payload["groups"]["rows"][0]["measure"] = HOSTILE[1]
    page = open_report(report)
    assert page.title() == HOSTILE[0]
    assert page.inner_text("#title") == HOSTILE[0]
    for index, name in enumerate(HOSTILE):
        page.evaluate("recording => htvaeReport.change({ recording })", index)
        assert page.text_content("#player-title .strong") == name
    for tab in TABS:
        page.click(f"#tab-{tab}")
    assert page.locator("img").count() == 0
    assert page.title() == HOSTILE[0]


@pytest.mark.parametrize(
    "wishes",
    [
        {"labels": ()},
        {"fps": None},
        {"edges": False},
        {"names": ("only",)},
        {"labels": tuple(f"label {i}" for i in range(50))},
        {"coordinates": 3},
        {"frames": 40, "moments": False},
        {"bare": True},
        {
            "bare": True,
            "labels": (),
            "names": ("only",),
            "fps": None,
            "edges": False,
            "frames": 20,
            "moments": False,
        },
        {"frames": 1, "moments": False, "bare": True},
        {"first": 500},
    ],
    ids=lambda wishes: "-".join(wishes),
)
def test_any_report_is_a_sensible_page(open_report: Any, wishes: dict[str, Any]) -> None:
    page = open_report(make_report(**wishes))
    for tab in TABS:
        page.click(f"#tab-{tab}")
        assert len(page.inner_text(f"#pane-{tab}").strip()) > 10, tab
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    page.click("#map-recordings")
    page.click("#play")
    page.wait_for_timeout(100)
    page.click("#view-over")
    assert page.inner_text("#clock-now")


def test_a_damaged_block_is_said(open_report: Any) -> None:
    report = make_report()
    name = report.payload["recordings"][1]["poses"]
    report.blocks.pop(name)
    page = open_report(report)
    page.evaluate("htvaeReport.change({ recording: 1 })")
    page.wait_for_selector("#status:has-text('damaged')")


@pytest.mark.browser
@pytest.mark.parametrize("width", [1100, 1280])
def test_tabs_take_one_row_and_all_can_be_opened(open_report: Any, width: int) -> None:
    page = open_report(size=(width, 720))
    tops = "[...document.querySelectorAll('[role=tab]')].map(tab => tab.getBoundingClientRect().top)"
    row = "document.getElementById('tabs').getBoundingClientRect().height"
    assert page.evaluate(row) <= 39
    first, *others = page.evaluate(tops)
    assert others.count(first) >= 3 and page.is_visible("#tabs-more")
    page.click("#tabs-more")
    page.click("#tab-method")
    assert page.evaluate("htvaeReport.state.tab") == "method"
    assert page.inner_text("#tabs-more") == "Method" and page.evaluate(row) <= 39
    page.click("#panel-side .wide-toggle")
    page.wait_for_selector("#tabs-more", state="hidden")
    assert len(set(page.evaluate(tops))) == 1


@pytest.mark.browser
def test_tabs_that_do_not_fit_are_opened_by_keys(open_report: Any) -> None:
    page = open_report()
    page.focus("#tab-similar")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("[htvaeReport.state.tab, document.activeElement.id]") == ["method", "tab-method"]
    box = page.locator("#tab-method").bounding_box()
    hit = "([x, y]) => document.elementFromPoint(x, y).id"
    assert page.evaluate(hit, [box["x"] + 8, box["y"] + 15]) == "tab-method"
    page.keyboard.press("Escape")
    assert page.get_attribute("#tabs-more", "aria-expanded") == "false"


@pytest.mark.browser
def test_a_verdict_of_usual_length_is_not_cut(open_report: Any) -> None:
    report = make_report()
    report.payload["verdict"]["sentence"] = (
        "Scored on 36 recordings that training did not see. The model is about as good as PCA with as many "
        "numbers: the error is 0.0595 torso lengths, PCA's 0.0593, a still pose's 0.292. 3 findings are "
        "faults."
    )
    report.payload["verdict"]["findings"] = [
        {"level": "fault", "text": "It has an excess Frechet distance of 4.", "advice": ""}
    ]
    page = open_report(report)
    cut = "(one => one.scrollHeight > one.clientHeight + 1)(document.getElementById('verdict-sentence'))"
    assert not page.evaluate(cut)
    page.click("#findings-open")
    assert "0 is as near as real" in page.get_attribute("#findings-list abbr", "title")
    terms = page.inner_text("#findings-list .terms")
    assert "Excess Frechet distance: how far" in terms and "PCA: the best linear" in terms
