"""The figures of evaluation by name, and how they are printed: value, unit, and what is good."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_DISTANCE = "torso lengths"
_HIDDEN = {
    "bursts": "half of the landmarks hidden for bursts",
    "landmarks": "landmarks hidden throughout",
} | {f"gap_{frames}": f"everything hidden for {frames} frames" for frames in (15, 30, 60, 120, 240)}
"""What the figures of completion are errors of."""


@dataclass(frozen=True)
class Figure:
    """What a reader must know to judge a number."""

    unit: str
    """Unit, empty for a pure number."""
    good: str
    """What is good, or what the number is there for."""


FIGURES: dict[str, Figure] = {
    "mpjpe": Figure(_DISTANCE, "low: well below pca_mpjpe, down to noise_floor"),
    "noise_floor": Figure(_DISTANCE, "given: the tracker's own jitter"),
    "pca_mpjpe": Figure(_DISTANCE, "to beat: PCA with as many numbers"),
    "static_mpjpe": Figure(_DISTANCE, "to beat by far: each recording's mean pose"),
    "truth_mpjpe": Figure(_DISTANCE, "low: error against the noise-free truth"),
    "truth_pca_mpjpe": Figure(_DISTANCE, "to beat: the same of PCA"),
    "truth_recording_mpjpe": Figure(_DISTANCE, "to beat: the same of the recording, the tracker's noise"),
    "numbers_per_48_frames": Figure("numbers", "given: latent numbers, and what PCA is granted"),
    "velocity_error": Figure(f"{_DISTANCE}/frame", "low"),
    "acceleration_error": Figure(f"{_DISTANCE}/frame^2", "low; the tracker's jitter is in it"),
    "bone_length_error": Figure(_DISTANCE, "low"),
    "jerk_ratio": Figure("", "near 1; below where the tracker trembles"),
    "seam_ratio": Figure("", "1: borders of chunks do not show"),
    "sequence_rate": Figure("nats/frame", "above 0.001: the sequence latent is used"),
    "sequence_active_units": Figure("numbers", "above 0, at most latent_dim"),
    "chunk_rate": Figure("nats/frame", "above 0.001: chunk latents are used"),
    "chunk_active_units": Figure("numbers", "above 0, at most chunk_latent_dim"),
    "latent_dim": Figure("numbers", "given: size of the sequence latent"),
    "chunk_latent_dim": Figure("numbers", "given: size of a chunk latent"),
    "swapped_sequence_mpjpe": Figure(_DISTANCE, "above mpjpe: the sequence latent matters"),
    "swapped_chunks_mpjpe": Figure(_DISTANCE, "above mpjpe: chunk latents matter"),
    "swapped_sequence_frechet": Figure("features^2", "near 0: motion stays real when it is swapped"),
    "swapped_chunks_frechet": Figure("features^2", "near 0: motion stays real when they are swapped"),
    "frechet_reconstruction": Figure("features^2", "near 0: excess over real against real"),
    **{
        f"complete_{kind}{method}_mpjpe": Figure(_DISTANCE, good)
        for kind, what in _HIDDEN.items()
        for method, good in (("", f"low: {what}"), ("_linear", "to beat: the same, interpolated"))
    },
    **{
        f"complete_{kind}_shown_mpjpe": Figure(_DISTANCE, f"at best: where not hidden, {_HIDDEN[kind]}")
        for kind in ("bursts", "landmarks")
    },
    **{
        f"complete_{kind}_coverage": Figure("", f"near 0.9: in its 90 % interval, {what}")
        for kind, what in _HIDDEN.items()
        if kind.startswith("gap")
    },
    "probe_sequence_latent": Figure("balanced accuracy", "high: above the other probes"),
    "probe_chunk_latents": Figure("balanced accuracy", "high: above the yardsticks"),
    "probe_both_latents": Figure("balanced accuracy", "high: above the yardsticks"),
    "probe_mean_pose": Figure("balanced accuracy", "to beat: where the body stands"),
    "probe_hand_made_statistics": Figure("balanced accuracy", "to beat: simple statistics of the pose"),
    "probe_shuffled_labels": Figure("balanced accuracy", "a guess: one over the number of labels"),
}
"""Known figures, in the order in which they are printed. A user's own metric needs no entry."""


def format_figures(figures: Mapping[str, float]) -> str:
    """Return a table of figures, known ones first and in a fixed order, then the others as they come."""
    names = [name for name in FIGURES if name in figures] + [name for name in figures if name not in FIGURES]
    rows = []
    for name in names:
        figure = FIGURES.get(name, Figure("", ""))
        rows.append((name, format_number(figures[name]), figure.unit, figure.good))
    return format_table(("figure", "value", "unit", "good"), rows)


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows of text in aligned columns under a header and a rule; numbers are set flush right.

    Args:
        header: one word a column.
        rows: as many cells each.
    """
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(map(_is_number, column[1:])) for column in columns]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(_format_line(line, widths, right) for line in lines)


def format_number(value: float) -> str:
    """Return three significant digits, whole numbers and those from 100 on without decimals, "-" for NaN."""
    if math.isnan(value):
        return "-"
    if abs(value) >= 99.95 or float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:#.3g}"


def _format_line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True)]
    return "  ".join(padded).rstrip()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell in ("", "-")
    return True
