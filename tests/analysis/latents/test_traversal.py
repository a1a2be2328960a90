"""Traversals: what is moved, what stays, and where it starts."""

import numpy as np
import pytest

from htvae.analysis.latents.traversal import NUM_DRAWS, STEPS, _find_run, _move, find_base, traverse
from htvae.metrics.components import Components


def test_scores_are_set_and_the_rest_stays():
    rows = np.random.default_rng(0).normal(size=(37, 5))
    components = Components.fit(rows)
    moved = _move(rows[:4], components, 1, -2.0)
    before, after = components.project(rows[:4]), components.project(moved)
    np.testing.assert_allclose(after[:, 1], -2 * components.spreads[1])
    np.testing.assert_allclose(np.delete(after, 1, axis=1), np.delete(before, 1, axis=1), atol=1e-12)


def test_the_run_is_one_of_usual_distance():
    scores = np.array([9.0, 0, 0, 1, 1, 5, 5, 9])[:, None]
    assert _find_run(scores, 2) == (3, 5)  # runs 0+0, 0+1, 1+1, 1+25, 25+25 without the ends: the median
    assert _find_run(scores[:2], 3) == (0, 2)
    assert _find_run(scores[:1], 3) == (0, 1)


def test_the_base(make_latents):
    made = make_latents(np.array([[0.0, 5], [1, 0], [2, -5]]))
    assert find_base(made, None) == 1 and find_base(made, "r2") == 2
    with pytest.raises(ValueError, match=r"must be the name of a recording, but got 'x'\. Known: r0, r1, r2"):
        find_base(made, "x")


def test_without_a_prior_recordings_are_moved(model, latents):
    found = list(traverse(model, latents, 2))
    assert [(t.level, t.number) for t in found] == [
        ("chunk", 1),
        ("chunk", 2),
        ("sequence", 1),
        ("sequence", 2),
    ]
    for traversal in found:
        assert traversal.poses.shape[:2] == (len(STEPS), 1) and np.isfinite(traversal.poses).all()
        assert traversal.base and traversal.base_frames is not None and not traversal.is_drawn
        assert np.abs(traversal.poses[-1] - traversal.poses[0]).max() > 1e-4
    assert found[0].poses.shape[2] == model.grid.num_frames(3) - 2 * model.grid.chunk_overlap
    start, stop = found[0].base_frames  # of what is shown, the loose ends left out
    assert stop - start == found[0].poses.shape[2]
    assert (start - model.grid.chunk_overlap) % model.grid.stride == 0
    assert found[0].share > found[1].share


def test_with_a_prior_chunk_latents_are_drawn_with_the_same_noise(prior_model, latents):
    found = list(traverse(prior_model, latents, 1, seed=3))
    drawn = found[-1]
    assert drawn.is_drawn and drawn.base == "" and drawn.poses.shape[:2] == (len(STEPS), NUM_DRAWS)
    again = list(traverse(prior_model, latents, 1, seed=3))[-1]
    np.testing.assert_array_equal(drawn.poses, again.poses)
    other = list(traverse(prior_model, latents, 1, seed=4))[-1]
    assert np.abs(other.poses - drawn.poses).max() > 1e-3
    steps = np.abs(np.diff(drawn.poses, axis=0)).mean()
    draws = np.abs(np.diff(drawn.poses, axis=1)).mean()
    assert 0 < steps < draws  # neighbouring steps of one noise are more alike than draws of one step


def test_a_chosen_recording_is_where_it_starts(prior_model, latents):
    found = list(traverse(prior_model, latents, 1, recording="walk_06"))
    assert {traversal.base for traversal in found} == {"walk_06"}
    assert list(traverse(prior_model, latents, 0)) == []
