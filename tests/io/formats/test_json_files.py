"""JSON of any kind: parsing, and a look at the head of large files."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from htvae.io.faults import DataError
from htvae.io.formats.json_files import json_head, load_json, to_numbers
from htvae.io.formats.people import frame_number, read_id
from htvae.io.opening import HEAD_BYTES
from tests.io.formats.reading import source_of


def test_the_head_of_a_large_file_is_closed(tmp_path: Path) -> None:
    value = {"a": [1, 2, {"b": 'brackets ] } and "quotes"'}], "c": [[n, f"x[{n}"] for n in range(HEAD_BYTES)]}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value))
    head = json_head(source_of(path))
    assert (
        head["a"] == value["a"]
        and head["c"] == value["c"][: len(head["c"])][: len(head["c"]) - 1] + head["c"][-1:]
    )
    assert 1000 < len(head["c"]) < HEAD_BYTES


@pytest.mark.parametrize(
    "text", ["", "  ", "x", "[1,", '{"a"', "]", '{"a": 1]', "[" * HEAD_BYTES, '["' + "x" * HEAD_BYTES]
)
def test_damaged_heads_are_no_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert json_head(source_of(path)) in (None, [])


def test_an_open_string_takes_no_time(tmp_path: Path) -> None:
    """Looked for anew at every quote, its end would take half a minute."""
    path = tmp_path / "a.json"
    path.write_text('["' + '\\"' * (HEAD_BYTES // 2 - 2) + "a\\" + "x" * HEAD_BYTES)
    started = time.process_time()
    assert json_head(source_of(path)) in (None, [])
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"[" * 10**6, b'{"a": 1', b"[1" + b"0" * 10_000 + b"]"]
)
def test_damaged_files_are_faults(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^a\.json: must be JSON, but is not"):
        load_json(source_of(path))


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf[1]", "[1]".encode("utf-16")])
def test_other_encodings_are_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    assert load_json(source_of(path)) == [1]


def test_numbers_and_nothing_else() -> None:
    values = to_numbers([1, 2.5, None, float("nan"), float("-inf")], "a")
    assert values[:2].tolist() == [1, 2.5] and values[2:].tolist() != values[2:].tolist()  # NaN
    for wrong in (True, "1", [1], {}, 1e31, -1e31, 10**400):
        with pytest.raises(DataError, match=r"^a: "):
            to_numbers([1, wrong], "a")


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("video_000000000012_keypoints.json", 12),
        ("cam01.0007.json", 7),
        ("walk_3.txt", 3),
        ("12.jpg", 12),
        ("a/b2/out0000012.png", 12),
        ("a\\2\\img.png", None),
        ("clip.mp4", None),
        ("4", 4),
        ("9" * 15 + ".png", None),
        ("", None),
    ],
)
def test_frame_numbers_in_names(name: str, number: int | None) -> None:
    assert frame_number(name) == number


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (3.0, 3),
        ("3", 3),
        ([3.0], 3),
        ([[0.0], [4.0]], 0),
        (3.5, -1),
        (True, -1),
        (None, -1),
        ("x", -1),
        ([], -1),
        ({}, -1),
        (-2, -1),
        (10**30, -1),
        (float("nan"), -1),
        (float("inf"), -1),
        ("²", -1),
    ],
)
def test_identities(value: Any, number: int) -> None:
    assert read_id(value) == number
