"""The registry of formats: names, and the page that describes them."""

import re
from pathlib import Path

import pytest

from htvae.io.formats.registry import ALIASES, FORMATS, find_format
from htvae.io.writers.registry import WRITERS

PAGE = (Path(__file__).parents[3] / "docs/formats.md").read_text(encoding="utf-8")


def test_every_format_has_its_row() -> None:
    rows = re.findall(r"^\| [^|]+ \| ([^|]+) \|[^\n]*`htvae train[^`]*` \|$", PAGE, flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == {known.name for known in FORMATS} | ALIASES.keys()


def test_names_and_titles_differ() -> None:
    names = [known.name for known in FORMATS]
    assert len(set(names)) == len(names) and not set(names) & ALIASES.keys()
    assert all(known.title and known.suffixes for known in FORMATS)


def test_writers_have_the_names_of_the_formats_they_write() -> None:
    for writer in WRITERS:
        assert find_format(writer.name).name == writer.name and f"`{writer.name}`" in PAGE


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"source must be one of auto, .*deeplabcut.*, but got dlc"):
        find_format("dlc")
