"""The tab Make of the live page: what is asked for, how it goes on, what is shown of it."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.app.page.live_steps import choose_span, open_form, shown_guest, wait_for_sent
from tests.app.page.made_up import SCALE
from tests.app.page.stub_server import COUNT, ENDLESS, FAILING, Stub, bend

pytestmark = pytest.mark.browser


def test_generating_shows_progress_and_then_the_motion(open_live: Any, stub: Stub) -> None:
    page = open_live("#tab=make", reduced_motion="reduce")
    page.select_option("#pane-make select", "1")
    page.fill("#pane-make input[type=number] >> nth=0", "3")
    page.fill("#pane-make input[type=number] >> nth=2", "7")
    page.click(".making .primary")
    page.wait_for_selector(".job progress[value]")
    assert 0 < page.evaluate("document.querySelector('.job progress').value") < 1
    assert "about 7 s left" in page.inner_text(".job")
    page.wait_for_selector(".job.made")
    assert stub.last("api/jobs") == {
        **{"kind": "generate", "label": 1, "script": None, "seconds": 3, "guidance": 1, "seed": 7}
    }
    page.wait_for_function("() => htvaeReport.shownGuest().clip")
    page.evaluate("htvaeReport.change({ guestAt: 4 })")
    page.wait_for_timeout(100)
    np.testing.assert_allclose(shown_guest(page), bend([])[4], atol=SCALE)
    assert "Generated · squat · seed 7" in page.inner_text("#player-title")
    page.click("#guest-close")
    assert "ann_1" in page.inner_text("#player-title")
    page.click(".job.made .card")
    assert "Generated" in page.inner_text("#player-title")


def test_a_script_has_its_own_length_and_guidance(open_live: Any, stub: Stub) -> None:
    page = open_live("#tab=make")
    page.fill("#pane-make input[type=text]", "walk:2s,squat:1s")
    assert page.is_disabled("#pane-make input[type=number] >> nth=0")
    page.press("#pane-make input[type=text]", "Enter")
    wait_for_sent(page, stub, "api/jobs", lambda wish: wish["script"] == "walk:2s,squat:1s")
    assert stub.last("api/jobs")["seconds"] is None and stub.last("api/jobs")["guidance"] == 2


@pytest.mark.parametrize(
    ("typed", "script", "seconds"),
    [
        ("walk then squat", "walk:3s,squat:3s", "6"),
        ("Walk, squat", "walk:3s,squat:3s", "6"),
        ("walk 3 squat 4", "walk:3s,squat:4s", "7"),
        ("walk for 2.5 s -> squat: 1s;", "walk:2.5s,squat:1s", "3.5"),
        ("walk:60f,squat:2s", "walk:60f,squat:2s", ""),
    ],
)
def test_scripts_are_read_as_people_type_them(
    open_live: Any, stub: Stub, typed: str, script: str, seconds: str
) -> None:
    page = open_live("#tab=make")
    page.fill("#pane-make input[type=text]", typed)
    assert page.input_value("#pane-make input[type=number] >> nth=0") == seconds
    assert "Guidance 2" in page.inner_text(".fields")
    page.click(".making .primary")
    wait_for_sent(page, stub, "api/jobs", lambda wish: wish["script"] == script)
    page.fill("#pane-make input[type=text]", "")
    assert page.input_value("#pane-make input[type=number] >> nth=0") == "6"
    assert "Guidance 1" in page.inner_text(".fields")


def test_a_faulty_script_is_told_of_in_the_form(open_live: Any, stub: Stub) -> None:
    page = open_live("#tab=make")
    for typed, said in (
        ("walk, workout:2s", "“workout” is not"),
        ("walk:0s", "no time"),
        ("walker", "Those are"),
    ):
        page.fill("#pane-make input[type=text]", typed)
        assert said in page.inner_text(".why")
        assert page.is_disabled(".making .primary")
    assert not stub.jobs


def test_another_seed_is_one_click(open_live: Any) -> None:
    page = open_live("#tab=make")
    page.click("[aria-label='Another seed']")
    assert page.input_value("#pane-make input[type=number] >> nth=2") != ""
    assert page.evaluate("document.activeElement.ariaLabel") == "Another seed"


def test_a_job_is_cancelled(open_live: Any, stub: Stub) -> None:
    page = open_live("#tab=make")
    page.fill("#pane-make input[type=number] >> nth=2", str(ENDLESS))
    page.click(".making .primary")
    page.wait_for_selector(".job progress[value]")
    page.click(".job button:text-is('Cancel')")
    page.wait_for_selector(".job:has-text('Cancelled')")
    page.wait_for_timeout(100)
    assert stub.jobs["job0"]["cancelled"]
    page.click("[aria-label='Take off the list']")
    assert page.locator(".job").count() == 0


def test_a_job_that_fails_says_why(open_live: Any) -> None:
    page = open_live("#tab=make")
    page.fill("#pane-make input[type=number] >> nth=2", str(FAILING))
    page.click(".making .primary")
    page.wait_for_selector(".job.failed:has-text('The model had no idea.')")
    assert page.inner_text(".job b") == "Not made"
    page.click("[aria-label='Take off the list']")
    assert page.locator(".job").count() == 0


def test_a_model_without_a_prior_says_so(open_live: Any, stub: Stub) -> None:
    stub.report.payload["live"]["canGenerate"] = False
    page = open_live("#tab=make")
    assert page.is_disabled(".making .primary")
    assert "prior" in page.inner_text(".why")


def test_a_motion_is_continued_from_the_moment_that_is_shown(open_live: Any, stub: Stub) -> None:
    page = open_live("#recording=bob_1&t=4")
    open_form(page, "Continue")
    assert "bob_1 · 4.0 s" in page.inner_text(".fields")
    page.evaluate("htvaeReport.change({ frame: 150 })")
    page.wait_for_selector(".fields:has-text('bob_1 · 5.0 s')")
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    wanted = {"kind": "continue", "recording": 2, "frame": 150, "seconds": 4, "seed": 0}
    assert stub.last("api/jobs") == wanted


def test_filled_points_are_drawn_apart(open_live: Any, stub: Stub) -> None:
    page = open_live(reduced_motion="reduce")
    open_form(page, "Fill")
    assert page.is_disabled(".making .primary") and "choose a span" in page.inner_text(".why")
    choose_span(page)
    page.click(".field button:text-is('Choose')")
    page.click(".point-quick button:text-is('None')")
    assert page.is_disabled(".making .primary")
    page.click(".point-chip:text-is('nose')")
    page.click(".point-chip:text-is('left wrist')")
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    wanted = {"kind": "complete", "recording": 0, "start": 60, "stop": 120, "landmarks": [0, 5], "seed": 0}
    assert stub.last("api/jobs") == wanted
    page.wait_for_function("() => htvaeReport.shownGuest().clip")
    made = """([r, g, b]) => { const canvas = document.getElementById('player');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4)
        count += Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 12;
      return count; }"""
    counts = []
    for pose in (2, COUNT - 2):
        page.evaluate("guestAt => htvaeReport.change({ guestAt })", pose)
        page.wait_for_timeout(80)
        counts.append(page.evaluate(made, [0x7A, 0x50, 0xAF]))
    assert counts[0] == 0 and counts[1] > 20
    assert "made by the model" in page.inner_text("#player-error")


def test_the_bar_of_a_motion_is_dragged_and_stepped(open_live: Any) -> None:
    page = open_live("#tab=make")
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    page.wait_for_function("() => htvaeReport.state.playing && htvaeReport.state.guestAt > 1")
    box = page.locator(".made-bar canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    state = "[htvaeReport.state.playing, htvaeReport.state.guestAt]"
    playing, at = page.evaluate(state)
    assert not playing and at == pytest.approx((COUNT - 1) / 2, abs=0.3)
    page.focus(".made-bar canvas")
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate(state)[1] == pytest.approx(at + 1)
    page.keyboard.press("End")
    assert page.evaluate(state)[1] == COUNT - 1
    page.keyboard.press(" ")
    page.wait_for_function("() => htvaeReport.state.playing && htvaeReport.state.guestAt < 10")


def test_a_made_motion_is_saved_as_a_gif(open_live: Any) -> None:
    page = open_live("#tab=make", reduced_motion="reduce")
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    page.wait_for_function("() => htvaeReport.shownGuest().clip")
    with page.expect_download() as download:
        page.click("#player-gif")
    with Image.open(download.value.path()) as movie:
        assert movie.n_frames == 24  # type: ignore[attr-defined]  # 1.9 s, 12.5 a second


@pytest.mark.parametrize(
    ("choice", "goal"),
    [
        ("squat", {"label": 1, "strength": -1.5}),
        ("camera=left", {"towards": "camera=left", "strength": -1.5}),
        ("bob_2", {"style": 3, "strength": 1}),
    ],
)
def test_a_span_is_edited(open_live: Any, stub: Stub, choice: str, goal: dict[str, Any]) -> None:
    page = open_live()
    open_form(page, "Edit")
    choose_span(page)
    page.select_option("#pane-make select", label=choice)
    if "style" not in goal:
        page.fill("#pane-make input[type=number]", "-1.5")
    else:
        assert page.is_hidden("#pane-make input[type=number]")
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    place = {"kind": "edit", "recording": 0, "start": 60, "stop": 120}
    assert stub.last("api/jobs") == place | goal


def test_two_moments_are_joined(open_live: Any, stub: Stub) -> None:
    page = open_live("#t=2")
    open_form(page, "Between")
    page.click("[aria-label='Take this moment as the beginning']")
    assert page.is_disabled(".making .primary")
    page.keyboard.press("]")
    page.evaluate("htvaeReport.change({ frame: 90 })")
    page.click("[aria-label='Take this moment as the end']")
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    assert stub.last("api/jobs") == {"kind": "interpolate", "from": [0, 60], "to": [1, 90], "seconds": 4}


def drag_lanes(page: Any, start: float, stop: float) -> None:
    """Drag across the timeline's lowest lane from a second to another one (of 20)."""
    box = page.locator("#head").bounding_box()
    left, width = box["x"] + 76, box["width"] - 76 - 12
    y = box["y"] + box["height"] - 20
    page.mouse.move(left + width * start / 20, y)
    page.mouse.down()
    page.mouse.move(left + width * (start + stop) / 40, y)
    page.mouse.move(left + width * stop / 20, y)
    page.mouse.up()


def test_a_drag_sets_the_span_of_the_form_and_stays_there(open_live: Any) -> None:
    page = open_live()
    assert "find more like it" in page.inner_text("#span-hint")
    open_form(page, "Fill")
    assert "choose a span" in page.inner_text("#span-hint")
    drag_lanes(page, 2, 4)
    state = "[htvaeReport.state.tab, htvaeReport.state.query]"
    assert page.evaluate(state) == ["make", None]
    assert page.evaluate("htvaeReport.state.span") == pytest.approx([60, 120], abs=2)
    assert page.is_enabled(".making .primary")
    page.keyboard.press("f")
    assert page.evaluate(state)[0] == "similar"
    drag_lanes(page, 6, 8)
    assert page.evaluate("htvaeReport.state.query.span") == pytest.approx([180, 240], abs=2)


def test_a_click_on_the_timeline_after_made_motion_stands_still(open_live: Any) -> None:
    page = open_live("#tab=make")
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    page.wait_for_function("() => htvaeReport.state.playing && htvaeReport.state.guest")
    open_form(page, "Continue")
    drag_lanes(page, 5, 5)
    assert page.evaluate("[htvaeReport.state.playing, htvaeReport.state.guest]") == [False, None]
    page.wait_for_function("() => document.querySelector('.fields').innerText.includes('ann_1 · 5.0 s')")
    said = page.inner_text(".fields")
    page.wait_for_timeout(300)
    assert page.inner_text(".fields") == said


def test_the_timeline_steps_back_while_made_motion_plays(open_live: Any) -> None:
    page = open_live("#tab=make", reduced_motion="reduce")
    shown = """() => [getComputedStyle(document.getElementById('lanes')).opacity,
      getComputedStyle(document.querySelector('.clock')).visibility]"""
    assert page.evaluate(shown) == ["1", "visible"]
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    page.wait_for_timeout(400)
    assert page.evaluate(shown) == ["0.35", "hidden"]
    assert "not what plays" in page.inner_text("#span-hint")
    drag_lanes(page, 5, 5)
    page.wait_for_timeout(400)
    assert page.evaluate(shown) == ["1", "visible"]
