import gzip
import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.cli import main as cli
from htvae.config import DataConfig
from htvae.data.check import check_training
from htvae.io.check import FolderReport, check_folder, format_report
from htvae.io.checks.as_json import format_json
from htvae.io.checks.command import TrainingCommand, build_command
from htvae.io.checks.finding import FolderFinding
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence

NAMES = ("NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP", "LEFT_KNEE", "RIGHT_KNEE")
PLACES = np.array([(0, 1.5), (0.4, 1), (-0.4, 1), (0.3, 0), (-0.3, 0), (0.3, -1), (-0.3, -1)])
T = 101


def sway(num_frames: int = T, seed: int = 0) -> np.ndarray:
    time, pace = np.arange(num_frames)[:, None] / 30, np.linspace(2, 4, len(NAMES)) + 0.1 * seed
    return PLACES + 0.2 * np.stack((np.sin(pace * time), np.cos(pace * time)), axis=-1)


def write(
    path: Path, pose: np.ndarray, names: tuple[str, ...] = NAMES, **columns: Callable[[int], object]
) -> None:
    """Write a pose CSV; further columns are functions of the row's number."""
    write_pose_csv(path, PoseSequence.from_array(pose, names))
    header, *rows = path.read_text().splitlines()
    cells = [[row, *(str(make(i)) for make in columns.values())] for i, row in enumerate(rows)]
    path.write_text("\n".join([",".join([header, *columns]), *map(",".join, cells)]) + "\n")


def check(folder: Path, **settings: Any) -> FolderReport:
    config = DataConfig(**settings)
    return check_training(check_folder(folder, config), folder, config)


def kinds(report: FolderReport) -> list[str]:
    return [finding.kind for finding in report.findings]


def only(report: FolderReport) -> FolderFinding:
    (finding,) = report.findings
    return finding


def command_of(report: FolderReport, folder: Path, **settings: Any) -> TrainingCommand:
    config = DataConfig(**settings)
    return build_command(folder, config, DataConfig(), report.findings, report.has_rate)


class TestSoundFolders:
    def test_are_praised(self, tmp_path: Path) -> None:
        for seed in range(4):
            write(tmp_path / f"walk_{seed}.csv", sway(seed=seed))
        rows = "".join(f"walk_{i},{'ab'[i % 2]},s{i},30\n" for i in range(4))
        (tmp_path / "manifest.csv").write_text(f"file,label,subject,fps\n{rows}")
        report = check(tmp_path)
        assert report.is_clean and report.passed_over == []
        command = command_of(report, tmp_path)
        text = format_report(report, command)
        assert text.startswith("4 recordings, 404 frames, 4 subjects\n")
        assert "htvae (pose CSV): 4 files, by columns frame#, landmark_name, x, y" in text
        assert "7 landmarks, 404 frames, 30 frames per second (manifest.csv)" in text
        assert "labels: a (2), b (2)" in text
        assert "walk_0     101     7          0.0%     30   a      s0       -" in text
        assert "Nothing looks wrong." in text
        assert command == TrainingCommand(f"htvae train --data_dir {tmp_path}")

    def test_numbers_have_the_right_nouns(self, tmp_path: Path) -> None:
        write(tmp_path / "walk.csv", sway())
        (tmp_path / "manifest.csv").write_text("file,subject\nwalk,ann\n")
        text = format_report(check(tmp_path))
        assert text.startswith("1 recording, 101 frames, 1 subject\n")
        assert "1 file, by" in text and "(1 subjects" not in text

    def test_what_is_accepted_is_no_praise(self, tmp_path: Path) -> None:
        write(tmp_path / "walk.csv", sway())
        path = tmp_path / "walk.csv"
        path.write_text(path.read_text().replace("landmark_name", " landmark_name", 1))
        text = format_report(check(tmp_path))
        assert "Accepted:\n  1 of 1 file: spaces around the header's names were ignored." in text
        assert "Nothing looks wrong" not in text

    def test_the_same_confidence_everywhere_is_nothing_to_use(self, tmp_path: Path) -> None:
        write(tmp_path / "walk.csv", sway(), score=lambda row: 0.9)
        assert check(tmp_path).findings == []


class TestAxes:
    def test_images_get_the_flags_that_mend_them(self, tmp_path: Path) -> None:
        for i in range(2):
            write(tmp_path / f"walk_{i}.csv", sway(seed=i) * (0.1, -0.1) + 0.5)
        report = check(tmp_path)
        assert kinds(report) == ["upside_down", "shares"]
        assert report.findings[0].remedy == "Add --no_y_up."
        command = command_of(report, tmp_path)
        assert command.line.endswith("--no_y_up")
        assert command.to_add == ("--image_size WIDTH HEIGHT", "--fps FPS")
        assert check(tmp_path, y_up=False, image_size=(640, 480)).findings == []

    def test_settings_that_make_it_worse_are_named(self, tmp_path: Path) -> None:
        write(tmp_path / "walk.csv", sway() * 100 + 300)
        settings = {"y_up": False, "image_size": (640, 480)}
        report = check(tmp_path, **settings)
        assert [finding.remedy for finding in report.findings] == ["Add --y_up.", "Leave --image_size out."]
        assert command_of(report, tmp_path, **settings).line.endswith(f"{tmp_path} --y_up")

    def test_shares_beside_pixels_get_no_setting_for_all(self, tmp_path: Path) -> None:
        write(tmp_path / "a.csv", sway() * 0.1 + 0.5)
        write(tmp_path / "b.csv", sway(seed=1) * 100 + 300)
        report = check(tmp_path)
        assert only(report).kind == "shares" and "it would distort the others" in only(report).remedy
        assert "--image_size WIDTH HEIGHT" not in command_of(report, tmp_path).to_add
        report = check(tmp_path, image_size=(640, 480))
        assert only(report).kind == "pixels" and only(report).settings == {}

    def test_single_recordings_that_stand_on_their_head(self, tmp_path: Path) -> None:
        for i, sign in enumerate((1, -1, 1)):
            write(tmp_path / f"walk_{i}.csv", sway(seed=i) * (1, sign))
        finding = only(check(tmp_path))
        assert finding.message.startswith("y must grow one way in all files")
        assert finding.message.endswith("in 1 of 3 recordings.") and finding.settings == {}
        assert [place.recording for place in finding.places] == ["walk_1"]

    def test_z_upwards(self, tmp_path: Path) -> None:
        for i in range(2):
            pose = sway(seed=i)
            upright = np.stack((pose[..., 0], 0.1 * pose[..., 0], pose[..., 1]), axis=-1)
            write(tmp_path / f"walk_{i}.csv", upright)
        report = check(tmp_path)
        assert only(report).kind == "lying" and only(report).remedy == "Add --z_up."
        assert "--z_up" in command_of(report, tmp_path).line
        assert check(tmp_path, z_up=True).findings == []

    def test_two_and_three_coordinates(self, tmp_path: Path) -> None:
        for i in range(3):
            write(
                tmp_path / f"walk_{i}.csv", sway(seed=i) if i else np.dstack([sway(), sway()[..., :1] + 0.1])
            )
        report = check(tmp_path)
        assert only(report).kind == "mixed_dimensions"
        assert only(report).places[0].recording == "walk_0"
        assert "--dimensions 2" in command_of(report, tmp_path).line


class TestFrameNumbers:
    @pytest.mark.parametrize(("step", "unit"), [(33, "ms"), (2, "step"), (30, "step")])
    def test_steps_name_the_flag(self, step: int, unit: str, tmp_path: Path) -> None:
        for i in range(3):
            pose = np.full((60 * step, *PLACES.shape), np.nan)
            pose[::step] = sway(60, seed=i)
            write(tmp_path / f"walk_{i}.csv", pose)
        report = check(tmp_path)
        assert only(report).settings == {"time_unit": unit}
        assert f"go up by {step} in 3 of 3 recordings" in only(report).message
        assert f"--time_unit {unit}" in only(report).remedy
        assert report.notes == []  # said once
        command = command_of(report, tmp_path)
        assert command.line.endswith(f"--time_unit {unit}")
        assert command.to_add == (("--fps FPS",) if unit == "step" else ())
        assert check(tmp_path, time_unit=unit).findings == []

    def test_times_in_some_files_give_no_setting_for_all(self, tmp_path: Path) -> None:
        pose = np.full((60 * 33, *PLACES.shape), np.nan)
        pose[::33] = sway(60)
        write(tmp_path / "timed.csv", pose)
        for i in range(2):
            write(tmp_path / f"walk_{i}.csv", sway(seed=i))
        report = check(tmp_path)
        assert only(report).settings == {} and "in 1 of 3 recordings" in only(report).message
        assert "import these files by themselves with --time_unit ms" in only(report).remedy
        assert command_of(report, tmp_path).line.endswith(str(tmp_path))

    def test_people_who_come_and_go_have_no_step(self, tmp_path: Path) -> None:
        pose = sway(300)
        pose[np.random.default_rng(0).random(300) < 0.6] = np.nan
        write(tmp_path / "walk.csv", pose)
        assert "frame_unit" not in kinds(check(tmp_path))


class TestConfidence:
    def test_a_column_that_is_not_used(self, tmp_path: Path) -> None:
        write(tmp_path / "walk.csv", sway(), Likelihood=lambda row: 0.2 if row % 10 == 0 else 0.97)
        report = check(tmp_path)
        assert only(report).settings == {"confidence_column": "Likelihood"}
        assert only(report).places[0].detail == "10.0% of the points are below 0.5"
        assert "--confidence_column Likelihood" in command_of(report, tmp_path).line
        used = check(tmp_path, confidence_column="Likelihood")
        assert used.findings == []
        assert "10.0% of the files' points below min_confidence" in format_report(used)

    def test_percent(self, tmp_path: Path) -> None:
        write(tmp_path / "walk.csv", sway(), likelihood=lambda row: 20 if row % 5 == 0 else 97)
        report = check(tmp_path)
        assert only(report).remedy == "Add --confidence_column likelihood --min_confidence 50."
        report = check(tmp_path, confidence_column="likelihood")
        assert only(report).kind == "percent_confidence"
        assert "--min_confidence 50" in command_of(report, tmp_path, confidence_column="likelihood").line
        assert check(tmp_path, confidence_column="likelihood", min_confidence=50.0).findings == []

    def test_what_some_files_ask_for_is_no_setting_for_all(self, tmp_path: Path) -> None:
        write(tmp_path / "a.csv", sway(), likelihood=lambda row: 20 if row % 5 == 0 else 97)
        write(tmp_path / "b.csv", sway(seed=1), likelihood=lambda row: 0.2 if row % 5 == 0 else 0.97)
        report = check(tmp_path)
        assert only(report).settings == {} and "this column in one unit" in only(report).remedy
        report = check(tmp_path, confidence_column="likelihood")
        assert only(report).settings == {}
        assert only(report).remedy == "Divide the confidences of these files by 100."
        write(tmp_path / "a.csv", sway())
        assert only(check(tmp_path)).settings == {}
        assert "Give all pose CSVs this column" in only(check(tmp_path)).remedy

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("angle", 0.1),  # no name of a confidence
            ("score", "low"),  # no number
            ("score", -1),
            ("score", 400),
        ],
    )
    def test_other_columns_are_left_alone(self, name: str, value: object, tmp_path: Path) -> None:
        write(tmp_path / "walk.csv", sway(), **{name: lambda row: value if row % 2 else 0.9})
        assert check(tmp_path).findings == []

    def test_remedies_exist_for_these_data(self, tmp_path: Path) -> None:
        spiked = sway()
        spiked[30, :2] += 3
        write(tmp_path / "walk.csv", spiked)
        assert only(check(tmp_path)).remedy == (
            "Let them count as missing: htvae repair FOLDER --spikes writes a copy without them."
        )
        write(tmp_path / "walk.csv", spiked, score=lambda row: 0.3 if row % 7 == 0 else 1)
        spikes = check(tmp_path).findings[-1]
        assert spikes.remedy.startswith("Leave uncertain points out: --confidence_column score.")
        spikes = check(tmp_path, confidence_column="score").findings[-1]
        assert spikes.remedy.startswith("Leave more uncertain points out: raise --min_confidence above 0.5.")


class TestLandmarks:
    def test_one_landmark_under_several_names(self, tmp_path: Path) -> None:
        others = (
            "nose", "LeftShoulder", "right shoulder", "l_hip", "Hip.R", "leftknee", "RIGHT_KNEE",
        )  # fmt: skip
        for i in range(5):
            write(tmp_path / f"walk_{i}.csv", sway(seed=i), NAMES if i < 3 else others)
        report = check(tmp_path)
        assert only(report).kind == "landmark_spelling"
        assert only(report).details[0] == "NOSE (3 recordings), nose (2 recordings)"
        line = command_of(report, tmp_path).line
        assert "'right shoulder=RIGHT_SHOULDER' l_hip=LEFT_HIP Hip.R=RIGHT_HIP" in line
        flags = shlex.split(line)
        pairs = tuple(flags[flags.index("--rename") + 1 :])
        assert len(pairs) == 6
        mended = check(tmp_path, rename=pairs)
        assert mended.findings == []
        assert {s.landmarks for s in mended.sequences} == {NAMES}

    def test_names_in_one_frame_are_different_landmarks(self, tmp_path: Path) -> None:
        names = ("p1", "P1", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP", "tail")
        for i in range(2):
            write(tmp_path / f"walk_{i}.csv", sway(seed=i), names)
        assert check(tmp_path).findings == []

    def test_renames_that_are_given_are_kept(self, tmp_path: Path) -> None:
        write(tmp_path / "a.csv", sway(), ("snout", *NAMES[1:]))
        write(tmp_path / "b.csv", sway(seed=1))
        write(tmp_path / "c.csv", sway(seed=2))
        report = check(tmp_path, rename=("snout=nose",))
        assert only(report).settings == {"rename": ("snout=NOSE", "nose=NOSE")}

    def test_sets_without_a_common_landmark(self, tmp_path: Path) -> None:
        mouse = ("snout", "neck", "back", "rump", "tail1", "tail2", "tail3")
        for i in range(3):
            write(tmp_path / f"r_{i}.csv", sway(seed=i), mouse if i == 1 else NAMES)
        finding = only(check(tmp_path))
        assert finding.message.startswith("Recordings must share landmarks, but fall into 2 groups")
        assert finding.details[1] == "1 recording (r_1): back, neck, rump, snout, tail1, tail2, tail3"

    def test_a_landmark_that_nothing_shows(self, tmp_path: Path) -> None:
        for i in range(3):
            pose = sway()
            pose[:, 6] = np.nan
            pose[:, 5] = pose[:, 5] if i else np.nan
            write_pose_csv(tmp_path / f"r_{i}.csv", PoseSequence.from_array(pose, NAMES), is_exact=True)
        report = check(tmp_path)
        never = next(finding for finding in report.findings if not finding.places)
        assert never.message == "A landmark should be seen, but RIGHT_KNEE has no point in any recording."


class TestTracking:
    def test_mistakes_with_recordings_and_frames(self, tmp_path: Path) -> None:
        pose = sway()
        spiked, swapped, still, lost = (pose.copy() for _ in range(4))
        spiked[30, :2] += 3
        swapped[40:60] = swapped[40:60][:, [0, 2, 1, 4, 3, 6, 5]]
        still[:, 0] = still[0, 0]
        lost[10:90:9, [1, 4]] = 0
        for name, own in {"a": pose, "b": spiked, "c": swapped, "d": still, "e": lost * 100 + 0}.items():
            write(tmp_path / f"{name}.csv", own)
        report = check(tmp_path)
        found = {finding.kind: finding for finding in report.findings}
        assert set(found) == {"spike", "swap", "still", "sentinel"}
        assert found["spike"].places[0].recording == "b"
        assert found["spike"].places[0].spans == ((30, 31),)
        assert found["swap"].places[0].spans == ((40, 60),)
        assert found["still"].places[0].landmarks == ("NOSE",)
        assert "(0, 0)" in found["sentinel"].places[0].detail
        text = format_report(report)
        assert "    c, frames 40 to 59" in text
        table = text.split("found\n")[1].splitlines()
        assert [row.split()[0] for row in table[:5]] == ["b", "c", "d", "e", "a"]  # findings first

    def test_frozen_poses_of_even_motion(self, tmp_path: Path) -> None:
        for i in range(6):
            pose = sway(200, seed=i)
            pose[60:160] = pose[60]
            write(tmp_path / f"r_{i}.csv", pose)
        found = only(check(tmp_path))
        assert found.kind == "frozen"
        assert {(place.recording, place.spans) for place in found.places} == {
            (f"r_{i}", ((60, 160),)) for i in range(6)
        }

    def test_what_never_moves_anywhere_can_be_dropped(self, tmp_path: Path) -> None:
        for i in range(2):
            still = sway(seed=i)
            still[:, 0] = still[0, 0]
            write(tmp_path / f"r_{i}.csv", still)
        assert only(check(tmp_path)).remedy == "Leave them out with --drop NOSE."
        assert check(tmp_path, drop=("NOSE",)).findings == []

    def test_where_nothing_moves_not_everything_is_to_be_dropped(self, tmp_path: Path) -> None:
        write(tmp_path / "r.csv", np.repeat(sway()[:1], T, axis=0))
        assert all("--drop" not in finding.remedy for finding in check(tmp_path).findings)


class TestMetadata:
    def test_subjects_and_labels_under_several_names(self, tmp_path: Path) -> None:
        for i in range(4):
            write(tmp_path / f"r_{i}.csv", sway(seed=i))
        rows = ["r_0,Walk,Ann", "r_1,walk,ann", "r_2,walk,ann", "r_3,run,bob"]
        (tmp_path / "manifest.csv").write_text("\n".join(["file,label,subject", *rows]))
        report = check(tmp_path)
        spelled = [finding for finding in report.findings if finding.kind == "metadata_spelling"]
        assert [finding.message.split(" must")[0] for finding in spelled] == ["A label", "A subject"]
        assert spelled[0].details == ("walk (2 rows), Walk (1 row)",)
        assert spelled[0].remedy == "Spell it one way in manifest.csv."

    def test_numbers_are_no_spellings_of_each_other(self, tmp_path: Path) -> None:
        for i in range(4):
            write(tmp_path / f"r_{i}.csv", sway(seed=i))
        rows = ["r_0,1-12,-5,day 1", "r_1,11-2,5,Day_1", "r_2,1-12,-5,day-1", "r_3,11-2,5,day1"]
        (tmp_path / "manifest.csv").write_text("\n".join(["file,subject,angle,session", *rows]))
        assert "metadata_spelling" not in kinds(check(tmp_path))
        (tmp_path / "manifest.csv").write_text("\n".join(["file,subject,angle,when", *rows]))
        (finding,) = (f for f in check(tmp_path).findings if f.kind == "metadata_spelling")
        assert finding.message.startswith("A when must be spelled one way, but 1 has several")

    def test_files_of_one_name_are_said(self, tmp_path: Path) -> None:
        write(tmp_path / "a.csv", sway())
        (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
        write(tmp_path / "b.csv", sway(seed=1))
        report = check(tmp_path)
        assert report.faults[0] == (
            "recordings must have different names, but a.csv and a.csv.gz have the same one. Rename one."
        )
        assert "Faults:" in format_report(report)

    def test_rates_of_some_recordings(self, tmp_path: Path) -> None:
        for i in range(3):
            write(tmp_path / f"r_{i}.csv", sway(seed=i))
        (tmp_path / "manifest.csv").write_text("file,fps\nr_0,30\nr_1,25\nr_2,\n")
        report = check(tmp_path)
        assert only(report).kind == "unknown_fps"
        assert [place.recording for place in only(report).places] == ["r_2"]
        text = format_report(report)
        assert "30 frames per second (manifest.csv) in 1, 25 frames per second (manifest.csv) in 1" in text
        assert not command_of(report, tmp_path).to_add
        assert check(tmp_path, fps=30.0).findings == []

    def test_recordings_without_a_row_are_said(self, tmp_path: Path) -> None:
        for i in range(2):
            write(tmp_path / f"r_{i}.csv", sway(seed=i))
        (tmp_path / "manifest.csv").write_text("file,label\nr_0,walk\n")
        (note,) = check(tmp_path).notes
        assert note.startswith("1 of 2 recordings have no row in manifest.csv")


class TestOtherFiles:
    def test_files_of_other_kinds_are_counted(self, tmp_path: Path) -> None:
        write(tmp_path / "r.csv", sway())
        packed = tmp_path / "s.csv.gz"
        write(tmp_path / "s.csv", sway(seed=1))
        packed.write_bytes(gzip.compress((tmp_path / "s.csv").read_bytes()))
        (tmp_path / "s.csv").unlink()
        for name in ("a.mp4", "b.mp4", "a.pickle", "notes", "results.csv"):
            (tmp_path / name).write_text("subject,score\nx,3\n")
        report = check(tmp_path)
        assert len(report.recordings) == 2 and report.is_clean
        assert report.passed_over[0].startswith("results.csv: tables without coordinates")
        assert report.passed_over[1:] == [
            "2 files .mp4 (videos): a.mp4, b.mp4.",
            "1 file .pickle (pickles, which are never run): a.pickle.",
            "1 file without suffix (of another kind): notes.",
        ]

    def test_manifests_under_another_name_are_faults(self, tmp_path: Path) -> None:
        write(tmp_path / "r.csv", sway())
        for name in ("Manifest.csv", "manifest (1).csv"):
            (tmp_path / name).write_text("file,label\nr.csv,a\n")
        (tmp_path / "Frame_Labels.csv").write_text("file,start,stop,label\nr.csv,0,9,a\n")
        faults = check(tmp_path).faults
        assert [fault.split(":")[0] for fault in faults] == [
            "Frame_Labels.csv",
            "Manifest.csv, manifest (1).csv",
        ]
        assert "Rename the file to manifest.csv" in faults[1]

    def test_faulty_and_unusual_files_are_listed(self, tmp_path: Path) -> None:
        (tmp_path / "empty.csv").touch()
        write(tmp_path / "walk.csv", sway()[:1])
        (tmp_path / "manifest.csv").write_text("file,fps\nempty,30\nwalk,fast\n")
        report = check(tmp_path)
        assert [fault.split(",")[0] for fault in report.faults] == [
            "manifest.csv",
            "empty.csv: must have a header and rows",
        ]
        assert list(report.notes) == ["1 of 2 files: it has one frame only."]
        text = format_report(report, command_of(report, tmp_path))
        assert "Faults:\n  manifest.csv, line 3" in text
        assert "Train, once the faults are corrected, with:\n" in text
        assert "Nothing looks wrong" not in text

    def test_folders_without_a_sound_file_have_a_report(self, tmp_path: Path) -> None:
        (tmp_path / "empty.csv").touch()
        text = format_report(check(tmp_path))
        assert text.startswith("0 recordings, 0 frames, unknown subjects\n\nFaults:")

    def test_a_skeleton_may_have_the_files_names(self, tmp_path: Path) -> None:
        write(tmp_path / "walk.csv", sway())
        (tmp_path / "skeleton.csv").write_text("from,to\nNOSE,LEFT_HIP\n")
        report = check(tmp_path, rename=("NOSE=SNOUT",))
        assert report.notes == [] and report.skeleton == [("SNOUT", "LEFT_HIP")]

    def test_a_faulty_skeleton(self, tmp_path: Path) -> None:
        write(tmp_path / "r.csv", sway())
        (tmp_path / "skeleton.csv").write_text("from,to\nNOSE,NOSE\n")
        (fault,) = check(tmp_path).faults
        assert fault.startswith("skeleton.csv, line 2: from and to must be two landmarks")


class TestOutput:
    def test_long_tables_are_cut_and_fit(self, tmp_path: Path) -> None:
        name = "participant_with_a_long_name_in_a_long_study_of_gait_"
        for i in range(40):
            write(tmp_path / f"{name}{i:02}.csv", sway()[:2])
        rows = "".join(f"{name}{i:02},{'very ' * 9}slow {i % 2},{'s' * 40}{i}\n" for i in range(40))
        (tmp_path / "manifest.csv").write_text(f"file,label,subject\n{rows}")
        text = format_report(check(tmp_path))
        table = text[text.index("recording  ") :].split("\n\n")[0].splitlines()
        assert table[-1] == "... and 10 more" and len(table) == 32
        assert max(map(len, table)) <= 100
        assert len(set(table)) == len(table)  # the ends of names are kept

    def test_json_for_programs(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        spiked = sway()
        spiked[30, :2] += 3
        write(tmp_path / "a.csv", spiked)
        write(tmp_path / "b.csv", sway())
        assert cli.main(["check-data", str(tmp_path), "--json"]) == 0
        content = json.loads(capsys.readouterr().out)
        assert content["version"] == 1
        assert content["findings"][0]["kind"] == "spike"
        assert content["findings"][0]["places"][0]["spans"] == [[30, 31]]
        assert [row["name"] for row in content["recordings"]] == ["a", "b"]
        assert content["to_add"] == ["--fps FPS"]
        report = check(tmp_path)
        assert json.loads(format_json(report))["command"] is None

    def test_labels_that_the_terminal_cannot_show(self, tmp_path: Path, monkeypatch) -> None:
        write(tmp_path / "walk.csv", sway())
        (tmp_path / "manifest.csv").write_text("file,label\nwalk,\u4e2d\n", encoding="utf-8")
        screen = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
        monkeypatch.setattr("sys.stdout", screen)
        assert cli.main(["check-data", str(tmp_path)]) == 0
        screen.flush()
        assert b"\\u4e2d" in screen.buffer.getvalue()  # type: ignore[attr-defined]

    def test_exit_codes(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(tmp_path / "a.csv", sway())
        assert cli.main(["check-data", str(tmp_path)]) == 0
        (tmp_path / "b.csv").touch()
        assert cli.main(["check-data", str(tmp_path)]) == 1
        assert "must be without faults, but has 1. See above." in capsys.readouterr().err
        with pytest.raises(SystemExit) as ended:
            cli.main(["check-data", str(tmp_path), "--nonsense"])
        assert ended.value.code == 2

    def test_a_picture_of_what_is_doubtful(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        from PIL import Image

        folder, picture = tmp_path / "data", tmp_path / "out" / "doubts.png"
        write(folder / "a.csv", sway())
        assert cli.main(["check-data", str(folder), "--picture", str(picture)]) == 0
        assert "No picture: no recording is doubtful." in capsys.readouterr().err
        assert not picture.exists()
        spiked, still = sway(), np.dstack([sway(), 0.1 * sway()[..., :1]])
        spiked[30, :2] += 3
        still[:, 0] = still[0, 0]
        write(folder / "b.csv", spiked), write(folder / "c.csv", still)
        assert cli.main(["check-data", str(folder), "--picture", str(picture)]) == 0
        with Image.open(picture) as drawn:
            assert drawn.width > 500 and drawn.height > 600  # three strips, one of them of two sides
            red = np.asarray(drawn.convert("RGB")) == (204, 30, 74)
            assert red.all(axis=-1).any()

    @pytest.mark.parametrize("name", ["doubts.jpg", "here"])
    def test_pictures_that_cannot_be_written(
        self, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "here").mkdir()
        with pytest.raises(SystemExit) as ended:
            cli.main(["check-data", str(tmp_path), "--picture", str(tmp_path / name)])
        assert ended.value.code == 2
        assert "picture must be a file" in " ".join(capsys.readouterr().err.split())


class TestCommand:
    def test_words_are_quoted_for_a_shell(self) -> None:
        config = DataConfig(
            drop=("face*", "left hand"), y_up=False, image_size=(640, 480), min_confidence=0.25, fps=29.97
        )
        command = build_command(Path("my data/it's"), config, DataConfig(), [], True, ["--config", "a b.py"])
        assert shlex.split(command.line) == [
            *("htvae", "train", "--config", "a b.py", "--data_dir", "my data/it's", "--no_y_up"),
            *("--image_size", "640", "480", "--min_confidence", "0.25", "--drop", "face*", "left hand"),
            *("--fps", "29.97"),
        ]

    def test_a_folder_that_looks_like_a_flag(self) -> None:
        command = build_command(Path("-x"), DataConfig(), DataConfig(), [], True)
        assert command.line == "htvae train --data_dir ./-x"

    def test_the_settings_file_is_not_repeated(self) -> None:
        own = DataConfig(y_up=False, fps=25.0)
        assert build_command(Path("d"), own, own, [], False).line == "htvae train --data_dir d"
