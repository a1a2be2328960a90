"""The table of quality: cells are measured once, kept, and shown; who is ahead is said."""

import json
import re
from pathlib import Path

import pytest

from htvae.config import Config
from htvae.io.writing import write_folder

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def folder(make_walks, tmp_path):
    write_folder(tmp_path / "walks", make_walks([120, 100, 90, 110, 130, 95]))
    page = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "linear.py").write_text(example)
    return tmp_path / "walks"


def test_cells_are_kept_and_skipped(folder, tmp_path, capsys):
    import quality

    output = tmp_path / "quality_walks.json"
    command = [str(folder), "--minutes", "0.004", "--models", "pca", "--model", str(tmp_path / "linear.py")]
    command += ["--output", str(output), "--numbers"]
    assert quality.main([*command, "12"]) == 0
    text = capsys.readouterr().out
    assert "0 of 2 cells" in text and "| linear |" in text and "PCA" in text
    first = json.loads(output.read_text())
    cells = {cell["model"]: cell for cell in first["cells"]}
    assert set(cells) == {"pca", "linear"}
    assert cells["pca"]["mpjpe"] < cells["linear"]["mpjpe"]
    assert cells["linear"]["frames"] > 0 and cells["linear"]["seconds"] >= 0.2
    assert set(first["tuning"]["linear"]["validation_mpjpe"]) == {"0.0003", "0.001", "0.003"}
    assert "unseen subjects (s" in first["held_out"] and first["machine"] and first["seeds"] == [0]
    assert output.with_suffix(".png").stat().st_size > 10_000

    assert quality.main([*command, "12", "24"]) == 0
    assert "2 of 4 cells" in capsys.readouterr().out
    second = json.loads(output.read_text())
    assert second["cells"][:2] == first["cells"] and len(second["cells"]) == 4
    assert second["tuning"]["linear"] == first["tuning"]["linear"]


def test_another_time_of_training_is_refused(folder, tmp_path, capsys):
    import quality

    command = [str(folder), "--models", "pca", "--numbers", "12", "--output", str(tmp_path / "q.json")]
    assert quality.main([*command, "--minutes", "0.01"]) == 0
    before = (tmp_path / "q.json").read_text()
    assert quality.main([*command, "--minutes", "0.02"]) == 1
    assert "machine, splits as this run, but differs: minutes 0.01" in capsys.readouterr().err
    assert (tmp_path / "q.json").read_text() == before


def test_files_that_are_no_models_are_refused(folder, tmp_path, capsys):
    import quality

    assert quality.main([str(folder), "--model", str(tmp_path / "absent.py")]) == 1
    assert "must be a Python file with a model" in capsys.readouterr().err
    (tmp_path / "empty.py").write_text("")
    assert quality.main([str(folder), "--model", str(tmp_path / "empty.py")]) == 1
    assert "must define build_baseline(task)" in capsys.readouterr().err


@pytest.mark.parametrize("numbers", [8, 16, 32, 64])
@pytest.mark.parametrize("lengths", [(217, 130, 455), (5148, 4048)])
def test_our_sizes_stay_below_the_numbers(numbers, lengths):
    from htvae_cells import choose_sizes

    from htvae.models.chunking import ChunkGrid

    config = Config()
    if numbers == 8 and len(lengths) == 3:
        numbers = 10
    sizes = choose_sizes(numbers, lengths, config)
    windows = [window for length in lengths for window in ChunkGrid.of(config).cut(length)]
    chunks = sum(window.chunks[1] - window.chunks[0] for window in windows)
    used = len(windows) * sizes["latent_dim"] + chunks * sizes["chunk_latent_dim"]
    assert 1 <= sizes["latent_dim"] <= 64
    assert 0.8 * numbers <= 48 * used / sum(lengths) <= numbers


def test_our_windows_hold_whole_recordings(folder):
    from htvae_cells import cover_recordings
    from quality_cells import Bench

    config = Config().replace(data_dir=str(folder), chunk_size=16, max_frames=16)
    bench = Bench(config.replace(experiments_dir=str(folder / "e")), 1.0)
    longest = max(len(sequence.pose) for sequence in bench.data.sequences)
    assert longest > 16 and cover_recordings(bench).data.max_frames == longest
    bench.config = bench.config.replace(max_frames=4096)
    assert cover_recordings(bench).data.max_frames == 4096
    assert not bench.seeded(3).config.training.batch_growth and bench.seeded(3).config.training.seed == 3


def test_too_few_numbers_are_refused():
    from htvae_cells import choose_sizes

    with pytest.raises(ValueError, match=r"numbers must be at least 4\.8 on these recordings"):
        choose_sizes(2, (20, 20), Config())


def make_result(errors):
    cells = [
        {
            "model": model,
            "numbers": 16.0,
            "seed": seed,
            "mpjpe": error,
            "numbers_used": 15.5,
            "seconds": 60.0,
            "parameters": 2e6,
        }
        for model, own in errors.items()
        for seed, error in enumerate(own)
    ]
    titles = {"htvae": "HT-VAE", "htvae_encoder": "HT-VAE, encoder alone", "pca": "PCA"}
    return {"cells": cells, "titles": titles}


def test_the_table_says_who_is_ahead():
    from quality_show import render_table

    ahead = render_table(make_result({"htvae": [0.1, 0.12], "htvae_encoder": [0.2], "pca": [0.22]}))
    assert "| HT-VAE | **0.1100** [0.1000, 0.1200] (15.5) | 60 to 60 s | 2.0 |" in ahead
    assert "| **least error** | HT-VAE, 0.50 x the best of the others |" in ahead
    assert "| **... without refinement** | HT-VAE, encoder alone, 0.91 x the best of the others |" in ahead
    behind = render_table(make_result({"htvae": [0.2], "htvae_encoder": [0.25], "pca": [0.1]}))
    assert "| **least error** | PCA, 0.50 x HT-VAE |" in behind
    assert "| **... without refinement** | PCA, 0.40 x HT-VAE |" in behind


def test_results_show_a_table_of_quality(tmp_path):
    import write_results

    assert write_results.render_made(tmp_path, "quality") == ""
    result = make_result({"htvae": [0.1], "htvae_encoder": [0.2], "pca": [0.22]}) | {
        "recordings": "walks",
        "held_out": "2 unseen subjects",
        "test_frames": 10,
        "train_frames": 20,
        "minutes": 1.0,
        "rates": [1e-3],
        "machine": "a machine",
        "commit": "abc",
        "date": "2026-01-01",
        "seeds": [0],
        "command": ["python benchmarks/quality.py walks"],
    }
    (tmp_path / "quality_walks.json").write_text(json.dumps(result))
    text = write_results.render_made(tmp_path, "quality")
    assert "| **least error** |" in text and "    python benchmarks/quality.py walks" in text
    assert write_results.load_runs(tmp_path) == []


@pytest.mark.soak
def test_all_models_are_measured_end_to_end(folder, tmp_path, monkeypatch, capsys):
    """Our epochs follow from its speed; a speed that is given makes them few on any machine."""
    import quality

    def calibrate(bench):
        assert min(real(bench).values()) > 0
        return {"frames_per_second": bench.data.num_train_frames / 2, "start_seconds": 0.0}

    real = quality.calibrate
    monkeypatch.setattr(quality, "calibrate", calibrate)
    output = tmp_path / "quality_walks.json"
    command = [str(folder), "--minutes", "0.08", "--numbers", "24", "--output", str(output)]
    for expected in ("0 of 7 cells", "7 of 7 cells"):
        assert quality.main(command) == 0
        assert expected in capsys.readouterr().out
    result = json.loads(output.read_text())
    assert len(result["cells"]) == 8  # ours counts twice: refined, and the encoder alone
    assert all(0 < cell["mpjpe"] < 1 for cell in result["cells"])
    ours = [cell for cell in result["cells"] if cell["model"].startswith("htvae")]
    assert all(20 < cell["numbers_used"] <= 24 for cell in ours)
