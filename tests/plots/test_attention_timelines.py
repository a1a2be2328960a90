"""Timelines of attention are drawn, whatever is missing."""

import numpy as np
import pytest
from PIL import Image

from htvae.plots.attention_timelines import HEIGHT, AttentionTimeline, draw_attention_timelines
from htvae.plots.drawing import Figure

FIGURE = Figure.from_names(["left_hip", "right_hip", "head"], [(0, 1), (1, 2)])


def make(num_chunks, **changes):
    rng = np.random.default_rng(num_chunks)
    fields = {
        "title": "walk 歩 $x$",
        "edges": np.arange(num_chunks + 1.0),
        "curves": {"left out": rng.random(num_chunks), "attention": rng.random(num_chunks)},
        "shared": np.arange(num_chunks) == 1,
        "spans": [(0.0, 0.5, "stand"), (0.5, float(num_chunks), "walk")],
        "weights": rng.random((num_chunks + 1, num_chunks + 1)),
        "poses": rng.random((2, 3, 2)),
        "pose_times": np.array([0.2, 0.7]),
        "unit": "seconds",
    }
    return AttentionTimeline(**(fields | changes))


def size(path):
    with Image.open(path) as picture:
        picture.verify()
    return picture.size


def test_each_recording_adds_to_the_height(tmp_path):
    one = draw_attention_timelines([make(5)], FIGURE, tmp_path / "one.png", "One")
    both = draw_attention_timelines([make(5), make(9)], FIGURE, tmp_path / "folder" / "both.png", "Both")
    assert size(both)[1] - size(one)[1] == pytest.approx(130 * HEIGHT, abs=1)


def test_one_chunk_without_label_pose_or_comparison(tmp_path):
    bare = make(
        1,
        curves={"left out": np.full(1, np.nan), "attention": np.ones(1)},
        spans=[],
        weights=np.full((2, 2), np.nan),
        poses=np.full((1, 3, 2), np.nan),
        pose_times=np.zeros(1),
        unit="frames",
    )
    size(draw_attention_timelines([bare], FIGURE, tmp_path / "bare.png", "Bare"))


def test_more_labels_than_colours_and_points_without_bones(tmp_path):
    spans = [(i / 4, (i + 1) / 4, f"label {i}") for i in range(20)]
    points = Figure.from_names(["a", "b", "c"], [])
    size(draw_attention_timelines([make(5, spans=spans)], points, tmp_path / "many.png", "Many"))
