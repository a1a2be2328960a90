"""What is scored, on a tiny model: one scoring, of which many things must hold."""

import logging
import math

import pytest

import htvae
from htvae.data.loader import PoseDataLoader
from htvae.evaluation import generation, likeness
from htvae.evaluation.evaluator import DEFAULT_METRICS, ScoreRequest, choose_recordings, score_model
from htvae.evaluation.figures import COMPLETION_FIGURES, LEVEL_FIGURES, PROBE_FIGURES, explain
from htvae.evaluation.verdict import give_verdict
from htvae.inference.checkpoint import load_checkpoint
from htvae.io.pose_csv import write_pose_csv


@pytest.fixture(scope="module")
def open_data(trained, tmp_path_factory):
    """Return a reader of folders: recordings as the model's own were read."""
    known, cache = load_checkpoint(trained.checkpoint), tmp_path_factory.mktemp("runs")

    def open_folder(folder=trained.folder):
        config = known.config.replace(data_dir=str(folder), experiments_dir=str(cache))
        return PoseDataLoader(config, processor=known.processor, splits=known.splits)

    return open_folder


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


@pytest.fixture(scope="module")
def scores(model, open_data, trained, shorten_refinement):
    """Everything there is to score, with two metrics of one's own; the truth is the recording itself."""
    request = ScoreRequest(split="all", truth_dir=trained.folder, probe="label", num_excerpts=2)
    own = {"recordings": len, "nothing": lambda recordings: math.nan}
    with pytest.MonkeyPatch.context() as patch:
        shorten_refinement(patch)
        return score_model(model, open_data(), request, DEFAULT_METRICS | own)


@pytest.fixture
def other_folder(tmp_path, make_walk):
    """A folder of three recordings that training did not know."""
    for index in (20, 21, 22):
        write_pose_csv(tmp_path / "others" / f"new_{index}.csv", make_walk(index, 30 + index))
    return tmp_path / "others"


def names_of(processed):
    return sorted(p.name for p in processed)


def test_everything_is_scored_and_explained(scores):
    figures = scores.figures
    expected = {*DEFAULT_METRICS, "pca_mpjpe", "static_mpjpe", "numbers_per_48_frames"}
    expected |= {*LEVEL_FIGURES, *PROBE_FIGURES}
    assert expected <= set(figures)
    assert {name for name in figures if explain(name) is None} == {"recordings", "nothing"}
    assert {name for name in figures if name.startswith("complete_")} <= set(COMPLETION_FIGURES)
    assert figures["latent_dim"] == 6 and figures["chunk_latent_dim"] == 3
    assert all(0 < figures[name] < math.inf for name in ("mpjpe", "pca_mpjpe", "complete_gap_15_mpjpe"))
    assert 4 <= len(give_verdict(figures)) <= 8


def test_a_metric_of_ones_own_is_given_every_recording(scores, trained):
    assert scores.figures["recordings"] == len(scores.reconstructions) == len(trained.recordings)
    assert math.isnan(scores.figures["nothing"])


def test_truth_that_is_the_recording_itself(scores):
    figures = scores.figures
    assert figures["truth_recording_mpjpe"] == pytest.approx(0, abs=1e-5)  # there and back in float32
    assert figures["truth_mpjpe"] == pytest.approx(figures["mpjpe"], rel=1e-4)
    assert figures["truth_pca_mpjpe"] == pytest.approx(figures["pca_mpjpe"], rel=1e-4)


def test_probes_are_shares(scores):
    assert all(0 <= scores.figures[name] <= 1 for name in PROBE_FIGURES)


def test_the_same_figures_again_whatever_passes_at_once(model, open_data, monkeypatch):
    request = ScoreRequest(split="val", num_excerpts=1)
    first = score_model(model, open_data(), request).figures
    monkeypatch.setattr(model, "batch_frames", 64)
    again = score_model(model, open_data(), request).figures
    assert first.keys() == again.keys()
    for name, value in first.items():
        if "frechet" not in name:  # of a handful of windows: means nothing, and its features are squared
            assert again[name] == pytest.approx(value, rel=1e-3, nan_ok=True)  # sums in another order


@pytest.mark.parametrize("split", ["train", "val", "test", "all"])
def test_recordings_of_a_split(open_data, trained, split):
    splits = load_checkpoint(trained.checkpoint).splits
    expected = [r.name for r in trained.recordings] if split == "all" else list(getattr(splits, split))
    assert names_of(choose_recordings(open_data(), split)) == expected


def test_recordings_that_are_new(model, open_data, other_folder, caplog, brief_refinement):
    data = open_data(other_folder)
    assert names_of(choose_recordings(data, "new")) == ["new_20", "new_21", "new_22"]
    assert names_of(choose_recordings(data, "all")) == ["new_20", "new_21", "new_22"]
    with caplog.at_level(logging.INFO, logger="htvae"):
        figures = score_model(model, data, ScoreRequest(split="new", num_excerpts=1)).figures
    assert "PCA is left out" in caplog.text and "pca_mpjpe" not in figures and figures["mpjpe"] > 0


def test_known_recordings_in_another_folder_keep_their_split(open_data, trained, tmp_path):
    """By content, whatever the file is called: what was trained on is not scored as if it were new."""
    name = load_checkpoint(trained.checkpoint).splits.train[0]
    (tmp_path / "renamed.csv").write_bytes((trained.folder / f"{name}.csv").read_bytes())
    assert names_of(choose_recordings(open_data(tmp_path), "train")) == ["renamed"]
    with pytest.raises(
        ValueError, match="recordings of the split 'new', but has 1 train, 0 val, 0 test, 0 new"
    ):
        choose_recordings(open_data(tmp_path), "new")


def test_what_cannot_be_scored_is_said_before_anything_is_computed(model, open_data, tmp_path, monkeypatch):
    monkeypatch.setattr(model, "reconstruct_all", lambda *_: pytest.fail("it was computed"))
    with pytest.raises(ValueError, match=r"got 'mood'\. Known: label, subject, place"):
        score_model(model, open_data(), ScoreRequest(probe="mood"))
    with pytest.raises(ValueError, match="got 'mood'"):
        score_model(model, open_data(), ScoreRequest(probe="label", probe_groups="mood"))
    with pytest.raises(
        FileNotFoundError, match="must be a folder of noise-free recordings, but is not there"
    ):
        score_model(model, open_data(), ScoreRequest(truth_dir=tmp_path / "absent"))


def test_a_model_with_a_prior_is_scored_on_what_it_generates(
    trained_with_prior, open_data, monkeypatch, brief_refinement
):
    monkeypatch.setattr(generation, "LEAST_WINDOWS", 4)
    monkeypatch.setattr(generation, "SEEDS", (1,))
    monkeypatch.setattr(likeness, "SEEDS", (1,))
    model = htvae.load(trained_with_prior.checkpoint, "cpu")
    figures = score_model(model, open_data(), ScoreRequest(split="val", num_excerpts=1)).figures
    assert {"frechet_prior_sample_train", "frechet_standard_normal_train"} <= set(figures)
    assert all(explain(name) for name in figures)
