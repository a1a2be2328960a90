"""Scripts: how they are written, and which label falls to which frame and chunk."""

import pytest

from htvae.data.sequence import FrameLabel
from htvae.generation.drawing import ChunkGrid
from htvae.generation.script import Script

GRID = ChunkGrid(chunk_size=8, chunk_overlap=2, window=10)


def test_seconds_and_frames():
    script = Script.parse("walk:2s, raise-up: both:0.5s,run:7f", 30.0)
    assert script.parts == (("walk", 60), ("raise-up: both", 15), ("run", 7))
    assert script.num_frames == 82
    assert Script.parse("walk:12f", None).num_frames == 12


@pytest.mark.parametrize(
    "text", ["", "walk", "walk:", "walk:3", ":3s", "walk:-3s", "walk:3s,,run:2s", "walk:nans"]
)
def test_other_forms_are_told(text):
    with pytest.raises(ValueError, match="A script must be like 'walk:12s,wave:4s'"):
        Script.parse(text, 30.0)


def test_seconds_need_a_frame_rate():
    with pytest.raises(ValueError, match="in frames where no frame rate is known"):
        Script.parse("walk:2s", None)


def test_spans_of_frames():
    script = Script((("walk", 10), ("run", 5)))
    assert script.frame_labels(15) == (FrameLabel(0, 10, "walk"), FrameLabel(10, 15, "run"))
    assert script.frame_labels(20)[-1] == FrameLabel(10, 20, "run")  # the last one lasts
    assert script.frame_labels(8) == (FrameLabel(0, 8, "walk"),)


def test_a_chunk_has_the_labels_of_its_quarters():
    """Chunks of 8 frames every 6, each asked at four: 1, 3, 5, 7; 7, 9, 11, 13; 13, 15, 17, 19; ..."""
    script = Script((("walk", 10), ("run", 10)))
    assert GRID.num_chunks(20) == 3
    assert script.label_chunks(GRID, 20) == [
        ["walk"] * 4,
        ["walk", "walk", "run", "run"],
        ["run"] * 4,
    ]
    late = Script((("walk", 21), ("run", 5)))
    assert late.label_chunks(GRID, 26)[2:] == [["walk"] * 4, ["walk", "run", "run", "run"]]
