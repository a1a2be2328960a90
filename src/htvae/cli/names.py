"""``--rename FILE``: the pairs of a table, so that settings and checkpoints need no file."""

import csv
from collections.abc import Sequence
from pathlib import Path

from htvae.config import Config


def with_names(config: Config) -> Config:
    """Return the settings with the files of ``rename`` replaced by their pairs OLD=NEW.

    Raises:
        ValueError: a file lacks a column, or a name is empty.
        OSError: a file cannot be read.
    """
    return config.replace(rename=expand_names(config.data.rename))


def expand_names(rename: Sequence[str]) -> tuple[str, ...]:
    """Return the pairs of ``--rename``, those of its files included; raises as `with_names`."""
    return tuple(pair for text in rename for pair in ([text] if "=" in text else read_names(Path(text))))


def read_names(path: Path) -> list[str]:
    """Return the pairs OLD=NEW of a CSV file with the columns ``from`` and ``to``.

    Raises:
        ValueError: a column is absent, or a name is empty or holds =.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
        columns = set(rows[0]) if rows else set()
    if not {"from", "to"} <= columns:
        raise ValueError(f"{path}: must have the columns from,to and a row per name, but has not. Add them.")
    pairs = []
    for line, row in enumerate(rows, 2):
        old, new = ((row[column] or "").strip() for column in ("from", "to"))
        if not old or not new or "=" in old + new:
            raise ValueError(
                f"{path}, line {line}: from and to must be names without =, but are {old!r} and {new!r}."
            )
        pairs.append(f"{old}={new}")
    return pairs
