"""``htvae compare-labels``: how far two labellings agree."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from htvae.cli.flags import parse_flags
from htvae.cli.motifs.compare_labels_options import CompareLabelsOptions

if TYPE_CHECKING:
    from htvae.io.label_tables import LabelTable

log = logging.getLogger(__name__)

MEANINGS = {
    "nmi": "normalised mutual information",
    "ari": "adjusted Rand index",
    "accuracy": "share of frames that agree after matching",
    "f1": "F1 of matched labels",
    "boundary_f1": "F1 of boundaries",
}


def compare_labels(argv: Sequence[str]) -> None:
    """Measure how far two labellings of frames agree."""
    options = parse_flags(CompareLabelsOptions, argv, "htvae compare-labels", positional=["first", "second"])
    for path in run_compare_labels(options):
        log.info("%s", path)


def run_compare_labels(options: CompareLabelsOptions) -> list[Path]:
    """Compare two labellings, print how far they agree, and return the files written."""
    from htvae.analysis.motifs.labellings import compare_labellings
    from htvae.cli.analysis_files import write_json, write_table
    from htvae.io.label_tables import read_label_table
    from htvae.plots.agreement import draw_agreement

    tables = [read_label_table(path, options.tier) for path in (options.first, options.second)]
    labels, names, rate = paint_both(tables[0], tables[1], options)
    result = compare_labellings(*labels, options.tolerance * (rate or 30.0), options.seed)
    print(f"{len(labels[0])} recordings, {int(result.table.sum()):,} frames that both label.")
    print(f"{'':>44}  labels  shifted in time")
    for name, meaning in MEANINGS.items():
        print(f"{meaning:>44}  {result.figures[name]:6.2f}  {result.shifted[name]:6.2f}")
    rows = [
        {
            "first": names[0][a],
            "second": names[1][b],
            "frames": int(result.table[a, b]),
            "matched": int((a, b) in result.matches),
        }
        for a, b in np.argwhere(result.table)
    ]
    folder = options.output_dir
    content = {"figures": result.figures, "shifted": result.shifted, "recordings": len(labels[0])}
    return [
        write_table(folder / "compare_labels.csv", rows),
        write_json(folder / "compare_labels.json", options, content),
        draw_agreement(result.table, names[0], names[1], result.matches, folder / "compare_labels.png"),
    ]


def paint_both(
    first: "LabelTable", second: "LabelTable", options: CompareLabelsOptions
) -> tuple[tuple[list[np.ndarray], list[np.ndarray]], tuple[list[str], list[str]], float | None]:
    """Return the labels of each frame by both, the names of labels, and the frame rate.

    Raises:
        ValueError: the two share no recording, or one is in seconds and the frame rate is unknown.
    """
    from htvae.io.label_tables import paint

    shared = _match_recordings(first, second)
    rate = options.fps
    if first.in_seconds != second.in_seconds and rate is None:
        raise ValueError(
            "fps must be given where one table is in seconds and the other in frames, but is not. "
            "Add --fps 30."
        )
    if rate is None and first.in_seconds:
        rate = 30.0  # both are in seconds: any rate will do
    lengths = [0] * len(shared)
    own = [[table.spans[pair[side]] for pair in shared] for side, table in enumerate((first, second))]
    scales = [(rate or 1.0) if table.in_seconds else 1.0 for table in (first, second)]
    for spans, scale in zip(own, scales, strict=True):
        ends = [round(max(span.stop for span in spans_) * scale) for spans_ in spans]
        lengths = [max(pair) for pair in zip(lengths, ends, strict=True)]
    names = [sorted({span.label for recording in spans for span in recording}) for spans in own]
    painted = [
        [
            paint(recording, scale, length, {label: i for i, label in enumerate(labels)})
            for recording, length in zip(spans, lengths, strict=True)
        ]
        for spans, scale, labels in zip(own, scales, names, strict=True)
    ]
    return (painted[0], painted[1]), (names[0], names[1]), rate


def _match_recordings(first: "LabelTable", second: "LabelTable") -> list[tuple[str, str]]:
    """Return the names of recordings that both have: the same path, or else the same last part of it."""
    last = {name.rsplit("/", 1)[-1]: name for name in second.spans}
    pairs = [(n, n if n in second.spans else last.get(n.rsplit("/", 1)[-1], "")) for n in first.spans]
    shared = [(a, b) for a, b in pairs if b]
    if not shared:
        a, b = next(iter(first.spans)), next(iter(second.spans))
        raise ValueError(
            f"Both must label the same recordings, but share none: one has {a}, the other {b}. Rename them."
        )
    if len(shared) < max(len(first.spans), len(second.spans)):
        counts = len(shared), len(first.spans), len(second.spans)
        log.warning("%d recordings are in both; the first has %d, the second %d.", *counts)
    return shared
