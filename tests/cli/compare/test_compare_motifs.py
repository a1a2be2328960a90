"""``htvae compare --motifs``: measures of motifs under the names that a user gave them."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from htvae.cli.main import main


@pytest.fixture(scope="module")
def folder(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three motifs, of which one is renamed and one merged into it."""
    folder = tmp_path_factory.mktemp("motifs")
    argv = ["motifs", "--checkpoint", str(trained.checkpoint), "--device", "cpu", "--num_motifs", "3"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("htvae.cli.motifs.clips.draw_clips", lambda *_: [])
        assert main([*argv, "--bout_seconds", "1", "--no_stability", "--output_dir", str(folder)]) == 0
    table = folder / "motifs.csv"
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["name"], rows[1]["merge_into"] = "wave", "wave"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_names_and_merges(
    folder: Path, trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    argv = ["compare", "--checkpoint", str(trained.checkpoint), "--by", "label", "--device", "cpu"]
    assert main([*argv, "--motifs", str(folder), "--num_bootstraps", "20", "--num_permutations", "99"]) == 0
    with (tmp_path / "compare/compare.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["measure"]: row for row in csv.DictReader(file)}
    assert {"usage of wave", "usage of m03", "rate of wave"} <= set(rows) and "usage of m02" not in rows
    assert rows["usage of wave"]["motif"] == "wave" and rows["usage of wave"]["unit"] == "share of frames"
    shares = [float(rows[f"usage of {name}"]["mean a"]) for name in ("wave", "m03", "no motif")]
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    tested = [row for row in rows.values() if row["p"]]
    assert f" of {len(tested)} measures differ" in capsys.readouterr().out
    settings = json.loads((tmp_path / "compare/compare.json").read_text("utf-8"))["settings"]
    assert settings["motifs"] == str(folder)


def test_a_folder_without_motifs(
    trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    argv = ["compare", "--checkpoint", str(trained.checkpoint), "--by", "label", "--device", "cpu"]
    assert main([*argv, "--motifs", str(tmp_path)]) == 1
    assert "must hold segmenter.npz of an earlier htvae motifs" in capsys.readouterr().err
    assert not (tmp_path / "compare").exists()
