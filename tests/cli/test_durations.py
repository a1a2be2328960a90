"""Lengths given as times, and names given as a file."""

import re
from pathlib import Path

import pytest

from htvae.cli import train
from htvae.cli.durations import TIMED_SETTINGS, read_frames, read_seconds, spell_out_times
from htvae.cli.motion import _parse_span
from htvae.config import Config


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.5s", 1.5),
        ("500ms", 0.5),
        (".5s", 0.5),
        ("12s", 12),
        ("12", None),
        ("s", None),
        ("1.5", None),
        ("-1s", None),
    ],
)
def test_times(text: str, seconds: float | None) -> None:
    assert read_seconds(text) == seconds


def test_lengths_are_frames_or_times() -> None:
    assert read_frames(7, None, "num_frames", "") == 7
    assert read_frames("7", None, "num_frames", "") == 7
    assert read_frames("1.5s", 25.0, "num_frames", "") == 38
    with pytest.raises(ValueError, match=r"num_frames as a time must come with a frame rate.* Say it\."):
        read_frames("1s", None, "num_frames", "Say it.")
    with pytest.raises(ValueError, match=r"must be a number of frames or a time like 1\.5s, but got 'long'"):
        read_frames("long", 30.0, "num_frames", "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--chunk_size 2s --fps 30", {"chunk_size": 60, "fps": 30.0}),
        ("--chunk_size=1.5s --fps=25", {"chunk_size": 40, "fps": 25.0}),  # a multiple of 4
        ("--max-frames 10s --fps 60", {"max_frames": 600, "fps": 60.0}),
        ("--output_smoothing 200ms --fps 30", {"output_smoothing": 7, "fps": 30.0}),
        ("--max_frame_gap 2s --fps 30", {"max_frame_gap": 60, "fps": 30.0}),
        ("--chunk_size 100", {"chunk_size": 100}),
    ],
)
def test_settings_may_be_times(line: str, expected: dict[str, float], tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert train.parse_train(line.split()).config == Config().replace(**expected)


def test_the_help_says_which_settings_may_be_times(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train.parse_train(["--help"])
    said = " ".join(re.sub("[│╭╰─╮╯]", " ", capsys.readouterr().out).split())
    assert said.count("With --fps it may be a time such as 1.5s or 500ms.") == len(TIMED_SETTINGS)


def test_a_time_needs_the_frame_rate() -> None:
    with pytest.raises(
        ValueError, match=r"chunk_size as a time must come with a frame rate.*Add --fps FPS\."
    ):
        spell_out_times(["--chunk_size", "2s"], Config())
    assert spell_out_times(["--chunk_size", "2s"], Config().replace(fps=30.0)) == ["--chunk_size", "60"]


def test_spans_are_frames_or_times_of_the_recording() -> None:
    assert _parse_span("0:300", None) == (0, 300)
    assert _parse_span("1s:2.5s", 60.0) == (60, 150)
    with pytest.raises(ValueError, match=r"must come with a frame rate.*manifest\.csv beside the recording"):
        _parse_span("0s:1s", None)
    for text in ("300:0", "0", "a:b", "1:2:3", ":"):
        with pytest.raises(ValueError, match="keep_frames must be spans like 0:300 or 0s:10s"):
            _parse_span(text, 30.0)


def test_a_file_of_names_becomes_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a checkpoint needs no file."""
    monkeypatch.chdir(tmp_path)
    Path("names.csv").write_text("\ufefffrom,to\nl_hip,LEFT_HIP\n r_hip , RIGHT_HIP\n", encoding="utf-8")
    config = train.parse_train(["--rename", "names.csv", "snout=NOSE"]).config
    assert config.data.rename == ("l_hip=LEFT_HIP", "r_hip=RIGHT_HIP", "snout=NOSE")
    for text, message in (
        ("a,b\n1,2\n", "must have the columns from,to"),
        ("from,to\nx,\n", "line 2: from and to"),
    ):
        Path("names.csv").write_text(text)
        with pytest.raises(ValueError, match=message):
            train.parse_train(["--rename", "names.csv"])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--y_up", {"y_up": True}),
        ("--no_y_up", {"y_up": False}),
        ("--no-y-up --z_up", {"y_up": False, "z_up": True}),
        ("--z_up False", {"z_up": False}),
        ("--y_up True --seed 3", {"y_up": True, "seed": 3}),
        ("", {}),
    ],
)
def test_axes_are_true_false_or_the_format_s(
    line: str, expected: dict[str, object], tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert train.parse_train(line.split()).config == Config().replace(**expected)
