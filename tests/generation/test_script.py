"""Scripts: their text, the labels of their frames, and random scripts."""

from collections import Counter

import numpy as np
import pytest

from htvae.generation.script import Script, draw_script
from htvae.poses.sequence import FrameLabel

NAMES = ("walk", "run")


def test_seconds_and_frames():
    script = Script.parse("walk:2s, raise-up: both:0.5s,run:7f", 30.0)
    assert script.parts == (("walk", 60), ("raise-up: both", 15), ("run", 7))
    assert script.num_frames == 82
    assert Script.parse("walk:12f", None).num_frames == 12


@pytest.mark.parametrize(
    "text", ["", "walk", "walk:", "walk:3", ":3s", "walk:-3s", "walk:3s,,run:2s", "walk:nans"]
)
def test_other_forms_are_refused(text):
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


def test_labels_of_frames():
    script = Script((("walk", 2), (None, 2), ("run", 1)))
    assert script.frame_labels(7) == (FrameLabel(0, 2, "walk"), FrameLabel(4, 7, "run"))
    assert script.label_frames(7) == ["walk", "walk", None, None, "run", "run", "run"]
    assert Script(()).frame_labels(3) == () and Script(()).label_frames(3) == [None] * 3


def draw(recorded, num_frames, seed=0, label=1):
    return draw_script(recorded, NAMES, label, num_frames, np.random.default_rng(seed))


def test_a_drawn_script_has_spans_and_changes_of_the_recordings():
    """Walking lasts 10 or 30 frames; running (5 frames) or a span without a label follows."""
    recorded = [(1, ((1, 10), (2, 5), (1, 30), (0, 20), (1, 10))), (2, ((2, 700),))]
    script = draw(recorded, 20_000)
    lengths, changes = {}, Counter()
    for (name, length), (after, _) in zip(script.parts[1:], script.parts[2:], strict=False):
        lengths.setdefault(name, set()).add(length)
        changes[name, after] += 1
    assert lengths == {"walk": {10, 30}, "run": {5}, None: {20}}
    assert set(changes) == {("walk", "run"), ("walk", None), ("run", "walk"), (None, "walk")}
    assert 0.4 < changes["walk", "run"] / (changes["walk", "run"] + changes["walk", None]) < 0.6
    assert 20_000 <= script.num_frames < 20_030


def test_the_first_frames_of_scripts_are_random_frames_of_recordings():
    recorded = [(1, ((1, 30), (2, 10)))]
    begun = [draw(recorded, 1, seed).parts[0] for seed in range(400)]
    assert 0.69 < np.mean([name == "walk" for name, _ in begun]) < 0.81  # 0.75; three standard errors
    lasts = [length for name, length in begun if name == "walk"]
    assert min(lasts) == 1 and max(lasts) == 30 and 14 < np.mean(lasts) < 17  # 1 to 30 alike


def test_a_label_that_is_never_followed_lasts():
    (part,) = draw([(1, ((2, 40),))], 1000).frame_labels(1000)
    assert part == FrameLabel(0, 1000, "run")


def test_a_longer_script_begins_like_a_shorter_one():
    recorded = [(1, ((1, 10), (2, 5), (1, 30), (0, 20), (1, 10)))]
    assert draw(recorded, 400).label_frames(90) == draw(recorded, 90).label_frames(90)
    assert draw(recorded, 90, seed=1).label_frames(90) != draw(recorded, 90).label_frames(90)


def test_scripts_of_other_labels_serve_where_a_label_has_none():
    assert draw([(2, ((2, 40),))], 9, label=1).label_frames(9) == ["run"] * 9
    assert draw([], 9) == Script(())


def test_spans_come_from_recordings_of_about_the_asked_length():
    recorded = [(1, ((1, 15), (2, 15)))] * 12 + [(1, ((1, 200), (0, 600), (1, 200)))] * 12

    def count(num_frames):
        return Counter(name for seed in range(200) for name, _ in draw(recorded, num_frames, seed).parts)

    short, long = count(30), count(1000)
    assert short["run"] > 2 * short[None]
    assert long[None] > 2 * long["run"]
