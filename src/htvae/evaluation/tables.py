"""The table that an evaluation prints: at most fifteen rows, each figure beside its yardsticks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from htvae.evaluation.figures import explain
from htvae.metrics.units import TORSO_LENGTHS

MOST_ROWS = 15
"""Rows of the table. A user's own metrics come first; the last rows make room for them."""


@dataclass(frozen=True)
class _Row:
    words: str
    name: str
    """Name of the figure."""
    beside: tuple[str, ...] = ()
    """What the value is judged by: words, with names of figures in braces."""


_RECONSTRUCTION = (
    _Row(
        "error",
        "mpjpe",
        (
            "PCA {pca_mpjpe}",
            "still pose {static_mpjpe}",
            "tracker's jitter {noise_floor}",
            "nats/frame {nll_calibrated} (learned scales {nll_learned})",
        ),
    ),
    _Row(
        "error against the truth",
        "truth_mpjpe",
        ("PCA {truth_pca_mpjpe}", "the recording {truth_recording_mpjpe}"),
    ),
    _Row(
        "jerk over the recording's",
        "jerk_ratio",
        (
            "over the smoothed recording's {smoothed_jerk_ratio}",
            "at borders of chunks over elsewhere {seam_ratio}",
        ),
    ),
    _Row(
        "rate of the sequence level",
        "sequence_rate",
        (
            "{sequence_active_units} of {latent_dim} numbers active",
            "error if swapped {swapped_sequence_mpjpe}",
        ),
    ),
    _Row(
        "rate of the chunk level",
        "chunk_rate",
        (
            "{chunk_active_units} of {chunk_latent_dim} numbers active",
            "error if swapped {swapped_chunks_mpjpe}",
        ),
    ),
)
_COMPLETION = tuple(
    _Row(
        f"filled in: {words}",
        f"complete_{kind}_mpjpe",
        (
            f"interpolation {{complete_{kind}_linear_mpjpe}}",
            f"in its 90 % interval {{complete_{kind}_coverage}}",
        ),
    )
    for kind, words in (
        ("bursts", "landmarks hidden for bursts"),
        ("landmarks", "landmarks never seen"),
        ("gap_30", "gaps of 30 frames"),
        ("gap_120", "gaps of 120 frames"),
    )
)
_GENERATION = (
    _Row(
        "generated: share of real motion reached",
        "coverage_prior_sample",
        ("decoded recordings {coverage_posterior_sample}", "real {coverage_real}"),
    ),
    _Row("generated: share of copies", "copied_prior_sample", ("held-out recordings {copied_real}",)),
    _Row("generated: shows its label", "label_agreement", ("real {label_agreement_real}",)),
    _Row("generated: shows its script", "script_agreement", ("real {script_agreement_real}",)),
)


def summarise(figures: Mapping[str, float], unit: str = TORSO_LENGTHS) -> str:
    """Return the table of the most important figures; figures that were not measured are left out.

    Args:
        figures: values by name, see `htvae.evaluation.figures`.
        unit: of distances, see `htvae.metrics.units`.
    """
    own = [_Row(name, name) for name in figures if explain(name) is None]
    rows = [row for row in (*own, *_choose_rows(figures)) if row.name in figures]
    texts = {name: format_number(value) for name, value in figures.items()}
    cells = [_fill(row, texts, unit) for row in rows[:MOST_ROWS]]
    return format_table(("figure", "value", "unit", "beside it"), cells)


def _choose_rows(figures: Mapping[str, float]) -> Iterator[_Row]:
    """Yield the rows; of figures that are alike, only the one that says most."""
    yield from _RECONSTRUCTION
    latents = "both_latents" if "probe_both_latents" in figures else "sequence_latent"
    yield _Row(
        f"labels read off {latents.replace('_', ' ')}",
        f"probe_{latents}",
        (
            "mean pose {probe_mean_pose}",
            "hand-made statistics {probe_hand_made_statistics}",
            "a guess {probe_shuffled_labels}",
        ),
    )
    yield from _COMPLETION
    end = "_train" if "frechet_prior_sample_train" in figures else ""
    held_out = "_held_out" if f"frechet_posterior_sample_held_out{end}" in figures else ""
    yield _Row(
        "generated: distance from real motion",
        f"frechet_prior_sample{end}",
        (
            f"decoded recordings {{frechet_posterior_sample{held_out}{end}}}",
            f"fitted Gaussian {{frechet_fitted_gaussian{end}}}",
        ),
    )
    yield from _GENERATION


def _fill(row: _Row, texts: Mapping[str, str], unit: str) -> tuple[str, str, str, str]:
    figure = explain(row.name, unit)
    beside = [words.format_map(texts) for words in row.beside if _names(words) <= texts.keys()]
    return row.words, texts[row.name], "" if figure is None else figure.unit, ", ".join(beside)


def _names(words: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(words) if name}


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
