"""``htvae report`` from its flags to one file, and what a user is told."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from htvae.cli.main import main
from htvae.cli.report import opening
from htvae.cli.report.choosing import choose_recordings, find_evaluation, name_folder, read_evaluation
from htvae.cli.report.options import ReportOptions


def run(trained: Any, folder: Path, *flags: str, split: str = "test") -> dict[str, Any]:
    """Run the command and return the report's JSON."""
    argv = ["report", "--checkpoint", str(trained.checkpoint), "--device", "cpu", "--split", split]
    output = folder / "report.html"
    places = ["--experiments_dir", str(folder / "runs"), "--output", str(output)]
    assert main([*argv, *places, *flags]) == 0
    return read(output)


def read(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    (content,) = re.findall(r'<script type="application/json" id="report">(.*?)</script>', text, re.DOTALL)
    payload: dict[str, Any] = json.loads(content)
    return payload


def test_one_file_holds_the_report(trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    payload = run(trained, tmp_path, "--title", "Walks </title>", "--seed", "4")
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'report.html'}\n"
    assert payload["verdict"]["sentence"] in said.err and payload["verdict"]["headline"] in said.err
    assert {own["split"] for own in payload["recordings"]} == {"test"}
    assert payload["title"] == "Walks </title>" and payload["made"]["seed"] == 4
    assert payload["made"]["command"].startswith("htvae report --checkpoint")
    assert [path.name for path in tmp_path.iterdir() if path.suffix] == ["report.html"]
    assert not list((tmp_path / "runs/cache").glob(".report-*"))


def test_names_stay_out_of_an_anonymised_report(trained: Any, tmp_path: Path) -> None:
    payload = run(trained, tmp_path, "--anonymise", "--seed", "5", split="all")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    hidden = [own.name for own in trained.recordings] + [
        str(trained.folder),
        str(trained.checkpoint),
        "outdoors",
    ]
    assert [word for word in hidden if word in text] == []
    assert not re.search(r'"s\d"', text)  # subjects
    assert payload["made"]["seed"] is None and str(tmp_path) not in text
    assert payload["columns"] == [] and payload["labels"] == ["a", "b"]
    assert {own["split"] for own in payload["recordings"]} == {"train", "val", "test"}
    names = [own["name"] for own in payload["recordings"]]
    assert names == sorted(names) and len(set(payload["subjects"])) == 10
    assert names == [
        own["name"] for own in run(trained, tmp_path, "--anonymise", "--seed", "5", split="all")["recordings"]
    ]
    other = [
        own["name"] for own in run(trained, tmp_path, "--anonymise", "--seed", "6", split="all")["recordings"]
    ]
    assert not set(names) & set(other)


def test_the_groups_column_stays_in_an_anonymised_report(trained: Any, tmp_path: Path) -> None:
    payload = run(trained, tmp_path, "--anonymise", "--by", "place", split="train")
    assert payload["columns"] == ["place"] and payload["groups"]["by"] == "place"


def test_some_recordings(trained: Any, tmp_path: Path) -> None:
    payload = run(trained, tmp_path, "--recordings", "walk_03", "walk_01", split="all")
    assert [own["name"] for own in payload["recordings"]] == ["walk_01", "walk_03"]
    assert payload["notes"][0] == "2 of 10 recordings are shown, as asked for; all figures are theirs."


def test_motifs_of_an_earlier_run(trained: Any, tmp_path: Path) -> None:
    folder, common = tmp_path / "motifs", ["--checkpoint", str(trained.checkpoint), "--device", "cpu"]
    places = ["--experiments_dir", str(tmp_path / "runs"), "--output_dir", str(folder)]
    assert main(["motifs", *common, *places, "--num_motifs", "3", "--no_stability"]) == 0
    table = folder / "motifs.csv"
    table.write_text(table.read_text().replace("m01,m01", "m01,<b>nod</b>"))
    payload = run(trained, tmp_path, "--motifs", str(folder))
    assert [own["name"] for own in payload["motifs"]] == ["<b>nod</b>", "m02", "m03"]


class TestEvaluation:
    @pytest.fixture
    def metrics(self, trained: Any, tmp_path: Path) -> Path:
        path = tmp_path / "evaluation_results/metrics.json"
        path.parent.mkdir()
        content = {
            "checkpoint": str(trained.checkpoint),
            "split": "test",
            "recordings": ["x", "y"],
            "figures": {"mpjpe": 0.5, "static_mpjpe": 0.4, "jerk_ratio": None},
        }
        path.write_text(json.dumps(content))
        return path

    def test_it_is_read(self, trained: Any, tmp_path: Path, metrics: Path) -> None:
        verdict = run(trained, tmp_path, "--evaluation", str(metrics.parent))["verdict"]
        assert (verdict["level"], verdict["headline"]) == ("poor", "A poor model")
        assert "no better than a still pose" in verdict["sentence"]
        assert verdict["sentence"].startswith("Scored on 2 recordings that training did not see.")

    def test_one_of_this_model_is_found(
        self, trained: Any, tmp_path: Path, metrics: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        found = find_evaluation(ReportOptions(checkpoint=trained.checkpoint))
        assert found is not None and found.figures["mpjpe"] == 0.5 and found.num_recordings == 2
        content = json.loads(metrics.read_text())
        metrics.write_text(json.dumps(content | {"checkpoint": "other/best_model.pt"}))
        assert find_evaluation(ReportOptions(checkpoint=trained.checkpoint)) is None
        metrics.write_text("{")
        assert find_evaluation(ReportOptions(checkpoint=trained.checkpoint)) is None

    @pytest.mark.parametrize(
        "text", ["{", "[]", "{}", '{"figures": {"mpjpe": "x"}, "split": "test", "recordings": []}']
    )
    def test_nonsense_is_refused(self, text: str, tmp_path: Path) -> None:
        path = tmp_path / "metrics.json"
        path.write_text(text)
        with pytest.raises(ValueError, match=re.escape(str(path))):
            read_evaluation(path)

    def test_a_folder_without_figures(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"must hold metrics\.json of an earlier htvae evaluate"):
            find_evaluation(ReportOptions(evaluation=tmp_path))


class TestMistakes:
    @pytest.mark.parametrize(
        ("wishes", "words"),
        [
            ({"output": Path("report.pdf")}, "must be a file that ends with .html"),
            ({"max_mb": 0.5}, "max_mb must be at least 1, but got 0.5"),
            ({"max_mb": float("nan")}, "max_mb must be at least 1"),
            ({"seed": -1}, "seed must be at least 0"),
            ({"recordings": ("0",)}, "number of at least 1"),
        ],
    )
    def test_options_that_cannot_work(self, wishes: dict[str, Any], words: str) -> None:
        with pytest.raises(ValueError, match=words):
            ReportOptions(**wishes)

    def test_a_file_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "x.html").mkdir()
        (tmp_path / "file").write_text("")
        with pytest.raises(ValueError, match="is a folder"):
            ReportOptions(output=tmp_path / "x.html")
        with pytest.raises(ValueError, match="in a folder to write in"):
            ReportOptions(output=tmp_path / "file/report.html")

    def test_an_unknown_recording(
        self, trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["report", "--checkpoint", str(trained.checkpoint), "--experiments_dir", str(tmp_path)]
        assert main([*argv, "--recordings", "walk_99", "--output", str(tmp_path / "r.html")]) == 1
        assert "walk_99 is unknown. Known: walk_00, walk_01" in capsys.readouterr().err

    def test_a_column_that_cannot_be_compared(
        self, trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["report", "--checkpoint", str(trained.checkpoint), "--experiments_dir", str(tmp_path)]
        assert main([*argv, "--by", "nonsense", "--output", str(tmp_path / "r.html")]) == 1
        assert "nonsense" in capsys.readouterr().err
        assert not (tmp_path / "r.html").exists()


def test_a_number_of_recordings_is_spread_evenly(make_walks: Any, trained: Any) -> None:
    import htvae

    model = htvae.load(trained.checkpoint, "cpu")
    processed = [model.process(own) for own in make_walks([30] * 7)]
    kept, notes = choose_recordings(processed, ["3"])
    assert [own.name for own in kept] == ["walk_00", "walk_03", "walk_06"] and notes
    assert choose_recordings(processed, ["99"]) == (processed, [])
    assert choose_recordings(processed, []) == (processed, [])


@pytest.mark.parametrize(
    ("folder", "title"), [("/x/study/pose_csvs", "study"), ("/x/study", "study"), ("/data", "data")]
)
def test_a_title_from_the_folder(folder: str, title: str) -> None:
    assert name_folder(Path(folder)) == title


def test_no_browser_without_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(opening.webbrowser, "open", lambda address: bool(opened.append(address)) or True)
    monkeypatch.setattr(opening.sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(opening.sys.stdout, "isatty", lambda: True, raising=False)
    assert not opening.open_in_browser(tmp_path / "a b.html")
    monkeypatch.setenv("DISPLAY", ":0")
    assert opening.open_in_browser(tmp_path / "a b.html")
    monkeypatch.setattr(opening.sys.stdout, "isatty", lambda: False, raising=False)
    assert not opening.open_in_browser(tmp_path / "a b.html")
    assert opened == [(tmp_path / "a b.html").as_uri()]
