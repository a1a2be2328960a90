"""The table of recordings, those with findings first; it fits into 100 columns."""

from collections.abc import Sequence

from htvae.io.findings import RecordingReport
from htvae.utils.text import printable

WIDTH = 100
"""Longest line (characters)."""
_MAX_ROWS = 30
_HEADER = ("recording", "frames", "landmarks", "missing", "fps", "label", "subject", "found")
_LIMITS = (36, 11, 9, 7, 7, 16, 12, 40)
"""Most characters of each column; what is over in all is taken from names, labels and findings."""
_LEAST = {0: 16, 5: 8, 6: 8, 7: 12}
"""Least characters of the columns that are cut where the line is too long."""


def format_table(rows: Sequence[RecordingReport]) -> str:
    """Return the table; of many recordings only the first, with how many more there are."""
    shown = sorted(rows, key=lambda row: not row.has_findings)[:_MAX_ROWS]
    cells = [_HEADER, *map(_format_row, shown)]
    widths = _fit(
        [
            min(limit, max(map(len, column)))
            for limit, column in zip(_LIMITS, zip(*cells, strict=True), strict=True)
        ]
    )
    lines = [
        "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    if len(rows) > len(shown):
        lines.append(f"... and {len(rows) - len(shown):,} more")
    return "\n".join(lines)


def _format_row(row: RecordingReport) -> tuple[str, ...]:
    return (
        printable(row.name),
        f"{row.frames:,}",
        f"{row.landmarks}",
        f"{row.missing:.1%}",
        "-" if row.fps is None else f"{row.fps:.5g}",
        printable(row.label or "-"),
        printable(row.subject or "-"),
        ", ".join(dict.fromkeys(finding.kind.replace("_", " ") for finding in row.findings)) or "-",
    )


def _fit(widths: list[int]) -> list[int]:
    """Return widths whose line fits, as far as names stay readable."""
    over = sum(widths) + 2 * (len(widths) - 1) - WIDTH
    while over > 0:
        column = max(_LEAST, key=lambda place: widths[place] - _LEAST[place])
        if widths[column] <= _LEAST[column]:
            break
        widths[column] -= 1
        over -= 1
    return widths


def _cut(text: str, width: int) -> str:
    """Return a text, a long one without its middle: names of recordings often differ at the end."""
    if len(text) <= width:
        return text
    start = (width - 3) // 2
    return f"{text[:start]}...{text[start + 3 - width :]}"
