"""The tables of parts and of training people: cells are measured once, kept, and shown."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from htvae.config import Config
from htvae.io.writing import write_folder

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def folder(make_walks, tmp_path):
    walks = make_walks([120, 100, 90, 110, 95, 80, 85, 90])
    write_folder(tmp_path / "walks", [replace(w, subject=f"s{i // 2}") for i, w in enumerate(walks)])
    return tmp_path / "walks"


@pytest.fixture
def tiny(monkeypatch):
    """Both benchmarks with a network that trains in no time."""
    import ablation
    import learning_curve

    small = Config().replace(embed_dim=16, num_heads=2, num_layers=1, batch_frames=256)
    for module in (ablation, learning_curve):
        monkeypatch.setattr(module, "Config", lambda: small)


def test_each_variant_is_the_default_with_other_settings():
    import ablation

    usual = Config()
    for variant, settings in ablation.VARIANTS.items():
        changed = usual.replace(**settings)
        assert (changed == usual) == (variant in (ablation.DEFAULT, ablation.NO_MUON)), variant


def test_muon_is_taken_out_and_comes_back():
    import ablation

    from htvae.models.transformer import Transformer
    from htvae.training.optimizer import build_optimizer

    model = nn.ModuleDict({"network": Transformer(16, 2, 1)})
    for variant, expected in ((ablation.DEFAULT, 2), (ablation.NO_MUON, 1), (ablation.DEFAULT, 2)):
        with ablation.taken_out(variant):
            assert len(build_optimizer(model, 1e-3, 0.01).parts) == expected


def test_variants_are_kept_and_skipped(folder, tiny, tmp_path, capsys):
    import ablation

    output = tmp_path / "ablation_walks.json"
    command = [str(folder), "--frames", "0.002", "--output", str(output), "--variants", "default"]
    assert ablation.main([*command, "no chunk latents"]) == 0
    text = capsys.readouterr().out
    assert "0 of 2 cells" in text and "| **default** |" in text and "| no chunk latents |" in text
    first = json.loads(output.read_text())
    usual, without = first["cells"]
    assert usual["numbers_used"] > without["numbers_used"] and usual["frames"] == without["frames"] > 0
    assert 0 < usual["mpjpe"] < without["mpjpe"] and usual["nats"] != without["nats"]
    assert usual["exchanged_mpjpe"] > usual["encoder_mpjpe"] and usual["complete_bursts_mpjpe"] > 0
    assert first["commit"] and first["machine"] and first["command"][0].startswith("python benchmarks/abl")

    assert ablation.main([*command, "no chunk latents", "AdamW alone, no Muon"]) == 0
    assert "2 of 3 cells" in capsys.readouterr().out
    second = json.loads(output.read_text())
    assert second["cells"][:2] == first["cells"] and second["cells"][2]["mpjpe"] != usual["mpjpe"]

    assert ablation.main([*command, "--frames", "0.004"]) == 1
    assert "differs: frames 0.002" in capsys.readouterr().err
    assert json.loads(output.read_text()) == second


def test_people_are_added_to_those_before(folder, tiny, tmp_path, capsys):
    import learning_curve

    output = tmp_path / "learning_walks.json"
    command = [str(folder), "--frames", "0.002", "--output", str(output)]
    assert learning_curve.main([*command, "--counts", "1"]) == 0
    assert "0 of 2 cells" in capsys.readouterr().out
    result = json.loads(output.read_text())
    one, every = result["cells"]
    assert one["count"] == 1 and one["train_frames"] < every["train_frames"] == result["train_frames"]
    assert 0 < every["linear_code_mpjpe"] < one["linear_code_mpjpe"]
    assert one["pca_mpjpe"] > every["pca_mpjpe"] > 0 and every["mpjpe"] > 0
    assert one["pca_numbers_used"] <= every["pca_numbers_used"]  # few windows have few components
    assert output.with_suffix(".png").stat().st_size > 10_000
    assert learning_curve.main([*command, "--counts", "1"]) == 0
    assert "2 of 2 cells" in capsys.readouterr().out


def test_counts_double_and_end_with_all():
    from learning_curve import choose_counts

    assert choose_counts(1, None) == [1]
    assert choose_counts(6, None) == [1, 2, 4, 6]
    assert choose_counts(8, None) == [1, 2, 4, 8]
    assert choose_counts(6, [3, 9]) == [3, 6]


def test_recordings_are_counted_where_people_are_not_named(make_walks, tiny, tmp_path, capsys):
    import learning_curve

    walks = make_walks([120, 100, 90, 110, 130, 95], subject=None)
    write_folder(tmp_path / "nobody", walks)
    output = tmp_path / "learning_nobody.json"
    command = [str(tmp_path / "nobody"), "--frames", "0.001", "--counts", "9", "--output", str(output)]
    assert learning_curve.main([*command, "--by", "people"]) == 1
    assert "must name their people" in capsys.readouterr().err
    assert learning_curve.main(command) == 0
    assert "| recordings | frames |" in capsys.readouterr().out


def test_the_tables_show_variants_over_the_default_of_the_same_seed(tmp_path):
    import write_results

    assert write_results.render_made(tmp_path, "ablation") == ""
    cells = [
        {"variant": v, "seed": s, "mpjpe": error, "nats": nats, "numbers_used": 40.0, "test_people": ["x"]}
        for v, s, error, nats in [
            ("default", 0, 0.1, -3.0), ("default", 1, 0.2, -2.0), ("no part", 0, 0.2, -1.0),
            ("no part", 1, 0.2, -1.5), ("other", 2, 0.1, 0.0),
        ]
    ]  # fmt: skip
    result = {
        "recordings": "walks",
        "frames": 0.5,
        "train_frames": 20,
        "machine": "a machine",
        "commit": "abc",
    }
    result |= {"date": "2026-01-01", "seeds": [0, 1, 2], "command": ["python benchmarks/ablation.py walks"]}
    result |= {"variants": ["default", "no part", "other"], "cells": cells}
    (tmp_path / "ablation_walks.json").write_text(json.dumps(result))
    text = write_results.render_made(tmp_path, "ablation")
    assert "| **default** | 0.1500 [0.1000, 0.2000] | -2.5 [-3.0, -2.0] | 40.0 | 2 |" in text
    assert "| no part | 1.50 [1.00, 2.00] x | +1.2 [+0.5, +2.0] | 40.0 | 2 |" in text
    assert "| other |" not in text and "    python benchmarks/ablation.py walks" in text
    assert write_results.load_runs(tmp_path) == []
