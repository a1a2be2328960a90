"""The picture of motifs: colours tell many motifs apart, many recordings have room."""

import numpy as np
import pytest
from PIL import Image

from htvae.plots.motifs import MOST_LETTERS, _cut, _shorten, draw_motifs, motif_colors


def test_twenty_four_motifs_have_colours_of_their_own():
    colors = motif_colors(24)
    assert colors.min() >= 0 and colors.max() <= 1
    apart = np.abs(colors[:, None] - colors).max(-1) + np.eye(24)
    white = np.abs(1 - colors).max(-1)
    assert apart.min() > 0.08 and white.min() > 0.25  # frames of no motif are white
    assert motif_colors(100).shape == (100, 3) and motif_colors(100).min() >= 0


def test_stretches_by_hand():
    spans, own = _cut(np.array([2, 2, -1, 0]), 2.0)
    assert spans == [(0.0, 1.0), (1.5, 0.5)] and own.tolist() == [2, 0]
    assert _cut(np.array([1, 1]), None)[0] == [(0.0, 2.0)]


def test_long_names_keep_their_ends():
    long = "group_a/session_with_a_long_name_007"
    assert len(_shorten(long)) <= MOST_LETTERS and _shorten(long).endswith("007")
    assert _shorten("short") == "short"


@pytest.mark.parametrize("activities", [None, [np.repeat([0, 1], 150)] * 50])
def test_many_recordings_and_motifs_are_drawn(tmp_path, activities):
    rng = np.random.default_rng(0)
    labels = [np.repeat(rng.integers(-1, 20, 30), 10) for _ in range(50)]
    counts, joins = rng.integers(0, 9, (20, 20)), [(0, 1, 1.0 + i) for i in range(19)]
    names = [f"m{i + 1:02d}" for i in range(20)]
    path = draw_motifs(labels, [30.0] * 50, ["r"] * 50, names, counts, joins, tmp_path / "a.png", activities)
    with Image.open(path) as picture:
        assert picture.height < 1600 and len(picture.convert("RGB").getcolors(10**7)) > 50
