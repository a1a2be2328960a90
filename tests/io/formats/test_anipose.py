"""Anipose's CSV: columns by name, given-up points, frame numbers."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.io.formats.opened import check_damaged, fault_of, only_track, open_content

PARTS = ("wrist", "elbow_x", "hip")


def write_anipose(
    path: Path, *, interleaved: bool = False, first_frame: int = 7
) -> tuple[np.ndarray, np.ndarray]:
    """Write 37 frames; return the points and scores."""
    rng = np.random.default_rng(0)
    points, scores = rng.normal(50, 20, (37, 3, 3)), rng.uniform(0, 1, (37, 3))
    scores[4, 1], scores[9, 2] = 2, np.nan
    points[9, 2] = np.nan
    own = [[f"{part}_{kind}" for kind in ("error", "ncams", "score")] for part in PARTS]
    axes = [[f"{part}_{axis}" for axis in "xyz"] for part in PARTS]
    groups = [a + b for a, b in zip(axes, own, strict=True)] if interleaved else axes + own
    header = list(itertools.chain.from_iterable(groups))
    header += [f"M_{i}{j}" for i in range(3) for j in range(3)] + [f"center_{i}" for i in range(3)] + ["fnum"]
    rows = [",".join(header)]
    for frame in range(37):
        cell = {"fnum": str(frame + first_frame)}
        for place, part in enumerate(PARTS):
            cell |= {f"{part}_{axis}": repr(float(points[frame, place, i])) for i, axis in enumerate("xyz")}
            cell |= {
                f"{part}_error": "1.5",
                f"{part}_ncams": "3.0",
                f"{part}_score": repr(float(scores[frame, place])),
            }
        row = [cell.get(name, "0.5") for name in header]
        rows.append(",".join("" if text == "nan" else text for text in row))
    path.write_text("\n".join(rows) + "\n")
    return points, scores


@pytest.mark.parametrize("interleaved", [False, True])
def test_values_names_and_frames(tmp_path: Path, interleaved: bool) -> None:
    points, scores = write_anipose(tmp_path / "a.csv", interleaved=interleaved)
    content = open_content(tmp_path / "a.csv", "anipose")
    track = only_track(content)
    assert track.landmarks == PARTS
    assert track.first_frame == 7
    assert content.fps is None
    assert "--z_up" in content.notes[0]
    points[4, 1] = np.nan
    scores[4, 1] = 0
    np.testing.assert_allclose(track.points, points, rtol=1e-14)  # pandas' last digit
    assert track.confidence is not None
    np.testing.assert_allclose(track.confidence, scores, rtol=1e-14)


def test_absent_frames_have_no_points(tmp_path: Path) -> None:
    write_anipose(tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().split("\n")
    (tmp_path / "a.csv").write_text("\n".join(lines[:5] + lines[8:]))
    track = only_track(open_content(tmp_path / "a.csv", "anipose"))
    assert len(track.points) == 37
    assert np.isnan(track.points[4:7]).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.split("\n")[0] + "\n", "has none"),
        (lambda text: text.replace("M_00", "wrist_x"), "wrist_x occurs again"),
        (lambda text: text.replace("0.5,0.5", "left,0.5"), "must be numbers"),
        (lambda text: text + "1,2,3\n", "row 38 has nan"),
        (lambda text: text.replace("\n", ",9\n").replace("fnum,9", "fnum"), "has more"),
    ],
)
def test_damaged_files_end_in_a_sentence(tmp_path: Path, change, words: str) -> None:
    write_anipose(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text(change((tmp_path / "a.csv").read_text()))
    assert words in fault_of(tmp_path / "a.csv")


def test_any_damage_ends_in_a_sentence(tmp_path: Path) -> None:
    write_anipose(tmp_path / "a.csv")
    check_damaged(tmp_path / "a.csv", seed=4)
