"""``htvae latents`` from its flags to its files."""

import contextlib
import csv
import io
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import htvae
from htvae.analysis.latents.latents import LatentRequest
from htvae.cli.latents.options import LatentsOptions
from htvae.cli.main import main


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run(folder, checkpoint, *argv):
    """Return the folder of results, what was printed, and the exit code."""
    said, wrong = io.StringIO(), io.StringIO()
    argv = ["latents", "--checkpoint", str(checkpoint), "--device", "cpu", *argv]
    with contextlib.chdir(folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
        code = main(argv)
    return SimpleNamespace(folder=folder / "latents", said=said.getvalue(), wrong=wrong.getvalue(), code=code)


def copy_recordings(trained, folder, count, manifest=None):
    """Copy the first recordings, with another manifest or none."""
    folder.mkdir()
    for recording in trained.recordings[:count]:
        shutil.copy(trained.folder / f"{recording.name}.csv", folder)
    if manifest:
        (folder / "manifest.csv").write_text(manifest)
    return folder


@pytest.fixture
def no_pictures(monkeypatch):
    """Draw nothing, for tests of all but the pictures; they are most of the work."""
    monkeypatch.setattr("htvae.cli.latents.pictures.draw_latent_pictures", lambda *_: [])


@pytest.fixture(scope="module")
def finished(trained_with_prior, tmp_path_factory):
    """A run over all recordings, with a prior and one direction."""
    folder = tmp_path_factory.mktemp("latents")
    done = run(folder, trained_with_prior.checkpoint, "--num_directions", "1", "--num_neighbours", "2")
    assert done.code == 0, done.wrong
    return done


def test_every_recording_and_every_moment_has_a_row(finished, trained):
    model = htvae.load(trained.checkpoint, "cpu")
    encodings = [model.encode(recording) for recording in trained.recordings]
    rows = read(finished.folder / "latents_recordings.csv")
    assert [r["recording"] for r in rows] == [e.name for e in encodings]
    assert [int(r["stop_frame"]) for r in rows] == [r.num_frames for r in trained.recordings]
    assert rows[0]["label"] == "a" and rows[4]["place"] == "" and rows[0]["map_x"] == rows[0]["pc1"]
    moments = read(finished.folder / "latents_moments.csv")
    expected = [(e.name, str(i), *map(str, span)) for e in encodings for i, span in enumerate(e.chunk_frames)]
    assert [(m["recording"], m["chunk"], m["start_frame"], m["stop_frame"]) for m in moments] == expected
    assert all(
        float(m["start_second"]) == pytest.approx(int(m["start_frame"]) / 30, rel=1e-5) for m in moments
    )


def test_dimensions_probes_and_neighbours(finished):
    rows = read(finished.folder / "latents_dimensions.csv")
    numbers = [r for r in rows if r["kind"] == "number"]
    assert [r["name"] for r in numbers] == [*(f"z{i}" for i in range(6)), "c0", "c1", "c2"]
    assert sum(float(r["kl_share"]) for r in numbers) == pytest.approx(2, rel=1e-4)
    last = [r for r in rows if r["kind"] == "component" and r["level"] == "chunk"][-1]
    assert float(last["cumulative_share"]) == pytest.approx(1)
    assert {r["unreliable"] for r in rows} <= {"", "split_half", "retest", "both"}
    probes = read(finished.folder / "latents_probes.csv")
    assert {p["column"] for p in probes} == {"label", "place"}
    assert {p["features"] for p in probes} == {
        "z", "chunk_mean", "chunk_mean_and_spread", "mean_pose", "hand_made_statistics",
    }  # fmt: skip
    nearest = read(finished.folder / "latents_nearest.csv")
    assert [r["rank"] for r in nearest] == ["1", "2"] * 10 and {r["same_subject"] for r in nearest} == {
        "False"
    }
    pairs = zip(nearest[::2], nearest[1::2], strict=True)
    assert all(float(a["distance"]) <= float(b["distance"]) for a, b in pairs)


def test_summary_words_and_pictures(finished):
    text = (finished.folder / "latents.json").read_text(encoding="utf-8")
    written = json.loads(text, parse_constant=pytest.fail)
    assert written["words"] == finished.said.splitlines()
    assert written["num_recordings"] == 10 and written["maps"]["kind"] == "pca"
    assert [t["level"] for t in written["traversals"]] == ["chunk", "sequence"]
    assert written["traversals"][0]["from"]["recording"].startswith("walk_")
    assert written["traversals"][1]["from"] == "mean" and written["traversals"][1]["drawn_from_prior"]
    for start in ("sequence latent:", "chunk latent:", "label of new subjects", "The nearest recording has"):
        assert f"\n{start}" in f"\n{finished.said}"
    names = ["latents.png", "latents_dimensions.png", "traversals/traversals.png"]
    for name in [*names, "traversals/chunk_1.gif", "traversals/sequence_1.gif"]:
        with Image.open(finished.folder / name) as picture:
            assert picture.size[0] > 300


@pytest.mark.usefixtures("no_pictures")
def test_the_same_seed_gives_the_same_files(finished, trained_with_prior, tmp_path):
    again = run(tmp_path, trained_with_prior.checkpoint, "--num_directions", "1", "--num_neighbours", "2")
    for name in ("moments", "dimensions", "probes", "nearest"):
        path = f"latents_{name}.csv"
        assert (again.folder / path).read_text() == (finished.folder / path).read_text()


def test_in_python(trained):
    model = htvae.load(trained.checkpoint, "cpu")
    found = model.analyse_latents(trained.recordings[:3], LatentRequest(num_directions=0, has_probes=False))
    assert found.traversals == () and found.probes == () and len(found.recordings_map.points) == 3
    assert found.dimensions.levels[0].kl.shape == (6,) and np.isfinite(found.nearest.distance).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_recordings_without_a_manifest(trained, tmp_path, monkeypatch, count):
    if count > 1:  # one recording is drawn: it has no map and no direction of z
        monkeypatch.setattr("htvae.cli.latents.pictures.draw_latent_pictures", lambda *_: [])
    folder = copy_recordings(trained, tmp_path / "few", count)
    done = run(
        tmp_path, trained.checkpoint, "--data_dir", str(folder), "--num_directions", "1", "--map", "tsne"
    )
    assert done.code == 0, done.wrong
    notes = [line for line in done.said.splitlines() if line.startswith("Note: ")]
    assert any("No recording has a label" in note for note in notes)
    assert any("No recording names a subject" in note for note in notes)
    assert any("has no prior" in note for note in notes)
    assert any("One recording" in note for note in notes) == (count == 1)
    assert len(read(done.folder / "latents_nearest.csv")) == count * (count - 1)
    assert (done.folder / "latents.png").exists() == (count == 1)
    assert not (done.folder / "latents_probes.csv").exists()


@pytest.mark.usefixtures("no_pictures")
def test_one_subject(trained, tmp_path):
    lines = [f"walk_{i:02d}.csv,{'ab'[i % 2]},one" for i in range(4)]
    manifest = "\n".join(["file,label,subject", *lines]) + "\n"
    folder = copy_recordings(trained, tmp_path / "one", 4, manifest)
    done = run(tmp_path, trained.checkpoint, "--data_dir", str(folder), "--num_directions", "0")
    assert done.code == 0, done.wrong
    assert "label is not probed: two values must have at least two subjects each, but 0 of 2" in done.said
    assert "needs at least four subjects with several recordings, but 1 have" in done.said
    assert not (done.folder / "traversals").exists()


def test_an_unknown_recording_is_said_before_anything_is_written(trained, tmp_path):
    done = run(tmp_path, trained.checkpoint, "--recording", "nobody")
    assert done.code == 1 and "must be the name of a recording, but got 'nobody'" in done.wrong
    assert not done.folder.exists()


def test_umap_that_is_not_installed_is_said(trained, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "umap", None)
    done = run(tmp_path, trained.checkpoint, "--map", "umap")
    assert done.code == 1 and "needs umap-learn, but it is not installed" in done.wrong


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_neighbours": 0}, "num_neighbours must be at least 1, but got 0"),
        ({"num_directions": -1}, "num_directions must be at least 0, but got -1"),
    ],
)
def test_wrong_options_are_said(options, said):
    with pytest.raises(ValueError, match=said):
        LatentsOptions(**options)


def test_in_three_dimensions(trained_in_3d, tmp_path):
    done = run(tmp_path, trained_in_3d.checkpoint, "--num_directions", "1", "--no_probes")
    assert done.code == 0, done.wrong
    assert (done.folder / "traversals" / "sequence_1.gif").exists()
