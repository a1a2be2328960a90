"""Saving latents: one row a recording, one row a chunk, as ``.npz`` and as ``.csv``."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from htvae.inference import Encoding
from htvae.utils.utils import atomic_write


def save_latents(folder: Path, encodings: Sequence[Encoding], splits: Mapping[str, str]) -> list[Path]:
    """Write ``latents.npz``, ``sequence_latents.csv`` and ``chunk_latents.csv``.

    The CSVs name recording, split, label, subject and covariates in every row; chunks also their frames in
    the source file (stop exclusive) and, where the frame rate is known, seconds. The ``.npz`` holds the same
    as arrays: ``sequence_latents`` (recordings, Z), ``chunk_latents`` (chunks, K), ``chunk_recording`` (index
    into ``names``).

    Args:
        folder: where the files go.
        encodings: of any number of recordings.
        splits: part in training by recording's name.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    covariates = list(dict.fromkeys(key for e in encodings for key in e.covariates))
    paths = [folder / name for name in ("latents.npz", "sequence_latents.csv", "chunk_latents.csv")]
    with atomic_write(paths[0]) as temporary, temporary.open("wb") as file:
        np.savez(file, **_arrays(encodings, splits, covariates))
    header = ["recording", "split", "label", "subject", *covariates]
    sequence_numbers = [f"z{i}" for i in range(len(encodings[0].sequence_latent))]
    _write_rows(paths[1], [*header, *sequence_numbers], (
        [*_who(e, splits, covariates), *_digits(e.sequence_latent)] for e in encodings
    ))  # fmt: skip
    chunk_numbers = [f"c{i}" for i in range(encodings[0].chunk_latents.shape[1])]
    where = ["chunk", "start_frame", "stop_frame", "start_second", "stop_second"]
    _write_rows(paths[2], [*header, *where, *chunk_numbers], (
        [*_who(e, splits, covariates), i, *e.chunk_frames[i], *_seconds(e, i), *_digits(e.chunk_latents[i])]
        for e in encodings for i in range(len(e.chunk_latents))
    ))  # fmt: skip
    return paths


def _arrays(encodings: Sequence[Encoding], splits: Mapping[str, str], covariates: Sequence[str]) -> dict:
    counts = [len(e.chunk_latents) for e in encodings]
    seconds = [
        np.full((n, 2), np.nan) if e.chunk_seconds is None else e.chunk_seconds
        for e, n in zip(encodings, counts, strict=True)
    ]
    return {
        "names": np.array([e.name for e in encodings]),
        "splits": np.array([splits[e.name] for e in encodings]),
        "labels": np.array([e.label or "" for e in encodings]),
        "subjects": np.array([e.subject or "" for e in encodings]),
        **{
            f"covariate_{key}": np.array([e.covariates.get(key, "") for e in encodings]) for key in covariates
        },
        "sequence_latents": np.stack([e.sequence_latent for e in encodings]),
        "sequence_logvars": np.stack([e.sequence_logvar for e in encodings]),
        "chunk_recording": np.repeat(np.arange(len(encodings)), counts),
        "chunk_latents": np.concatenate([e.chunk_latents for e in encodings]),
        "chunk_logvars": np.concatenate([e.chunk_logvars for e in encodings]),
        "chunk_frames": np.concatenate([e.chunk_frames for e in encodings]),
        "chunk_seconds": np.concatenate(seconds),
    }


def _who(encoding: Encoding, splits: Mapping[str, str], covariates: Sequence[str]) -> list[str]:
    known = [encoding.covariates.get(key, "") for key in covariates]
    return [encoding.name, splits[encoding.name], encoding.label or "", encoding.subject or "", *known]


def _seconds(encoding: Encoding, index: int) -> list[str]:
    return ["", ""] if encoding.chunk_seconds is None else [f"{s:.3f}" for s in encoding.chunk_seconds[index]]


def _digits(numbers: np.ndarray) -> list[str]:
    return [f"{number:.6g}" for number in numbers]


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
