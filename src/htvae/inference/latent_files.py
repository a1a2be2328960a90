"""Saving latents as ``.npz`` and ``.csv``: one row per recording, and one row per chunk.

- `LatentArrays` are the arrays of the ``.npz``.
- `write_latents` joins the parts of a corpus without holding all of them in memory.
"""

import csv
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from htvae.inference.model import Encoding
from htvae.utils.files import atomic_write

FILES = ("latents.npz", "sequence_latents.csv", "chunk_latents.csv")
"""Names of the files that `write_latents` writes."""
LatentArrays = dict[str, np.ndarray]
"""Arrays by name, see `collect_latents`."""

Part = Callable[[], AbstractContextManager[Mapping[str, np.ndarray]]]
"""Opens the arrays of one part of a corpus."""

_COVARIATE = "covariate_"
_WHO = ("names", "splits", "labels", "subjects")
_ZIP = b"PK\x03\x04"
"""First bytes of a ``.npz``."""


def save_latents(folder: Path, encodings: Sequence[Encoding], splits: Mapping[str, str]) -> list[Path]:
    """Write the latents of recordings: `collect_latents`, then `write_latents`."""
    arrays = collect_latents(encodings, splits)
    return write_latents(folder, [lambda: nullcontext(arrays)])


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


def write_latents(folder: Path, parts: Sequence[Part]) -> list[Path]:
    """Write ``latents.npz``, ``sequence_latents.csv`` and ``chunk_latents.csv``.

    The same latents give the same bytes, however they are cut into parts; memory holds one part at a time.
    The ``.npz`` holds the arrays. Every row of the CSVs holds recording, split, label, subject and
    covariates; a chunk's row also holds its frames in the source file (stop exclusive) and, where the frame
    rate is known, its seconds.

    Args:
        folder: folder of the files; made where absent.
        parts: parts of the corpus, in order; every one is opened several times.

    Returns:
        The paths of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in FILES]
    joined = _Joined.of(parts)
    with atomic_write(paths[0]) as temporary:
        joined.write(temporary)
    columns = [name.removeprefix(_COVARIATE) for name in joined.known[4:]]
    header = ["recording", "split", "label", "subject", *columns]
    numbers = [f"z{i}" for i in range(joined.width("sequence_latents"))]
    _write_rows(paths[1], [*header, *numbers], _rows(parts, joined.known, _sequence_rows))
    where = ["chunk", "start_frame", "stop_frame", "start_second", "stop_second"]
    numbers = [f"c{i}" for i in range(joined.width("chunk_latents"))]
    _write_rows(paths[2], [*header, *where, *numbers], _rows(parts, joined.known, _chunk_rows))
    return paths


@dataclass(frozen=True)
class _Joined:
    """The arrays of the whole corpus, of which only types and shapes are in memory."""

    parts: Sequence[Part]
    counts: list[int]
    """Recordings in each part."""
    dtypes: dict[str, np.dtype[Any]]
    """Type of each array, wide enough for the texts of all parts; in the order of `collect_latents`."""
    shapes: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, parts: Sequence[Part]) -> "_Joined":
        """Read the types and shapes of all parts."""
        counts: list[int] = []
        dtypes: dict[str, np.dtype[Any]] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for part in parts:
            with part() as arrays:
                counts.append(len(arrays["names"]))
                for name, array in arrays.items():
                    dtypes[name] = np.result_type(dtypes.get(name, array.dtype), array.dtype)
                    rows = shapes[name][0] if name in shapes else 0
                    shapes[name] = (rows + len(array), *array.shape[1:])
        covariates = [name for name in dtypes if name.startswith(_COVARIATE)]
        shapes |= dict.fromkeys(covariates, (sum(counts),))
        others = [name for name in dtypes if name not in covariates]
        place = others.index("sequence_latents")  # covariates come before it, as in `collect_latents`
        order = (*others[:place], *covariates, *others[place:])
        return cls(parts, counts, {name: dtypes[name] for name in order}, shapes)

    @property
    def known(self) -> list[str]:
        """Names of the arrays of texts: what is known of each recording."""
        return [*_WHO, *(name for name in self.dtypes if name.startswith(_COVARIATE))]

    def width(self, name: str) -> int:
        """Return the length of an array's second axis."""
        return self.shapes[name][1]

    def write(self, path: Path) -> None:
        """Write a ``.npz`` like ``np.savez``, part by part."""
        with zipfile.ZipFile(path, "w") as archive:
            for name, dtype in self.dtypes.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    description = np.lib.format.dtype_to_descr(dtype)
                    header = {"descr": description, "fortran_order": False, "shape": self.shapes[name]}
                    np.lib.format.write_array_header_1_0(file, header)
                    for rows in self._read(name):
                        file.write(np.ascontiguousarray(rows, dtype).tobytes())

    def _read(self, name: str) -> Iterator[np.ndarray]:
        """Yield the rows of an array in each part."""
        first = 0
        for part, count in zip(self.parts, self.counts, strict=True):
            with part() as arrays:
                rows = arrays[name] if name in arrays else np.full(count, "")
            yield rows + first if name == "chunk_recording" else rows
            first += count


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


def _rows(
    parts: Sequence[Part],
    known: Sequence[str],
    rows_of: Callable[[Mapping[str, np.ndarray], list[tuple[str, ...]]], Iterator[list[object]]],
) -> Iterator[list[object]]:
    """Yield the rows of a CSV, part by part."""
    for part in parts:
        with part() as arrays:
            count = len(arrays["names"])
            texts = [arrays[name].tolist() if name in arrays else [""] * count for name in known]
            yield from rows_of(arrays, list(zip(*texts, strict=True)))


def _sequence_rows(arrays: Mapping[str, np.ndarray], known: list[tuple[str, ...]]) -> Iterator[list[object]]:
    for own, latent in zip(known, arrays["sequence_latents"], strict=True):
        yield [*own, *_digits(latent)]


def _chunk_rows(arrays: Mapping[str, np.ndarray], known: list[tuple[str, ...]]) -> Iterator[list[object]]:
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
