import json
import random
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.data.splits import Splits, split_recordings
from htvae.poses.sequence import PoseSequence, content_hash


def recording(name, num_frames=10, **metadata):
    pose = np.full((num_frames, 1, 2), zlib.crc32(name.encode()) % 2**24, np.float32)
    return PoseSequence(name=name, landmarks=("NOSE",), pose=pose, **metadata)


def people(num_subjects, num_each=2):
    return [recording(f"{p}_{i}", subject=f"p{p}") for p in range(num_subjects) for i in range(num_each)]


def split(sequences, **settings):
    return split_recordings(sequences, DataConfig(**settings))


def shares(splits, sequences):
    frames = {s.name: s.num_frames for s in sequences}
    total = sum(frames.values())
    return {part: sum(frames[n] for n in getattr(splits, part)) / total for part in ("train", "val", "test")}


@given(
    subjects=st.lists(st.integers(0, 8), min_size=1, max_size=20),
    lengths=st.lists(st.integers(1, 500), min_size=20, max_size=20),
    seed=st.integers(0, 3),
)
def test_each_recording_once_and_each_subject_in_one_split(subjects, lengths, seed):
    sequences = [
        recording(str(i), lengths[i], subject=f"p{who}" if who else None) for i, who in enumerate(subjects)
    ]
    splits = split(sequences, split_seed=seed)
    names = [*splits.train, *splits.val, *splits.test]
    assert sorted(names) == sorted(s.name for s in sequences)
    split_of = {n: part for part in ("train", "val", "test") for n in getattr(splits, part)}
    for who in set(subjects) - {0}:
        assert len({split_of[s.name] for s in sequences if s.subject == f"p{who}"}) == 1
    groups = {s.subject or s.name for s in sequences}
    assert splits.train
    assert bool(splits.test) == (len(groups) > 1)
    assert bool(splits.val) == (len(groups) > 2)


def test_neither_order_nor_labels_matter():
    sequences = people(12)
    shuffled = [replace(s, label=random.choice("abc")) for s in random.sample(sequences, len(sequences))]
    first, second = split(sequences), split(shuffled)
    assert (first.train, first.val, first.test) == (second.train, second.val, second.test)


def test_the_seed_matters():
    sequences = people(12)
    assert split(sequences).test != split(sequences, split_seed=1).test


def test_shares_are_met_by_frames():
    sequences = [recording(str(i), 50 + 37 * i % 100) for i in range(200)]
    found = shares(split(sequences, val_fraction=0.2, test_fraction=0.1), sequences)
    assert found["val"] == pytest.approx(0.2, abs=0.005)  # half a recording
    assert found["test"] == pytest.approx(0.1, abs=0.005)


def test_one_long_subject_trains():
    sequences = [recording("long", 1000, subject="long"), *people(8)]
    assert "long" in split(sequences).train


def test_without_a_share_nothing_is_held_out():
    splits = split(people(12), val_fraction=0.0)
    assert not splits.val
    assert splits.test


@pytest.mark.parametrize(
    ("num_subjects", "sizes"), [(1, (2, 0, 0)), (2, (2, 0, 2)), (3, (2, 2, 2)), (10, (16, 2, 2))]
)
def test_few_subjects(num_subjects, sizes):
    splits = split(people(num_subjects))
    assert (len(splits.train), len(splits.val), len(splits.test)) == sizes


def test_a_large_share_for_the_test_leaves_some_for_validation():
    splits = split(people(3), test_fraction=0.8)
    assert splits.train
    assert splits.val


def test_what_is_missing_is_said(caplog):
    assert split([recording("only")]).notes[0].startswith("Nothing is left for val and test (1 recording ")
    assert "Nothing is left for val (2 subjects in all)" in split(people(2)).notes[0]
    assert "Nothing is left" in caplog.text
    assert split(people(10)).notes == ()


def test_the_split_column_wins():
    sequences = [replace(s, split="val") if s.subject in ("p3", "p4") else s for s in people(6)]
    assert split(sequences).val == ("3_0", "3_1", "4_0", "4_1")
    assert split(sequences).test


def test_the_rest_of_a_subject_follows_the_split_column():
    sequences = people(6, num_each=3)
    sequences[0] = replace(sequences[0], split="test")
    assert {"0_0", "0_1", "0_2"} <= set(split(sequences).test)


def test_a_torn_subject_is_said():
    sequences = people(6)
    sequences[0] = replace(sequences[0], split="test")
    sequences[1] = replace(sequences[1], split="train")
    splits = split(sequences)
    assert "0_0" in splits.test
    assert "0_1" in splits.train
    assert "of 6 these are in several: p0 (train and test). Results" in splits.notes[0]


def test_few_subjects_and_labels_that_name_them_are_said():
    sequences = [replace(s, label=f"label of {s.subject}") for s in people(4)]
    notes = " ".join(split(sequences).notes)
    assert "only 4 subjects" in notes
    assert "each of the 4 subjects has its own: labels" in notes


def test_a_label_that_subjects_share_is_not_said():
    sequences = [replace(s, label="ab"[i % 2]) for i, s in enumerate(people(8))]
    assert "label" not in " ".join(split(sequences).notes)
    assert "label" not in " ".join(split([replace(s, label="walk") for s in people(8)]).notes)
    several = [replace(s, label=f"{s.subject} {i % 2}") for i, s in enumerate(people(8))]
    assert "label" not in " ".join(split(several).notes)


def test_a_label_that_names_the_subject_where_it_is_known_is_said():
    sequences = people(8)
    named = [replace(s, label=f"label of {s.subject}") for s in sequences[:6]] + sequences[6:]
    assert "each of the 3 subjects has its own: labels" in " ".join(split(named).notes)


def test_shares_far_from_the_wanted_are_said():
    notes = " ".join(split(people(4)).notes)
    assert "val holds 25% of the frames, not 10%" in notes


def test_copies_in_several_splits_are_said():
    sequences = [replace(recording("same"), name=f"copy_{i}") for i in range(10)]
    assert "the same poses are in several: copy_0 (" in " ".join(split(sequences).notes)


def test_many_copies_make_one_note():
    originals = [
        PoseSequence(name=f"{i}", landmarks=("NOSE",), pose=np.full((9, 1, 2), i, np.float32))
        for i in range(22)
    ]
    pairs = [replace(s, name=f"{s.name}_{part}", split=part) for s in originals for part in ("train", "val")]
    (note,) = [note for note in split(pairs).notes if "same poses" in note]
    assert note.count("=") == 20 and ", .... Results" in note


def test_a_known_recording_is_found_by_content_and_by_name():
    sequences = people(10)
    splits = split(sequences)
    hashes = {s.name: content_hash(s) for s in sequences}
    for part in ("train", "val", "test"):
        name = getattr(splits, part)[0]
        assert splits.of(name, hashes[name]) == part
        assert splits.of("renamed", hashes[name]) == part
        assert splits.of(name, "another content") == "new"
    assert splits.of(splits.train[0], hashes[splits.test[0]]) == "test"
    assert splits.of("unheard", "of") == "new"


def test_another_recording_of_a_known_name_is_new_aloud(caplog):
    sequences = people(12)
    splits = split(sequences)
    hashes = {s.name: content_hash(s) for s in sequences}
    assert splits.of_all(hashes) == {name: splits.of(name, hashes[name]) for name in hashes}
    caplog.clear()
    assert splits.of_all({splits.train[0]: "another content", "unheard": "of"}) == {
        splits.train[0]: "new",
        "unheard": "new",
    }
    assert caplog.messages[0].startswith("1 recordings count as new: their names are known from training")
    assert f"({splits.train[0]})" in caplog.messages[0]


def test_the_content_hash_knows_poses_and_landmarks_only():
    one = recording("one")
    pose = one.pose.copy()
    pose[3] = np.nan
    assert content_hash(replace(one, name="two", label="x", fps=5.0)) == content_hash(one)
    assert content_hash(replace(one, landmarks=("TAIL",))) != content_hash(one)
    assert content_hash(replace(one, pose=pose)) != content_hash(one)
    assert content_hash(replace(one, pose=one.pose[:-1])) != content_hash(one)


def test_plain_values_and_back():
    splits = split(people(4))
    assert Splits.from_dict(json.loads(json.dumps(splits.to_dict()))) == splits


def test_two_recordings_of_one_name_are_refused():
    with pytest.raises(ValueError, match="different names, but found twice: a"):
        split([recording("a"), recording("a"), recording("b")])


def test_no_recordings_are_refused():
    with pytest.raises(ValueError, match="there is none"):
        split([])


def test_individuals_of_a_session_stay_together_whatever_their_subjects():
    """Also across sessions that share a subject: ann meets bob, bob meets eve."""
    pairs = [("s1", "ann"), ("s1", "bob"), ("s2", "bob"), ("s2", "eve")]
    pairs += [(f"s{i}", f"x{i}{j}") for i in range(3, 30) for j in range(2)]
    sequences = [
        recording(f"{session}/{subject}", subject=subject, covariates={"session": session})
        for session, subject in pairs
    ]
    for seed in range(20):
        splits = split_recordings(sequences, DataConfig(split_seed=seed, val_fraction=0.2, test_fraction=0.2))
        split_of = {name: split for split in ("train", "val", "test") for name in getattr(splits, split)}
        for session in {session for session, _ in pairs}:
            assert len({split_of[f"{own}/{who}"] for own, who in pairs if own == session}) == 1
        assert len({split_of[name] for name in ("s1/ann", "s1/bob", "s2/bob", "s2/eve")}) == 1
        assert splits.val and splits.test


def test_a_session_in_two_splits_is_said():
    sequences = [
        recording(f"s/{i}", split=part, covariates={"session": "s"})
        for i, part in enumerate(("train", "val", "test"))
    ]
    (note,) = [note for note in split_recordings(sequences, DataConfig()).notes if "session" in note]
    assert note.startswith("A session must be in one split, but of 1 these are in several: s (train and val")


def test_individuals_of_one_name_in_several_sessions_are_said():
    names = [
        ("s1", "female"),
        ("s1", "male"),
        ("s2", "female"),
        ("s2", "male"),
        ("s1", "track_1"),
        ("s2", "track_1"),
    ]
    sequences = [recording(f"{s}/{i}", covariates={"session": s, "individual": i}) for s, i in names]
    (note,) = [note for note in split(sequences).notes if "several sessions" in note]
    assert note.startswith("female, male: individuals of these names occur in several sessions.")
    known = [replace(s, subject=f"{s.name}") for s in sequences]
    assert not [note for note in split(known).notes if "several sessions" in note]
