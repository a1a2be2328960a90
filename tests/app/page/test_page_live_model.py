"""The live page with its own server and a tiny model: what is shown is what Python computes of it."""

import csv
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from htvae.app.live.bodies import Complete, Generate
from htvae.app.live.decoding import decode_moment
from htvae.app.live.drawing import generate
from htvae.app.live.filling import complete_span
from htvae.app.live.session import Session
from htvae.io.tables import read_frame_labels
from tests.app.live.conftest import reported, session  # noqa: F401
from tests.app.page.live_server import serve_session

pytestmark = pytest.mark.browser

SHOWN = "Array.from(htvaeReport.shownGuest().pose)"


@pytest.fixture
def address(session: Session) -> Iterator[str]:  # noqa: F811
    """Where a server of the tiny model listens."""
    with serve_session(session) as own:
        yield own


@pytest.fixture
def open_live(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Return a function that opens the page; what it complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(link: str = "") -> Any:
        context = chromium.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}{link}")
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def read_shown(page: Any, session: Session, place: int) -> np.ndarray:  # noqa: F811
    """Return the guest's pose (L, D) at one of its poses."""
    page.wait_for_function("() => htvaeReport.shownGuest().clip")
    page.evaluate("guestAt => htvaeReport.change({ guestAt, playing: false })", place)
    page.wait_for_timeout(100)
    coordinates = session.report.payload["body"]["coordinates"]
    return np.array(page.evaluate(SHOWN)).reshape(-1, coordinates)


def test_sliders_show_what_the_model_decodes(open_live: Any, session: Session) -> None:  # noqa: F811
    page = open_live("#tab=latents")
    page.evaluate("htvaeReport.change({ frame: 30 })")
    page.wait_for_function("() => htvaeLive.shownTuning().base")
    page.fill("#pane-latents input >> nth=0", "2")
    page.wait_for_function("() => htvaeLive.shownTuning().moved !== htvaeLive.shownTuning().base")
    page.wait_for_timeout(200)
    shifts = [2.0] + [0.0] * (len(session.directions) - 1)
    for name, wanted in (("base", [0.0] * len(shifts)), ("moved", shifts)):
        clip = decode_moment(session, 0, 30, wanted)
        shown = page.evaluate(f"Array.from(htvaeLive.shownTuning().{name}.reconstruction)")
        scale = page.evaluate(f"htvaeLive.shownTuning().{name}.scale")
        np.testing.assert_allclose(scale * np.array(shown), clip.pose.ravel(), atol=scale / 2 + 1e-6)


def test_what_is_made_is_what_the_model_makes(open_live: Any, session: Session) -> None:  # noqa: F811
    page = open_live("#tab=make")
    page.fill("#pane-make input[type=number] >> nth=0", "2")
    page.fill(".field:has-text('Seed') input", "3")
    page.click(".making .primary")
    page.wait_for_selector(".job.made")
    wish = Generate(kind="generate", seconds=2.0, seed=3, guidance=1.0)
    np.testing.assert_allclose(read_shown(page, session, 5), generate(session, wish).pose[5], atol=0.01)
    page.click(".kinds button:text-is('Fill')")
    page.evaluate("htvaeReport.change({ span: [20, 40], frame: 20 })")
    page.click(".field button:text-is('Choose')")
    page.click(".point-quick button:text-is('None')")
    page.click(".point-chip >> nth=1")
    page.click(".making .primary")
    page.wait_for_selector(".job.made >> nth=1")
    own = complete_span(session, Complete(kind="complete", recording=0, start=20, stop=40, landmarks=[1]))
    assert own.given is not None
    place = int(np.flatnonzero(~own.given[:, 1])[0])
    np.testing.assert_allclose(read_shown(page, session, place), own.pose[place], atol=0.01)
    given = page.evaluate("Array.from(htvaeReport.shownGuest().clip.given)")
    np.testing.assert_array_equal(np.array(given).reshape(own.given.shape), own.given)


def test_labels_motifs_and_frames_are_saved(open_live: Any, session: Session) -> None:  # noqa: F811
    page = open_live()
    page.evaluate("htvaeReport.change({ span: [10, 30], frame: 10 })")
    page.click(".timeline button:text-is('Labels')")
    page.fill("#brush-label", "hop")
    page.click(".brush-bar button:text-is('Paint the span')")
    page.click(".brush-bar button:has-text('Save labels')")
    page.wait_for_selector("#status:has-text('frame_labels.csv')")
    labels = read_frame_labels(session.output_dir)
    name = session.report.payload["recordings"][0]["name"]
    found = [(row.span.start, row.span.stop, row.span.label) for row in labels[name]]
    assert found == [(0, 10, "wave"), (10, 30, "hop"), (30, 40, "nod")]
    with page.expect_download() as download:
        page.click("#span-csv")
    with download.value.path().open(newline="") as file:
        frames = {int(row["frame#"]) for row in csv.DictReader(file)}
    assert frames <= set(range(10, 30)) and len(frames) > 10
    again = open_live("#tab=motifs")
    assert [10, 30] in again.evaluate("htvaeReport.report.recordings[0].labels.map(([a, b]) => [a, b])")
    count = len(session.report.payload["motifs"])
    if count > 1:
        again.fill(".motif-name >> nth=0", "go")
        again.fill(".motif-name >> nth=1", "go")
        again.click(".naming .primary")
        again.wait_for_selector("#status:has-text('motifs.csv')")
        third = open_live("#tab=motifs")
        assert third.locator(".motif-name").count() == count - 1


def test_three_tabs_make_at_once(open_live: Any) -> None:
    pages = [open_live("#tab=make") for _ in range(3)]
    for page in pages:
        page.fill("#pane-make input[type=number] >> nth=0", "2")
        page.click(".making .primary")
    for page in pages:
        page.wait_for_selector(".job.made")


def test_a_search_learns_from_yes_and_no(open_live: Any) -> None:
    page = open_live()
    page.evaluate("htvaeReport.change({ span: [10, 40], frame: 10 })")
    page.keyboard.press("f")
    page.wait_for_selector(".yes-no")
    page.click("[data-yes=true] >> nth=0")
    page.click("[data-yes=false] >> nth=1")
    page.click(".answers button:has-text('Search again')")
    page.wait_for_selector(".card:has-text('score')")
    examples = page.evaluate(
        "htvaeReport.state.hits.map(hit => [hit.recording, hit.start, hit.stop, hit.score])"
    )
    scores = [score for *_, score in examples]
    assert scores == sorted(scores, reverse=True) and 0 <= min(scores) <= max(scores) <= 1
