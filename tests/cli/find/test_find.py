"""``htvae find`` and ``htvae detect`` from their flags to their files, and what users are told."""

import contextlib
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from htvae.cli.find import cache
from htvae.cli.main import main


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(folder: Path, *argv: str) -> tuple[int, str]:
    said = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(said):
        code = main(list(argv))
    return code, said.getvalue()


@pytest.fixture(scope="module")
def base(trained: Any) -> list[str]:
    return ["--checkpoint", str(trained.checkpoint), "--data_dir", str(trained.folder), "--device", "cpu"]


@pytest.fixture(scope="module")
def finished(base: list[str], tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A search for 24 frames of the longest recording."""
    folder = tmp_path_factory.mktemp("find")
    code, said = run(folder, "find", "walk_06", "--frames", "1s:1.8s", "--top", "9", *base)
    return SimpleNamespace(code=code, said=said, folder=folder, files=folder / "find")


def answering(monkeypatch: pytest.MonkeyPatch, says: Callable[[int], str]) -> list[str]:
    """Let a user answer the questions, counted from 0, and return the list of them."""
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return says(len(asked) - 1)

    monkeypatch.setattr("builtins.input", answer)
    return asked


def test_tables_and_pictures(finished: SimpleNamespace) -> None:
    assert finished.code == 0 and finished.said.startswith("9 places like walk_06 1s:1.8s")
    rows = rows_of(finished.files / "find.csv")
    assert [row["rank"] for row in rows] == [str(i) for i in range(1, 10)]
    for row in rows:
        start, stop = int(row["start_frame"]), int(row["stop_frame"])
        assert float(row["start_second"]) == pytest.approx(start / 30, rel=1e-5) and 18 <= stop - start <= 24
        assert row["recording"] != "walk_06" or stop <= 30 or start >= 54
        assert (row["unreliable"] == "True") == (float(row["found_again"] or 1) < 0.5)
    content = json.loads(
        (finished.files / "find.json").read_text(encoding="utf-8"), parse_constant=pytest.fail
    )
    place = {"recording": "walk_06", "start_frame": 30, "stop_frame": 54}
    assert content["query"].items() >= place.items() and content["query_is_searched"]
    assert content["reliability"] in finished.said and "a little earlier or later" in finished.said
    assert len(content["hits"]) == 9 and content["frames"] == 652
    for name, least in (("find.png", 1500), ("find.gif", 1000)):
        with Image.open(finished.files / name) as picture:
            assert picture.size[0] > least


def test_a_file_is_a_query_too(finished: SimpleNamespace, base: list[str], trained: Any) -> None:
    before = (finished.files / "find.csv").read_bytes()
    query = str(trained.folder / "walk_06.csv")
    assert run(finished.folder, "find", query, "--frames", "30:54", "--top", "9", *base)[0] == 0
    assert (finished.files / "find.csv").read_bytes() == before


def test_features_are_kept(
    finished: SimpleNamespace, base: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (kept,) = (finished.folder / "experiments/cache").glob("find-*.npz")
    argv = ["find", "walk_06", "--frames", "30:54", "--top", "9", "--output_dir", "again", *base]
    calls: list[str] = []
    build = cache.build_index

    def count(*given: Any) -> Any:
        calls.append(given[2])
        return build(*given)

    monkeypatch.setattr(cache, "build_index", count)
    assert run(finished.folder, *argv)[0] == 0 and not calls
    assert rows_of(finished.folder / "again/find.csv") == rows_of(finished.files / "find.csv")
    assert run(finished.folder, *argv, "--features", "pose")[0] == 0 and calls == ["pose"]
    assert run(finished.folder, *argv, "--split", "train")[0] == 0 and calls == ["pose", "filled"]
    kept.write_bytes(kept.read_bytes()[:-5000])  # cut off
    assert run(finished.folder, *argv)[0] == 0 and calls == ["pose", "filled", "filled"]
    monkeypatch.setattr(cache, "MOST_FILES", 1)
    assert run(finished.folder, *argv, "--features", "latent")[0] == 0
    assert len(list(kept.parent.glob("find-*.npz"))) == 1


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["walk_99", "--frames", "0:20"], "walk_99 is neither. Names are like walk_0"),
        (["walk_06", "--frames", "0:151"], "within the frames 0 to 150 of walk_06"),
        (["walk_06", "--frames", "20"], "must be spans like 0:300"),
        (["walk_06", "--frames", "0:20", "--detector", "d", "--answers", "no.csv"], "no.csv does not exist"),
        (["walk_06", "--frames", "0:140", "--split", "val"], "no longer than the longest recording"),
    ],
)
def test_mistakes(argv: list[str], message: str, base: list[str], tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path, "find", *argv, *base)[0] == 1
    assert message in capsys.readouterr().err


def test_a_detector_is_learned_in_two_sittings(
    base: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = ["find", "walk_06", "--frames", "30:54", "--detector", "wave", "--num_answers", "9", *base]
    asked = answering(monkeypatch, lambda i: ("y", "what?", "y", "n", "q")[i])
    code, said = run(tmp_path, *argv)
    assert code == 0 and "Detector wave: 2 answers of yes, 1 of no" in said
    assert asked[1] == asked[2] and asked[0].startswith("1 of 9: walk_") and "best" in asked[0]
    rows = rows_of(tmp_path / "find/wave_answers.csv")
    assert [row["reason"] for row in rows] == ["query", "best", "best", "best"]
    more = answering(monkeypatch, lambda i: "yn"[i % 2])
    code, said = run(tmp_path, *argv)
    assert code == 0 and more[0] == asked[-1] and len(more) == 6
    assert "from 9 answers" in said or "Precision on new subjects" in said
    assert len(rows_of(tmp_path / "find/wave_answers.csv")) == 10
    content = json.loads((tmp_path / "find/wave.json").read_text(encoding="utf-8"))
    assert content["answers"] == {"yes": 5, "no": 4} and content["next"]["recording"].startswith("walk_")
    assert 0 <= content["quality"]["precision"]["low"] <= content["quality"]["precision"]["high"] <= 1
    with np.load(tmp_path / "find/wave.npz", allow_pickle=False) as file:
        assert {"weights", "kind", "points", "fps", "length", "pose_basis"} <= set(file.files)
    other = argv.copy()
    other[3] = "60:84"
    assert run(tmp_path, *other)[0] == 1  # the answers belong to another query


def write_answers(path: Path, lines: str) -> None:
    path.write_text("recording,start_frame,stop_frame,answer\n" + lines, encoding="utf-8")


def test_answers_from_a_file_and_detection(base: list[str], tmp_path: Path) -> None:
    lines = "walk_05,10,34,yes\nwalk_03.csv,20,44,YES\nwalk_00,4,28,n\nwalk_08,0,24,no\nwalk_01,9,50,y\n"
    write_answers(tmp_path / "a.csv", lines)
    learn = ["find", "walk_06", "--frames", "30:54", "--detector", "d", "--answers", "a.csv", *base]
    code, said = run(tmp_path, *learn)
    assert code == 0 and "3 answers of yes, 2 of no, from 5 subjects" in said
    assert "No clip was chosen at random" in said and "answer next: walk_" in said
    code, said = run(tmp_path, "detect", "find/d.npz", *base)
    assert code == 0 and " of 10 recordings." in said
    rows = rows_of(tmp_path / "detections/detections.csv")
    assert all(float(row["probability"]) > 0.5 for row in rows)
    assert all((row["unreliable"] == "True") == (float(row["found_again"] or 1) < 0.5) for row in rows)
    content = json.loads((tmp_path / "detections/detections.json").read_text(encoding="utf-8"))
    assert content["clips"] == len(rows) and len(content["recordings"]) == 10
    with Image.open(tmp_path / "detections/detections.png") as picture:
        assert picture.size[0] > 1000
    assert run(tmp_path, "detect", "find/d.npz", "--threshold", "0.9999", *base)[0] == 0
    header = (tmp_path / "detections/detections.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == (
        "recording,start_frame,stop_frame,start_second,stop_second,probability,bout,found_again,unreliable"
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("walk_05,10,34,maybe\n", "line 2: answer must be yes or no, but is 'maybe'"),
        ("walk_77,10,34,yes\n", "line 2: recording must be one that is searched, but is 'walk_77'"),
        ("walk_05,10,x,yes\n", "line 2: start_frame and stop_frame must be whole numbers"),
        ("walk_05,80,95,yes\n", "line 2: frames must lie within 0 to 90"),
        ("walk_05,10,34,no\nwalk_03,4,28,no\n", "at least one answer must be yes to learn a detector"),
        ("", "must have the columns recording, start_frame, stop_frame, answer and a row per clip"),
    ],
)
def test_faulty_answers(lines: str, message: str, base: list[str], tmp_path: Path, capsys: Any) -> None:
    write_answers(tmp_path / "a.csv", lines)
    argv = ["find", "walk_06", "--frames", "30:54", "--detector", "d", "--answers", "a.csv"]
    assert run(tmp_path, *argv, "--features", "pose", *base)[0] == 1
    assert message in capsys.readouterr().err


def test_three_dimensions(tmp_path: Path, capsys: Any, trained: Any, trained_in_3d: Any) -> None:
    base = ["--checkpoint", str(trained_in_3d.checkpoint), "--data_dir", str(trained_in_3d.folder)]
    argv = ["find", "walk_06", "--frames", "30:54", "--device", "cpu", "--features", "pose", *base]
    assert run(tmp_path, *argv)[0] == 0
    with Image.open(tmp_path / "find/find.png") as picture:
        assert picture.size[0] > 1500
    flat = str(trained.folder / "walk_06.csv")
    assert run(tmp_path, "find", flat, *argv[2:])[0] == 1
    assert "must have 3 coordinates" in capsys.readouterr().err


def test_a_detector_needs_its_file(base: list[str], tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path, "detect", "absent.npz", *base)[0] == 1
    assert "absent.npz does not exist" in capsys.readouterr().err
    for content, said in (
        (b"PK\x03\x04", "it is damaged"),
        (b"x\n1\n", "it is no .npz file"),
        (b"", "it is no .npz file"),
    ):
        (tmp_path / "bad.npz").write_bytes(content)
        assert run(tmp_path, "detect", "bad.npz", *base)[0] == 1
        assert f"unreadable ({said}" in capsys.readouterr().err
