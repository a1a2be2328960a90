"""``htvae power`` from its flags to its files, and what a user is told."""

import contextlib
import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

import htvae
from htvae.cli.main import main
from htvae.cli.motifs.files import load_segmenter

EFFECT = "range of LEFT_WRIST -30%"


@pytest.fixture(scope="module")
def finished(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A run of the command on the ten recordings of training, each of a subject of its own."""
    folder = tmp_path_factory.mktemp("power")
    argv = ["power", "--checkpoint", str(trained.checkpoint), "--device", "cpu"]
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(folder)
        small = ["--num_studies", "100", "--num_permutations", "999", "--num_subjects", "16", "6"]
        code = main([*argv, "--effect", EFFECT, *small, "--target", "0.5", "0.99"])
    return SimpleNamespace(code=code, said=said.getvalue(), folder=folder / "power", argv=argv)


def test_the_plan_in_words(finished: SimpleNamespace) -> None:
    assert finished.code == 0
    first, planted, spreads, reliability, half, *_ = finished.said.splitlines()
    assert first == f"Effect: {EFFECT}, planted into 10 recordings of 10 controls."
    assert planted.startswith("  Moving LEFT_WRIST 0.") and "(-30.0% of the controls'" in planted
    assert "times the spread between subjects (95 % interval" in spreads
    assert "10 controls know the spread between subjects to about 24%." in finished.said  # 1 / sqrt(18)
    assert reliability == "  Its reliability is unknown: too few controls have two recordings."
    assert "subjects per group" in half and "finds the effect in 50% of studies (95 % interval" in half
    assert "Even with 16 subjects per group" in finished.said
    assert "Note: 10 controls say little of how much subjects differ" in finished.said


def test_the_table(finished: SimpleNamespace) -> None:
    with (finished.folder / "power.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["subjects_per_group"] for row in rows] == ["6", "16"]
    for row in rows:
        assert float(row["power_low"]) <= float(row["power"]) <= float(row["power_high"])
        assert float(row["false_alarms"]) < 0.15
        assert (row["outcome_icc"], row["unreliable"]) == ("", "False")
    assert float(rows[0]["exaggeration"]) > float(rows[1]["exaggeration"])


def test_json_and_picture(finished: SimpleNamespace) -> None:
    content = json.loads((finished.folder / "power.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert content["settings"]["effect"] == EFFECT and content["outcome"] == "range of LEFT_WRIST"
    assert content["difference"] / content["control_mean"] == pytest.approx(-0.3, abs=0.005)
    assert [needed["target"] for needed in content["needed"]] == [0.5, 0.99]
    assert content["needed"][1]["subjects_per_group"] is None
    assert "\n".join(content["verdict"]) + "\n" == finished.said
    assert len(content["controls"]) == 10 and len(content["curve"]) == 2
    with Image.open(finished.folder / "power.png") as image:
        assert image.size[0] > 1000


def test_motifs_of_an_earlier_run(trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("htvae.cli.motifs.clips.draw_clips", lambda *_: [])
    argv = ["motifs", "--checkpoint", str(trained.checkpoint), "--device", "cpu", "--num_motifs", "2"]
    assert main(argv) == 0
    with Path("motifs/motifs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[1]["name"] = "turning"
    with Path("motifs/motifs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    motifs = load_segmenter(Path("motifs"), htvae.load(trained.checkpoint, device="cpu")).named
    assert motifs.names == (rows[0]["name"], "turning")


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--effect", "slower"], 1, 'effect must be like "speed of RIGHT_WRIST -10%"'),
        (["--effect", "speed of TAIL -10%"], 1, "a landmark or a part of the body, but got 'TAIL'"),
        (["--effect", "motif m01 +8%"], 1, "Give their folder with --motifs"),
        (
            ["--effect", "motif m01 +8%", "--motifs", "none"],
            1,
            "must hold segmenter.npz of an earlier htvae motifs",
        ),
        (["--effect", "speed -10%", "--num_subjects", "3"], 1, "num_subjects must be 4 to 500 per group"),
        (["--effect", "speed -10%", "--num_studies", "5"], 2, "num_studies must be at least 100"),
        (["--effect", "speed -10%", "--recordings_per_subject", "0"], 2, "must be at least 1"),
        (["--effect", "speed -10%", "--recordings_per_subject", "2"], 1, "s0 has 1 and 2 were asked for"),
        ([], 2, "--effect"),
    ],
)
def test_mistakes_are_one_message(
    flags: list[str], code: int, message: str, finished: SimpleNamespace, tmp_path: Path, capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    if code == 2:
        with pytest.raises(SystemExit) as exit_info:
            main([*finished.argv, *flags])
        assert exit_info.value.code == 2
    else:
        assert main([*finished.argv, *flags]) == 1
    error = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert message in error and "Traceback" not in error
    assert not (tmp_path / "power").exists()
