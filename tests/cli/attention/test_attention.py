"""``htvae attention`` from its flags to its files."""

import contextlib
import csv
import dataclasses
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import htvae
from htvae.analysis.attention.reliability import MEASURES
from htvae.cli.attention import command
from htvae.cli.attention.picture import _choose_poses, draw_attention_picture, join_maps
from htvae.cli.main import main


@pytest.fixture(scope="module")
def finished(trained, tmp_path_factory):
    """A run of the command over all recordings, with maps."""
    folder = tmp_path_factory.mktemp("attention")
    argv = ["attention", "--checkpoint", str(trained.checkpoint), "--device", "cpu", "--save_maps"]
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.chdir(folder)
        assert main(argv) == 0
    return SimpleNamespace(folder=folder / "attention", said=said.getvalue())


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_chunk_has_a_row_with_its_frames_and_seconds(finished, trained):
    rows = read(finished.folder / "attention.csv")
    model = htvae.load(trained.checkpoint, "cpu")
    expected = [(r.name, *span) for r in trained.recordings for span in model.encode(r).chunk_frames.tolist()]
    assert [(r["recording"], int(r["start_frame"]), int(r["stop_frame"])) for r in rows] == expected
    assert all(float(r["start_second"]) == pytest.approx(int(r["start_frame"]) / 30, rel=1e-5) for r in rows)
    assert all(float(r["left_out"]) > 0 for r in rows)
    own = [float(r["attention"]) for r in rows if r["recording"] == "walk_06"]
    assert sum(own) == pytest.approx(1, rel=1e-4)
    assert {int(r["num_windows"]) for r in rows if r["recording"] == "walk_06"} == {1, 2}


def test_every_head_has_its_rows(finished):
    rows = read(finished.folder / "attention_heads.csv")
    assert [(r["level"], r["head"], r["query"]) for r in rows] == [
        (level, head, query)
        for level, queries in (("local", ("summary", "tokens")), ("global", ("sequence", "chunks")))
        for head in "12"
        for query in queries
    ]
    assert [bool(r["distance_seconds"]) for r in rows] == [False, True] * 4


def test_the_comparison_is_said_and_written(finished):
    text = (finished.folder / "attention.json").read_text(encoding="utf-8")
    written = json.loads(text, parse_constant=pytest.fail)
    names = ["attention", "rollout", "attention_beyond_pose", "rollout_beyond_pose"]
    assert list(written["agreements"]) == names
    said = finished.said.splitlines()
    assert [line.split(":")[0] for line in said[: len(names)]] == names
    assert said[len(names) :] == written["reliability"]["text"] and len(said) == len(names) + 2
    for name, line in zip(names, said, strict=False):
        agreement = written["agreements"][name]
        assert line == f"{name}: {agreement['meaning']}" and len(agreement["recordings"]) == 10
        assert agreement["interval"][0] <= agreement["mean"] <= agreement["interval"][1]
    assert written["num_recordings"] == 10 and written["settings"]["seed"] == 0


def test_every_measure_says_its_reliability_and_tables_name_the_low_ones(finished):
    rows = read(finished.folder / "attention_reliability.csv")
    own = [r["measure"] for r in rows if r["table"] == "attention.csv"]
    assert own == list(MEASURES)
    assert {r["query"] for r in rows if r["table"] == "attention_heads.csv"} == {
        "local summary",
        "local tokens",
        "global sequence",
        "global chunks",
    }
    for row in rows:  # of two heads nothing can be said
        known = row["split_half"] != ""
        assert known == (row["table"] == "attention.csv")
        assert (row["unreliable"] == "True") == (known and float(row["split_half"]) < 0.5)
    low = " ".join(r["measure"] for r in rows if r["unreliable"] == "True")
    assert {r["unreliable"] for r in read(finished.folder / "attention.csv")} == {low}
    assert {r["unreliable"] for r in read(finished.folder / "attention_heads.csv")} == {""}


def test_picture_and_maps(finished):
    with Image.open(finished.folder / "attention.png") as picture:
        assert picture.size[0] > 1000
    with np.load(finished.folder / "attention.npz") as arrays:
        assert len(arrays["names"]) == 10
        weights, mask = arrays["recording6_window1_local"], arrays["recording6_window1_token_mask"]
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
        assert weights.shape[1] == len(mask) == len(arrays["recording6_window1_chunk_frames"])
        assert arrays["recording6_window1_global"].shape[-1] == 1 + len(mask)


def test_maps_beyond_the_limit_are_left_out_and_counted(trained, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(command, "MAP_BYTES", 10_000)
    monkeypatch.chdir(tmp_path)
    options = ["--checkpoint", str(trained.checkpoint), "--device", "cpu", "--split", "test", "--save_maps"]
    with caplog.at_level("INFO", logger="htvae"):
        assert main(["attention", *options]) == 0
    assert "Maps of 1 of 2 recordings" in caplog.text
    with np.load(tmp_path / "attention/attention.npz") as arrays:
        assert len(arrays["names"]) == 1


def test_the_joined_map_holds_each_window_that_keeps_a_chunk(trained):
    model = htvae.load(trained.checkpoint, "cpu")
    recording = model.analyse_attention([trained.recordings[6]]).recordings[0]
    joined = join_maps(recording, len(recording.attention))
    assert joined[0, 1:] == pytest.approx(recording.attention)
    assert np.nansum(joined[1:], axis=1) == pytest.approx(1)
    last = recording.windows[-1]
    assert joined[-1, 1 + last.window.chunks[0] :] == pytest.approx(last.overall[-1, 1:])
    assert np.isnan(joined[-1, 1]) and np.isnan(joined[1, -1])
    np.testing.assert_array_equal(join_maps(recording, 4)[1:], joined[1:5, :5])


@pytest.mark.parametrize("fixture", ["trained", "trained_in_3d"])
def test_pictures_of_short_empty_and_three_dimensional_recordings(fixture, request, tmp_path, make_walk):
    model = htvae.load(request.getfixturevalue(fixture).checkpoint, "cpu")
    num_coordinates = model.processor.num_coordinates
    walks = [make_walk(i, n, num_coordinates=num_coordinates, fps=None) for i, n in enumerate((2, 30))]
    nothing = dataclasses.replace(walks[1], name="nothing", pose=np.full_like(walks[1].pose, np.nan))
    results = model.analyse_attention([*walks, nothing]).recordings
    assert np.isnan(results[0].left_out).all() and np.isfinite(results[2].left_out).all()
    path = draw_attention_picture(model.processor, model.grid, results, tmp_path / "attention.png")
    with Image.open(path) as picture:
        assert picture.size[0] > 1000


def test_drawn_poses_are_spread_evenly_and_as_full_as_can_be():
    observed = np.ones((140, 3), dtype=bool)
    assert _choose_poses(observed).tolist() == [10 * part + 4 for part in range(14)]
    observed[10:19] = False
    observed[24] = [True, False, True]
    assert _choose_poses(observed)[:4].tolist() == [4, 19, 25, 34]
    assert _choose_poses(np.zeros((3, 2), dtype=bool)).tolist() == [0, 1, 2]


def test_an_architecture_without_attention_is_a_message(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from htvae.config import Config\nfrom htvae.models import HierarchicalTransformerVAE\n"
        "def get_config():\n    return Config()\n"
        "class Blind(HierarchicalTransformerVAE):\n    def __getattribute__(self, name):\n"
        "        if name == 'compute_attention':\n            raise AttributeError(name)\n"
        "        return super().__getattribute__(name)\n"
        "def build_model(config, **sizes):\n    return Blind(config.model, **sizes)\n"
    )
    argv = ["attention", "--checkpoint", str(trained.checkpoint), "--device", "cpu", "--config", "mine.py"]
    assert main(argv) == 1
    assert "must have compute_attention and encode_parts, but Blind lacks" in capsys.readouterr().err
