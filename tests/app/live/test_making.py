"""What is made for the page is what the model makes, in the place where the page shows the recording."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from htvae.app.collect.generated import to_torso_lengths
from htvae.app.live.changing import fade_through
from htvae.app.live.places import choose_landmarks, cut_source, to_page
from htvae.generation import filling

Make = Callable[..., dict[str, Any]]
STEP = 1 / 512 + 1e-4
"""Half a step of a clip, and single precision."""


@pytest.fixture
def make(client: Any, read_clip: Any, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return what does a job and reads its clip."""
    monkeypatch.setattr(filling, "NUM_PASSES", 4)

    def do(**wish: Any) -> dict[str, Any]:
        job = client.post("/api/jobs", json=wish)
        told = client.finish(job)
        assert told["state"] == "done" and told["progress"] == 1.0, told
        clip: dict[str, Any] = read_clip(client.get(f"/api/jobs/{job.json()['id']}/clip"))
        return clip

    return do


@pytest.fixture
def fail(client: Any) -> Callable[..., str]:
    """Return what does a job that fails, and says why."""

    def do(**wish: Any) -> str:
        told = client.finish(client.post("/api/jobs", json=wish))
        assert told["state"] == "failed", told
        sentence: str = told["error"]
        return sentence

    return do


def test_generated_motion_is_the_models(session: Any, make: Make) -> None:
    label = session.known_labels.index("b")
    clip = make(kind="generate", label=label, seconds=1.5, seed=7, guidance=2.0)
    (sample,) = session.model.generate(num_frames=45, label="b", guidance=2.0, seed=7)
    assert clip["rate"] == 30 and clip["count"] == 45 and clip["arrays"] == ["pose"]
    assert np.abs(clip["pose"] - to_torso_lengths(session.model, sample)).max() <= STEP
    assert make(kind="generate", seconds=None, seed=0, guidance=3.0)["count"] == 180


def test_a_continuation_joins_the_recording(session: Any, make: Make) -> None:
    recording = session.recordings[1]  # begins at frame 7
    clip = make(kind="continue", recording=1, frame=46, seconds=0.5, seed=3)
    head = cut_source(recording.source, 7, 47)
    (sample,) = session.model.continue_(head, 15, 1, 3)
    assert (clip["first"], clip["count"], clip["fps"], clip["recording"]) == (17, 30 + 15, 30, 1)
    order = session.model.processor.landmarks
    expected = to_page(recording, choose_landmarks(sample, order))
    assert np.abs(clip["pose"][30:] - expected).max() <= STEP and not clip["given"][30:].any()
    own = to_page(recording, choose_landmarks(cut_source(recording.source, 17, 47), order))
    np.testing.assert_array_equal(clip["given"][:30], np.isfinite(own[..., 0]))
    assert np.nanmax(np.abs(clip["pose"][:30] - own)) <= STEP
    missing = ~clip["given"][:30]
    assert missing.any()  # the walk misses a point in its middle
    rebuilt = to_page(recording, session.model.reconstruct(recording.source, 0).pose)[10:40]
    assert np.abs(clip["pose"][:30] - rebuilt)[missing].max() <= STEP


@pytest.mark.parametrize("landmarks", [None, [5, 0]])
def test_a_span_is_filled_in(session: Any, make: Make, landmarks: list[int] | None) -> None:
    clip = make(kind="complete", recording=6, start=60, stop=75, landmarks=landmarks, seed=1)
    assert clip["first"] == 30 and clip["count"] == 75 and clip["span"] == [60, 75]
    assert clip["arrays"] == ["pose", "low", "high", "given"]
    hidden = np.zeros((75, 6), bool)
    hidden[30:45, slice(None) if landmarks is None else landmarks] = True
    own = to_page(session.recordings[6], session.recordings[6].source.pose[30:105])
    np.testing.assert_array_equal(clip["given"], np.isfinite(own[..., 0]) & ~hidden)
    assert np.nanmax(np.abs(clip["pose"] - own)[clip["given"]]) <= STEP
    assert (clip["low"] <= clip["high"] + 1e-6).all()
    made = ~clip["given"]
    assert (clip["low"] <= clip["pose"] + STEP)[made].mean() > 0.9
    wide = (clip["high"] - clip["low"])[30:45]
    assert wide[hidden[30:45]].mean() > STEP  # near given points the band is narrower than a step


def test_a_span_moves_towards_a_label(session: Any, make: Make) -> None:
    still = make(kind="edit", recording=6, start=60, stop=90, towards="b", strength=0.0)
    moved = make(kind="edit", recording=6, start=60, stop=90, towards="b", strength=2.0)
    assert (moved["first"], moved["count"]) == (30, 90)
    made = slice(30, 60)
    assert not moved["given"][made].any() and moved["given"][:30].mean() > 0.9
    np.testing.assert_array_equal(still["pose"][:30], moved["pose"][:30])
    part = cut_source(session.recordings[6].source, 60, 90)
    expected = session.model.edit(
        part, towards="b", strength=2.0, training=session.model.encode_all(session.training)
    )
    order = session.model.processor.landmarks
    placed = to_page(session.recordings[6], choose_landmarks(expected, order))
    assert np.abs(moved["pose"][made] - placed).max() <= STEP
    assert np.abs(moved["pose"][made] - still["pose"][made]).max() > 10 * STEP
    label = session.known_labels.index("b")
    np.testing.assert_array_equal(
        make(kind="edit", recording=6, start=60, stop=90, label=label, strength=2.0)["pose"], moved["pose"]
    )


def test_from_one_moment_to_another(session: Any, make: Make) -> None:
    clip = make(kind="interpolate", **{"from": [6, 20], "to": [1, 60]}, seconds=1.0)
    assert clip["count"] == 30 and clip["rate"] == 30
    first = cut_source(session.recordings[6].source, 20, 50)
    second = cut_source(session.recordings[1].source, 37, 67)  # the recording ends at 67
    steps = session.model.interpolate(first, second, 9)
    expected = to_page(session.recordings[6], fade_through(np.stack([own.pose for own in steps])))
    assert np.abs(clip["pose"] - expected).max() <= STEP


def test_steps_are_faded_into_each_other() -> None:
    steps = np.arange(3.0)[:, None, None, None] * np.ones((1, 5, 2, 1))
    np.testing.assert_allclose(fade_through(steps)[:, 0, 0], [0, 0.5, 1, 1.5, 2])
    np.testing.assert_allclose(fade_through(steps[:1])[:, 1, 0], np.zeros(5))
    np.testing.assert_allclose(fade_through(steps[:, :1])[:, 1, 0], [0])


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"kind": "generate", "script": "walk:"}, "must be like 'walk:12s"),
        ({"kind": "generate", "script": "walk:999999s"}, "at most 20,000 frames"),
        ({"kind": "generate", "script": "dance:1s"}, "labels of spans that the prior knows"),
        ({"kind": "generate", "label": 77}, "label must be one of the 2 that the prior knows, but is 77"),
        ({"kind": "generate", "seconds": 19_999.0}, "at most 20,000 frames"),
        ({"kind": "continue", "recording": 1, "frame": 3}, "has frames 7 to 66, but is 3"),
        ({"kind": "continue", "recording": 1, "frame": 10**9}, "has frames 7 to 66"),
        ({"kind": "complete", "recording": 0, "start": 9, "stop": 9}, "start below stop"),
        ({"kind": "complete", "recording": 0, "start": 0, "stop": 40}, "left to fill in from"),
        ({"kind": "complete", "recording": 0, "start": 0, "stop": 9, "landmarks": [6]}, "below 6"),
        ({"kind": "edit", "recording": 0, "start": 0, "stop": 9}, "one goal"),
        ({"kind": "edit", "recording": 0, "start": 0, "stop": 9, "label": 0, "style": 1}, "one goal"),
        ({"kind": "edit", "recording": 0, "start": 0, "stop": 9, "towards": "../x"}, "Known for label: a, b"),
        ({"kind": "interpolate", "from": [0, 1], "to": [1, 2]}, "has frames 7 to 66, but is 2"),
    ],
)
def test_mistakes_are_said(fail: Any, wish: dict[str, Any], words: str) -> None:
    assert words in fail(**wish)


def test_an_unknown_recording_is_not_there(client: Any) -> None:
    for wish in (
        {"kind": "continue", "recording": 10, "frame": 3},
        {"kind": "interpolate", "from": [0, 1], "to": [10, 2]},
        {"kind": "edit", "recording": 0, "start": 0, "stop": 9, "style": 10},
    ):
        assert client.post("/api/jobs", json=wish).status_code == 404


def test_a_long_job_can_be_cancelled(client: Any, session: Any) -> None:
    """Nothing is skipped here: each kind tells how far it is often enough to end within seconds."""
    import time

    wishes: list[dict[str, Any]] = [
        {"kind": "generate", "seconds": 600.0},
        {"kind": "complete", "recording": 6, "start": 40, "stop": 120},
        {"kind": "interpolate", "from": [6, 0], "to": [5, 0], "seconds": 3.0},
    ]
    for wish in wishes:
        job = client.post("/api/jobs", json=wish)
        told: dict[str, Any] = {}
        while told.get("progress", 0) == 0:
            told = client.get(f"/api/jobs/{job.json()['id']}").json()
        assert told["state"] == "running", (wish, told)
        began = time.monotonic()
        client.delete(f"/api/jobs/{job.json()['id']}")
        assert client.finish(job)["state"] == "cancelled"
        assert time.monotonic() - began < 2
        assert client.get(f"/api/jobs/{job.json()['id']}/clip").status_code == 404
