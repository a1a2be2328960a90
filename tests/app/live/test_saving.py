"""What users save: the other commands read it, and no file of theirs is lost."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.app.live.detectors import name_file
from htvae.app.live.motif_names import MotifNames
from htvae.app.live.painted import PaintedLabels
from htvae.app.live.saving import Shelf
from htvae.cli.explore.command import make_savers
from htvae.cli.explore.options import ExploreOptions
from htvae.cli.find.answers import read_answers
from htvae.cli.main import main
from htvae.cli.motifs.files import load_segmenter
from htvae.data.loader import PoseDataLoader
from htvae.io.tables import read_frame_labels
from tests.app.live.conftest import Client

HOSTILE = [
    "a/b",
    "../../outside",
    "..",
    "C:\\temp\\x",
    "CON",
    "nul.txt",
    "lpt1",
    "x" * 200,
    "日本語の行動",
    "nicode 🐁 mouse",
    "right \u202eto left",
    "-rf",
    " spaces ",
    "quote\"'`$(touch x)",
    "a\tb",
]


class TestShelf:
    def test_a_foreign_file_gets_another_name(self, tmp_path: Path) -> None:
        path, shelf = tmp_path / "labels.csv", Shelf()
        path.write_text("mine")
        (tmp_path / "labels.earlier-1.csv").write_text("older")
        kept = shelf.save(path, lambda own: own.write_text("new"))
        assert kept == tmp_path / "labels.earlier-2.csv" and kept.read_text() == "mine"
        assert shelf.save(path, lambda own: own.write_text("newer")) is None
        assert path.read_text() == "newer" and len(list(tmp_path.iterdir())) == 3

    def test_a_file_that_was_changed_since_is_foreign(self, tmp_path: Path) -> None:
        path, shelf = tmp_path / "labels.csv", Shelf()
        assert shelf.save(path, lambda own: own.write_text("new")) is None
        path.write_text("edited by hand")
        kept = shelf.save(path, lambda own: own.write_text("newer"))
        assert kept is not None and kept.read_text() == "edited by hand"


class TestLabels:
    def save(self, client: Client, recording: int, *spans: tuple[int, int, str]) -> Any:
        return client.post("/api/labels", json={"recording": recording, "spans": [list(s) for s in spans]})

    def test_all_recordings_labels_are_in_the_file(self, client: Client, session: Any) -> None:
        answer = self.save(client, 1, (10, 20, "nod"), (20, 30, ' "wild", 野生 '), (10, 20, "nod"))
        assert answer.status_code == 200 and str(session.output_dir) in answer.json()["text"]
        assert answer.json()["file"] == str(session.output_dir / "frame_labels.csv")
        found = read_frame_labels(session.output_dir)
        first, second = (session.recordings[i].name for i in (0, 1))
        own = {
            name: [(r.span.start, r.span.stop, r.span.label) for r in rows] for name, rows in found.items()
        }
        assert own == {
            first: [(0, 20, "wave"), (25, 40, "nod")],
            second: [(10, 20, "nod"), (20, 30, '"wild", 野生')],
        }
        self.save(client, 0)
        assert list(read_frame_labels(session.output_dir)) == [second]
        assert len(list(session.output_dir.iterdir())) == 1

    def test_training_reads_them(
        self, client: Client, session: Any, trained_with_prior: Any, tmp_path: Path
    ) -> None:
        self.save(client, 1)  # in the test's session, it begins at frame 7
        self.save(client, 2, (0, 5, "jump"))
        folder = tmp_path / "data"
        folder.mkdir()
        for path in trained_with_prior.folder.glob("*.csv"):
            (folder / path.name).write_bytes(path.read_bytes())
        (folder / "frame_labels.csv").write_bytes((session.output_dir / "frame_labels.csv").read_bytes())
        data = PoseDataLoader(trained_with_prior.config.replace(data_dir=str(folder)))
        by_name = {own.name: own for own in data.sequences}
        assert [own.label for own in by_name[session.recordings[2].name].frame_labels] == ["jump"]

    def test_labels_of_recordings_that_are_not_shown_stay(self, session: Any, tmp_path: Path) -> None:
        shown = session.recordings[1].name
        table = f"file,start,stop,label\n{shown}.csv,1,2,old\nelsewhere/b.csv,3,9,stay\n"
        (tmp_path / "frame_labels.csv").write_text(table)
        labels = PaintedLabels(replace(session, data_dir=tmp_path), Shelf())
        _, said = labels.save(1, [(10, 20, "nod")])
        assert f"{tmp_path.resolve()} already has a frame_labels.csv: keep a copy" in said
        assert str((session.output_dir / "frame_labels.csv").resolve()) in said
        found = read_frame_labels(session.output_dir)
        assert [own.span.label for own in found["elsewhere/b"]] == ["stay"]
        assert [own.span.label for own in found[shown]] == ["nod"]

    def test_the_page_shows_them_in_every_tab(self, client: Client) -> None:
        import json
        import re

        self.save(client, 1, (10, 20, "new one"))
        text = client.get("/").text
        payload = json.loads(re.findall(r'id="report">(.*?)</script>', text)[0])
        assert payload["labels"][-1] == "new one"
        assert payload["recordings"][1]["labels"] == [[10, 20, len(payload["labels"]) - 1]]
        assert payload["live"]["token"] and payload["live"]["frame"] == [8.0] * 10

    def test_an_earlier_file_is_kept(self, client: Client, session: Any) -> None:
        session.output_dir.mkdir()
        (session.output_dir / "frame_labels.csv").write_text("of last week")
        answer = self.save(client, 1, (10, 20, "nod"))
        assert "frame_labels.earlier-1.csv" in answer.json()["text"]
        assert (session.output_dir / "frame_labels.earlier-1.csv").read_text() == "of last week"
        assert ".earlier-" not in self.save(client, 1, (10, 21, "nod")).json()["text"]

    @pytest.mark.parametrize(
        ("spans", "words"),
        [
            ([(0, 20, "nod")], "from frame 7 to 67"),
            ([(10, 10, "nod")], "start below stop"),
            ([(10, 68, "nod")], "from frame 7 to 67"),
            ([(10, 20, "  ")], "characters that can be seen"),
            ([(10, 20, "a\nb")], "no line breaks"),
            ([(10, 20, "a\0b")], "can be seen"),
            ([(10, 20, "a\u202eb")], "can be seen"),
        ],
    )
    def test_what_is_refused(self, client: Client, session: Any, spans: Any, words: str) -> None:
        answer = self.save(client, 1, *spans)
        assert answer.status_code == 400 and words in answer.json()["error"]
        assert not session.output_dir.exists()

    def test_half_a_character_is_refused(self, client: Client) -> None:
        body = b'{"recording": 1, "spans": [[10, 20, "\\ud800"]]}'
        answer = client.post("/api/labels", content=body, headers=None)
        assert answer.status_code in (400, 422) and answer.json()["error"]


class TestDetectors:
    EXAMPLES = ([6, 20, 50, True], [5, 10, 40, True], [3, 20, 50, False], [7, 5, 35, False])

    def test_detect_reads_it(
        self, client: Client, session: Any, trained_with_prior: Any, tmp_path: Path
    ) -> None:
        answer = client.post("/api/detectors", json={"name": "nods", "examples": self.EXAMPLES})
        assert answer.status_code == 200, answer.text
        path = session.output_dir / "nods.npz"
        assert answer.json()["file"] == str(path) and "Precision on new subjects" in answer.json()["text"]
        assert session.describe("")["live"]["detectors"] == ["nods"]
        flags = ["--checkpoint", str(trained_with_prior.checkpoint), "--device", "cpu"]
        folders = ["--experiments_dir", str(tmp_path / "runs"), "--output_dir", str(tmp_path / "found")]
        assert main(["detect", str(path), *flags, *folders]) == 0
        with (tmp_path / "found/detections.csv").open() as file:
            assert {"recording", "probability"} <= set(next(csv.reader(file)))
        answers = read_answers(session.output_dir / "nods_answers.csv", session.recordings)
        assert [own.is_yes for own in answers] == [True, True, False, False]

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_names(self, client: Client, session: Any, tmp_path: Path, name: str) -> None:
        before = set(tmp_path.parent.rglob("*"))
        answer = client.post("/api/detectors", json={"name": name, "examples": self.EXAMPLES[:3]})
        if answer.status_code == 400:
            assert "letter or a digit" in answer.json()["error"] and name == ".."
            return
        path = Path(answer.json()["file"])
        assert path.parent == session.output_dir and path.is_file()
        made = {own for own in set(tmp_path.parent.rglob("*")) - before if own.is_file()}
        assert made == {path, path.with_name(f"{path.stem}_answers.csv")}

    def test_file_names_differ_and_suit_every_system(self) -> None:
        found = [name_file(name) for name in HOSTILE if name != ".."]
        assert len({own.lower() for own in found}) == len(found)
        for own in found:
            assert not set(own) & set('/\\:*?"<>|\0\t') and not own.startswith(("-", ".", " "))
            assert len(f"{own}_answers.csv".encode()) <= 128 and own.split(".")[0].lower() not in (
                "con",
                "nul",
            )
        with pytest.raises(ValueError, match="letter or a digit"):
            name_file("../..")

    def test_one_name_twice(self, client: Client, session: Any) -> None:
        session.output_dir.mkdir()
        (session.output_dir / "nods.npz").write_bytes(b"of last week")
        first = client.post("/api/detectors", json={"name": "nods", "examples": self.EXAMPLES})
        assert "nods.earlier-1.npz" in first.json()["text"]
        assert (session.output_dir / "nods.earlier-1.npz").read_bytes() == b"of last week"
        second = client.post("/api/detectors", json={"name": "nods", "examples": self.EXAMPLES[:2]})
        assert ".earlier-" not in second.json()["text"]


class TestMotifs:
    def test_report_and_compare_read_them(
        self, client: Client, session: Any, trained_with_prior: Any, tmp_path: Path
    ) -> None:
        ids = [own["id"] for own in session.report.payload["motifs"]]
        names = {ids[0]: "nod, fast", ids[1]: "walk", ids[2]: "walk"}
        answer = client.post("/api/motifs", json={"names": names})
        assert answer.status_code == 200 and "1 of" in answer.json()["text"]
        folder = session.output_dir / "motifs"
        saved = load_segmenter(folder, session.model)
        assert saved.names[:3] == ["nod, fast", "walk", "walk"]
        assert saved.segmenter.groups.tolist() == [0, 1, 1, *range(3, len(ids))]
        common = ["--checkpoint", str(trained_with_prior.checkpoint), "--device", "cpu"]
        common += ["--experiments_dir", str(tmp_path / "runs"), "--motifs", str(folder)]
        assert main(["report", *common, "--output", str(tmp_path / "report.html"), "--split", "test"]) == 0
        assert '"name":"nod, fast"' in (tmp_path / "report.html").read_text()
        assert main(["compare", *common, "--by", "label", "--output_dir", str(tmp_path / "compare")]) == 0

    def test_a_motif_leaves_the_one_it_was_merged_into(self, client: Client, session: Any) -> None:
        ids = [own["id"] for own in session.report.payload["motifs"]]
        folder = session.output_dir / "motifs"

        def rename(**names: str) -> list[int]:
            assert client.post("/api/motifs", json={"names": names}).status_code == 200
            groups: list[int] = load_segmenter(folder, session.model).segmenter.groups.tolist()
            return groups[:4]

        assert rename(**{ids[0]: "walk", ids[3]: "walk"}) == [0, 1, 2, 0]
        assert rename(**{ids[1]: "walk"}) == [0, 0, 2, 0]
        assert rename(**{ids[3]: "wave"}) == [0, 0, 2, 3]
        assert rename(**{ids[0]: "wave"}) == [0, 0, 2, 0]
        assert len(list(folder.iterdir())) == 2

    def test_the_page_shows_the_names(self, client: Client, session: Any) -> None:
        ids = [own["id"] for own in session.report.payload["motifs"]]
        client.post("/api/motifs", json={"names": {ids[1]: "</script> & co"}})
        text = client.get("/").text
        assert "\\u003c/script\\u003e \\u0026 co" in text and "</script> & co" not in text

    def test_motifs_of_an_earlier_run_are_taken_over(
        self, client: Client, session: Any, trained_with_prior: Any, tmp_path: Path
    ) -> None:
        """What was saved is given with --motifs to the next session, which saves to the same folder."""
        ids = [own["id"] for own in session.report.payload["motifs"]]
        client.post("/api/motifs", json={"names": {ids[0]: "nod", ids[1]: "nod"}})
        folder = session.output_dir / "motifs"
        before = (folder / "segmenter.npz").read_bytes()
        options = ExploreOptions(
            checkpoint=trained_with_prior.checkpoint, output_dir=session.output_dir, motifs=folder
        )
        known = load_segmenter(folder, session.model).named
        report = replace(session.report, motifs=known)
        names = MotifNames(replace(session, report=report, savers=make_savers(options)), Shelf())
        _, text = names.save({ids[2]: "wave"})
        assert "segmenter.earlier-1.npz and motifs.earlier-1.csv" in text and "1 of" in text
        saved = load_segmenter(folder, session.model)
        assert saved.names[:3] == ["nod", "nod", "wave"] and saved.segmenter.groups[:3].tolist() == [0, 0, 2]
        assert (folder / "segmenter.npz").read_bytes() == before

    @pytest.mark.parametrize(
        ("names", "words"),
        [({"m99": "x"}, "m99 is none"), ({"../x": "x"}, "is none"), ({"m01": " "}, "can be seen")],
    )
    def test_what_is_refused(self, client: Client, session: Any, names: Any, words: str) -> None:
        names = {session.report.payload["motifs"][0]["id"] if k == "m01" else k: v for k, v in names.items()}
        answer = client.post("/api/motifs", json={"names": names})
        assert answer.status_code == 400 and words in answer.json()["error"]
        assert not session.output_dir.exists()


def test_a_folder_that_cannot_be_written(client: Client, session: Any) -> None:
    session.output_dir.write_text("a file")
    answer = client.post("/api/labels", json={"recording": 1, "spans": [[10, 20, "nod"]]})
    assert answer.status_code == 400 and "could not be written" in answer.json()["error"]


def test_exported_spans_are_the_files_own_numbers(
    client: Client, session: Any, trained_with_prior: Any
) -> None:
    wish = {"spans": [[1, 8, 10], [0, 0, 2]]}
    answer = client.post("/api/export", json=wish)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.reader(answer.text.splitlines()))
    assert rows[0] == ["recording", "frame#", "landmark", "x", "y"] or rows[0][0] == "recording"
    for name, shift in ((session.recordings[1].name, 7), (session.recordings[0].name, 0)):
        with (trained_with_prior.folder / f"{name}.csv").open() as file:
            _, *own = csv.reader(file)
        wanted = {(int(r[0]) + shift, r[1]): r[2:] for r in own}
        mine = {(int(r[1]), r[2]): r[3:] for r in rows[1:] if r[0] == name}
        assert mine and all(
            np.allclose(np.array(v, float), np.array(wanted[k], float)) for k, v in mine.items()
        )
    assert sorted({int(r[1]) for r in rows[1:] if r[0] == session.recordings[1].name}) == [8, 9]


def test_too_much_is_not_exported(client: Client) -> None:
    answer = client.post("/api/export", json={"spans": [[6, 0, 150]] * 134})
    assert answer.status_code == 400 and "at most 20,000 frames" in answer.json()["error"]
    assert client.post("/api/export", json={"spans": [[6, 0, 151]]}).status_code == 400
    assert client.post("/api/export", json={"spans": [[10, 0, 1]]}).status_code == 404
