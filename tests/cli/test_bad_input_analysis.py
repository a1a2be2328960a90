"""The analysing commands on folders that lack what they need: a result or a message, never a traceback."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from htvae.cli.main import main
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence

COMMANDS: dict[str, list[str]] = {
    "motifs": ["motifs", "--num_motifs", "2", "--no_stability"],
    "find": ["find", "walk_0", "--frames", "10:34"],
    "surprise": ["surprise", "--num_pictures", "0"],
    "compare": [
        "compare",
        "--by",
        "label",
        "--num_permutations",
        "99",
        "--num_bootstraps",
        "99",
        "--no_motion",
    ],
    "power": ["power", "--effect", "range of LEFT_WRIST -30%"],
    "norm": ["norm", "fit"],
    "latents": ["latents", "--num_directions", "0"],
    "judge": ["judge"],
    "attention": ["attention"],
}
WORKS = {"motifs", "find", "surprise", "latents", "attention"}
"""Commands that need no labels and no second recording."""
MESSAGES = {
    ("nothing known", "compare"): "label must say something of recordings, but is empty for all 2",
    ("one recording", "compare"): "at least two recordings with label, but found 1 among 1",
    ("power", ""): "Controls must be at least 4 subjects",
    ("norm", ""): "A norm must have at least 3 controls",
    ("judge", ""): "must have a prior to judge, but has none",
    ("other landmarks", ""): "must share landmarks with the model, but share",
    ("empty", ""): "No *.csv files in",
    ("no recording", ""): "tables without coordinates",
}


def write_folder(case: str, folder: Path, make_walk: Callable[..., PoseSequence]) -> Path:
    folder.mkdir()
    if case == "empty":
        return folder
    if case == "no recording":
        (folder / "a.csv").write_text("hello,world\n1,2\n")
        return folder
    walks = [make_walk(i, 120, f"walk_{i}") for i in range(1 if case == "one recording" else 2)]
    if case == "other landmarks":
        walks = [replace(w, landmarks=tuple(f"X{i}" for i in range(len(w.landmarks)))) for w in walks]
    for walk in walks:
        write_pose_csv(folder / f"{walk.name}.csv", walk)
    if case in ("one recording", "one subject per group"):
        rows = [f"{walk.name}.csv,{'ab'[i]},s{i},30" for i, walk in enumerate(walks)]
        (folder / "manifest.csv").write_text("\n".join(["file,label,subject,fps", *rows]) + "\n")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "case",
    ["nothing known", "one recording", "one subject per group", "other landmarks", "empty", "no recording"],
)
def test_what_lacks_is_said(
    case: str, command: str, trained: Any, make_walk: Any, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("htvae.cli.motifs.clips.draw_clips", lambda *_: [])
    folder = str(write_folder(case, tmp_path / "csvs", make_walk))
    where = [folder] if command == "norm" else ["--data_dir", folder]
    model = ["--checkpoint", str(trained.checkpoint), "--device", "cpu"]
    code, said = main([*COMMANDS[command], *where, *model]), capsys.readouterr()
    assert "Traceback" not in said.err and "Warning" not in said.err
    keys = [(case, command), (case, ""), (command, "")]
    message = next((MESSAGES[key] for key in keys if key in MESSAGES), None)
    works = command in WORKS or (case, command) == ("one subject per group", "compare")
    if works and case in ("nothing known", "one recording", "one subject per group"):
        assert code == 0, said.err
    else:
        assert code == 1 and message is not None
        assert message in re.sub(r"\s+", " ", said.err)


def test_two_short_recordings_have_motifs_although_they_share_none(
    trained: Any, make_walk: Any, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("htvae.cli.motifs.clips.draw_clips", lambda *_: [])
    monkeypatch.setattr("htvae.analysis.motifs.stability.NUM_SEEDS", 2)
    folder = write_folder("one subject per group", tmp_path / "csvs", make_walk)
    model = ["--checkpoint", str(trained.checkpoint), "--device", "cpu"]
    assert main(["motifs", "--num_motifs", "2", "--data_dir", str(folder), *model]) == 0
    assert "fits to halves of the subjects" in capsys.readouterr().out
