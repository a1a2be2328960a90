"""Folders are read as they were written, for any names of recordings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.io.faults import DataError
from htvae.io.folder import read_folder
from htvae.io.writing import fit_name, write_folder
from htvae.poses.sequence import FrameLabel, PoseSequence
from tests.conftest import make_walk

WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=8).map(str.strip)
RATES = st.none() | st.floats(0.01, 1000) | st.sampled_from([24.0, 29.97, 30000 / 1001, 60.0])


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_all_that_a_manifest_knows_is_read_back(tmp_path_factory, data):
    num_coordinates = data.draw(st.sampled_from([2, 3]))
    written = [
        PoseSequence.from_array(
            np.full((4, 2, num_coordinates), 0.5),
            name=name,
            fps=data.draw(RATES),
            label=data.draw(WORDS) or None,
            subject=data.draw(WORDS) or None,
            split=data.draw(st.sampled_from([None, "train", "val", "test"])),
            covariates={k: v for k in ("camera", "age") if (v := data.draw(WORDS))},
            frame_labels=(FrameLabel(0, 2, "wave"),) if data.draw(st.booleans()) else (),
        )
        for name in ("run", "sub/walk")
    ]
    folder = tmp_path_factory.mktemp("folder")
    write_folder(folder, written)
    for found, own in zip(read_folder(folder, DataConfig()), written, strict=True):
        np.testing.assert_array_equal(found.pose, own.pose)
        for field in ("name", "label", "subject", "fps", "split", "covariates", "frame_labels"):
            assert getattr(found, field) == getattr(own, field), field


def test_a_split_has_a_column_only_where_there_is_one(tmp_path):
    walk = PoseSequence.from_array(np.zeros((2, 2, 2)), name="walk")
    write_folder(tmp_path, [walk])
    assert (tmp_path / "manifest.csv").read_text() == "file,label,subject,fps\nwalk.csv,,,\n"


@pytest.mark.parametrize("name", ["walk", "lab/walk (1)", "歩" * 20, "a" * 150, "歩" * 79])
def test_a_name_that_can_be_stored_is_kept(name):
    assert fit_name(name) == name


@pytest.mark.parametrize("name", ["歩" * 79, "a" * 251, "lab/day/" + "a" * 240])
def test_a_name_that_becomes_too_long_is_cut_and_stays_different(tmp_path, name):
    names = {fit_name(own, ending) for own in (name, f"{name[:-1]}b") for ending in ("_0", "_1")}
    assert len(names) == 4
    for own in names:
        assert own.startswith(name[:30]) and own[-2:] in ("_0", "_1")
    poses = [PoseSequence.from_array(np.zeros((2, 2, 2)), name=own) for own in sorted(names)]
    write_folder(tmp_path, poses)
    assert [found.name for found in read_folder(tmp_path, DataConfig())] == sorted(names)


def test_a_recording_whose_own_name_is_too_long_for_a_temporary_file_is_written(tmp_path):
    recordings = [PoseSequence.from_array(np.zeros((2, 2, 2)), name="a" * 250 + end) for end in "xy"]
    write_folder(tmp_path, [*recordings])
    found = [sequence.name for sequence in read_folder(tmp_path, DataConfig())]
    assert len(found) == 2 and all(name.startswith("a" * 100) for name in found)


def test_rows_of_other_files_stay_if_asked(tmp_path: Path) -> None:
    first, second = (
        replace(make_walk(seed, 20), name=name, fps=25.0, frame_labels=(FrameLabel(0, 9, "step"),))
        for seed, name in enumerate(("a", "b"))
    )
    write_folder(tmp_path, [replace(first, covariates={"camera": "top"})])
    write_folder(tmp_path, [second, replace(first, label="new")], keeps_others=True)
    write_folder(tmp_path, [second], keeps_others=True)
    a, b = read_folder(tmp_path, DataConfig())
    assert (a.label, a.fps, dict(a.covariates), len(a.frame_labels)) == ("new", 25, {}, 1)
    assert (b.label, b.fps, len(b.frame_labels)) == (second.label, 25, 1)
    (tmp_path / "manifest.csv").write_text("name\na\n")
    with pytest.raises(DataError, match="manifest"):
        write_folder(tmp_path, [second], keeps_others=True)


@pytest.mark.parametrize("name", ["manifest", "Frame_Labels", "day1/skeleton"])
def test_a_recording_does_not_take_a_table_s_place(tmp_path: Path, name: str) -> None:
    sequence = PoseSequence.from_array(np.zeros((3, 2, 2)), ["a", "b"], name)
    with pytest.raises(ValueError, match="A recording must not be written as"):
        write_folder(tmp_path, [sequence])
    assert not list(tmp_path.rglob("*.csv"))
