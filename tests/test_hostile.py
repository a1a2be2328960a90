"""Files made to do harm: nothing they say is run, nothing is written outside of the output folder."""

import os
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from htvae.cli import main as cli
from htvae.io.pose_csv import write_pose_csv
from htvae.utils.files import read_tensors

Run = Callable[..., str]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_measuring: None) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("HTVAE_DEBUG", raising=False)


@pytest.fixture
def refuse(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return a function that runs a command which must be refused with a message; it returns the message."""

    def run(*argv: str) -> str:
        outside = sorted(tmp_path.iterdir())
        assert cli.main(argv) == 1
        output = capsys.readouterr()
        said = re.sub(r"\s+", " ", output.out + output.err)
        assert "error: " in said and "Traceback" not in said
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", output.out + output.err)
        assert sorted(tmp_path.iterdir()) == outside
        return said

    return run


class Malicious:
    """Runs a command where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("it_ran",)


def pickled(path: Path, values: dict[str, Any]) -> None:
    path.write_bytes(pickle.dumps(values | {"trap": Malicious()}))


def saved(path: Path, values: dict[str, Any]) -> None:
    torch.save(values | {"trap": Malicious()}, path)


def saved_as_of_old(path: Path, values: dict[str, Any]) -> None:
    torch.save(values | {"trap": Malicious()}, path, _use_new_zipfile_serialization=False)


def inflating(path: Path, values: dict[str, Any]) -> None:
    """A few kilobytes that claim to be gigabytes of zeros."""
    torch.save(values | {"zeros": torch.zeros(10_000_000)}, path)
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def lying(path: Path, values: dict[str, Any]) -> None:
    """A storage that claims to be larger than it is."""
    torch.save({"zeros": torch.zeros(12_345)}, path)
    with zipfile.ZipFile(path) as archive:
        parts = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content.replace((12_345).to_bytes(2, "little"), b"\xff\xff"))


def cut_off(path: Path, values: dict[str, Any]) -> None:
    torch.save(values, path)
    path.write_bytes(path.read_bytes()[:-2000])


DAMAGE = [pickled, saved, saved_as_of_old, inflating, lying, cut_off]


@pytest.fixture
def run_folder(trained: Any) -> Path:
    """A copy of the folder of the trained model, to be resumed."""
    return Path(
        shutil.copytree(trained.checkpoint.parents[1], "runs", ignore=shutil.ignore_patterns("cache"))
    )


@pytest.fixture
def resume(trained: Any, tiny_settings: dict[str, Any], run_folder: Path) -> list[str]:
    """The command that goes on with that run."""
    settings = tiny_settings | {"val_fraction": 0.2, "test_fraction": 0.3, "num_epochs": 5}
    settings |= {"data_dir": trained.folder, "experiments_dir": run_folder}
    return ["train", "--resume", *(t for name, value in settings.items() for t in (f"--{name}", str(value)))]


class TestModels:
    @pytest.mark.parametrize("damage", DAMAGE)
    def test_a_model(self, damage: Any, refuse: Run, trained: Any) -> None:
        damage(Path("best_model.pt"), read_tensors(trained.checkpoint))
        for command in ("encode", "reconstruct"):
            said = refuse(command, str(trained.folder), "--checkpoint", "best_model.pt")
            assert "best_model.pt: must be a checkpoint of tensors and plain values, but could not be" in said
        refuse("evaluate", "--checkpoint", "best_model.pt")
        refuse("train", "--data_dir", str(trained.folder), "--init_from", "best_model.pt")
        assert not Path("it_ran").exists()

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_a_state_of_training(self, damage: Any, refuse: Run, resume: list[str], run_folder: Path) -> None:
        path = run_folder / "checkpoints/last_model.pt"
        damage(path, read_tensors(path))
        before = path.read_bytes()
        assert "last_model.pt: must be a checkpoint of tensors and plain values" in refuse(*resume)
        assert path.read_bytes() == before
        assert not Path("it_ran").exists()

    def test_a_state_of_another_version(self, refuse: Run, resume: list[str], run_folder: Path) -> None:
        path = run_folder / "checkpoints/last_model.pt"
        torch.save(read_tensors(path) | {"format": "htvae-state-99\x1b[2J"}, path)
        assert r"must be a state of training of this version" in refuse(*resume)

    def test_a_model_of_other_values(self, refuse: Run, trained: Any) -> None:
        """Every part in turn is absent, or something else."""
        values = read_tensors(trained.checkpoint)
        for name in values:
            for other in (None, [], {}, "x", {"x": torch.zeros(2)}):
                if name in ("htvae_version", "figures") or (name, other) == ("splits", {}):
                    continue  # is not needed to encode
                if name in ("prior", "noise", "bands") and not other:
                    continue  # a model without one
                torch.save(values | {name: other}, "best_model.pt")
                refuse("encode", str(trained.folder), "--checkpoint", "best_model.pt")

    def test_a_state_of_other_values(self, refuse: Run, resume: list[str], run_folder: Path) -> None:
        path = run_folder / "checkpoints/last_model.pt"
        values = read_tensors(path)
        for name in values:
            for other in (None, "x", {"x": torch.zeros(2)}):
                if name == "htvae_version" or (name == "figures" and isinstance(other, dict)):
                    continue  # what the last validation found is shown, not used
                torch.save(values | {name: other}, path)
                assert re.search(r"last_model\.pt: must (be a state of|fit the model)", refuse(*resume)), name

    def test_weights_of_other_shapes(self, refuse: Run, trained: Any) -> None:
        values = read_tensors(trained.checkpoint)
        for name, weight in list(values["state"].items())[::9]:
            torch.save(values | {"state": values["state"] | {name: weight[..., None]}}, "best_model.pt")
            said = refuse("encode", str(trained.folder), "--checkpoint", "best_model.pt")
            assert "The checkpoint's weights must fit the architecture, but do not." in said

    @pytest.mark.parametrize(
        "sizes", [{"embed_dim": 2**40}, {"num_layers": 10**9}, {"latent_dim": 10**12}, {"chunk_size": 2**40}]
    )
    def test_sizes_that_no_memory_holds(self, sizes: dict[str, int], refuse: Run, trained: Any) -> None:
        values = read_tensors(trained.checkpoint)
        config = values["config"] | {"model": values["config"]["model"] | sizes}
        torch.save(values | {"config": config}, "best_model.pt")
        said = refuse("encode", str(trained.folder), "--checkpoint", "best_model.pt")
        assert "must fit the architecture, but do not." in said or "must be a complete model" in said

    def test_an_optimiser_of_other_shapes(self, refuse: Run, resume: list[str], run_folder: Path) -> None:
        path = run_folder / "checkpoints/last_model.pt"
        values = read_tensors(path)
        state = values["optimizer"]["parts"][1]["state"]
        state[0]["exp_avg"] = state[0]["exp_avg"][..., None]
        torch.save(values, path)
        assert "last_model.pt: must be a state of training of this version, but cannot be restored" in refuse(
            *resume
        )


NAMES = {
    "sub\\..\\..\\up": "a backslash that may be read as a slash",
    "\\root": "the same at the start",
    "walk\x1b[2J": "a control character",
    "walk\nerror: all is lost": "a line break",
}


class TestNames:
    @pytest.mark.skipif(os.name == "nt", reason="the system has no such names")
    @pytest.mark.parametrize("name", NAMES, ids=NAMES.values())
    def test_of_files_in_a_folder(self, name: str, refuse: Run, trained: Any) -> None:
        shutil.copytree(trained.folder, "poses")
        write_pose_csv(Path("poses/plain.csv"), trained.recordings[0])
        os.rename("poses/plain.csv", f"poses/{name}.csv")
        for command in ("encode", "reconstruct"):
            said = refuse(command, "poses", "--checkpoint", str(trained.checkpoint))
            assert "Rename the file." in said
        refuse("train", "--data_dir", "poses")
        refuse("evaluate", "--data_dir", "poses", "--checkpoint", str(trained.checkpoint))

    @pytest.mark.parametrize(
        "file", ["../plain.csv", "/etc/passwd", "sub/../../plain.csv", "walk_00\x1b[2J.csv"]
    )
    @pytest.mark.parametrize("table", ["manifest", "frame_labels"])
    def test_in_the_tables(self, file: str, table: str, refuse: Run, trained: Any) -> None:
        shutil.copytree(trained.folder, "poses")
        write_pose_csv(Path("../plain.csv"), trained.recordings[0])
        rows = {"manifest": f"file\n{file}\n", "frame_labels": f"file,start,stop,label\n{file},0,5,x\n"}
        Path("poses", f"{table}.csv").write_text(rows[table])
        said = refuse("reconstruct", "poses", "--checkpoint", str(trained.checkpoint))
        assert f"{table}.csv, line 2: file must be a recording of the folder, but" in said

    def test_links_out_of_the_output_folder(self, refuse: Run, trained: Any, tmp_path: Path) -> None:
        """One at the place of a folder, one at the place of a file."""
        write_pose_csv(Path("poses/sub/walk.csv"), trained.recordings[0])
        (tmp_path / "precious.csv").write_text("precious")
        (tmp_path / "elsewhere").mkdir()
        for target, link in (("elsewhere", "out/sub"), ("precious.csv", "out2/sub/walk.csv")):
            Path(link).parent.mkdir(parents=True)
            Path(link).symlink_to(tmp_path / target)
            folder = link.split("/")[0]
            said = refuse(
                "reconstruct", "poses", "--checkpoint", str(trained.checkpoint), "--output_dir", folder
            )
            assert re.search(r"sub/walk\.csv must lie in out2?, but leads to /.*remove the link\.", said)
        assert (tmp_path / "precious.csv").read_text() == "precious"
        assert not list((tmp_path / "elsewhere").iterdir())

    def test_links_at_the_place_of_results_are_not_followed(
        self, refuse: Run, trained: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "precious").write_text("precious")
        Path("latents").mkdir()
        Path("latents/latents.npz").symlink_to(tmp_path / "precious")
        said = refuse("encode", str(trained.folder), "--checkpoint", str(trained.checkpoint))
        assert "latents/latents.npz: must not be overwritten" in said
        assert (tmp_path / "precious").read_text() == "precious"
