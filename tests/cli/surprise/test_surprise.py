"""``htvae surprise`` from its flags to its files."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import htvae
from htvae.analysis.surprise.measures import KINDS
from htvae.analysis.surprise.surprise import find_surprise
from htvae.cli.main import main
from htvae.cli.surprise.files import draw_pictures
from htvae.cli.surprise.options import SurpriseOptions
from htvae.inference.windows import WindowedModel
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence


def write_folder(folder: Path, make_walk: Callable[..., PoseSequence], fps: str) -> Path:
    """Write five trembling walks; the third stands still for a while."""
    rng = np.random.default_rng(0)
    lines = ["file,fps"]
    for index in range(5):
        walk = make_walk(index % 3, 150 + 11 * index, f"new_{index}", first_frame=10)
        pose = (walk.pose + 0.02 * rng.normal(size=walk.pose.shape)).astype(np.float32)
        if index == 2:
            pose[60:110] = pose[60]
        write_pose_csv(folder / f"new_{index}.csv", replace(walk, pose=pose))
        lines.append(f"new_{index}.csv,{fps}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder


def run(trained: Any, folder: Path, data_dir: Path, *flags: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        argv = ["--checkpoint", str(trained.checkpoint), "--data_dir", str(data_dir), "--device", "cpu"]
        return main(["surprise", *argv, *flags])


@pytest.fixture(scope="module")
def finished(trained: Any, make_walk: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A run of the command on recordings that training never saw."""
    folder = tmp_path_factory.mktemp("surprise")
    data_dir = write_folder(folder / "csvs", make_walk, "30")
    code = run(trained, folder, data_dir, "--num_pictures", "1")
    return SimpleNamespace(code=code, folder=folder / "surprise", data_dir=data_dir)


def test_the_table_of_spans(finished: SimpleNamespace) -> None:
    assert finished.code == 0
    rows = pd.read_csv(finished.folder / "surprise.csv", keep_default_na=False)
    assert (rows.score.diff().dropna() <= 0).all()
    still = rows[rows.kind == "stillness"].iloc[0]
    assert still.recording == "new_2" and still.finding == "frozen"
    assert abs(still.start - 70) <= 3 and abs(still.stop - 120) <= 3
    assert float(still.start_s) == pytest.approx(still.start / 30, rel=1e-5)  # six digits
    assert still.landmarks.split("; ")[0] == still.worst_landmark


def test_every_frame_has_a_row(finished: SimpleNamespace) -> None:
    rows = pd.read_csv(finished.folder / "surprise_frames.csv")
    assert list(rows.groupby("recording").size()) == [150 + 11 * index for index in range(5)]
    assert rows.frame.min() == 10 and rows.second.min() == pytest.approx(1 / 3, rel=1e-4)
    assert set(KINDS) <= set(rows.columns)
    frozen = rows[(rows.recording == "new_2") & rows.frame.between(80, 110)]
    assert (frozen.stillness > 1).all()
    assert frozen.stillness_landmark.str.len().min() > 0


def test_the_summary(finished: SimpleNamespace) -> None:
    summary = json.loads((finished.folder / "surprise.json").read_text(), parse_constant=pytest.fail)
    assert summary["settings"]["threshold"] == 1.0
    assert summary["reference"] == {"recordings": 5, "which": "the recordings themselves"}
    assert summary["left_out"] == {} and set(summary["remedies"]) == set(KINDS)
    assert [own["frames"] for own in summary["recordings"]] == [150 + 11 * index for index in range(5)]
    assert summary["findings"]["new_2"][0]["kind"] == "frozen"


def test_pictures(finished: SimpleNamespace) -> None:
    assert (finished.folder / "surprise.png").stat().st_size > 1000
    (picture,) = (finished.folder / "pictures").iterdir()
    named = pd.read_csv(finished.folder / "surprise.csv", keep_default_na=False).picture
    assert named.iloc[0] == picture.name and set(named.iloc[1:]) <= {""}


def test_a_picture_of_a_long_recording_makes_its_own_windows_alone(
    trained: Any, make_walk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    make = WindowedModel.reconstruct_batch
    monkeypatch.setattr(WindowedModel, "reconstruct_batch", lambda *a: made.append(len(a[1])) or make(*a))
    model = htvae.load(trained.checkpoint, "cpu")
    recording = model.process(make_walk(0, 600))
    report = find_surprise(model, [recording], threshold=0.3)
    made.clear()
    options = SurpriseOptions(output_dir=tmp_path, num_pictures=3)
    pictures = draw_pictures(model, [recording], report, options)
    assert len(pictures) == 3 and sum(made) <= 6 < len(model.grid.cut(600))


def test_training_recordings_say_what_is_usual(trained: Any, tmp_path: Path) -> None:
    flags = ("--split", "test", "--num_pictures", "0", "--no_frame_table")
    assert run(trained, tmp_path, trained.folder, *flags) == 0
    summary = json.loads((tmp_path / "surprise/surprise.json").read_text())
    assert summary["reference"]["which"] == "training recordings"
    assert len(summary["recordings"]) < summary["reference"]["recordings"]
    assert not (tmp_path / "surprise/surprise_frames.csv").exists()
    assert not (tmp_path / "surprise/pictures").exists()


def test_another_folder_says_what_is_usual(finished: SimpleNamespace, trained: Any, tmp_path: Path) -> None:
    flags = ("--reference_dir", str(trained.folder), "--num_pictures", "0", "--no_frame_table")
    assert run(trained, tmp_path, finished.data_dir, *flags) == 0
    summary = json.loads((tmp_path / "surprise/surprise.json").read_text())
    assert summary["reference"] == {"recordings": 10, "which": str(trained.folder)}


def test_without_a_frame_rate_and_without_a_span(
    trained: Any, make_walk: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir = write_folder(tmp_path / "csvs", make_walk, "")
    assert run(trained, tmp_path, data_dir, "--num_pictures", "1", "--threshold", "1000") == 0
    assert "No span is above the threshold" in capsys.readouterr().err
    table = (tmp_path / "surprise/surprise.csv").read_text()
    assert table.startswith("recording,start,stop,start_s,") and table.count("\n") == 1
    assert pd.read_csv(tmp_path / "surprise/surprise_frames.csv").second.isna().all()


def test_useless_options_are_refused() -> None:
    with pytest.raises(ValueError, match="threshold must be above 0 and finite, but got 0"):
        SurpriseOptions(threshold=0)
    with pytest.raises(ValueError, match="num_spans must be at least 1, but got 0"):
        SurpriseOptions(num_spans=0)
    with pytest.raises(ValueError, match="num_pictures must be at least 0, but got -1"):
        SurpriseOptions(num_pictures=-1)


def test_every_recording_says_how_reliable_its_mean_scores_are(finished: SimpleNamespace) -> None:
    rows = pd.read_csv(finished.folder / "surprise_recordings.csv")
    assert list(rows.groupby("recording").size()) == [len(KINDS)] * 5
    assert (rows.start_frame.min(), rows.stop_frame.max()) == (10, 10 + 150 + 11 * 4)
    assert not rows.mean_unreliable.any() and rows.mean_split_half.isna().all()  # 5 to 7 seconds: unknown
    frozen = rows[(rows.recording == "new_2") & (rows.kind == "stillness")].iloc[0]
    spans = pd.read_csv(finished.folder / "surprise.csv")
    own = spans[(spans.recording == "new_2") & (spans.kind == "stillness")]
    assert frozen.spans == len(own) and frozen.highest == pytest.approx(own.score.max(), rel=1e-4)
    frames = pd.read_csv(finished.folder / "surprise_frames.csv")
    mean = frames[frames.recording == "new_2"].stillness.mean()
    assert frozen["mean"] == pytest.approx(mean, rel=1e-3)
    summary = json.loads((finished.folder / "surprise.json").read_text())
    assert "too few or too short" in summary["reliability"]["text"][0]
    assert set(spans.columns) >= {"mean_split_half", "mean_retest_icc", "mean_unreliable"}


@pytest.mark.parametrize(
    ("split_half", "retest", "said"),
    [
        ([0.9, 0.2], [np.nan, np.nan], ["below 0.5 between its halves: swap."]),
        ([0.9, 0.2], [0.1, 0.1], ["between its halves: swap.", "between a person's recordings: error."]),
        ([0.9, 0.8], [0.7, np.nan], ["Mean scores are reliable"]),
    ],
)
def test_words_tell_moments_from_recordings_and_people(
    split_half: list[float], retest: list[float], said: list[str]
) -> None:
    from htvae.analysis.reliability import RecordingReliability
    from htvae.cli.surprise.tables import describe_reliability
    from htvae.metrics.reliability import Reliability

    halves, repeats = (Reliability(np.array(v), (np.array(v),) * 2) for v in (split_half, retest))
    known = RecordingReliability(halves, repeats)
    report: Any = SimpleNamespace(reliability=known, kinds=("error", "swap"))
    lines = describe_reliability(report)
    assert len(lines) == len(said)
    assert all(part in line for part, line in zip(said, lines, strict=True))
