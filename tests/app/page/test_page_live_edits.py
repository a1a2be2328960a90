"""Sliders, answers, labels, names of motifs, and files: what the live page does beside making motion."""

from typing import Any

import numpy as np
import pytest

from tests.app.page.live_steps import choose_span, wait_for_sent
from tests.app.page.made_up import LANDMARKS, SCALE, make_report
from tests.app.page.stub_server import COUNT, FOUND, TOKEN, Stub, bend

pytestmark = pytest.mark.browser


def test_sliders_are_redrawn_by_the_server_and_the_latest_wish_wins(open_live: Any, stub: Stub) -> None:
    page = open_live("#tab=latents&t=2.5")
    page.wait_for_function("() => htvaeLive.shownTuning().base")
    assert stub.asked[-1][1] == {"recording": 0, "frame": 75, "shifts": [0, 0]}
    slider = page.locator("#pane-latents input >> nth=1")
    page.evaluate(
        """for (let i = 0; i <= 30; i++) { const input = document.querySelectorAll('#pane-latents input')[1];
          input.value = i / 10; input.dispatchEvent(new Event('input')); }"""
    )
    wait_for_sent(page, stub, "api/decode", lambda wish: wish["shifts"] == [0, 3])
    page.wait_for_timeout(150)
    assert len(stub.asked) <= 6  # thirty wishes, few questions
    moved = np.array(page.evaluate("Array.from(htvaeLive.shownTuning().moved.reconstruction)"))
    np.testing.assert_array_equal(
        moved.reshape(COUNT, len(LANDMARKS), 2), np.rint(bend([0, 3]) / SCALE).astype(int)
    )
    assert page.inner_text("#pane-latents output >> nth=1") == "+3.0"
    camera, moved_x = page.evaluate("htvaeLive.shownTuning().camera"), moved.reshape(COUNT, -1, 2)[..., 0]
    centre = np.array(camera["centre"]).reshape(-1, 2)[:, :1]
    assert np.abs(SCALE * moved_x - centre).max() <= camera["halfWidth"] + 0.01
    slider.press("ArrowLeft")
    wait_for_sent(page, stub, "api/decode", lambda wish: wish["shifts"] == [0, 2.9])
    page.click("#pane-latents button:text-is('All to 0')")
    page.wait_for_function("() => htvaeLive.shownTuning().moved === htvaeLive.shownTuning().base")
    assert page.inner_text("#pane-latents output >> nth=1") == "0.0"
    page.evaluate("htvaeReport.change({ frame: 300 })")
    wait_for_sent(page, stub, "api/decode", lambda wish: wish["frame"] == 300)


def test_yes_and_no_lead_the_next_search_and_become_a_detector(open_live: Any, stub: Stub) -> None:
    page = open_live()
    choose_span(page)
    page.keyboard.press("f")
    page.wait_for_selector(".yes-no")
    first, second = page.evaluate(
        "[...document.querySelectorAll('.card[data-hit]')].map(card => card.dataset.hit)"
    )[:2]
    page.click("[data-yes=true] >> nth=0")
    page.focus(f"[data-hit='{second}']")
    page.keyboard.press("n")
    assert page.inner_text(".answers-text") == "1 yes, 1 no"
    page.click(".answers button:has-text('Search again')")
    page.wait_for_selector(".card:has-text('score 0.91')")
    spans = [[int(part) for part in key.replace("-", ":").split(":")] for key in (first, second)]
    examples = [[0, 60, 120, True], [*spans[0], True], [*spans[1], False]]
    assert stub.last("api/find") == {"examples": examples}
    hits = page.evaluate("htvaeReport.state.hits.map(hit => [hit.recording, hit.start, hit.stop, hit.score])")
    assert hits == FOUND
    said = page.inner_text(".answers-text")
    assert "learned from 2 yes" in said and said.endswith(
        "Precision on new subjects 0.80 (0.40 to 0.97, from 5 answers)."
    )
    assert page.text_content(".answers-more p") == "Recall is unknown. No clip was checked."
    assert page.inner_text("#pane-similar .pane-head p").startswith("The 3 spans that score highest")
    with page.expect_download() as download:
        page.click("#pane-similar [aria-label='Save as CSV']")
    lines = download.value.path().read_text().splitlines()
    assert lines[0].endswith(",score") and lines[1].endswith(",0.91")
    page.click(".answers button:text-is('Save detector')")
    page.wait_for_selector("#status:has-text('name first')")
    page.fill(".answers input", "squat")
    page.press(".answers input", "Enter")
    page.wait_for_selector("#status:has-text('Saved in explore/detectors.')")
    assert stub.last("api/detectors") == {"name": "squat", "examples": examples}
    page.click("[data-yes=true] >> nth=0")
    page.click("[data-yes=true] >> nth=0")
    assert page.get_attribute("[data-yes=true] >> nth=0", "aria-pressed") == "false"


def paint(page: Any, start: float, stop: float) -> None:
    """Drag along the label lane from a second to another one (of 20)."""
    box = page.locator("#head").bounding_box()
    left, width = box["x"] + 76, box["width"] - 76 - 12
    page.mouse.move(left + width * start / 20, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(left + width * (start + stop) / 40, box["y"] + 30)
    page.mouse.move(left + width * stop / 20, box["y"] + 30)
    page.mouse.up()


LABELS = "htvaeReport.report.recordings[0].labels.map(([a, b, i]) => [a, b, htvaeReport.report.labels[i]])"


def test_labels_are_painted_undone_erased_and_saved(open_live: Any, stub: Stub) -> None:
    page = open_live()
    before = page.evaluate(LABELS)
    page.click(".timeline button:text-is('Labels')")
    paint(page, 2, 4)
    page.wait_for_selector("#status:has-text('Choose a label first')")
    assert page.evaluate(LABELS) == before
    page.fill("#brush-label", "hop")
    paint(page, 2, 4)
    labels = page.evaluate(LABELS)
    assert [name for _, _, name in labels] == ["walk", "hop", "walk", "squat", "wave"]
    assert labels[1][0] == pytest.approx(60, abs=1) and labels[1][1] == pytest.approx(120, abs=1)
    assert page.evaluate("htvaeReport.state.span") is None
    page.click(".brush-bar button:text-is('Erase')")
    paint(page, 0, 3)
    assert page.evaluate(LABELS)[0][2] == "hop"
    page.click(".brush-bar button:text-is('Undo')")
    assert page.evaluate(LABELS) == labels
    page.click(".brush-bar button:has-text('Save labels')")
    page.wait_for_selector("#status:has-text('Saved in explore/labels.')")
    assert page.inner_text(".brush-said") == "Saved in explore/labels."
    assert stub.last("api/labels") == {"recording": 0, "spans": labels}
    assert page.is_disabled(".brush-bar button:has-text('Save labels')")
    page.focus("#head")
    page.keyboard.press("Control+z")
    assert page.evaluate(LABELS) == before


MAP_LABELS = "[...document.querySelectorAll('#legend .chip bdi')].map(chip => chip.textContent)"


def test_painted_labels_colour_the_map_at_once(open_live: Any, stub: Stub) -> None:
    report = make_report(labels=())
    report.payload["live"] = stub.report.payload["live"]
    stub.report = report
    page = open_live()
    choices = "[...document.getElementById('colour').options].map(one => one.value)"
    assert "label" not in page.evaluate(choices)
    page.click(".timeline button:text-is('Labels')")
    page.fill("#brush-label", "hop")
    paint(page, 0, 10)
    page.wait_for_function(f"() => {choices}.includes('label')")
    page.select_option("#colour", "label")
    assert page.evaluate(MAP_LABELS) == ["hop", "none"]
    page.fill("#brush-label", "rest")
    paint(page, 10, 20)
    page.wait_for_function(f"() => {MAP_LABELS}.includes('rest')")
    counts = page.evaluate("[...document.querySelectorAll('#legend .count')].map(one => +one.textContent)")
    assert sum(counts) == page.evaluate("htvaeReport.report.moments.count") and min(counts[:2]) > 0
    page.click(".brush-bar button:text-is('Undo')")
    page.wait_for_function(f"() => !{MAP_LABELS}.includes('rest')")


def test_a_span_is_labelled_by_keys(open_live: Any) -> None:
    page = open_live("#span=2-4")
    page.focus(".timeline button:text-is('Labels')")
    page.keyboard.press("Enter")
    page.keyboard.type("squat")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert [60, 120, "squat"] in page.evaluate(LABELS)


def test_what_the_server_refuses_is_said_in_its_words(open_live: Any) -> None:
    page = open_live("#span=0-4")
    page.click(".timeline button:text-is('Labels')")
    page.fill("#brush-label", "refused")
    page.click(".brush-bar button:text-is('Paint the span')")
    page.click(".brush-bar button:has-text('Save labels')")
    page.wait_for_selector("#status:has-text('This label is refused.')")
    assert "not saved" in page.inner_text(".brush-text")


def test_motifs_are_named_and_merged(open_live: Any, stub: Stub) -> None:
    page = open_live("#tab=motifs")
    share = page.evaluate("htvaeReport.report.motifs.map(motif => motif.share)")
    page.fill(".motif-name >> nth=0", "go")
    assert "not saved" in page.inner_text(".naming")
    page.fill(".motif-name >> nth=2", "go")
    assert "M1 and M3 will become one motif" in page.inner_text(".naming")
    page.press(".motif-name >> nth=2", "Enter")
    page.wait_for_selector("#status:has-text('Saved in explore/motifs.')")
    assert stub.last("api/motifs") == {"names": {"m01": "go", "m02": "m02", "m03": "go"}}
    motifs = page.evaluate("htvaeReport.report.motifs.map(({ id, name, share }) => [id, name, share])")
    assert motifs == [["m01", "go", pytest.approx(share[0] + share[2])], ["m02", "m02", share[1]]]
    for activity in page.evaluate("htvaeReport.report.activities"):
        assert {motif for motif, _ in activity["motifs"]} <= {0, 1}
    spans = page.evaluate("htvaeReport.report.recordings[1].motifs")
    assert spans == [[0, 200, 1], [200, 600, 0]]
    page.fill(".motif-name >> nth=1", "stay")
    page.click(".naming .primary")
    wait_for_sent(page, stub, "api/motifs", lambda wish: wish["names"]["m02"] == "stay")
    assert stub.last("api/motifs") == {"names": {"m01": "go", "m02": "stay", "m03": "go"}}


def test_the_source_video_comes_from_the_server(open_live: Any) -> None:
    page = open_live()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.click("#video-open")
    page.wait_for_selector("#status:has-text('cannot play this video')")
    assert any(url.endswith(f"/video/0?token={TOKEN}") for url in asked)
    assert page.input_value("#video-offset") == "0.5"
    page.keyboard.press("]")
    with page.expect_file_chooser():
        page.click("#video-open")


def test_a_span_is_saved_as_csv(open_live: Any, stub: Stub) -> None:
    page = open_live("#span=2-4")
    with page.expect_download() as download:
        page.click("button:text-is('Save frames')")
    assert download.value.suggested_filename == "ann_1_60-120.csv"
    assert download.value.path().read_text().startswith("recording,frame")
    assert stub.last("api/export") == {"spans": [[0, 60, 120]]}
    page.keyboard.press("Escape")
    assert page.is_hidden("#span-csv")
