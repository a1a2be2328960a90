import contextlib
import math
from pathlib import Path

import pytest

import htvae.utils
from htvae.utils.utils import atomic_write, format_duration


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
