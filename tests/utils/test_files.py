import contextlib
import errno
import math
from pathlib import Path

import pytest
import torch

import htvae.utils
from htvae.utils.files import (
    LONGEST_NAME,
    atomic_write,
    path_inside,
    remove_leftovers,
    save_tensors,
    shorten_name,
)
from htvae.utils.text import format_duration


def test_atomic_write_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    for text in ("old", "new"):
        with atomic_write(path) as temporary:
            assert temporary.parent == path.parent
            assert temporary.suffix == ".csv"
            temporary.write_text(text)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_earlier_file_survives_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_text("old")
    with contextlib.suppress(KeyboardInterrupt), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_earlier_file_survives_a_block_that_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_write(str(path)):
        pass
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
        (100 * 3600, "100 h 00 min"),
        (math.inf, "unknown time"),
        (math.nan, "unknown time"),
    ],
)
def test_format_duration(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_names_are_imported_when_asked_for() -> None:
    assert htvae.utils.Visualizer.__name__ == "Visualizer"
    assert set(htvae.utils.__all__) <= set(dir(htvae.utils))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        htvae.utils.Nothing  # noqa: B018


def test_the_error_names_the_file_not_the_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with pytest.raises(OSError, match="No space left") as raised, atomic_write(path):
        raise OSError(errno.ENOSPC, "No space left")
    assert raised.value.filename == str(path)
    with pytest.raises(OSError) as raised, atomic_write(path) as temporary:  # noqa: PT011
        temporary.joinpath("x").write_text("")
    assert raised.value.filename == str(temporary / "x")


def test_leftovers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    with contextlib.suppress(KeyError), atomic_write(tmp_path / "model.pt") as temporary:
        left = tmp_path / temporary.name
        raise KeyError
    others = [tmp_path / name for name in ("model.pt", ".hidden", ".a.tmp", "b.0123abcd.tmp.pt", ".c.tmpl")]
    for path in (left, tmp_path / ".no_suffix.0123abcd.tmp", *others):
        path.write_text("x")
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(others)
    remove_leftovers(tmp_path / "absent")


def test_tensors_are_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_tensors(tmp_path / "a.pt", {"values": torch.arange(5)})
    assert torch.load(tmp_path / "a.pt", weights_only=True)["values"].tolist() == [0, 1, 2, 3, 4]

    def fail(path: Path, content: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space left"):
        save_tensors(tmp_path / "a.pt", {"values": torch.arange(6)})
    assert torch.load(tmp_path / "a.pt", weights_only=True)["values"].tolist() == [0, 1, 2, 3, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_a_path_stays_inside(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "file.csv").symlink_to(tmp_path / "other.csv")
    (folder / "near").symlink_to(folder / "sub")
    for name in ("walk.csv", "day/walk.csv", "near/walk.csv", "day/../walk.csv"):
        assert path_inside(folder, name) == folder / name
    for name in ("../walk.csv", "link/walk.csv", "/walk.csv", "file.csv", "day/../../walk.csv"):
        with pytest.raises(
            ValueError, match=r"must lie in .*out, but leads to .*Rename it, or remove the link"
        ):
            path_inside(folder, name)


class TestShortenName:
    def test_plain_names_stay(self) -> None:
        assert shorten_name("walk 01-b_c.x", ".png") == "walk 01-b_c.x.png"
        assert shorten_name("歩く", ".gif") == "歩く.gif"

    @pytest.mark.parametrize("name", ["a/b", "a:b", "x" * 300, "歩" * 79, "..", "", "a/" * 200])
    def test_others_are_changed_stay_apart_and_fit(self, name: str, tmp_path: Path) -> None:
        short = shorten_name(name, ".png")
        assert len(short.encode()) <= LONGEST_NAME and short.endswith(".png")
        assert short != shorten_name(name + "_", ".png") != shorten_name(f"{name}-", ".png")
        with atomic_write(tmp_path / short) as temporary:
            temporary.write_text("x")
        assert [path.name for path in tmp_path.iterdir()] == [short]

    def test_names_that_become_alike_stay_apart(self) -> None:
        assert shorten_name("a/b") != shorten_name("a_b") != shorten_name("a:b")
