"""The live page as a whole: what it holds, several tabs, a lost connection, whether it can be read."""

from typing import Any

import pytest

from htvae.app.html import ENTRY, join_modules, reach_modules, read_page
from tests.app.page.live_steps import FAINT, choose_span, open_form
from tests.app.page.stub_server import TOKEN, Stub

pytestmark = pytest.mark.browser

LIVE_PARTS = ".side *, .brush-bar *, .made-bar *, .tools *"


def test_a_report_holds_no_module_of_the_live_page_alone() -> None:
    page = read_page()
    kept = reach_modules(page)
    assert ENTRY in kept and not {"explore.js", "live.js", "jobs.js", "painting.js"} & kept.keys()
    assert reach_modules(page, "explore.js").keys() | {ENTRY} == {
        name for name in page if name.endswith(".js")
    }
    assert "X-HTVAE-Token" not in join_modules(kept)


def test_the_live_page_shows_what_a_report_shows(open_live: Any) -> None:
    page = open_live("#tab=make&t=3")
    assert page.inner_text(".tools .pill") == "live"
    assert page.evaluate("htvaeReport.state.tab") == "make"
    for tab in page.evaluate("[...document.querySelectorAll('[role=tab]')].map(tab => tab.id)"):
        page.click(f"#{tab}")
        assert len(page.inner_text(f"#pane-{tab[4:]}").strip()) > 10, tab
    assert page.evaluate("[document.documentElement.scrollHeight, innerHeight]") == [720, 720]


def test_a_lost_connection_is_one_sentence_and_the_page_goes_on(open_live: Any, stub: Stub) -> None:
    page = open_live("#tab=make")
    stub.stop()
    page.click(".making .primary")
    page.wait_for_selector("#status:has-text('htvae explore does not answer')")
    assert page.inner_text(".tools .pill") == "not connected"
    page.keyboard.press("ArrowRight")
    page.click("#tab-motifs")
    assert page.evaluate("htvaeReport.state.frame") == 15


def test_three_tabs_at_once(open_live: Any, stub: Stub) -> None:
    pages = [open_live("#tab=make") for _ in range(3)]
    for number, page in enumerate(pages):
        page.fill("#pane-make input[type=number] >> nth=2", str(number))
        page.click(".making .primary")
    for number, page in enumerate(pages):
        page.wait_for_selector(".job.made")
        assert f"seed {number}" in page.text_content(".job.made")
    assert sorted(wish["seed"] for wish in stub.jobs.values()) == [0, 1, 2]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 720)])
def test_live_parts_fit_and_can_be_read(open_live: Any, size: tuple[int, int], theme: str) -> None:
    page = open_live("#tab=make", size, color_scheme=theme)
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    choose_span(page)
    page.click(".timeline button:text-is('Labels')")
    for name in ("Generate", "Continue", "Fill", "Edit", "Between"):
        open_form(page, name)
        assert page.evaluate(FAINT, LIVE_PARTS) == [], name
        assert page.evaluate(
            "(pane => pane.scrollWidth <= pane.clientWidth)(document.getElementById('pane-make'))"
        ), name
    page.click("#find")
    page.wait_for_selector(".yes-no")
    page.click("[data-yes=true] >> nth=0")
    page.click("[data-yes=false] >> nth=1")
    for tab in ("similar", "motifs", "latents"):
        page.evaluate("tab => htvaeReport.change({ tab })", tab)
        page.wait_for_timeout(60)
        assert page.evaluate(FAINT, LIVE_PARTS) == [], tab
        assert page.evaluate("document.documentElement.scrollWidth") == size[0], tab


def test_live_controls_have_names_and_a_seen_focus(open_live: Any) -> None:
    page = open_live("#tab=make")
    unnamed = """[...document.querySelectorAll('.side input, .side select, .side button')].filter(one =>
      one.checkVisibility() && !(one.labels?.length || one.ariaLabel || one.textContent.trim())).length"""
    for name in ("Generate", "Continue", "Fill", "Edit", "Between"):
        open_form(page, name)
        assert page.evaluate(unnamed) == 0, name
    page.focus(".kinds button")
    seen = []
    for _ in range(8):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
    assert set(seen) == {"solid"}


def test_without_by_the_tab_says_how_groups_are_compared(open_live: Any, stub: Stub) -> None:
    stub.report.payload.update(groups=None)
    for i, recording in enumerate(stub.report.payload["recordings"]):
        recording["label"] = i % 2
    page = open_live("#tab=groups")
    said = page.inner_text("#pane-groups")
    assert "htvae explore --by label" in said and said.rstrip().endswith("label, camera.")


def test_a_copied_link_holds_no_token(open_live: Any) -> None:
    page = open_live("#t=3&tab=motifs", permissions=["clipboard-read", "clipboard-write"])
    page.click("#copy-link")
    page.wait_for_selector("#status.shown:has-text('from # on')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("#recording=ann_1&t=3") and "tab=motifs" in copied and TOKEN not in copied
    assert "Made motion" not in page.inner_text("#status")
    page.click("#tab-make")
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    page.keyboard.press("l")
    page.wait_for_selector("#status.shown:has-text('Made motion is not in it')")
