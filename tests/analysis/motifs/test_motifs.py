"""Segmenters and motifs: planted movements found, applied again bit for bit, damage, other rates."""

import dataclasses

import numpy as np
import pytest

import htvae
from htvae.analysis.motifs.motifs import Bout, Motifs, find_motifs
from htvae.analysis.motifs.segmenter import Segmentation, Segmenter, choose_pieces, group_lengths
from htvae.analysis.motifs.stability import measure_stability
from htvae.analysis.motion_series import check_kind, make_series, scale_points
from htvae.metrics.agreement import NOTHING, measure_agreement
from htvae.poses.sequence import PoseSequence

RATE = 30.0


def make_dance(seed, fps=RATE, bouts=10):
    """A body (T, 4, 2) that waves one hand, the other, or bows, in bouts of 3 s; and what it does (T,)."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.permutation(np.arange(bouts) % 3), round(3 * fps))
    phase = 2 * np.pi * np.arange(len(truth)) / fps + rng.uniform(0, 6)
    pose = np.zeros((len(truth), 4, 2))
    for hand in (0, 1):
        waves = truth == hand
        pose[waves, hand] = np.stack([np.sin(phase[waves]), 2 + np.cos(phase[waves])], axis=1)
    pose[truth == 2, 3, 1] = -2.0
    return pose + 0.02 * rng.normal(size=pose.shape), truth


@pytest.fixture(scope="module")
def dances():
    return [make_dance(seed) for seed in range(6)]


@pytest.fixture(scope="module")
def segmenter(dances):
    """Four motifs: the three movements, and the way from one to the next."""
    return Segmenter.fit([pose for pose, _ in dances[:4]], np.ones(4), RATE, 4, 3.0)


def test_planted_movements_are_found_in_other_recordings(dances, segmenter):
    found = [segmenter.apply(pose).labels for pose, _ in dances[4:]]
    agreement = measure_agreement(found, [truth for _, truth in dances[4:]], 0.5 * RATE)
    assert agreement["accuracy"] > 0.75 and agreement["nmi"] > 0.6


def test_saved_and_applied_again_bit_for_bit(dances, segmenter):
    again = Segmenter.from_state_dict(segmenter.state_dict())
    first, second = segmenter.apply(dances[4][0]), again.apply(dances[4][0])
    for name in ("labels", "confidence", "likelihood"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    assert first.confidence.min() >= 0 and first.confidence.max() <= 1


def test_recordings_together_and_alone_have_the_same_motifs(dances, segmenter):
    """Bit for bit: short ones are padded, none sees another."""
    parts = [pose[: 20 + 37 * i] for i, (pose, _) in enumerate(dances)]
    vectors = [segmenter.features.transform(pose) for pose in parts]
    together = segmenter.apply_vectors(vectors, [len(pose) for pose in parts])
    windows = segmenter.label_windows(vectors)
    for pose, one, labels in zip(parts, together, windows, strict=True):
        alone = segmenter.apply(pose)
        for name in ("labels", "confidence", "likelihood"):
            assert np.array_equal(getattr(one, name), getattr(alone, name))
        assert np.array_equal(labels, alone.labels[:: segmenter.features.grid.stride])


def test_groups_hold_all_sequences_and_little_padding():
    lengths = [5, 40, 7, 0, 100, 6, 39]
    groups = group_lengths(lengths, 80)
    assert groups == [[4], [1, 6], [2, 5, 0, 3]]
    assert group_lengths([], 80) == []


def test_merged_motifs_have_one_label_and_all_the_confidence(dances, segmenter):
    merged = dataclasses.replace(segmenter, groups=np.zeros(4, int)).apply(dances[4][0])
    assert set(merged.labels[merged.labels != NOTHING]) == {0}
    assert merged.confidence.min() == pytest.approx(1)


def test_what_was_never_seen_is_none_of_the_motifs(dances, segmenter):
    strange = dances[4][0].copy()
    strange[100:200] += 5 * np.random.default_rng(0).normal(size=(100, 4, 2))
    labels = segmenter.apply(strange).labels
    assert (labels[120:180] == NOTHING).mean() > 0.9 and (labels[:80] != NOTHING).all()


def test_short_recordings_cannot_have_many_motifs(dances):
    with pytest.raises(ValueError, match=r"at least 80 windows .* for 40 motifs, but have 34"):
        Segmenter.fit([dances[0][0][:270]], np.ones(4), RATE, 40, 3.0)


def test_pieces_are_all_vectors_or_a_choice_of_them():
    vectors = [np.arange(300.0)[:, None], np.arange(5.0)[:, None]]
    assert [len(p) for p in choose_pieces(vectors, 0)] == [128, 128, 44, 5]
    chosen = choose_pieces(vectors, 0, most=200)
    assert 0 < sum(map(len, chosen)) <= 200 or len(chosen) == 1


def make_motifs(segmenter, *labels):
    ones = [Segmentation(np.array(x), np.full(len(x), 0.5), np.arange(float(len(x)))) for x in labels]
    return Motifs(segmenter, "pose", RATE, ones)


def test_bouts_usage_and_transitions_by_hand(segmenter):
    motifs = make_motifs(segmenter, [0, 0, 1, 1, 1, NOTHING, 2], [2, 2, 0])
    assert motifs.bouts == [
        Bout(0, 0, 0, 2, 0.5),
        Bout(0, 1, 2, 5, 0.5),
        Bout(0, 2, 6, 7, 0.5),
        Bout(1, 2, 0, 2, 0.5),
        Bout(1, 0, 2, 3, 0.5),
    ]
    np.testing.assert_allclose(motifs.usage(), [[2 / 7, 3 / 7, 1 / 7, 0], [1 / 3, 0, 2 / 3, 0]])
    assert motifs.transitions().tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


def test_typical_clips_are_the_likeliest_middles_from_several_recordings(segmenter):
    motifs = make_motifs(segmenter, [0] * 400, [0] * 30 + [1] * 150 + [0] * 400)
    first, second = motifs.typical_bouts(2)[0]
    assert (first.recording, first.start, first.stop) == (1, 320, 440)  # 4 s in the middle
    assert (second.recording, second.start, second.stop) == (0, 140, 260)
    assert motifs.typical_bouts(2)[2] == []


def test_a_tree_joins_all_motifs(segmenter):
    joins = make_motifs(segmenter, [0]).hierarchy()
    assert len(joins) == 3 and all(join.cost > 0 for join in joins)


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def processed(model, trained):
    return [model.process(r) for r in trained.recordings]


def test_filled_points_are_the_recordings_own_where_they_are_seen(model, processed):
    holes = dataclasses.replace(processed[0], pose=processed[0].pose.copy())
    holes.pose[10:20, 0] = np.nan
    (filled,), (decoded,) = (make_series(model, [holes], kind) for kind in ("filled", "decoded"))
    hidden = np.isnan(holes.pose)
    assert np.array_equal(filled[~hidden], holes.pose[~hidden])
    assert np.array_equal(filled[hidden], decoded[hidden])
    (plain,) = make_series(model, [holes], "pose")
    assert np.isfinite(plain).all() and not np.allclose(plain[hidden], filled[hidden])


def test_latents_are_a_series_with_one_point(model, processed):
    (series,) = make_series(model, processed[:1], "latent")
    width = model.config.model.chunk_latent_dim
    assert series.shape == (len(processed[0].pose), 1, width) and np.isfinite(series).all()
    assert scale_points(model, "latent").tolist() == [1.0]


def test_the_root_velocity_is_brought_to_the_spread_of_landmarks(model):
    scale, count = scale_points(model, "pose"), len(model.processor.landmarks)
    assert (scale[:count] == 1).all()
    spread = np.array(model.processor.pose_scale)
    common = np.sqrt(np.square(spread[:count]).mean())
    np.testing.assert_allclose(spread[count:] / scale[count:], common)


def test_kinds_have_names():
    assert check_kind("filled") == "filled"
    with pytest.raises(ValueError, match="kind must be one of filled, decoded"):
        check_kind("nonsense")


def test_motifs_and_their_stability(model, processed):
    motifs = model.find_motifs(processed, num_motifs=2)
    again = model.apply_motifs(processed, motifs)
    pairs = zip(motifs.segmentations, again.segmentations, strict=True)
    assert all(np.array_equal(a.labels, b.labels) for a, b in pairs)
    stability = measure_stability(model, processed, motifs, 3.0)
    assert all(-1 <= x <= 1 for x in dataclasses.astuple(stability))
    alone = measure_stability(model, processed[:1], model.find_motifs(processed[:1], num_motifs=1), 3.0)
    assert np.isnan(alone.halves) and alone.seeds == 1.0


def test_fewer_landmarks_and_another_rate_find_the_same(model, trained):
    motifs = model.find_motifs(trained.recordings, num_motifs=2)
    source = trained.recordings[0]
    own = motifs.segmentations[0].labels
    twice = PoseSequence.from_array(
        np.repeat(source.pose, 2, axis=0), landmarks=source.landmarks, fps=2 * RATE
    )
    found = model.apply_motifs([twice], motifs).segmentations[0].labels
    assert (found[: len(own)] == own[: len(found)]).mean() > 0.85


def test_senseless_requests_are_refused(model, processed):
    with pytest.raises(ValueError, match="num_motifs must be at least 1, but got 0"):
        find_motifs(model, processed, num_motifs=0)
    with pytest.raises(ValueError, match="bout_seconds must be above 0"):
        find_motifs(model, processed, bout_seconds=0)
