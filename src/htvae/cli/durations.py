"""Numbers of frames given as times: ``--num_frames 12s``, ``--chunk_size 1.5s``, ``--keep_frames 0s:10s``."""

import re
from collections.abc import Sequence

from htvae.cli.flags import peek
from htvae.config import Config

_DURATION = re.compile(r"([0-9]*\.?[0-9]+)(s|ms)")
TIMED_SETTINGS = ("max_frames", "chunk_size", "chunk_overlap", "max_frame_gap", "output_smoothing")
"""Settings in frames that may be given as times; `--fps` (or the settings file) says the frame rate."""
TIME_NOTE = "With --fps it may be a time such as 1.5s or 500ms."
"""Sentence on `TIMED_SETTINGS` in the help."""


def read_seconds(text: str) -> float | None:
    """Return the time (s) that a text like 1.5s or 500ms means; None for any other text."""
    match = _DURATION.fullmatch(text.strip())
    return None if match is None else float(match[1]) / (1 if match[2] == "s" else 1000)


def read_frames(value: int | str, fps: float | None, name: str, remedy: str) -> int:
    """Return a number of frames that is given as a number, or as a time.

    Args:
        value: frames, or a text such as 300, 12s or 500ms.
        fps: frame rate (1/s), None where unknown.
        name: name of the option in messages.
        remedy: what to do where the frame rate is unknown: one sentence.

    Raises:
        ValueError: the text is neither a number nor a time, or the frame rate is unknown.
    """
    if isinstance(value, int):
        return value
    seconds = read_seconds(value)
    if seconds is None and value.strip().isdecimal():
        return int(value)
    if seconds is None:
        raise ValueError(f"{name} must be a number of frames or a time like 1.5s, but got {value!r}.")
    if fps is None:
        raise ValueError(f"{name} as a time must come with a frame rate, but none is known. {remedy}")
    return round(seconds * fps)


def read_span(text: str, fps: float | None, name: str, remedy: str) -> tuple[int, int]:
    """Return the frames, first and one after the last, of a text like 0:300 or 12s:14s.

    Args:
        text: two numbers of frames or times.
        fps: frame rate (1/s), None where unknown.
        name: name of the option in messages.
        remedy: what to do where the frame rate is unknown: one sentence.

    Raises:
        ValueError: the text is no such span, or the frame rate is unknown.
    """
    try:
        start, stop = (read_frames(part, fps, name, remedy) for part in text.split(":"))
    except ValueError as error:
        if "frame rate" in str(error):
            raise
        start = stop = 0
    if start >= stop:
        raise ValueError(
            f"{name} must be spans like 0:300 or 0s:10s, start below stop, but got {text!r}. Correct it."
        )
    return start, stop


def spell_out_times(argv: Sequence[str], config: Config) -> list[str]:
    """Return argv with the times of `TIMED_SETTINGS` as frames.

    A time becomes the nearest number of frames that the setting may have: at least 1, for ``chunk_size`` a
    multiple of ``frames_per_token``, for ``output_smoothing`` odd.

    Raises:
        ValueError: a time is given, and no frame rate.
    """
    rate, tokens = peek(argv, "fps", "frames_per_token")
    try:
        fps = config.data.fps if rate is None else float(rate)
        multiple = config.model.frames_per_token if tokens is None else int(tokens)
    except ValueError:
        return list(argv)  # the parser of flags says what is wrong
    spelled = list(argv)
    for place, argument in enumerate(argv):
        flag, equals, value = argument.partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        if not flag.startswith("--") or name not in TIMED_SETTINGS:
            continue
        at = place if equals else place + 1
        text = value if equals else (argv[at] if at < len(argv) else "")
        if read_seconds(text) is None:
            continue
        frames = read_frames(text, fps, name, "Add --fps FPS.")
        allowed = _nearest_allowed(name, frames, multiple)
        spelled[at] = f"{flag}={allowed}" if equals else str(allowed)
    return spelled


def _nearest_allowed(name: str, frames: int, multiple: int) -> int:
    if name == "chunk_size":
        return max(1, round(frames / multiple)) * multiple
    if name == "output_smoothing":
        return max(1, frames // 2 * 2 + 1)
    return frames if name in ("max_frame_gap", "chunk_overlap") else max(1, frames)
