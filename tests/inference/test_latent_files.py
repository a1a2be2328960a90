"""Tables of latents: every number at its place, and what is known of a recording beside it."""

import csv
import zipfile
from contextlib import nullcontext
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from htvae.inference.latent_files import (
    collect_latents,
    read_arrays,
    save_latents,
    write_arrays,
    write_latents,
)
from htvae.inference.model import Encoding


def encoding(name, num_chunks, shift, **known):
    frames = np.stack([np.arange(num_chunks) * 6, np.arange(num_chunks) * 6 + 8], axis=1)
    chunks = shift + np.arange(num_chunks * 2, dtype=np.float32).reshape(-1, 2)
    values = {"label": None, "subject": None, "covariates": {}, "chunk_seconds": frames / 4}
    return Encoding(
        name=name,
        sequence_latent=np.array([shift, 0.25, -1 / 3], np.float32),
        sequence_logvar=np.full(3, -shift, np.float32),
        chunk_latents=chunks,
        chunk_logvars=-chunks,
        chunk_frames=frames,
        window_latents=np.zeros((1, 3), np.float32),
        **(values | known),
    )


@pytest.fixture
def saved(tmp_path):
    encodings = [
        encoding("day/one", 2, 1.0, label="walk, fast", subject="Änne", covariates={"age": "30"}),
        encoding("two", 3, 2.0, covariates={"place": "out"}, chunk_seconds=None),
    ]
    paths = save_latents(tmp_path / "new" / "latents", encodings, {"day/one": "train", "two": "new"})
    return encodings, {path.name: path for path in paths}


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_files(saved, tmp_path):
    assert sorted(saved[1]) == ["chunk_latents.csv", "latents.npz", "sequence_latents.csv"]
    assert sorted(path.name for path in (tmp_path / "new" / "latents").iterdir()) == sorted(saved[1])


def test_one_row_a_recording(saved):
    rows = read(saved[1]["sequence_latents.csv"])
    assert rows == [
        {"recording": "day/one", "split": "train", "label": "walk, fast", "subject": "Änne", "age": "30",
         "place": "", "z0": "1", "z1": "0.25", "z2": "-0.333333"},
        {"recording": "two", "split": "new", "label": "", "subject": "", "age": "", "place": "out",
         "z0": "2", "z1": "0.25", "z2": "-0.333333"},
    ]  # fmt: skip


def test_one_row_a_chunk(saved):
    rows = read(saved[1]["chunk_latents.csv"])
    assert [(row["recording"], row["chunk"]) for row in rows] == [
        ("day/one", "0"), ("day/one", "1"), ("two", "0"), ("two", "1"), ("two", "2"),
    ]  # fmt: skip
    where = ["start_frame", "stop_frame", "start_second", "stop_second", "c0", "c1"]
    assert [rows[1][name] for name in where] == ["6", "14", "1.500", "3.500", "3", "4"]
    assert [rows[4][name] for name in where] == ["12", "20", "", "", "6", "7"]
    assert rows[0]["label"] == "walk, fast" and rows[4]["place"] == "out"


def test_arrays(saved):
    encodings, paths = saved
    with np.load(paths["latents.npz"], allow_pickle=False) as arrays:
        assert arrays["names"].tolist() == ["day/one", "two"]
        assert arrays["splits"].tolist() == ["train", "new"]
        assert arrays["labels"].tolist() == ["walk, fast", ""]
        assert arrays["subjects"].tolist() == ["Änne", ""]
        assert arrays["covariate_age"].tolist() == ["30", ""]
        assert arrays["chunk_recording"].tolist() == [0, 0, 1, 1, 1]
        for name in ("sequence_latent", "sequence_logvar"):
            np.testing.assert_array_equal(arrays[f"{name}s"], np.stack([getattr(e, name) for e in encodings]))
        for name in ("chunk_latents", "chunk_logvars", "chunk_frames"):
            expected = np.concatenate([getattr(e, name) for e in encodings])
            np.testing.assert_array_equal(arrays[name], expected)
        assert np.isnan(arrays["chunk_seconds"][2:]).all() and arrays["chunk_seconds"][1].tolist() == [
            1.5,
            3.5,
        ]


def test_parts_join_to_what_the_whole_gives(tmp_path):
    encodings = [
        encoding("one", 2, 1.0, covariates={"age": "30"}),
        encoding("a longer name", 3, 2.0, label="walk", covariates={"place": "out"}, chunk_seconds=None),
        encoding("three", 1, 3.0, subject="Ann"),
        encoding("four", 1, 4.0, covariates={"age": "5", "place": "in"}),
    ]
    splits = {e.name: "new" for e in encodings}
    whole = collect_latents(encodings, splits)
    np.savez(tmp_path / "expected.npz", **whole)
    expected = [path.read_bytes() for path in save_latents(tmp_path / "whole", encodings, splits)]
    assert expected[0] == (tmp_path / "expected.npz").read_bytes()
    for cut in ([1, 3], [1, 2, 3], []):
        parts = [collect_latents(encodings[a:b], splits) for a, b in pairwise([0, *cut, 4])]
        paths = write_latents(tmp_path / "joined", [partial(nullcontext, part) for part in parts])
        assert [path.read_bytes() for path in paths] == expected


def test_the_same_latents_are_the_same_bytes_at_any_time(saved, tmp_path):
    """No time of day is in them: zip archives would have room for one."""
    encodings, paths = saved
    again = save_latents(tmp_path / "again", encodings, {"day/one": "train", "two": "new"})
    for path in again:
        assert path.read_bytes() == paths[path.name].read_bytes()
    with zipfile.ZipFile(again[0]) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_model_without_chunk_latents(tmp_path):
    bare = encoding("one", 2, 1.0)
    empty = {name: np.zeros((2, 0), np.float32) for name in ("chunk_latents", "chunk_logvars")}
    paths = save_latents(tmp_path, [Encoding(**(vars(bare) | empty))], {"one": "test"})
    rows = read(paths[2])
    assert len(rows) == 2 and "c0" not in rows[0]


def test_arrays_are_read_back_and_other_files_are_said_to_be_none(tmp_path):
    path = tmp_path / "a.npz"
    write_arrays(path, {"format": np.array("one-1"), "values": np.arange(5000.0)})
    assert read_arrays(path, "one-1")["values"].tolist() == np.arange(5000.0).tolist()
    with pytest.raises(ValueError, match="its format is one-1, not two-1"):
        read_arrays(path, "two-1")
    whole = path.read_bytes()
    for size in (100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="it is damaged"):
            read_arrays(path, "one-1")
    for content in (b"", b"PK", b"x\n1\n", b"\x80\x04]q\x00."):  # the last one is a pickle
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"it is no \.npz file$"):
            read_arrays(path, "one-1")
    write_arrays(path, {"values": np.zeros(2)})
    with pytest.raises(ValueError, match="its format is unknown"):
        read_arrays(path, "one-1")
