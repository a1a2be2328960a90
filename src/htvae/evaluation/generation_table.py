"""The figures of generated motion by name, and how they are printed: kinds of motion side by side."""

import math
from collections.abc import Mapping, Sequence

from htvae.evaluation.tables import Figure, format_number, format_table

MOTION_KINDS = {
    "reconstruction": "reconstruction",
    "posterior_sample": "posterior sample",
    "prior_sample": "prior sample",
    "prior_sample_labels": "prior sample, labels",
    "prior_sample_scripts": "prior sample, labels and scripts",
    "fitted_gaussian": "control: fitted Gaussian",
    "standard_normal": "control: N(0, I)",
}
"""Kinds of motion that are scored side by side, in words."""
HELD_OUT = {"real": "real, held out", "posterior_sample_held_out": "posterior sample, held out"}
"""What is compared with training recordings beside these kinds, in words."""
PAIRED = ("reconstruction", "posterior_sample")
"""Kinds whose windows are those of the recordings, one for one."""
RATIOS = {
    "posterior_sample": "reconstruction",
    "prior_sample": "posterior_sample",
    "prior_sample_labels": "posterior_sample",
    "prior_sample_scripts": "posterior_sample",
    "fitted_gaussian": "prior_sample",
    "standard_normal": "prior_sample",
}
"""``frechet_ratio_*``: a kind's excess over that of another. NaN where the other's is not above 0."""
REFERENCES = {"": "scored recordings", "_train": "training recordings"}
"""What motion is compared with, by the end of a figure's name."""
_NEIGHBOURS = {
    "density": Figure("", "near density_real: lies where real windows lie"),
    "coverage": Figure("", "near coverage_real: as varied as real windows"),
    "nearest_window": Figure("features", "not below nearest_window_real: no copies"),
    "nearest_latent": Figure("spreads", "not below nearest_latent_real: no copies"),
    "copied": Figure("", "not above copied_real: nearer to training than other recordings are"),
}
_AGREEMENT = {
    "": "near {}_agreement_real: shows what was asked for",
    "_worst": "high: the same of the label that comes out worst",
    "_real": "given: what the classifier tells of real motion",
}


def compute_ratios(figures: Mapping[str, float], ending: str) -> dict[str, float]:
    """Return each kind's excess over that of the kind it is held against.

    Prior samples are held against samples from the posteriors of held-out recordings, where these were
    compared too: other takes differ from those compared with, however real they are.
    """
    ratios = {}
    for kind, other in RATIOS.items():
        if f"frechet_{kind}{ending}" in figures:
            below = figures.get(f"frechet_{other}_held_out{ending}", figures[f"frechet_{other}{ending}"])
            above = figures[f"frechet_{kind}{ending}"]
            ratios[f"frechet_ratio_{kind}{ending}"] = above / below if below > 0 else math.nan
    return ratios


def explain(name: str) -> Figure | None:
    """Return what a reader must know of a figure of generated motion; None for any other figure."""
    if name in GENERATION_FIGURES:
        return GENERATION_FIGURES[name]
    if name.startswith(("label_recall_", "script_recall_")):
        return Figure("", "high: the share that shows it where it was asked for")
    return None


def format_generation(figures: Mapping[str, float]) -> str:
    """Return the tables of generated motion; empty where there are none of its figures.

    First kinds of motion side by side, then what labels and scripts came to.
    """
    if "frechet_prior_sample" not in figures and "frechet_prior_sample_train" not in figures:
        return ""
    parts = [_format_kinds(figures), _format_legend(figures)]
    agreement = [name for name in figures if name.startswith(("label_", "script_"))]
    if agreement:
        rows = [
            (name, format_number(figures[name]), getattr(explain(name), "good", "")) for name in agreement
        ]
        parts.append("\n" + format_table(("figure", "value", "good"), rows))
    return "\n".join(parts)


def _format_kinds(figures: Mapping[str, float]) -> str:
    ends = [end for end in REFERENCES if f"frechet_floor{end}" in figures]
    rows = []
    for kind, words in (HELD_OUT | MOTION_KINDS).items():
        cells = [cell for end in ends for cell in _format_frechet(figures, kind, end)]
        cells += [_format(figures, f"{what}_{kind}") for what in _NEIGHBOURS]
        if any(cell.strip() for cell in cells):
            rows.append((words, *cells))
    header = [word for end in ends for word in (f"frechet{end}", "range", "ratio")]
    columns = [("motion", *header, *_NEIGHBOURS), *rows]
    return format_table(*_without_empty(columns))


def _without_empty(table: Sequence[Sequence[str]]) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Return header and rows without columns that no row fills."""
    kept = [column for column in zip(*table, strict=True) if any(cell.strip() for cell in column[1:])]
    header, *rows = zip(*kept, strict=True)
    return header, list(rows)


def _format_frechet(figures: Mapping[str, float], kind: str, end: str) -> tuple[str, str, str]:
    name = f"frechet_{kind}{end}"
    limits = [_format(figures, f"{name}{limit}") for limit in ("_min", "_max")]
    ratio = _format(figures, f"frechet_ratio_{kind}{end}")
    return _format(figures, name), " to ".join(limits) if all(limits) else "", ratio


def _format(figures: Mapping[str, float], name: str) -> str:
    return format_number(figures[name]) if name in figures else ""


def _format_legend(figures: Mapping[str, float]) -> str:
    floors = [
        f"{format_number(figures[f'frechet_floor{end}'])} among {words}"
        for end, words in REFERENCES.items()
        if f"frechet_floor{end}" in figures
    ]
    return (
        f"frechet: excess over real against real ({', '.join(floors)}), near 0 is good. ratio: posterior "
        f"sample over reconstruction, prior sample over posterior sample (a held-out one where there is), "
        f"control over prior sample.\n"
        f"density, coverage: near those of real motion is good. nearest: distance of a training window or "
        f"latent. copied: share of windows nearer to a training window than other recordings are to that; "
        f"where it is above that of held-out motion, training is copied."
    )


def _list_figures() -> dict[str, Figure]:
    figures = {}
    for end, reference in REFERENCES.items():
        figures[f"frechet_floor{end}"] = Figure("features^2", f"given: real against real, {reference}")
        for kind in HELD_OUT | MOTION_KINDS:
            good = "to beat by far" if kind in ("fitted_gaussian", "standard_normal") else "near 0"
            name, limit = f"frechet_{kind}{end}", Figure("features^2", "given: range of the draws")
            figures[name] = Figure("features^2", f"{good}: excess over real against real, {reference}")
            figures |= {f"{name}_min": limit, f"{name}_max": limit}
        for kind, other in RATIOS.items():
            figures[f"frechet_ratio_{kind}{end}"] = Figure("", f"given: excess over that of {other}")
    for kind in ("real", *MOTION_KINDS):
        figures |= {f"{what}_{kind}": figure for what, figure in _NEIGHBOURS.items()}
    for what in ("label", "script"):
        for end, good in _AGREEMENT.items():
            figures[f"{what}_agreement{end}"] = Figure("", good.format(what))
    return figures


GENERATION_FIGURES: dict[str, Figure] = _list_figures()
"""Figures of `htvae.evaluation.generation.measure_generation`."""
