"""Sliders: without a shift the plain reconstruction, with one what decoding moved latents gives."""

from typing import Any

import numpy as np
import pytest

from htvae.app.live.decoding import decode_moment
from htvae.app.live.places import to_page


def test_no_shift_is_the_reconstruction(client: Any, session: Any, read_clip: Any) -> None:
    none = [0.0] * len(session.directions)
    for index, recording in enumerate(session.recordings):
        source = recording.source
        for frame in (source.first_frame, source.first_frame + source.num_frames // 2):
            wish = {"recording": index, "frame": frame, "shifts": none}
            clip = read_clip(client.post("/api/decode", json=wish))
            first = int(clip["first"])
            assert first <= frame < first + clip["count"]
            assert clip["rate"] == 30 and clip["recording"] == index
            part = slice(first - source.first_frame, first - source.first_frame + clip["count"])
            expected = to_page(recording, session.model.reconstruct(source, refine_steps=0).pose)[part]
            # half a step of 1/256, and single precision
            assert np.abs(clip["pose"] - expected).max() <= 1 / 512 + 1e-4


def test_a_shift_moves_this_chunk_alone(session: Any) -> None:
    none = [0.0] * len(session.directions)
    there = decode_moment(session, 6, 70, none)
    moved = decode_moment(session, 6, 70, [2.0, *none[1:]])
    back = decode_moment(session, 6, 70, none)
    assert np.abs(moved.pose - there.pose).max() > 0.02
    np.testing.assert_array_equal(there.pose, back.pose)
    other = decode_moment(session, 6, 70, [-2.0, *none[1:]])
    assert np.abs(moved.pose - other.pose).max() > np.abs(moved.pose - there.pose).max()


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"recording": 99}, 404, "recording"),
        ({"frame": 10**9}, 400, "frame must lie in"),
        ({"shifts": [0.0]}, 400, "directions"),
        ({"shifts": [5.0]}, 422, "shifts.0"),
        ({"recording": -1}, 422, "recording"),
        ({"frame": 1.5}, 422, "frame"),
        ({"more": 1}, 422, "more"),
    ],
)
def test_what_is_refused(client: Any, change: dict[str, Any], status: int, words: str) -> None:
    answer = client.post("/api/decode", json={"recording": 0, "frame": 3, "shifts": [0.0, 0.0]} | change)
    assert answer.status_code == status and words in answer.json()["error"], answer.text
