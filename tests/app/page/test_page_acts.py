"""What a reader does: point, click, brush, find, type, follow links, go back."""

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from htvae.app.reference_search import find_similar
from tests.app.page.made_up import EVERY, LENGTH, make_report

pytestmark = pytest.mark.browser

SHOWN = ("recording", "frame", "span", "query", "tab", "mapView", "colour", "playerView")
STATE = f"(({{ {', '.join(SHOWN)} }}) => ({{ {', '.join(SHOWN)} }}))(htvaeReport.state)"
"""What a link must restore."""
FOCUS = """(one => [one.id || one.ariaLabel || one.textContent, getComputedStyle(one).outlineStyle])
  (document.activeElement)"""


def link_of(page: Any) -> dict[str, str]:
    """Return the parts of the page's link."""
    text = page.evaluate("location.hash.slice(1)")
    return dict(part.split("=", 1) for part in text.split("&"))


def brush(page: Any, start: float, stop: float, seconds: float = 20.0) -> None:
    """Drag over the timeline from a second to another one of a recording of so many seconds."""
    box = page.locator("#head").bounding_box()
    left, width = box["x"] + 76, box["width"] - 76 - 12
    y = box["y"] + box["height"] - 30
    page.mouse.move(left + width * start / seconds, y)
    page.mouse.down()
    page.mouse.move(left + width * (start + stop) / 2 / seconds, y)
    page.mouse.move(left + width * stop / seconds, y)
    page.mouse.up()


def test_pointing_at_a_moment_shows_it_and_a_click_plays_it(open_report: Any) -> None:
    page = open_report()
    x, y = page.evaluate("htvaeReport.pixelOfMoment(25)")
    box = page.locator("#map-marks").bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.wait_for_selector("#hover-card:not([hidden])", timeout=1000)
    assert page.inner_text("#hover-name") == "bob_1 10.0 s"
    assert page.inner_text("#hover-words") == "squat · M2"
    page.mouse.click(box["x"] + x, box["y"] + y)
    page.wait_for_timeout(300)
    state = page.evaluate(STATE)
    assert state["recording"] == 2 and state["span"] == [300, 360] and 300 <= state["frame"] < 360
    assert page.evaluate("htvaeReport.state.playing")
    page.keyboard.press("Escape")
    page.keyboard.press(" ")
    page.wait_for_timeout(100)
    link, frame = link_of(page), page.evaluate("htvaeReport.state.frame")
    assert link["recording"] == "bob_1" and abs(float(link["t"]) * 30 - frame) < 1
    assert float(page.get_attribute("#head", "aria-valuenow") or "nan") == pytest.approx(frame, abs=1)


def test_a_span_plays_in_a_loop(open_report: Any) -> None:
    page = open_report(link="#recording=ann_1&t=2&span=2-2.5")
    page.evaluate("htvaeReport.change({ speed: 4, playing: true })")
    seen = []
    for _ in range(8):
        page.wait_for_timeout(60)
        seen.append(page.evaluate("htvaeReport.state.frame"))
    assert min(seen) >= 60 and max(seen) < 75 and np.diff(seen).min() < 0


def test_brushing_finds_what_is_similar_in_the_order_of_the_reference(open_report: Any) -> None:
    report = make_report(names=tuple(f"r{i}" for i in range(5)), frames=600)
    page = open_report(report)
    brush(page, 4, 6)
    page.wait_for_selector("#pane-similar .card")
    start, stop = page.evaluate("htvaeReport.state.span")
    assert abs(start - 120) <= 1 and abs(stop - 180) <= 1
    hits = page.evaluate("htvaeReport.state.hits")
    wanted = find_similar(report.windows, EVERY, LENGTH, 0, (start / 30, stop / 30))
    assert len(hits) == len(wanted) == 12
    assert [(hit["recording"], hit["start"]) for hit in hits] == [
        (one.recording, round(one.start * EVERY * 30)) for one in wanted
    ]
    np.testing.assert_allclose([hit["distance"] for hit in hits], [one.distance for one in wanted], atol=1e-9)
    assert not [
        hit for hit in hits if hit["recording"] == 0 and hit["start"] < stop and hit["stop"] > start + 1
    ]
    text = page.inner_text("#pane-similar .card >> nth=0")
    assert report.payload["recordings"][hits[0]["recording"]]["name"] in text and "distance" in text
    page.click("#pane-similar .card >> nth=3")
    assert page.evaluate("htvaeReport.state.span") == [hits[3]["start"], hits[3]["stop"]]
    assert page.evaluate("htvaeReport.state.hits") == hits


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(
    ("fps", "first", "span"), [(30.0, 0, (0, 30)), (30.0, 500, (700, 950)), (None, 0, (200, 320))]
)
def test_search_equals_the_reference(
    open_report: Any, fps: float | None, first: int, span: tuple[int, int], elsewhere: bool
) -> None:
    report = make_report(fps=fps, first=first)
    page = open_report(report)
    query = {"recording": 1, "span": list(span)}
    hits = page.evaluate(
        "([query, elsewhere]) => htvaeReport.searchSimilar(query, elsewhere)", [query, elsewhere]
    )
    unit = fps or 1.0
    every, length = (EVERY, LENGTH) if fps else (EVERY * 30, LENGTH * 30)
    seconds = ((span[0] - first) / unit, (span[1] - first) / unit)
    wanted = find_similar(report.windows, every, length, 1, seconds, elsewhere=elsewhere)
    assert [(hit["recording"], hit["start"]) for hit in hits] == [
        (one.recording, round(first + one.start * every * unit)) for one in wanted
    ]


def test_other_recordings_alone_are_searched_and_the_link_says_so(open_report: Any) -> None:
    page = open_report(link="#recording=ann_1&like=ann_1:4-6")
    page.wait_for_selector("#pane-similar .card")
    assert 0 in page.evaluate("htvaeReport.state.hits.map(hit => hit.recording)")
    page.select_option("#pane-similar .scope select", "others")
    page.wait_for_function("() => htvaeReport.state.hits.every(hit => hit.recording !== 0)")
    assert link_of(page)["in"] == "others"
    again = open_report(link=page.evaluate("location.hash"))
    again.wait_for_selector("#pane-similar .card")
    assert again.input_value("#pane-similar .scope select") == "others"
    assert 0 not in again.evaluate("htvaeReport.state.hits.map(hit => hit.recording)")


def test_a_copied_link_says_what_it_is_good_for(open_report: Any) -> None:
    page = open_report(link="#tab=generated")
    page.click("#copy-link")
    page.wait_for_selector("#status.shown")
    text = page.inner_text("#status")
    assert "send the file too: the part from # on leads here" in text and "is not in it" not in text
    page.click("#pane-generated .card >> nth=0")
    page.click("#copy-link")
    page.get_by_text("Motion that is played instead of the recording is not in it.").wait_for()


def test_a_link_restores_what_was_shown(open_report: Any) -> None:
    page = open_report()
    page.select_option("#recording", "2")
    brush(page, 3, 8)
    page.click("#tab-figures")
    page.keyboard.press("Escape")
    page.evaluate("htvaeReport.change({ span: [90, 240], frame: 100 })")
    page.click("#map-recordings")
    page.select_option("#colour", "motif")
    page.click("#view-over")
    page.wait_for_timeout(200)
    state = page.evaluate(STATE)
    assert state["query"]["recording"] == 2
    again = open_report(link=page.evaluate("location.hash"))
    restored = again.evaluate(STATE)
    assert restored.pop("frame") == pytest.approx(state.pop("frame"), abs=0.02)  # milliseconds in the link
    assert restored == state


@pytest.mark.parametrize(
    "link",
    [
        "#",
        "#recording=nobody&t=zzz&span=9-1",
        "#%%%=&&&",
        "#t=1e99&span=-5--3&tab=none&map=x&kind=<b>",
        "#recording=ann_2&t=-4&like=a:b:c",
    ],
)
def test_nonsense_opens(open_report: Any, link: str) -> None:
    page = open_report(link=link)
    state = page.evaluate(STATE)
    assert 0 <= state["frame"] < 600 and state["span"] is None and state["tab"] == "similar"


def test_back_leads_back(open_report: Any) -> None:
    page = open_report()
    page.keyboard.press("]")
    page.keyboard.press("]")
    assert link_of(page)["recording"] == "bob_1"
    page.go_back()
    page.wait_for_selector("#player-title:has-text('ann_2')")
    assert page.evaluate("htvaeReport.state.recording") == 1
    page.go_back()
    page.wait_for_selector("#player-title:has-text('ann_1')")


def test_all_can_be_reached_by_tab_and_focus_is_seen(open_report: Any) -> None:
    page = open_report()
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUS)
        if name in seen or page.evaluate("document.activeElement === document.body"):
            break
        assert outline == "solid", name
        seen.append(name)
    order = ["recording", "copy-link", "map-marks", "player", "tab-similar", "play", "head"]
    assert [name for name in seen if name in order] == order


def test_canvases_have_names(open_report: Any) -> None:
    page = open_report()
    unnamed = """[...document.querySelectorAll('canvas:not([aria-hidden])')]
      .filter(canvas => !(canvas.getAttribute('aria-label') ?? '').trim()).length"""
    assert page.evaluate(unnamed) == 0
    assert "ann_1" in page.get_attribute("#player", "aria-label")


def test_keys_do_everything_but_while_the_reader_types(open_report: Any) -> None:
    page = open_report(link="#tab=figures")
    page.keyboard.press("d")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("htvaeReport.state.frame") == 15
    page.keyboard.press(".")
    assert page.evaluate("htvaeReport.state.frame") == 200
    page.keyboard.press("i")
    assert page.evaluate("htvaeReport.state.span") == [200, 600]
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    page.fill("#figures-search", "ann")
    page.press("#figures-search", "d")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.input_value("#figures-search") == "annd"


def test_the_map_by_keys(open_report: Any) -> None:
    page = open_report()
    page.focus("#map-marks")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#hover-card")
    page.keyboard.press("Enter")
    assert page.evaluate("htvaeReport.state.span") is not None


def test_figures_are_searched_sorted_and_saved(open_report: Any) -> None:
    page = open_report(link="#tab=figures")
    page.fill("#figures-search", "bob")
    assert page.locator(".figures tbody tr").count() == 2
    page.click(".figures th:last-child button")
    assert page.inner_text(".figures tbody tr >> nth=0").startswith("bob_2")
    with page.expect_download() as download:
        page.click("#pane-figures [aria-label='Save as CSV']")
    assert download.value.path().read_text().splitlines() == [
        "recording,start_frame,stop_frame,error", "bob_2,0,90,0.30000000000000004", "bob_1,0,90,0.2",
    ]  # fmt: skip
    page.click(".figures tbody button")
    assert page.evaluate("[htvaeReport.state.recording, htvaeReport.state.span]") == [3, [0, 90]]


@pytest.mark.parametrize(
    ("tab", "number", "name", "texts"),
    [
        ("motifs", 0, "motifs_usage.svg", ["motif", "test", "train", "M1", "33", "33", "M2"]),
        (
            "motifs",
            1,
            "motifs_transitions.svg",
            ["from", "M1", "M2", "M3", "M1", "", "50", "50", "M2", "100"],
        ),
        ("groups", 0, "groups_camera.svg", ["speed of LEFT_WRIST (left minus right)", "-1.4", "0", "1.4"]),
    ],
)
def test_a_plot_is_saved_as_svg(open_report: Any, tab: str, number: int, name: str, texts: list[str]) -> None:
    page = open_report(link=f"#tab={tab}")
    with page.expect_download() as download:
        page.click(f"#pane-{tab} [title='Save the plot as SVG'] >> nth={number}")
    assert download.value.suggested_filename == name
    picture = ElementTree.parse(download.value.path()).getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert [one.text or "" for one in picture.iter(f"{space}text")][: len(texts)] == texts
    assert float(picture.get("width") or 0) > 100 and picture[0].tag == f"{space}rect"


def test_cells_that_a_spreadsheet_would_run_are_saved_as_text(open_report: Any) -> None:
    page = open_report(link="#tab=figures&table=other")
    with page.expect_download() as download:
        page.click("#pane-figures [aria-label='Save as CSV']")
    assert download.value.path().read_text().splitlines()[1] == "'=SUM(A1),"


def test_a_motif_and_a_drawn_sample_are_seen(open_report: Any) -> None:
    page = open_report(link="#tab=motifs")
    page.click("#pane-motifs .card >> nth=1")
    assert page.evaluate("[htvaeReport.state.motif, htvaeReport.state.span]") == [1, [30, 90]]
    page.click("#tab-generated")
    page.click("#pane-generated [data-guest='1']")
    assert "drawn by the model" in page.inner_text("#player-title")
    page.click("#guest-close")
    assert "ann_1" in page.inner_text("#player-title")


def test_motifs_and_activities_have_no_colour_of_a_label(open_report: Any) -> None:
    page = open_report(link="#tab=motifs")
    dots = """() => [...document.querySelectorAll('#pane-motifs .dot')]
      .map(dot => getComputedStyle(dot).backgroundColor.match(/\\d+/g).map(Number))"""
    grey = page.evaluate(dots)
    assert len(grey) == 5 and max(max(own) - min(own) for own in grey) < 30
    lane = """() => { const own = document.getElementById('lanes'), ratio = own.width / own.clientWidth;
      const { data } = own.getContext('2d').getImageData(80 * ratio, 44 * ratio, 900 * ratio, 34 * ratio);
      let most = 0;
      for (let i = 0; i < data.length; i += 4)
        most = Math.max(most, Math.max(...data.slice(i, i + 3)) - Math.min(...data.slice(i, i + 3)));
      return most; }"""
    assert page.evaluate(lane) < 40
    page.select_option("#colour", "motif")
    page.wait_for_timeout(200)
    assert page.evaluate(lane) > 80
    assert len({tuple(own) for own in page.evaluate(dots)[:3]}) == 3


def test_beside_one_filled_part_stands_what_is_usual(open_report: Any) -> None:
    report = make_report()
    scores = [["complete_gap_30_coverage", 0.91], ["complete_gap_90_coverage", 0.98], ["mpjpe", 0.05]]
    report.payload["tables"] = [
        {"name": "scores", "title": "Scores", "columns": ["figure", "value"], "rows": scores}
    ]
    page = open_report(report, link="#tab=completion")
    text = page.inner_text("#pane-completion .strong.part")
    assert text.endswith("holds 90 % of this one example; over the evaluation's gaps it holds 91\u201398 %.")


def test_a_filled_part_is_seen_with_its_curve(open_report: Any) -> None:
    page = open_report(link="#tab=completion", reduced_motion="reduce")
    page.click("#pane-completion [data-case='0']")
    assert "ann_1 · 1 s of everything hidden" in page.inner_text("#player-title")
    text = page.inner_text("#pane-completion .strong.part")
    assert text == (
        "1 s of everything hidden: the model is off by 0.50 torso lengths on average, less than linear "
        "interpolation (1.00). The 90 % band holds 90 % of this one example; how many it usually holds, "
        "htvae evaluate measures."
    )
    page.select_option("[aria-label='Landmark']", label="left wrist")
    page.select_option("[aria-label='Coordinate']", label="sideways")
    band, line, truth, made = (
        [float(x) for x in re.findall(r"[\d.]+", path)]
        for path in page.evaluate(
            "[...document.querySelectorAll('.curve path')].map(one => one.getAttribute('d'))"
        )
    )
    assert len(band) == 2 * 2 * 12 and len(line) == len(made) == 2 * 12 and len(truth) == 2 * 29
    below = dict(zip(truth[::2], truth[1::2], strict=True))
    assert all(
        y < below[x] for x, y in list(zip(made[::2], made[1::2], strict=True))[1:-1]
    )  # svg counts down
    with page.expect_download() as download:
        page.click("[aria-label='Save the curve as SVG']")
    picture = ElementTree.parse(download.value.path()).getroot()
    assert picture.tag == "{http://www.w3.org/2000/svg}svg" and picture.get("width") == "408"
    page.click("#pane-completion .as-text")
    assert page.evaluate("[htvaeReport.state.recording, htvaeReport.state.span]") == [0, [30, 60]]
    page.click("#pane-completion [data-case='1']")
    assert "1 s of the left arm" in page.inner_text("#pane-completion .strong.part")
    assert page.locator(".curve path").first.get_attribute("d") == ""


def test_what_a_chunk_looked_at_follows_the_moment(open_report: Any) -> None:
    page = open_report(link="#tab=attention&t=2.6")
    text = "#pane-attention p.part >> nth=0"
    page.wait_for_selector("#pane-attention .card")
    assert page.inner_text(text) == (
        "The chunk (frames that are read as one) of this moment, 2.0\u20133.3 s (walk), looks at itself "
        "with 20 %, at the summary of the whole with 10 %, and beyond that most at these. "
        "An even look: 25 % each. The model reads a long recording in windows: of this moment it saw "
        "2.0\u20135.3 s, so the lane ends there."
    )
    cards = page.locator("#pane-attention .card").all_inner_texts()
    assert [card.split("\n")[:2] for card in cards] == [
        ["40 %", "4.0\u20135.3 s"],
        ["30 %", "3.0\u20134.3 s"],
    ]
    page.evaluate("htvaeReport.change({ frame: 140 })")
    page.wait_for_selector("#pane-attention p:has-text('4.0\u20135.3 s (walk), looks at itself with 20 %')")
    page.select_option("[aria-label='Layers']", "1")
    page.wait_for_selector("#pane-attention p:has-text('at the summary of the whole with 100 %')")
    lane = "(kind => { const c = document.getElementById('lanes'); return c.toDataURL(); })()"
    before = page.evaluate(lane)
    page.click("#tab-method")
    page.wait_for_timeout(100)
    assert page.evaluate(lane) != before  # the lane is there while the tab is
    page.click("#tab-attention")
    page.evaluate("htvaeReport.change({ recording: 3 })")
    page.wait_for_selector("#pane-attention :text('No attention of this recording')")


def test_a_difference_plays_as_two_bodies(open_report: Any) -> None:
    page = open_report(link="#tab=groups", reduced_motion="reduce")
    cards = page.locator("#pane-groups [data-scene]").all_inner_texts()
    assert cards == ["right\nmean of 3 subjects", "left\nmean of 4 subjects"]
    assert "At most 1.00 torso lengths apart." in page.inner_text("#pane-groups .scene")
    page.click("#pane-groups [data-scene] >> nth=0")
    assert page.inner_text("#player-title") == "right | left speed of left wrist and 2 more"
    lead, *_ = page.locator("#pane-groups .sentences li").all_inner_texts()
    assert lead == (
        "The surest difference is in speed of left wrist: it is higher in left than in right. "
        "Differences are surest at left wrist."
    )
    assert "effect +0.80 (+0.10 to +1.4)" in page.inner_text("#pane-groups .effect-facts")
    assert page.inner_text("#player-error") == "grey: right"
    page.wait_for_timeout(300)
    colours = page.evaluate(
        """() => {
          const canvas = document.getElementById('player');
          const half = canvas.width / 2;
          return [0, half].map(x => {
            const pen = canvas.getContext('2d');
            const found = pen.getImageData(x + 30, 60, half - 60, canvas.height - 80).data;
            let rows = [];
            for (let i = 0; i < found.length; i += 4)
              if (found[i] < 40 && found[i + 1] > 100 && found[i + 1] < 130 && found[i + 2] > 160)
                rows.push(Math.floor(i / 4 / (half - 60)));
            return [Math.min(...rows), Math.max(...rows)];
          });
        }"""
    )
    assert colours[1][0] < colours[0][0] - 10  # the left side of the second body reaches higher
    page.click("#guest-close")
    assert "ann_1" in page.inner_text("#player-title")


def test_activities_are_seen(open_report: Any) -> None:
    page = open_report(link="#tab=motifs")
    card = page.locator("#pane-motifs [data-activity='1']")
    assert card.inner_text().split("\n") == ["A2 \u00b7 50 %", "mostly M2, M3", "2.0\u00d7 in walk"]
    card.click()
    assert page.evaluate("[htvaeReport.state.recording, htvaeReport.state.span]") == [0, [0, 60]]


def test_a_slider_changes_the_body(open_report: Any) -> None:
    page = open_report(link="#tab=latents", reduced_motion="reduce")
    page.wait_for_timeout(200)
    picture = "document.getElementById('slide').toDataURL()"
    before = page.evaluate(picture)
    page.locator("#pane-latents input >> nth=1").fill("2")
    page.wait_for_timeout(200)
    assert page.evaluate(picture) != before
    assert page.inner_text("#pane-latents output >> nth=1") == "+2.0"


def test_a_video_that_cannot_be_played_is_said_in_one_sentence(open_report: Any) -> None:
    page = open_report()
    page.set_input_files("#video-file", {"name": "a.mp4", "mimeType": "video/mp4", "buffer": b"no video"})
    page.wait_for_selector("#status:has-text('cannot play this video')")
    assert page.is_hidden("#video-place")


def test_a_span_is_saved_as_a_gif(open_report: Any) -> None:
    page = open_report(link="#span=2-4")
    with page.expect_download() as download:
        page.click("#player-gif")
    with Image.open(download.value.path()) as movie:
        assert movie.n_frames == 25  # type: ignore[attr-defined]
        assert movie.info["duration"] == 80 and movie.info["loop"] == 0
        box = page.locator("#player").bounding_box()
        assert movie.size == (int(box["width"]), int(box["height"]))
        pictures = []
        for number in (0, 12):
            movie.seek(number)
            pictures.append(np.asarray(movie.convert("RGB")))
    assert (pictures[0] != pictures[1]).any()
    corner = pictures[0][-2, 2]
    np.testing.assert_array_equal(corner, [0xF7, 0xF9, 0xFB])


@pytest.mark.parametrize("tab", ["completion", "generated", "groups"])
def test_what_the_model_made_is_saved_as_a_gif(open_report: Any, tab: str) -> None:
    page = open_report(link=f"#tab={tab}", reduced_motion="reduce")
    page.click(f"#pane-{tab} .card >> nth=0")
    page.wait_for_function("() => htvaeReport.shownGuest().clip")
    assert page.get_attribute("#player-gif", "title") == "Save this motion as GIF"
    count, rate = page.evaluate("(({ clip }) => [clip.count, clip.perFrame * 30])(htvaeReport.shownGuest())")
    with page.expect_download() as download:
        page.click("#player-gif")
    with Image.open(download.value.path()) as movie:
        moments = np.arange(0, count - 1, max(rate / 12.5, count / 250))
        assert movie.n_frames == len(moments) > 5  # type: ignore[attr-defined]
        first = np.asarray(movie.convert("RGB"))
        movie.seek(len(moments) // 2)
        assert (np.asarray(movie.convert("RGB")) != first).any()
