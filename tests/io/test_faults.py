import pickle
from pathlib import Path

import pytest

from htvae.io.faults import DataError, find_columns, parse_number, read_text, split_rows
from htvae.utils.text import list_names, printable, shorten


def test_all_faults_are_listed_and_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(DataError(["a.csv: wrong.", "b.csv: wrong."])))
    assert isinstance(error, ValueError)
    assert error.faults == ["a.csv: wrong.", "b.csv: wrong."]
    assert str(error) == "a.csv: wrong.\nb.csv: wrong."


def test_names_can_be_shown_whatever_they_hold() -> None:
    assert printable("Gehen übers Eis 走.csv") == "Gehen übers Eis 走.csv"
    assert printable("two\nlines\t.csv") == r"two\nlines\t.csv"
    assert printable("bad\udcff.csv") == r"bad\udcff.csv"


def test_text_is_read_without_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfx\r\n1\r\n")
    assert read_text(tmp_path / "a.csv", "a.csv") == "x\r\n1\r\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x,y\n1,2\n\xfc,3\n", "a.csv: must be UTF-8 text, but line 3 has the byte 0xfc"),
        ("x,y\n".encode("utf-16"), "a.csv: must be UTF-8 text, but it is UTF-16"),
        ("x,y\n".encode("utf-16-be"), "a.csv: must be UTF-8 text, but it is UTF-16"),
        (b"x,y\n1,2\n3,\0\n", "a.csv: must be UTF-8 text, but line 3 has a NUL character"),
    ],
)
def test_other_encodings_are_faults(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_text(tmp_path / "a.csv", "a.csv")


def test_files_that_cannot_be_opened_are_faults(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: must exist, but is not there"):
        read_text(tmp_path / "none.csv", "none.csv")
    with pytest.raises(DataError, match="folder: must be a file, but is a folder"):
        read_text(tmp_path, "folder")


def test_rows_know_their_lines() -> None:
    text = 'x,y\n\n1,"two\nlines"\r\n   \n3,4'
    assert list(split_rows(text, "a.csv")) == [(1, ["x", "y"]), (4, ["1", "two\nlines"]), (6, ["3", "4"])]


def test_endless_cells_are_faults() -> None:
    with pytest.raises(DataError, match=r"a\.csv: must be CSV, but line .* cannot be split: field larger"):
        list(split_rows("x\n" + "a" * 200_000, "a.csv"))


@pytest.mark.parametrize("text", ['x,y\n1,"2\n3,4\n', 'x,y\n1,"2'])
def test_quotes_that_are_never_closed_are_faults(text: str) -> None:
    with pytest.raises(DataError, match=r"must be CSV, but line 2 cannot be split: a quote is never closed"):
        list(split_rows(text, "a.csv"))


def test_only_empty_lines_and_spaces_are_blank() -> None:
    rows = list(split_rows('x\n\n \t\n""\n\xa0\n', "a.csv"))
    assert rows == [(1, ["x"]), (4, [""]), (5, ["\xa0"])]


def test_numbers_are_written_with_digits() -> None:
    assert [parse_number(cell) for cell in ("1", " -1.5e1 ", "2.", ".5", "+3")] == [1, -15, 2, 0.5, 3]
    words = ("", "1_0", "\uff11", "0x1", "nan", "inf", "1e", ".", "1,5", "9" * 100_000 + "x")
    assert [parse_number(cell) for cell in words] == [None] * len(words)


def test_long_cells_are_shortened() -> None:
    assert shorten("a\nb") == r"a\nb"
    assert shorten("a" * 100_000) == "a" * 60 + "..."
    assert list_names(["a\x1b", "b"]) == r"a\x1b, b"
    assert list_names("abc" * 9) == "a, b, c, " * 6 + "a, b, ..."


def test_odd_names_of_columns_can_be_shown() -> None:
    _, faults = find_columns("a.csv", ["\x1b[31m", "\x1b[31m"], ["\x1b[31m"])
    assert faults == [r"a.csv: the header must have \x1b[31m once, but has it 2 times. Rename one."]


def test_columns_are_found_by_name() -> None:
    assert find_columns("a.csv", ["angle", " y ", "x"], ["x", "y"]) == ([2, 1], [])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["x", "z"], "a.csv: the header must have x, y, but lacks y; it has: x, z"),
        (["x", "y", "x"], "a.csv: the header must have x once, but has it 2 times"),
        (["x;y"], "its cells are separated by semicolons"),
        (["x\ty"], "its cells are separated by tabs"),
    ],
)
def test_absent_and_doubled_columns_are_faults(header: list[str], message: str) -> None:
    (fault,) = find_columns("a.csv", header, ["x", "y"])[1]
    assert message in fault
