from typing import Any

import numpy as np

from htvae.io.pose_rows import PoseRows, RowFault, find_row_faults

NUM_ROWS = 6


def make(**changes: Any) -> PoseRows:
    sound = {
        "frame": np.arange(NUM_ROWS) // 2 * 1.0,
        "landmark": np.arange(NUM_ROWS) % 2,
        "landmarks": ("A", "B"),
        "x": np.zeros(NUM_ROWS),
        "y": np.zeros(NUM_ROWS),
        "confidence": None,
        "has_decimal_frames": False,
        "too_long": np.zeros(NUM_ROWS, bool),
    }
    return PoseRows(**(sound | changes))


def found(rows: PoseRows, max_frame_gap: int = 10) -> list[tuple[str | None, list[int]]]:
    return [(fault.column, fault.rows.tolist()) for fault in find_row_faults(rows, max_frame_gap)]


def test_sound_rows_have_no_faults() -> None:
    assert found(make()) == []
    assert found(make(x=np.full(NUM_ROWS, np.nan), confidence=np.full(NUM_ROWS, np.nan))) == []


def test_each_broken_rule_names_its_rows() -> None:
    rows = make(
        frame=np.array([0, 0.5, 1, np.nan, 2, -1]),
        x=np.array([0, 0, np.inf, 0, 0, -np.inf]),
        y=np.array([2e9, 0, 0, 0, 0, -2e9]),
        too_long=np.arange(NUM_ROWS) == 4,
    )
    assert found(rows) == [(None, [4]), ("frame", [1, 3, 5]), ("x", [2, 5]), ("y", [0, 5])]
    deep = make(z=np.array([0, np.inf, np.nan, 0, 0, 3e9]))
    assert found(deep) == [("z", [1, 5])] and list(deep.axes) == ["x", "y", "z"]


def test_gaps_may_be_as_long_as_the_setting() -> None:
    rows = make(frame=np.array([0, 0, 11, 11, 12, 12.0]))
    assert found(rows, max_frame_gap=10) == []
    assert found(rows, max_frame_gap=9) == [("frame", [2])]


def test_repeated_points_are_found_in_any_order() -> None:
    rows = make(frame=np.array([2, 2, 0, 0, 2, 0.0]), landmark=np.array([0, 1, 0, 1, 0, 1]))
    assert found(rows) == [("landmark", [4, 5])]


def test_faults_are_sentences() -> None:
    fault = RowFault("x", "x must be a number", np.array([3, 4, 8]), "Correct it.")
    assert fault.describe("a.csv", [5, 6], "1,5") == (
        'a.csv: x must be a number, but line 5 has "1,5" (and 2 more: lines 6, ...). Correct it.'
    )
    single = RowFault("x", "x must be a number", np.array([3]), "Correct it.")
    assert single.describe("a.csv", [5], " ") == (
        "a.csv: x must be a number, but line 5 has an empty cell. Correct it."
    )
