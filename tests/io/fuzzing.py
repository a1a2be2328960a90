"""Strategies for broken files: sound tables, changed cell by cell and byte by byte, and noise.

``HTVAE_FUZZ=5000`` in the environment asks for so many files per test, new ones each time; without it the
files are few and always the same.
"""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

Grid = list[list[str]]
Draw = Callable[[st.SearchStrategy[Any]], Any]

NUMBERS = """
    0 1 2 -0 +3 007 -1 0.5 2.0 3. .5 1e0 1.5e1 1e-400 1e308 1e400 -1e400 1e9 1000000001 10000 10002
    9007199254740991 9007199254740993 1000000000000000000 99999999999999999999999 0.99999999999999999999
    1_000 \uff11\uff12 0x1F 1d5 1e 1,5 1;5 - . nan NaN -nan Nan NA N/A n/a null None inf -inf Infinity
    True true FALSE -1e38 1e-30 1e-45
""".split()
"""Texts in place of a number."""
NAMES = [
    *(
        "",
        " ",
        "A",
        " A",
        "A ",
        "B",
        "LEFT_HIP",
        "RIGHT_HIP",
        "LEFT_SHOULDER",
        "hip.L",
        "ROOT_VELOCITY",
        "NA",
        "None",
    ),
    *(
        '"',
        'A"B',
        '"A"',
        'A,"',
        "a,b",
        "a\nb",
        "a\rb",
        "\r",
        "\n",
        "A\0",
        "\0",
        "\x1b[31m",
        "\x0b",
        "\x1c",
        "\x85",
    ),
    *(
        "e\u0301",
        "é",
        "\u202e",
        "\ufeff",
        "\u2028",
        "\xa0",
        "\u200b",
        "膝",
        "🦴",
        "..",
        "../A",
        "/",
        "\\",
        "=1+1",
        "%s{}",
    ),
    *("x" * 70, "y" * 5000, "z" * 140_000),
]
"""Texts in place of a name."""
CELLS = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(NAMES),
    st.integers(-2, 40).map(str),
    st.floats(width=32).map(str),
    st.text(max_size=4),
)


def fuzzed(examples: int) -> settings:
    """Return settings for this many examples, always the same; HTVAE_FUZZ gives a number of new ones."""
    more = os.environ.get("HTVAE_FUZZ")
    return settings(
        max_examples=int(more or examples),
        derandomize=not more,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )


@st.composite
def files(draw: Draw, tables: st.SearchStrategy[Grid], cells: st.SearchStrategy[str] = CELLS) -> bytes:
    """Files made from one of ``tables``, header first; some have noise below the header, or only noise."""
    grid = draw(tables)
    kind = draw(st.sampled_from(["changed"] * 20 + ["noise", "noise", "bytes"]))
    if kind == "bytes":
        return draw(st.binary(max_size=60))
    if kind == "noise":
        noise = st.text(st.sampled_from(",,,,\n\n\r\"' \t;0123.eE+-naNxyAB\0\ufeff_"), max_size=60)
        return (",".join(grid[0]) + "\n" + draw(noise)).encode()
    for change in draw(st.lists(st.sampled_from(GRID_CHANGES), max_size=3)):
        change(draw, grid, cells)
    content = draw(st.sampled_from(ENCODINGS))(render(draw, grid))
    return draw(st.sampled_from(DAMAGES))(draw, content)


def render(draw: Draw, grid: Grid) -> str:
    """Write a grid in one of the many dialects of CSV."""
    delimiter = draw(st.sampled_from([","] * 30 + [";", "\t", "|", ", "]))
    ends = draw(
        st.sampled_from([["\n"]] * 6 + [["\r\n"], ["\r"], ["\n", "\r", "\r\n"], ["\n\n"], ["\n \t\n"]])
    )
    quote = draw(st.sampled_from([_quote_where_needed] * 6 + [_quote_always, _quote_never]))
    lines = [delimiter.join(map(quote, row)) for row in grid]
    text = "".join(line + ends[index % len(ends)] for index, line in enumerate(lines))
    return text if draw(st.integers(0, 5)) else text.rstrip("\r\n")


def _quote_where_needed(cell: str) -> str:
    return _quote_always(cell) if re.search('[",\r\n]', cell) else cell


def _quote_always(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _quote_never(cell: str) -> str:
    return cell


def _place(draw: Draw, items: Sequence[Any], room_behind: bool = False) -> int:
    return draw(st.integers(0, max(len(items) - (not room_behind), 0)))


def _row(draw: Draw, grid: Grid) -> list[str]:
    """Return a row of the grid, seldom the header; a new row where the grid is empty."""
    rows = [*grid[1:], *grid] or [[]]
    return rows[_place(draw, rows)]


def _change_cell(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    if row := _row(draw, grid):
        row[_place(draw, row)] = draw(cells)


def _change_column(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    """Put one cell into a whole column below the header."""
    cell, column = draw(cells), draw(st.integers(0, 4))
    for row in grid[1:]:
        row[column : column + 1] = [cell] if column < len(row) else []


def _pad_cell(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    if row := _row(draw, grid):
        place, space = _place(draw, row), draw(st.sampled_from([" ", "  ", "\t", "\xa0", "\x0b"]))
        row[place] = draw(st.sampled_from([space + row[place], row[place] + space]))


def _add_cells(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    row = _row(draw, grid)
    place = draw(st.sampled_from([len(row)] * 4 + [_place(draw, row, room_behind=True)]))
    row[place:place] = draw(st.lists(st.one_of(st.just(""), cells), min_size=1, max_size=3))


def _drop_cells(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    row = _row(draw, grid)
    del row[_place(draw, row) :]


def _drop_column(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    column = draw(st.integers(0, 4))
    for row in grid:
        del row[column : column + 1]


def _keep_one_column(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    column = draw(st.integers(0, 4))
    for row in grid:
        row[:] = row[column : column + 1]


def _double_column(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    column = draw(st.integers(0, 4))
    for row in grid:
        row += row[column : column + 1]


def _move_column(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    column, place = draw(st.integers(0, 4)), draw(st.integers(0, 4))
    for row in grid:
        moved = row[column : column + 1]
        del row[column : column + 1]
        row[place:place] = moved


def _add_column(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    for row in grid:
        row.append(draw(cells))


def _double_row(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    grid.insert(_place(draw, grid, room_behind=True), list(_row(draw, grid)))


def _drop_rows(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    start = _place(draw, grid)
    del grid[start : draw(st.sampled_from([start + 1, start + 2, len(grid)]))]


def _add_row(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    row = draw(
        st.sampled_from([[], [""], [" "], ['""'], ["\xa0"], ["", "", "", ""], ["#"], ["0", "A", "1", "2"]])
    )
    grid.insert(_place(draw, grid, room_behind=True), list(row))


def _shuffle_rows(draw: Draw, grid: Grid, cells: st.SearchStrategy[str]) -> None:
    grid[1:] = draw(st.permutations(grid[1:]))


GRID_CHANGES = [
    *[_change_cell] * 9,
    *[_change_column, _pad_cell, _add_cells, _drop_cells] * 2,
    *[_drop_column, _keep_one_column, _double_column, _double_row, _drop_rows],
    *[_move_column, _add_column, _add_row, _shuffle_rows] * 2,
]


def _encode(name: str) -> Callable[[str], bytes]:
    return lambda text: text.encode(name, "replace")


ENCODINGS = [
    _encode(name) for name in (*["utf-8"] * 30, "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32")
]


def _truncate(draw: Draw, content: bytes) -> bytes:
    return content[: _place(draw, content)]


def _flip(draw: Draw, content: bytes) -> bytes:
    place = _place(draw, content)
    return content[:place] + draw(st.binary(min_size=1, max_size=1)) + content[place + 1 :]


def _insert(draw: Draw, content: bytes) -> bytes:
    place = _place(draw, content, room_behind=True)
    new = draw(
        st.sampled_from(
            [b"\0", b'"', b",", b"\n", b"\r", b'""', b"\xef\xbb\xbf", b"\x1a", b"\xff", b" ", b"\\"]
        )
    )
    return content[:place] + new + content[place:]


def _spare(draw: Draw, content: bytes) -> bytes:
    return content


DAMAGES = [*[_spare] * 10, _truncate, _flip, _insert, _insert]
