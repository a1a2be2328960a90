"""What a linear classifier reads off the latents of recordings, beside simple features."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from htvae.data.processing import ProcessedSequence
from htvae.inference.model import Encoding, Reconstruction
from htvae.metrics.probe import probe_with_yardsticks


def check_columns(processed: Sequence[ProcessedSequence], columns: Sequence[str]) -> None:
    """Raise a ValueError where a column is not in manifest.csv."""
    known = dict.fromkeys(["label", "subject", *(key for p in processed for key in p.source.covariates)])
    for column in columns:
        if column not in known:
            raise ValueError(
                f"probe and probe_groups must be columns of manifest.csv, but got {column!r}. "
                f"Known: {', '.join(known)}."
            )


def measure_probes(
    reconstructions: Sequence[Reconstruction], num_landmarks: int, label_column: str, group_column: str
) -> dict[str, float]:
    """Return balanced accuracies by name, ``probe_`` and the features; see `probe_with_yardsticks`.

    Args:
        reconstructions: scored recordings; those without a label are left out.
        num_landmarks: points of a pose that are landmarks, the first ones.
        label_column: what the classifier must tell: ``label``, ``subject`` or a column of manifest.csv.
        group_column: column whose values are never both in training and test part.

    Raises:
        ValueError: no recording has a label.
    """
    rows = [r for r in reconstructions if _value(r.encoding, label_column)]
    if not rows:
        raise ValueError(
            f"Recordings must have a {label_column} to probe for, but none has. Fill in manifest.csv."
        )
    scores = probe_with_yardsticks(
        _collect_latents([r.encoding for r in rows]),
        [r.processed.pose[:, :num_landmarks] for r in rows],
        [str(_value(r.encoding, label_column)) for r in rows],
        [_value(r.encoding, group_column) or r.encoding.name for r in rows],
    )
    return {f"probe_{name}": score for name, score in scores.items()}


def _value(encoding: Encoding, column: str) -> str | None:
    own: dict[str, Any] = {"label": encoding.label, "subject": encoding.subject, **encoding.covariates}
    return own.get(column)


def _collect_latents(encodings: Sequence[Encoding]) -> dict[str, np.ndarray]:
    """Return features of each recording by name; of chunk latents, mean and spread over the chunks."""
    sequence = np.stack([e.sequence_latent for e in encodings])
    if not encodings[0].chunk_latents.size:
        return {"sequence_latent": sequence}
    chunks = np.stack(
        [np.concatenate([e.chunk_latents.mean(axis=0), e.chunk_latents.std(axis=0)]) for e in encodings]
    )
    return {
        "sequence_latent": sequence,
        "chunk_latents": chunks,
        "both_latents": np.hstack([sequence, chunks]),
    }
