"""Saving latents as ``.npz`` and ``.csv``: one row per recording, and one row per chunk.

- `LatentArrays` are the arrays of the ``.npz``.
- `join_latents` joins the arrays of several parts of a corpus into the arrays of the whole corpus.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from htvae.inference.model import Encoding
from htvae.utils.files import atomic_write

FILES = ("latents.npz", "sequence_latents.csv", "chunk_latents.csv")
"""Names of the files that `write_latents` writes."""
LatentArrays = dict[str, np.ndarray]
"""Arrays by name, see `collect_latents`."""

_COVARIATE = "covariate_"
_ZIP = b"PK\x03\x04"
"""First bytes of a ``.npz``."""


def save_latents(folder: Path, encodings: Sequence[Encoding], splits: Mapping[str, str]) -> list[Path]:
    """Write the latents of recordings: `collect_latents`, then `write_latents`."""
    return write_latents(folder, collect_latents(encodings, splits))


def collect_latents(encodings: Sequence[Encoding], splits: Mapping[str, str]) -> LatentArrays:
    """Return latents as arrays.

    The arrays are ``sequence_latents`` (recordings, Z), ``chunk_latents`` (chunks, K), ``chunk_recording``
    (index into ``names``), ``chunk_frames`` (frames in the source file, stop exclusive), ``chunk_seconds``
    (NaN where the frame rate is unknown), log variances, and each recording's name, split, label, subject and
    covariates as text, empty where unknown.

    Args:
        encodings: encodings of one or more recordings.
        splits: split of each recording, by name.
    """
    counts = [len(e.chunk_latents) for e in encodings]
    seconds = [
        np.full((n, 2), np.nan) if e.chunk_seconds is None else e.chunk_seconds
        for e, n in zip(encodings, counts, strict=True)
    ]
    covariates = dict.fromkeys(key for e in encodings for key in e.covariates)
    return {
        "names": np.array([e.name for e in encodings]),
        "splits": np.array([splits[e.name] for e in encodings]),
        "labels": np.array([e.label or "" for e in encodings]),
        "subjects": np.array([e.subject or "" for e in encodings]),
        **{_COVARIATE + key: np.array([e.covariates.get(key, "") for e in encodings]) for key in covariates},
        "sequence_latents": np.stack([e.sequence_latent for e in encodings]),
        "sequence_logvars": np.stack([e.sequence_logvar for e in encodings]),
        "chunk_recording": np.repeat(np.arange(len(encodings)), counts),
        "chunk_latents": np.concatenate([e.chunk_latents for e in encodings]),
        "chunk_logvars": np.concatenate([e.chunk_logvars for e in encodings]),
        "chunk_frames": np.concatenate([e.chunk_frames for e in encodings]),
        "chunk_seconds": np.concatenate(seconds),
    }


def join_latents(parts: Sequence[LatentArrays]) -> LatentArrays:
    """Join the arrays of several parts, in their order."""
    counts = [len(part["names"]) for part in parts]
    firsts = np.cumsum([0, *counts[:-1]])
    shifted = [
        part | {"chunk_recording": part["chunk_recording"] + first}
        for part, first in zip(parts, firsts, strict=True)
    ]
    covariates = dict.fromkeys(name for part in parts for name in part if name.startswith(_COVARIATE))
    others = [name for name in parts[0] if name not in covariates]
    place = others.index("sequence_latents")  # covariates come before it, as in `collect_latents`
    return {
        name: np.concatenate(
            [part.get(name, np.full(n, "")) for part, n in zip(shifted, counts, strict=True)]
        )
        for name in (*others[:place], *covariates, *others[place:])
    }


def write_latents(folder: Path, arrays: LatentArrays) -> list[Path]:
    """Write ``latents.npz``, ``sequence_latents.csv`` and ``chunk_latents.csv``.

    The same arrays give the same bytes. The ``.npz`` holds the arrays. Every row of the CSVs holds recording,
    split, label, subject and covariates; a chunk's row also holds its frames in the source file (stop
    exclusive) and, where the frame rate is known, its seconds.

    Args:
        folder: folder of the files; made where absent.
        arrays: arrays from `collect_latents` or `join_latents`.

    Returns:
        The paths of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in FILES]
    write_arrays(paths[0], arrays)
    who = ["names", "splits", "labels", "subjects", *(n for n in arrays if n.startswith(_COVARIATE))]
    known = list(zip(*(arrays[name].tolist() for name in who), strict=True))
    header = ["recording", "split", "label", "subject", *(n.removeprefix(_COVARIATE) for n in who[4:])]
    sequences = arrays["sequence_latents"]
    numbers = [f"z{i}" for i in range(sequences.shape[1])]
    rows = ([*own, *_digits(z)] for own, z in zip(known, sequences, strict=True))
    _write_rows(paths[1], [*header, *numbers], rows)
    where = ["chunk", "start_frame", "stop_frame", "start_second", "stop_second"]
    numbers = [f"c{i}" for i in range(arrays["chunk_latents"].shape[1])]
    _write_rows(paths[2], [*header, *where, *numbers], _chunk_rows(arrays, known))
    return paths


def write_arrays(path: Path, arrays: LatentArrays) -> None:
    """Write arrays to a ``.npz``. Equal arrays give equal files, since numpy writes no time of day."""
    named: dict[str, Any] = dict(arrays)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **named)


def read_arrays(path: Path, version: str) -> LatentArrays:
    """Return the arrays of a ``.npz`` whose array ``format`` says ``version``.

    Raises:
        ValueError: the file is damaged, no ``.npz``, or of another format; the text says which.
    """
    with path.open("rb") as opened:
        if opened.read(len(_ZIP)) != _ZIP:
            raise ValueError("it is no .npz file")
        opened.seek(0)
        try:
            with np.load(opened, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except Exception as error:  # a damaged zip raises errors of many kinds
            raise ValueError(f"it is damaged: {error}") from error
    found = str(arrays.get("format", "unknown"))
    if found != version:
        raise ValueError(f"its format is {found}, not {version}")
    return arrays


def _chunk_rows(arrays: LatentArrays, known: Sequence[tuple[str, ...]]) -> Iterator[list[object]]:
    recording, frames, seconds = (
        arrays[name].tolist() for name in ("chunk_recording", "chunk_frames", "chunk_seconds")
    )
    index = 0
    for row, latent in enumerate(arrays["chunk_latents"]):
        index = index + 1 if row and recording[row] == recording[row - 1] else 0
        span = [
            "" if second != second else f"{second:.3f}" for second in seconds[row]
        ]  # NaN differs from itself
        yield [*known[recording[row]], index, *frames[row], *span, *_digits(latent)]


def _digits(numbers: np.ndarray) -> list[str]:
    return [f"{number:.6g}" for number in numbers]


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
