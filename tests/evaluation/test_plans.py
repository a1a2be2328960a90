"""What is drawn to be compared with recordings."""

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.data.processing import PoseDataProcessor
from htvae.evaluation.plans import choose_evenly, label_frames, plan_like, plan_parts
from htvae.poses.sequence import FrameLabel


@pytest.fixture(scope="module")
def process(make_walk):
    """Return a maker of processed recordings of given lengths and labels."""

    def run(lengths, labels=None, **known):
        labels = labels or "a" * len(lengths)
        walks = [
            make_walk(i, n, label=name, **known)
            for i, (n, name) in enumerate(zip(lengths, labels, strict=True))
        ]
        processor = PoseDataProcessor(DataConfig()).fit(walks)
        return [processor.transform(walk) for walk in walks]

    return run


def test_recordings_are_chosen_with_labels_in_proportion(process):
    processed = process([40] * 6, "aaaabb")
    assert [p.source.label for p in choose_evenly(processed, 120)] == ["a", "b", "a"]
    assert [p.source.label for p in choose_evenly(processed, 10)] == ["a"]  # one at least
    assert len(choose_evenly(processed, 240)) == 6
    assert choose_evenly([], 100) == []


def test_within_a_label_recordings_are_not_chosen_by_name(process):
    processed = process([40] * 20)
    chosen = choose_evenly(processed, 400)
    places = [processed.index(p) for p in chosen]
    assert len(set(places)) == 10 and 5 < np.mean(places) < 14 and max(places) > 14  # by name 4.5 and 9
    assert chosen == choose_evenly(processed, 400)


def test_long_recordings_are_cut_to_their_middle(process):
    long, short = process([101, 40], "ab", frame_labels=(FrameLabel(0, 50, "nod"),))
    cut, same = choose_evenly([long, short], 100, 60)
    assert same is short and len(cut.pose) == 60
    assert choose_evenly([long, short], 99, 60)[0].name == long.name
    np.testing.assert_array_equal(cut.pose, long.pose[20:80])
    assert cut.record.source_frames.tolist() == list(range(20, 80))
    assert label_frames(cut).tolist() == ["nod"] * 30 + [""] * 30
    assert cut.record.anchor.shape == (60, 2)


def test_labels_of_model_frames(process):
    spans = (FrameLabel(2, 5, "nod"), FrameLabel(7, 9, "wave"))
    (processed,) = process([10], frame_labels=spans)
    assert label_frames(processed).tolist() == ["", "", "nod", "nod", "nod", "", "", "wave", "wave", ""]
    (processed,) = process([4])
    assert label_frames(processed).tolist() == [""] * 4


def test_a_plan_after_recordings_has_their_lengths_and_labels(process):
    processed = process([70, 20, 64], "abc", frame_labels=(FrameLabel(0, 5, "nod"),))
    plan = plan_like(processed, 1000)
    assert [(w.num_frames, w.label) for w in plan] == [(68, "a"), (20, "b"), (64, "c")]
    assert all((w.frame_labels[:5] == "nod").all() and len(w.frame_labels) == w.num_frames for w in plan)
    assert len(plan_like(processed, 95)) == 2


def test_lengths_are_rounded_down_by_a_sixteenth_at_most(process):
    lengths = [1, 15, 36, 63, 127, 511, 4095]
    planned = [w.num_frames for w in plan_like(process(lengths), 10_000)]
    assert sorted(planned) == [1, 15, 36, 62, 124, 496, 4064]
    assert all(15 / 16 * n <= m for n, m in zip(lengths, sorted(planned), strict=True))


def test_a_plan_of_parts_goes_round_until_there_are_enough_frames(process):
    processed = process([100, 40], "ab", frame_labels=(FrameLabel(0, 100, "nod"),))
    plan = plan_parts(processed, 64, 200)
    assert [(w.num_frames, w.label) for w in plan] == [(64, "a"), (40, "b"), (64, "a"), (40, "b")]
    starts = [
        w.frame_labels
        for w in plan_parts(process([100], "a", frame_labels=(FrameLabel(0, 50, "x"),)), 64, 640)
    ]
    counts = {int((labels == "x").sum()) for labels in starts}
    assert len(counts) > 1 and counts <= set(range(14, 51))  # from 36 frames on at the latest
    assert np.array_equal(plan[0].frame_labels, plan_parts(processed, 64, 200)[0].frame_labels)
