"""Search by examples is that of `htvae find`: first like the one, then by the detector that answers teach."""

from typing import Any

import pytest

from htvae.analysis.search.clicks import Answer, Lesson
from htvae.analysis.search.search import build_index, place_query, search
from htvae.inference.source import to_source_spans
from tests.app.live.conftest import Client

YES, NO = [6, 20, 50, True], [3, 20, 50, False]


def find(client: Client, *examples: Any) -> dict[str, Any]:
    answer = client.post("/api/find", json={"examples": examples})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def to_source(session: Any, clip: Any) -> list[int]:
    frames = session.recordings[clip.recording].record.source_frames
    import numpy as np

    return [clip.recording, *to_source_spans(np.array([[clip.start, clip.stop]]), frames)[0].tolist()]


def test_one_example_is_the_search(client: Client, session: Any) -> None:
    index = build_index(session.model, session.recordings)
    query = place_query(session.recordings[6], (20, 50))
    wanted = search(session.model, index, session.recordings, query, "filled", 12).hits
    found = find(client, YES)
    assert [own[:3] for own in found["hits"]] == [to_source(session, hit) for hit in wanted]
    assert [own[3] for own in found["hits"]] == pytest.approx(
        [max(0, h.similarity) for h in wanted], abs=1e-4
    )
    assert "one example" in found["text"]
    second = find(client, [1, 20, 50, True])["hits"]  # begins at frame 7
    assert all(own[1] >= 7 for own in second if own[0] == 1)


def test_answers_teach_a_detector(client: Client, session: Any) -> None:
    found = find(client, NO, YES, [5, 10, 40, True], [7, 5, 35, False])
    index = build_index(session.model, session.recordings)
    query = place_query(session.recordings[6], (20, 50))
    own = search(session.model, index, session.recordings, query, "filled", 12)
    said = [(3, 20, 50, False), (5, 10, 40, True), (7, 5, 35, False)]
    lesson = Lesson(own, [r.source.subject or r.name for r in session.recordings])
    for recording, start, stop, is_yes in said:
        lesson = lesson.answer(Answer(recording, start, stop, is_yes))
    chances = lesson.detector.score(index)
    spans = lesson.spans
    best = {(int(spans.recording[i]), int(spans.start[i])): float(chances[i]) for i in range(len(chances))}
    assert 0 < len(found["hits"]) <= 12
    scores = [hit[3] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True) and scores[-1] >= 0 and scores[0] <= 1
    for recording, start, _, score in found["hits"]:
        first = session.recordings[recording].source.first_frame
        assert best[recording, start - first] == pytest.approx(score, abs=1e-4)
    for recording, start, stop, _ in [(6, 20, 50, True), *said]:
        assert not any(h[0] == recording and h[1] < stop and start < h[2] for h in found["hits"])
    assert f"{len(lesson.detections)} clips detected." in found["text"]
    assert "Precision on new subjects" in found["text"] and "No clip was chosen at random" in found["text"]


def test_without_a_no_nothing_is_counted(client: Client) -> None:
    found = find(client, YES, [5, 10, 40, True])
    assert found["hits"] and "detected" not in found["text"]
    assert "at least one clip no" in found["text"]


@pytest.mark.parametrize(
    ("examples", "status", "words"),
    [
        ([NO], 400, "marked yes"),
        ([[6, 20, 20, True]], 400, "start below stop"),
        ([[6, 20, 151, True]], 400, "within the frames"),
        ([YES, [1, 0, 20, False]], 400, "within the frames 7 to 67"),
        ([[10, 1, 20, True]], 404, "not there"),
        ([YES, [10, 1, 20, True]], 404, "not there"),
    ],
)
def test_what_is_refused(client: Client, examples: Any, status: int, words: str) -> None:
    answer = client.post("/api/find", json={"examples": examples})
    assert answer.status_code == status and words in answer.json()["error"]
