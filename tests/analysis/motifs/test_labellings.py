"""Labellings compared: matches, and a control that is moved in time."""

import numpy as np

from htvae.analysis.motifs.labellings import compare_labellings


def test_a_labelling_agrees_with_itself_and_not_with_itself_moved():
    rng = np.random.default_rng(0)
    labels = [np.repeat(rng.integers(4, size=40), 30) for _ in range(3)]
    names = np.array([2, 0, 3, 1])
    found = compare_labellings([names[x] for x in labels], labels, 15)
    assert found.figures["accuracy"] == 1.0 and found.figures["boundary_f1"] == 1.0
    assert found.shifted["ari"] < 0.1 and found.shifted["accuracy"] < 0.5
    assert sorted(found.matches) == [(0, 1), (1, 3), (2, 0), (3, 2)]
    assert found.table.sum() == 3 * 1200


def test_labellings_without_boundaries_have_no_figure_for_them():
    alone = [np.zeros(50, int)]
    result = compare_labellings(alone, alone, 5)
    assert result.figures["accuracy"] == 1.0
    assert np.isnan(result.figures["boundary_f1"]) and np.isnan(result.shifted["boundary_f1"])
