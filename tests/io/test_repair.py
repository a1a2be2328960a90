"""Repairs: only what was asked for changes, and every change is in the log."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from htvae.cli import main as cli
from htvae.config import DataConfig
from htvae.demo.recordings import make_demo_sequences
from htvae.io.folder import read_folder
from htvae.io.repair import KINDS, repair_recording
from htvae.io.writing import write_folder
from htvae.poses.landmarks import mirror_permutation
from htvae.poses.sequence import PoseSequence
from tests.io.formats.tables import make_points, write_deeplabcut

SWAPPED, FROZEN, SPIKES, LOST = slice(40, 60), slice(90, 120), (150, 170), slice(200, 230, 3)


@pytest.fixture(scope="module")
def clean() -> PoseSequence:
    """Return a person's noise-free motion."""
    return make_demo_sequences(num_subjects=1, recordings_per_subject=1, num_frames=320)[0].truth


@pytest.fixture
def faulty(clean: PoseSequence) -> PoseSequence:
    """Return the same with sides exchanged, a frozen span, two spikes and points at 0, 0."""
    rng, pose = np.random.default_rng(0), clean.pose.copy()
    pose += rng.normal(0, 0.002, pose.shape).astype(np.float32)
    pose[SWAPPED] = pose[SWAPPED][:, mirror_permutation(clean.landmarks)]
    pose[FROZEN] = pose[FROZEN.start]
    for frame in SPIKES:
        pose[frame, 15] += 3
    pose[LOST, 3:9] = 0
    return PoseSequence.from_array(pose.round(5), clean.landmarks, "walk", fps=30, label="walk")


def find_changed(before: PoseSequence, after: PoseSequence) -> np.ndarray:
    return ~np.isclose(before.pose, after.pose, atol=1e-6, equal_nan=True).all(axis=2)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_repaired_alone(kind: str, clean: PoseSequence, faulty: PoseSequence) -> None:
    repair = repair_recording(faulty, [kind])
    changed = find_changed(faulty, repair.sequence)
    assert {change.kind for change in repair.changes} == {kind}
    expected = np.zeros_like(changed)
    if kind == "swaps":
        partner = np.array(mirror_permutation(clean.landmarks))
        expected[SWAPPED, partner != np.arange(len(partner))] = True
        np.testing.assert_allclose(repair.sequence.pose[SWAPPED], clean.pose[SWAPPED], atol=0.02)
    elif kind == "frozen":
        expected[FROZEN.start + 1 : FROZEN.stop] = True
    elif kind == "spikes":
        expected[SPIKES, 15] = True
    else:
        expected[LOST, 3:9] = True
    if kind != "swaps":
        assert not repair.sequence.observed[expected].any()
    np.testing.assert_array_equal(changed, expected)
    assert sum(change.points for change in repair.changes) == expected.sum()


def test_nothing_is_found_in_sound_recordings() -> None:
    for recording in make_demo_sequences(num_subjects=2, recordings_per_subject=1, num_frames=600):
        repair = repair_recording(recording.recorded, KINDS)
        assert not repair.changes
        np.testing.assert_array_equal(repair.sequence.pose, recording.recorded.pose)


def test_a_folder_is_copied_cell_by_cell(
    faulty: PoseSequence, clean: PoseSequence, tmp_path: Path, capsys
) -> None:
    write_folder(tmp_path / "poses", [faulty, clean])
    source = tmp_path / "poses/walk.csv"
    lines = source.read_text().splitlines()
    lines = [lines[0] + ",note", *(f"{line},n{i}" for i, line in enumerate(lines[1:]))]
    source.write_text("\n".join(lines) + "\n")
    out = tmp_path / "out"
    assert (
        cli.main(["repair", str(tmp_path / "poses"), "--output_dir", str(out), "--spikes", "--sentinels"])
        == 0
    )
    with (out / "walk.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    old = [line.split(",") for line in lines]
    differing = [(a, b) for a, b in zip(old, rows, strict=True) if a != b]
    assert len(differing) == 6 * len(range(*LOST.indices(320))) + len(SPIKES)
    assert all(b == [*a[:2], "", "", a[4]] for a, b in differing)
    assert (out / "manifest.csv").read_text() == (tmp_path / "poses/manifest.csv").read_text()
    with (out / "repairs.csv").open(newline="") as file:
        log = list(csv.DictReader(file))
    assert {row["recording"] for row in log} == {"walk"}
    assert [row["first_frame"] for row in log if row["kind"] == "spikes"] == ["150", "170"]
    assert len(read_folder(out, DataConfig())) == 2
    assert cli.main(["repair", str(tmp_path / "poses"), "--output_dir", str(out), "--swaps"]) == 1
    assert "must hold no CSV files yet" in capsys.readouterr().err


def test_swapped_cells_change_places_with_their_text(faulty: PoseSequence, tmp_path: Path) -> None:
    write_folder(tmp_path / "poses", [faulty])
    assert (
        cli.main(["repair", str(tmp_path / "poses"), "--output_dir", str(tmp_path / "out"), "--swaps"]) == 0
    )
    (before,), (after,) = (read_folder(tmp_path / name, DataConfig()) for name in ("poses", "out"))
    np.testing.assert_array_equal(
        after.pose[SWAPPED], before.pose[SWAPPED][:, mirror_permutation(before.landmarks)]
    )


def test_nothing_found_is_said_and_nothing_written(clean: PoseSequence, tmp_path: Path, capsys) -> None:
    write_folder(tmp_path / "poses", [clean])
    assert (
        cli.main(["repair", str(tmp_path / "poses"), "--output_dir", str(tmp_path / "out"), "--swaps"]) == 0
    )
    assert "Nothing to repair was found (swaps)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_to_repair_must_be_said(tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit):
        cli.main(["repair", str(tmp_path)])
    assert "must be told what to repair" in " ".join(capsys.readouterr().err.split())


def test_a_tracker_s_files_are_repaired_too(tmp_path: Path) -> None:
    points = {who: make_points(60, 4, i) for i, who in enumerate(("ann", "bob"))}
    points["ann"][30, 2] += 900
    write_deeplabcut(tmp_path / "poses/cage.csv", points, ("nose", "neck", "back", "tail"))
    assert (
        cli.main(["repair", str(tmp_path / "poses"), "--output_dir", str(tmp_path / "out"), "--spikes"]) == 0
    )
    before, after = (read_folder(tmp_path / name, DataConfig()) for name in ("poses", "out"))
    assert [s.name for s in after] == ["cage/ann", "cage/bob"]
    assert np.flatnonzero(find_changed(before[0], after[0]).any(axis=1)).tolist() == [30]
    assert not find_changed(before[1], after[1]).any()


def test_individuals_told_apart_by_prefix_are_written_anew(tmp_path: Path) -> None:
    both = np.concatenate([make_points(60, 4, 1), make_points(60, 4, 2)], axis=1)
    both[30, 2] += 900
    names = [f"{who}_{part}" for who in "BW" for part in ("nose", "neck", "back", "tail")]
    write_folder(tmp_path / "poses", [PoseSequence.from_array(both, names, "v")])
    folder, out = str(tmp_path / "poses"), str(tmp_path / "out")
    flags = ["--spikes", "--individual_prefix", "B_", "W_"]
    assert cli.main(["repair", folder, "--output_dir", out, *flags]) == 0
    before = read_folder(tmp_path / "poses", DataConfig(individual_prefix=("B_", "W_")))
    after = read_folder(tmp_path / "out", DataConfig())
    assert [s.name for s in after] == ["v/B", "v/W"]
    assert np.flatnonzero(find_changed(before[0], after[0]).any(axis=1)).tolist() == [30]
    assert not find_changed(before[1], after[1]).any()


def test_what_is_written_anew_says_what_it_lacks(faulty: PoseSequence, tmp_path: Path, caplog) -> None:
    write_folder(tmp_path / "poses", [faulty])
    source = tmp_path / "poses/walk.csv"
    header, *lines = source.read_text().splitlines()
    source.write_text("\n".join([f"{header},score", *(f"{line},0.9" for line in lines)]))
    (tmp_path / "poses/skeleton.csv").write_text("from,to\nNOSE,LEFT_SHOULDER\n")
    flags = ["--swaps", "--rename", "NOSE=SNOUT"]
    assert cli.main(["repair", str(tmp_path / "poses"), "--output_dir", str(tmp_path / "out"), *flags]) == 0
    assert "written anew, without the columns score" in caplog.text
    assert (tmp_path / "out/skeleton.csv").read_text() == "from,to\nSNOUT,LEFT_SHOULDER\n"


def test_a_recording_called_like_the_log_is_not_overwritten(
    faulty: PoseSequence, tmp_path: Path, capsys
) -> None:
    write_folder(tmp_path / "poses", [replace(faulty, name="repairs")])
    assert (
        cli.main(["repair", str(tmp_path / "poses"), "--output_dir", str(tmp_path / "out"), "--swaps"]) == 1
    )
    assert "must not be written as repairs.csv, but repairs would be" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_individuals_keep_their_session_and_tables(tmp_path: Path) -> None:
    points = {who: make_points(60, 4, i) for i, who in enumerate(("ann", "bob"))}
    points["ann"][30, 2] += 900
    write_deeplabcut(tmp_path / "poses/cage.csv", points, ("nose", "neck", "back", "tail"))
    (tmp_path / "poses/manifest.csv").write_text("file,label,fps\ncage,walk,30\n")
    (tmp_path / "poses/frame_labels.csv").write_text("file,start,stop,label\ncage,0,20,go\n")
    assert (
        cli.main(["repair", str(tmp_path / "poses"), "--output_dir", str(tmp_path / "out"), "--spikes"]) == 0
    )
    before, after = (read_folder(tmp_path / name, DataConfig()) for name in ("poses", "out"))
    for old, new in zip(before, after, strict=True):
        assert (old.name, old.label, old.fps, old.frame_labels) == (
            new.name,
            new.label,
            new.fps,
            new.frame_labels,
        )
        assert old.covariates["session"] == new.covariates["session"] == "cage"


def test_confidences_go_with_their_points(faulty: PoseSequence, tmp_path: Path) -> None:
    write_folder(tmp_path / "poses", [faulty])
    source = tmp_path / "poses/walk.csv"
    header, *lines = source.read_text().splitlines()
    sure = {True: "0.9", False: "0.1"}
    source.write_text(
        "\n".join([f"{header},score", *(f"{line},{sure['RIGHT_WRIST' not in line]}" for line in lines)])
    )
    flags = ["--swaps", "--confidence_column", "score", "--min_confidence", "0"]
    assert cli.main(["repair", str(tmp_path / "poses"), "--output_dir", str(tmp_path / "out"), *flags]) == 0
    config = DataConfig(confidence_column="score")
    before, after = (read_folder(tmp_path / name, config)[0] for name in ("poses", "out"))
    left, right = (before.landmarks.index(f"{side}_WRIST") for side in ("LEFT", "RIGHT"))
    assert not before.observed[SWAPPED, right].any()
    assert not after.observed[SWAPPED, left].any()
    np.testing.assert_array_equal(after.pose[SWAPPED, right], before.pose[SWAPPED, left])


def test_copies_do_not_lie_among_recordings(faulty: PoseSequence, tmp_path: Path, capsys) -> None:
    write_folder(tmp_path / "poses", [faulty])
    folder = str(tmp_path / "poses")
    assert cli.main(["repair", folder, "--output_dir", f"{folder}/repaired", "--swaps"]) == 1
    assert "must lie outside of the folder that is read" in capsys.readouterr().err
    assert not (tmp_path / "poses/repaired").exists()
