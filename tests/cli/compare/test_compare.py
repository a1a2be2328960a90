"""``htvae compare`` from its flags to its files, and what a user is told."""

import contextlib
import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from htvae.cli.main import main


@pytest.fixture(scope="module")
def finished(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A run of the command on the ten recordings of training, five of each label."""
    folder = tmp_path_factory.mktemp("compare")
    argv = ["compare", "--checkpoint", str(trained.checkpoint), "--by", "label", "--device", "cpu"]
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(folder)
        code = main([*argv, "--num_bootstraps", "50"])
    return SimpleNamespace(code=code, said=said.getvalue(), folder=folder / "compare", argv=argv)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_verdict(finished: SimpleNamespace) -> None:
    assert finished.code == 0
    first, second, *_ = finished.said.splitlines()
    assert "measures differ between a (5 subjects) and b (5 subjects)." in first
    assert second == (
        "False discovery rate 5%; all permutations of subjects; least possible p 0.0079."  # 2 / 252
    )
    assert "Note: Few subjects (a 5, b 5)" in finished.said
    assert sorted(path.name for path in finished.folder.iterdir()) == [
        "compare.csv",
        "compare.json",
        "compare.png",
        "compare_motion.csv",
        "compare_motion.gif",
        "compare_motion.png",
        "measures.csv",
    ]


def test_the_table_of_measures(finished: SimpleNamespace) -> None:
    rows = rows_of(finished.folder / "compare.csv")
    q = [float(row["q"]) for row in rows if row["q"]]
    assert q == sorted(q) and len(q) == 10  # shoulders and hips do not move: their measures are rounding
    assert "9 of 23 measures are the same in all subjects, but for rounding" in finished.said
    assert "4 of 23 measures are shown by too few subjects to be tested: asymmetry" in finished.said
    row = next(row for row in rows if row["measure"] == "range of LEFT_WRIST")
    assert row["landmark"] == "LEFT_WRIST" and row["unit"] == "torso lengths" and row["between"] == "b - a"
    difference = float(row["mean b"]) - float(row["mean a"])
    assert float(row["difference"]) == pytest.approx(difference, rel=1e-3, abs=1e-4)
    assert float(row["difference_low"]) <= float(row["difference"]) <= float(row["difference_high"])
    assert float(row["effect_low"]) <= float(row["effect"]) <= float(row["effect_high"])
    assert (row["subjects a"], row["subjects b"]) == ("5", "5")
    assert row["retest_icc"] == "" and row["unreliable"] in ("True", "False")
    assert float(row["p with place fixed"]) <= 1


def test_the_table_of_recordings_has_frames_and_seconds(finished: SimpleNamespace, trained: Any) -> None:
    rows = rows_of(finished.folder / "measures.csv")
    assert [row["recording"] for row in rows] == sorted(r.name for r in trained.recordings)
    first = rows[0]
    assert (first["start"], first["stop"], first["label"], first["subject"]) == ("0", "40", "a", "s0")
    assert float(first["seconds"]) == pytest.approx(40 / 30, rel=1e-4) and first["compared"] == "True"
    assert float(first["range of LEFT_WRIST"]) > 0


def test_everything_as_json(finished: SimpleNamespace) -> None:
    content = json.loads((finished.folder / "compare.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert content["settings"]["by"] == "label" and content["settings"]["seed"] == 0
    assert content["groups"] == {"a": 5, "b": 5} and content["exact"] and not content["paired"]
    assert content["least_p"] == pytest.approx(2 / 252) and content["effect"] == "Hedges' g"
    assert "\n".join(content["verdict"]) + "\n" == finished.said
    assert {doubt["kind"] for doubt in content["doubts"]} >= {"few_subjects"}
    assert [leak["column"] for leak in content["leaks"]] == ["place"]
    assert len(content["measures"]) == len(rows_of(finished.folder / "compare.csv"))


def test_three_groups_and_missing_cells(
    finished: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The place of one recording is not known."""
    monkeypatch.chdir(tmp_path)
    argv = [word if word != "label" else "place" for word in finished.argv]
    assert main([*argv, "--adjust", "label", "--num_bootstraps", "20", "--num_permutations", "99"]) == 0
    said = capsys.readouterr().out
    assert "1 of 10 recordings have no place and are left out." in said
    assert "99 random permutations" in said


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (
            ["--by", "labl"],
            1,
            "--by must name a column of manifest.csv, but got 'labl'. Known: label, subject, place.",
        ),
        (["--by", "label", "--blocks", "camera"], 1, "--blocks must name a column"),
        (["--by", "label", "--paired", "True"], 1, "must have subjects in two groups of label"),
        (["--by", "label", "--adjust", "label"], 2, "must be different columns"),
        (["--by", "label", "--num_permutations", "5"], 2, "num_permutations must be at least 99"),
        ([], 2, "--by"),
    ],
)
def test_mistakes_are_one_message(
    flags: list[str], code: int, message: str, finished: SimpleNamespace, tmp_path: Path, capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    argv = [*finished.argv[:3], *flags, "--device", "cpu"]
    if code == 2:
        with pytest.raises(SystemExit) as exit_info:
            main(argv)
        assert exit_info.value.code == 2
    else:
        assert main(argv) == 1
    error = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert message in error and "Traceback" not in error
    assert not (tmp_path / "compare").exists()
