"""The pictures of an evaluation are drawn, whatever is missing."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

import htvae
from htvae.evaluation import pictures
from htvae.evaluation.pictures import _liveliest, _spread, draw_pictures, read_curves


@pytest.fixture(scope="module")
def model(trained):
    return htvae.load(trained.checkpoint, "cpu")


def draw(model, walks, folder, log_file=None):
    reconstructions = model.reconstruct_all([model.process(walk) for walk in walks])
    paths = draw_pictures(model, reconstructions, [r.encoding for r in reconstructions], folder, log_file)
    for path in paths:
        with Image.open(path) as picture:
            picture.verify()
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in paths)
    return sorted(path.name for path in paths)


def test_everything_there_is_to_see(model, trained, make_walks, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "GIF_FRAMES", 5)
    log = trained.checkpoint.parents[1] / "logs" / "metrics.csv"
    walks = make_walks([40, 30, 70])
    assert draw(model, walks, tmp_path / "pictures", log) == [
        "attention_global.png", "attention_local.png", "latent_map.png", "loss_curves.png",
        "reconstruction_walk_00.gif", "strip_walk_00.png", "strip_walk_01.png", "strip_walk_02.png",
    ]  # fmt: skip


LONG_NAMES = ["/".join(["a folder within a folder"] * 12), "歩" * 79, "day 1/walk:2", "day 1_walk_2"]


def test_names_of_recordings_become_names_of_files(model, make_walks, tmp_path, monkeypatch):
    """Nested folders, kanji of three bytes each, and names that differ in what no file may have."""
    monkeypatch.setattr(pictures, "GIF_FRAMES", 3)
    walks = [
        dataclasses.replace(w, name=name) for w, name in zip(make_walks([9] * 4), LONG_NAMES, strict=True)
    ]
    names = draw(model, walks, tmp_path)
    strips = [name for name in names if name.startswith("strip_")]
    assert len(set(strips)) == 4
    assert all(len(name.encode()) <= 128 for name in names)


def test_a_single_frame_and_no_log(model, make_walk, tmp_path):
    walk = make_walk(0, 2, label=None, fps=None)
    walk = dataclasses.replace(walk, pose=walk.pose[:1])
    names = draw(model, [walk], tmp_path, tmp_path / "absent.csv")
    assert names == [
        "attention_global.png",
        "attention_local.png",
        "reconstruction_walk_00.gif",
        "strip_walk_00.png",
    ]


def test_one_latent_number_makes_no_map(model, make_walks, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "GIF_FRAMES", 3)
    reconstructions = model.reconstruct_all([model.process(walk) for walk in make_walks([9, 9, 9])])
    narrow = [
        dataclasses.replace(r.encoding, sequence_latent=r.encoding.sequence_latent[:1])
        for r in reconstructions
    ]
    names = [path.name for path in draw_pictures(model, reconstructions, narrow, tmp_path)]
    assert "latent_map.png" not in names


def test_curves_are_read_by_name(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,step,train/kl,val/loss\n0,4,1.5,\n0,9,1.25,\n,9,,3.5\n")
    assert read_curves(path) == {"train/kl": [(4, 1.5), (9, 1.25)], "val/loss": [(9, 3.5)]}


def test_the_log_of_a_run_holds_training_and_validation(trained):
    curves = read_curves(trained.checkpoint.parents[1] / "logs" / "metrics.csv")
    assert {"train/total", "train/learning_rate", "val/loss", "val/mpjpe"} <= set(curves)


def test_the_liveliest_stretch():
    pose = np.zeros((50, 2, 2), np.float32)
    pose[30:41, :, 0] = np.arange(11)[:, None]
    pose[41:] = pose[40]
    pose[5] = np.nan
    assert _liveliest(pose, 11) == 30
    assert _liveliest(pose, 50) == _liveliest(pose, 99) == 0


@pytest.mark.parametrize(("count", "chosen"), [(1, [0]), (3, [0, 1, 2]), (10, [0, 3, 6, 9])])
def test_recordings_are_spread(count, chosen):
    assert _spread(list(range(count)), 4) == chosen
