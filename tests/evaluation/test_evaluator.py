"""Evaluation from a checkpoint to files, on a tiny model."""

import json
import logging
import math
from pathlib import Path

import numpy as np
import pytest

from htvae.cli.options import EvaluateOptions
from htvae.evaluation import pictures
from htvae.evaluation.evaluator import DEFAULT_METRICS, _read_truth, evaluate
from htvae.evaluation.generation_table import explain
from htvae.evaluation.tables import FIGURES
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence


@pytest.fixture
def score(trained, tmp_path):
    def run(metrics=DEFAULT_METRICS, **options):
        known = {"checkpoint": trained.checkpoint, "output_dir": tmp_path / "results", "device": "cpu"}
        known["experiments_dir"] = tmp_path / "runs"
        return evaluate(EvaluateOptions(**(known | options)), metrics)

    return run


@pytest.fixture
def other_folder(tmp_path, make_walk):
    """A folder of three recordings that training did not know."""
    folder = tmp_path / "others"
    for index in (20, 21, 22):
        write_pose_csv(folder / f"new_{index}.csv", make_walk(index, 30 + index))
    return folder


def read_metrics(folder: Path):
    return json.loads((folder / "metrics.json").read_text(), parse_constant=pytest.fail)


def test_figures_are_printed_returned_and_written(score, trained, tmp_path, capsys):
    figures = score()
    assert set(DEFAULT_METRICS) <= set(figures)
    assert {
        "pca_mpjpe",
        "static_mpjpe",
        "sequence_rate",
        "swapped_chunks_mpjpe",
        "numbers_per_48_frames",
    } <= set(figures)
    assert figures["latent_dim"] == 6 and figures["chunk_latent_dim"] == 3
    assert 0 < figures["mpjpe"] < math.inf
    printed = capsys.readouterr().out
    assert all(name in printed for name in figures)
    written = read_metrics(tmp_path / "results")
    assert written["figures"].keys() == figures.keys()
    assert written["figures"]["mpjpe"] == figures["mpjpe"]
    assert written["recordings"] == list(trained_splits(trained).test)
    assert written["split"] == "test" and written["checkpoint"] == str(trained.checkpoint)
    assert written["verdict"] and written["verdict"][0] in printed
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["metrics.json"]


def trained_splits(trained):
    from htvae.inference.checkpoint import load_checkpoint

    return load_checkpoint(trained.checkpoint).splits


def test_it_gives_the_same_figures_again_whatever_passes_at_once(score):
    first, again = score(), score(batch_size=1)
    assert first.keys() == again.keys()
    for name, value in first.items():
        if "frechet" not in name:  # of a handful of windows: means nothing, and its features are squared
            assert again[name] == pytest.approx(value, rel=1e-3, nan_ok=True)  # sums in another order


@pytest.mark.parametrize("split", ["train", "val", "all"])
def test_other_splits(score, trained, tmp_path, split):
    score(split=split)
    expected = (
        [r.name for r in trained.recordings] if split == "all" else getattr(trained_splits(trained), split)
    )
    assert sorted(read_metrics(tmp_path / "results")["recordings"]) == list(expected)


def test_a_metric_of_ones_own(score, trained, tmp_path):
    figures = score({"recordings": len, "nothing": lambda recordings: math.nan})
    assert figures["recordings"] == len(trained_splits(trained).test) and "velocity_error" not in figures
    assert read_metrics(tmp_path / "results")["figures"]["nothing"] is None


def test_latents_and_pictures(score, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "GIF_FRAMES", 3)
    monkeypatch.setattr(pictures, "NUM_RECORDINGS", 1)
    score(extract_latents=True, visualize=True)
    results = tmp_path / "results"
    with np.load(results / "latents" / "latents.npz") as arrays:
        assert sorted(set(arrays["splits"])) == ["test", "train", "val"]
        assert arrays["sequence_latents"].shape == (10, 6)
        assert arrays["names"].tolist() == sorted(arrays["names"])
        assert arrays["covariate_place"][4] == ""
    names = {path.name for path in (results / "pictures").iterdir()}
    assert {"latent_map.png", "loss_curves.png", "attention_local.png"} <= names


def test_a_probe_beside_its_yardsticks(score):
    figures = score(split="all", probe="label")
    probes = {name: value for name, value in figures.items() if name.startswith("probe_")}
    assert set(probes) == {name for name in FIGURES if name.startswith("probe_")}
    assert all(0 <= value <= 1 for value in probes.values())


def test_a_probe_for_a_column_that_is_empty_for_some(score):
    assert 0 <= score(split="all", probe="place")["probe_sequence_latent"] <= 1
    assert 0 <= score(split="all", probe="label", probe_groups="place")["probe_sequence_latent"] <= 1


def test_a_probe_for_nothing_that_is_known(score, other_folder):
    with pytest.raises(ValueError, match=r"got 'mood'\. Known: label, subject, place"):
        score(probe="mood")
    with pytest.raises(ValueError, match="got 'mood'"):
        score(probe="label", probe_groups="mood")
    with pytest.raises(ValueError, match="must have a label to probe for, but none has"):
        score(probe="label", data_dir=other_folder, split="new")


def test_truth_that_is_the_recording_itself(score, trained):
    figures = score(truth_dir=trained.folder)
    assert figures["truth_recording_mpjpe"] == pytest.approx(0, abs=1e-5)  # there and back in float32
    assert figures["truth_mpjpe"] == pytest.approx(figures["mpjpe"], rel=1e-4)
    assert figures["truth_pca_mpjpe"] == pytest.approx(figures["pca_mpjpe"], rel=1e-4)


def test_truth_must_be_there_for_every_recording(score, other_folder):
    with pytest.raises(ValueError, match=r"must hold the truth of every scored recording, but lacks walk_"):
        score(truth_dir=other_folder)


def test_truth_is_read_at_the_recordings_frames():
    pose = np.zeros((5, 2, 2), np.float32)
    pose[:, 0, 0] = [10, 20, 30, 40, 50]
    pose[:, 1, 0] = -pose[:, 0, 0]
    truth = PoseSequence(name="walk", landmarks=("A", "B"), pose=pose, first_frame=3)
    read = _read_truth(truth, np.array([2.0, 3.0, 3.5, 7.0, 7.5]), ("B",))
    np.testing.assert_array_equal(read[:, 0, 0], [np.nan, -10, -15, -50, np.nan])
    with pytest.raises(ValueError, match="walk: the truth must have the model's landmarks, but lacks C"):
        _read_truth(truth, np.array([3.0]), ("A", "C"))


def test_recordings_that_are_new(score, other_folder, tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="htvae"):
        figures = score(data_dir=other_folder, split="new", extract_latents=True)
    assert "PCA is left out" in caplog.text and "pca_mpjpe" not in figures
    assert read_metrics(tmp_path / "results")["recordings"] == ["new_20", "new_21", "new_22"]
    assert score(data_dir=other_folder, split="all")["mpjpe"] == figures["mpjpe"]


def test_known_recordings_in_another_folder_keep_their_split(score, trained, tmp_path):
    """By content, whatever the file is called: what was trained on is not scored as if it were new."""
    name = trained_splits(trained).train[0]
    folder = tmp_path / "moved"
    folder.mkdir()
    (folder / "renamed.csv").write_bytes((trained.folder / f"{name}.csv").read_bytes())
    score(data_dir=folder, split="train")
    assert read_metrics(tmp_path / "results")["recordings"] == ["renamed"]
    with pytest.raises(ValueError, match=r"split 'new', but has 1 train, 0 val, 0 test, 0 new.*--split"):
        score(data_dir=folder, split="new")


def test_a_split_without_recordings(score, other_folder):
    with pytest.raises(ValueError, match=r"split 'test', but has 0 train, 0 val, 0 test, 3 new"):
        score(data_dir=other_folder)


def test_files_that_are_not_there(score, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.pt: must be a checkpoint"):
        score(checkpoint=tmp_path / "none.pt")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        score(data_dir=tmp_path / "nowhere")


def test_the_cache_lies_in_the_commands_own_folder(score, trained, tmp_path):
    """Not in that of training, which may be another machine's."""
    before = sorted(trained.checkpoint.parents[1].rglob("*"))
    score(data_dir=trained.folder, experiments_dir=tmp_path / "elsewhere")
    assert len(list((tmp_path / "elsewhere" / "cache").glob("*.npy"))) == 1
    assert sorted(trained.checkpoint.parents[1].rglob("*")) == before


def test_every_figure_is_explained(score, trained):
    figures = score(split="all", probe="label", truth_dir=trained.folder)
    assert [name for name in figures if name not in FIGURES] == []


def test_a_model_with_a_prior_is_scored_on_what_it_generates(score, trained_with_prior, capsys, monkeypatch):
    from htvae.evaluation import generation as generation_scores

    monkeypatch.setattr(generation_scores, "LEAST_WINDOWS", 4)
    monkeypatch.setattr(generation_scores, "SEEDS", (1,))
    figures = score(checkpoint=trained_with_prior.checkpoint)
    assert {"frechet_prior_sample_train", "frechet_standard_normal_train"} <= set(figures)
    assert [name for name in figures if name not in FIGURES and not explain(name)] == []
    printed = capsys.readouterr().out
    assert "control: N(0, I)" in printed and "\nfrechet_prior_sample_train " not in printed
