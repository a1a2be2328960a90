"""``htvae evaluate`` from its flags to its files: one run, of which many things must hold."""

import contextlib
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from htvae.cli.evaluate import run_evaluation
from htvae.cli.main import main
from htvae.cli.options import EvaluateOptions
from htvae.evaluation import pictures
from htvae.inference.checkpoint import load_checkpoint

COUNTING = """
from pathlib import Path
from htvae.config import Config
from htvae.models import HierarchicalTransformerVAE

def get_config():
    with open("executed.txt", "a") as file:
        file.write("once ")
    return Config().replace(experiments_dir="elsewhere")

def build_model(config, **sizes):
    Path("built.txt").write_text("yes")
    return HierarchicalTransformerVAE(config.model, **sizes)
"""


def read_metrics(folder: Path) -> Any:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def finished(
    trained: Any, shorten_refinement: Any, tmp_path_factory: pytest.TempPathFactory
) -> SimpleNamespace:
    """A run of the command with latents, pictures, and a settings file that counts its executions."""
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "mine.py").write_text(COUNTING)
    before = sorted(trained.checkpoint.parents[1].rglob("*"))
    argv = ["evaluate", "--checkpoint", str(trained.checkpoint), "--device", "cpu", "--config", "mine.py"]
    argv += ["--num_excerpts", "1", "--visualize", "--extract_latents"]
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(folder)
        patch.setattr(pictures, "GIF_FRAMES", 3)
        patch.setattr(pictures, "NUM_RECORDINGS", 1)
        shorten_refinement(patch)
        code = main(argv)
    untouched = sorted(trained.checkpoint.parents[1].rglob("*")) == before
    return SimpleNamespace(code=code, said=said.getvalue(), folder=folder, untouched=untouched)


def test_it_says_a_verdict_a_table_and_where_the_rest_is(finished: SimpleNamespace) -> None:
    assert finished.code == 0
    verdict, table, rest = finished.said.strip().split("\n\n")
    assert 4 <= len(verdict.splitlines()) <= 8
    assert "torso lengths" in verdict.splitlines()[0]  # the error comes first
    header, _, *rows = table.splitlines()
    assert header.split() == ["figure", "value", "unit", "beside", "it"]
    assert 6 <= len(rows) <= 15 and rows[0].startswith("error ")
    assert len(rest.splitlines()) == 1 and rest.endswith(str(Path("evaluation_results/metrics.json")))


def test_all_figures_are_written_with_their_meanings(finished: SimpleNamespace, trained: Any) -> None:
    written = read_metrics(finished.folder / "evaluation_results")
    figures = written["figures"]
    assert {"mpjpe", "pca_mpjpe", "sequence_largest_kl", "swapped_chunks_mpjpe", "seam_ratio"} <= set(figures)
    assert f"{len(figures)} figures" in finished.said
    assert written["meanings"].keys() == figures.keys()
    assert written["meanings"]["mpjpe"]["unit"] == "torso lengths" and written["meanings"]["mpjpe"]["good"]
    assert written["recordings"] == list(load_checkpoint(trained.checkpoint).splits.test)
    assert written["split"] == "test" and written["checkpoint"] == str(trained.checkpoint)
    assert written["verdict"][0] == finished.said.splitlines()[0]
    assert written["verdict"][0] in written["summary"]["sentence"]
    assert [own["text"] for own in written["findings"]] == written["verdict"][: len(written["findings"])]
    assert {own["level"] for own in written["findings"]} <= {"good", "fault", "note"}


def test_a_settings_file_is_executed_once_and_its_model_used(finished: SimpleNamespace) -> None:
    assert (finished.folder / "executed.txt").read_text().split() == ["once"]
    assert (finished.folder / "built.txt").is_file()


def test_the_cache_lies_where_the_settings_say(finished: SimpleNamespace) -> None:
    """Not in the folder of training, which may be another machine's."""
    assert len(list((finished.folder / "elsewhere/cache").glob("*.npy"))) == 1
    assert finished.untouched


def test_latents_of_all_recordings(finished: SimpleNamespace) -> None:
    with np.load(finished.folder / "evaluation_results/latents/latents.npz") as arrays:
        assert sorted(set(arrays["splits"])) == ["test", "train", "val"]
        assert arrays["sequence_latents"].shape == (10, 6)
        assert arrays["names"].tolist() == sorted(arrays["names"])
        assert arrays["covariate_place"][4] == ""


def test_pictures(finished: SimpleNamespace) -> None:
    names = {path.name for path in (finished.folder / "evaluation_results/pictures").iterdir()}
    assert {"latent_map.png", "loss_curves.png", "attention_local.png"} <= names


def test_files_that_are_not_there(trained: Any, tmp_path: Path) -> None:
    places = {"output_dir": tmp_path / "results", "experiments_dir": tmp_path / "runs"}
    with pytest.raises(FileNotFoundError, match=r"none\.pt: must be a checkpoint"):
        run_evaluation(EvaluateOptions(checkpoint=tmp_path / "none.pt", **places), {})
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run_evaluation(
            EvaluateOptions(checkpoint=trained.checkpoint, data_dir=tmp_path / "nowhere", **places), {}
        )
    assert not (tmp_path / "results").exists()
