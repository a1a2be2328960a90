"""``htvae norm`` from its flags to its files, and what a user is told."""

import contextlib
import csv
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from htvae.cli.main import main
from htvae.cli.norm.files import load_norm
from tests.cli.test_main import MODEL, RECORDING


@pytest.fixture(scope="module")
def finished(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A norm of the ten recordings of training, and one of them beside it."""
    folder = tmp_path_factory.mktemp("norm")
    flags = ["--checkpoint", str(trained.checkpoint), "--device", "cpu"]
    recording = str(trained.folder / "walk_06.csv")
    said = [io.StringIO(), io.StringIO()]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with contextlib.redirect_stdout(said[0]):
            codes = [main(["norm", "fit", str(trained.folder), *flags])]
        with contextlib.redirect_stdout(said[1]):
            codes.append(main(["norm", "score", recording, *flags]))
    texts = [text.getvalue() for text in said]
    return SimpleNamespace(codes=codes, said=texts, folder=folder, flags=flags, recording=recording)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("action", ["fit", "score"])
def test_flags(action: str, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit):
        main(["norm", action, "--help"])
    flags = re.findall(r"^\W+--(\w+)", capsys.readouterr().out, flags=re.MULTILINE)
    own = {"fit": ["output_dir"], "score": ["norm", "output_dir"]}[action]
    assert sorted(flags) == sorted([*MODEL, *own, *RECORDING])


def test_what_is_said(finished: SimpleNamespace) -> None:
    assert finished.codes == [0, 0]
    fit, score = finished.said
    assert fit.startswith("Norm of 10 controls, 10 recordings.\n")
    assert re.search(r"^  left arm: \d+% of points, \d+%$", fit, flags=re.MULTILINE)
    assert "No control has two recordings" in fit and "The model was trained on" in fit
    assert score.startswith("Beside 10 controls.") and "\nwalk_06:\n" in score
    assert re.search(r"z [+-]\d", score) and "Note on the norm: Few controls (10)" in score


def test_the_files_of_a_norm(finished: SimpleNamespace) -> None:
    folder = finished.folder / "norm"
    assert {path.name for path in folder.iterdir()} == {"norm.npz", "norm.json", "norm.csv", "norm.png"}
    content = json.loads((folder / "norm.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert content["num_subjects"] == 10 and set(content["coverage"]) == {"head", "trunk", "left arm"}
    assert 0.5 < content["coverage"]["trunk"]["points"]["mean"] <= 1
    assert content["measures"][0]["measure"].startswith("range of ")
    row = next(row for row in rows_of(folder / "norm.csv") if row["measure"] == "speed of left arm")
    assert float(row["norm_low"]) < float(row["norm_mean"]) < float(row["norm_high"])
    assert row["subjects"] == "4" and row["icc"] == ""  # the wrist is seen for 2 s in four recordings


def test_deviations_have_frames_and_seconds(finished: SimpleNamespace) -> None:
    rows = rows_of(finished.folder / "norm_scores" / "deviations.csv")
    assert len(rows) == 3 * 5  # 150 frames
    last = rows[-1]
    assert (last["recording"], last["start_frame"], last["stop_frame"]) == ("walk_06", "120", "150")
    assert (last["start_second"], last["stop_second"]) == ("4", "5")
    assert {row["outside"] for row in rows} <= {"True", "False", ""}
    assert all((row["outside"] == "True") == (float(row["deviation"]) > 1) for row in rows if row["outside"])


def test_measures_are_sorted_by_z(finished: SimpleNamespace) -> None:
    rows = rows_of(finished.folder / "norm_scores" / "norm_scores.csv")
    sizes = [abs(float(row["z"])) for row in rows]
    assert sizes == sorted(sizes, reverse=True) and len(sizes) >= 6
    row = rows[0]
    inside = float(row["norm_low"]) <= float(row["value"]) <= float(row["norm_high"])
    assert row["level"] == "recording" and row["outside"] == str(not inside)
    assert 0 <= float(row["percentile"]) <= 100
    content = json.loads(
        (finished.folder / "norm_scores/norm_scores.json").read_text("utf-8"), parse_constant=pytest.fail
    )
    assert content["recordings"][0]["largest_measure"] == row["measure"]
    assert "\n".join(content["verdict"]) + "\n" == finished.said[1]


def test_a_norm_is_the_same_when_read_again(finished: SimpleNamespace, trained: Any, tmp_path: Path) -> None:
    from htvae.cli.norm.files import save_norm

    path = finished.folder / "norm" / "norm.npz"
    again = save_norm(tmp_path / "norm.npz", load_norm(path))
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:500]), "but is unreadable"),
        (lambda path: path.write_text("hello"), "but is unreadable (it is no .npz file)"),
        (lambda path: np.savez(path, format=np.array("htvae-motifs-1")), "its format is htvae-motifs-1"),
        (lambda path: path.unlink(), "must be the norm.npz of an earlier htvae norm fit"),
        (lambda path: rewrite(path, model_id=np.array("0")), "belongs to another"),
        (lambda path: rewrite(path, point_factor=np.ones(2)), "its groups do not fit together"),
    ],
)
def test_files_that_are_no_norm(
    spoil: Any, message: str, finished: SimpleNamespace, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "norm.npz"
    path.write_bytes((finished.folder / "norm" / "norm.npz").read_bytes())
    spoil(path)
    assert main(["norm", "score", finished.recording, *finished.flags, "--norm", "norm.npz"]) == 1
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error


def rewrite(path: Path, **changes: np.ndarray) -> None:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(path, **(arrays | changes))


@pytest.mark.parametrize(
    ("argv", "code", "message"),
    [
        (["norm"], 2, "action"),
        (["norm", "fti"], 2, "invalid choice: 'fti'"),
        (["norm", "fit"], 2, "inputs must be files or folders, but got none"),
    ],
)
def test_wrong_usage(argv: list[str], code: int, message: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(argv)
    assert exit_info.value.code == code
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_one_control_is_refused(
    finished: SimpleNamespace, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["norm", "fit", finished.recording, *finished.flags]) == 1
    assert "must have at least 3 controls, but got 1" in capsys.readouterr().err
    assert not (tmp_path / "norm").exists()
