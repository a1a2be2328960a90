"""Halves of recordings: whole subjects, every label in both."""

from types import SimpleNamespace

import numpy as np
import pytest

from htvae.analysis.motifs.stability import agree, deal_halves
from htvae.metrics.agreement import NOTHING


def make(*pairs):
    """Recordings of (subject, label)."""
    return [SimpleNamespace(source=SimpleNamespace(subject=s, label=x)) for s, x in pairs]


def subjects_of(recordings, half):
    return {recordings[i].source.subject for i in half}


@pytest.mark.parametrize("seed", range(5))
def test_a_subject_is_in_one_half_alone(seed):
    recordings = make(*((f"p{i // 3}", "abc"[i % 3]) for i in range(21)))
    for first, second in deal_halves(recordings, seed):
        assert sorted(first + second) == list(range(21))
        assert not subjects_of(recordings, first) & subjects_of(recordings, second)
        assert abs(len(first) - len(second)) == 3


def test_labels_of_subjects_are_dealt_evenly():
    """Every other recording would put all of one label into one half."""
    recordings = make(*((f"p{i}", "walk" if i % 2 else "sit") for i in range(12)))
    for halves in deal_halves(recordings, 0):
        assert [sum(recordings[i].source.label == "walk" for i in half) for half in halves] == [3, 3]


def test_recordings_stand_for_subjects_that_nobody_names():
    for recordings in (make((None, None), (None, "a"), (None, "a")), make(*[("one", "a")] * 3)):
        assert {len(half) for halves in deal_halves(recordings, 3) for half in halves} == {1, 2}


def test_halves_differ_by_halving_and_agree_by_seed():
    recordings = make(*((f"p{i}", "a") for i in range(20)))
    halvings = deal_halves(recordings, 1)
    assert halvings == deal_halves(recordings, 1) and len({tuple(first) for first, _ in halvings}) == 3


def test_one_recording_has_no_halves():
    assert deal_halves(make(("p", "a")), 0) == []


def test_fits_that_know_nothing_in_common_do_not_agree():
    first = [np.array([0, 0, 1, 1]), np.full(4, NOTHING)]
    assert agree(first, [np.full(4, NOTHING), np.array([0, 0, 1, 1])]) == 0
    assert agree(first, [np.array([1, 1, 0, NOTHING]), np.array([0, 0, 1, 1])]) == 1
