"""Latents as Arrow tables: one row per recording, and one row per chunk.

- Every part of a corpus has the same schema: the covariates of the whole corpus are columns, null where a
  recording has none.
- pyarrow is imported where it is needed: it belongs to the extra ``parquet``.

Axes: ``C`` chunks, ``Z`` latent_dim, ``K`` chunk_latent_dim.
"""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from htvae.inference.model import Encoding
from htvae.poses.sequence import PoseSequence

if TYPE_CHECKING:
    import pyarrow as pa

COVARIATE = "covariate_"
"""Beginning of the names of covariates' columns, so that none has the name of another column."""
DIGEST_KEY = b"htvae.origin"
"""Key of the origin's hash in the metadata of every part."""


@dataclass(frozen=True)
class Schemas:
    """The schemas of both tables of every part."""

    sequences: "pa.Schema"
    """A row per recording."""
    chunks: "pa.Schema"
    """A row per chunk."""


def build_schemas(latent_dim: int, chunk_latent_dim: int, covariates: Sequence[str], digest: str) -> Schemas:
    """Return the schemas for latents of these sizes.

    Args:
        latent_dim: Z.
        chunk_latent_dim: K; 0 gives empty lists.
        covariates: names of the covariates of the whole corpus.
        digest: hash of the origin, kept in the files' metadata.
    """
    import pyarrow as pa

    named = pa.field("recording", pa.string(), nullable=False)
    texts = ["split", "label", "subject", *(COVARIATE + name for name in covariates)]
    sequences = [
        named,
        *(pa.field(name, pa.string()) for name in texts),
        pa.field("fps", pa.float64()),
        pa.field("num_frames", pa.int64(), nullable=False),
        *(pa.field(name, _vector(latent_dim), nullable=False) for name in ("latent", "logvar")),
    ]
    chunks = [
        named,
        pa.field("chunk", pa.int64(), nullable=False),
        *(pa.field(name, pa.int64(), nullable=False) for name in ("start_frame", "stop_frame")),
        *(pa.field(name, pa.float64()) for name in ("start_second", "stop_second")),
        *(pa.field(name, _vector(chunk_latent_dim), nullable=False) for name in ("latent", "logvar")),
    ]
    metadata = {DIGEST_KEY: digest.encode()}
    return Schemas(pa.schema(sequences, metadata), pa.schema(chunks, metadata))


def check_extra() -> None:
    """Raise ValueError where pyarrow is not installed."""
    if importlib.util.find_spec("pyarrow") is None:
        raise ValueError(
            '--format parquet needs pyarrow, which is not installed. Install: pip install "ht-vae[parquet]"'
        )


def sequence_table(
    encodings: Sequence[Encoding],
    sources: Sequence[PoseSequence],
    splits: Mapping[str, str],
    schema: "pa.Schema",
) -> "pa.Table":
    """Return a row per recording.

    Args:
        encodings: latents of the recordings.
        sources: the recordings, in the same order.
        splits: split of each recording by name.
        schema: `Schemas.sequences`.
    """
    columns: dict[str, Any] = {
        "recording": [e.name for e in encodings],
        "split": [splits[e.name] for e in encodings],
        "label": [e.label for e in encodings],
        "subject": [e.subject for e in encodings],
        "fps": [source.fps for source in sources],
        "num_frames": [source.num_frames for source in sources],
        "latent": np.stack([e.sequence_latent for e in encodings]),
        "logvar": np.stack([e.sequence_logvar for e in encodings]),
    }
    for name in schema.names:
        if name.startswith(COVARIATE):
            columns[name] = [e.covariates.get(name.removeprefix(COVARIATE)) for e in encodings]
    return _to_table(columns, schema)


def chunk_table(encodings: Sequence[Encoding], schema: "pa.Schema") -> "pa.Table":
    """Return a row per chunk, those of a recording in order.

    Args:
        encodings: latents of the recordings.
        schema: `Schemas.chunks`.
    """
    counts = [len(e.chunk_frames) for e in encodings]
    frames = np.concatenate([e.chunk_frames for e in encodings])
    unknown = [np.full((count, 2), np.nan) for count in counts]
    seconds = np.concatenate(
        [
            gap if e.chunk_seconds is None else e.chunk_seconds
            for e, gap in zip(encodings, unknown, strict=True)
        ]
    )
    columns = {
        "recording": np.repeat(np.array([e.name for e in encodings], object), counts),
        "chunk": np.concatenate([np.arange(count) for count in counts]),
        "start_frame": frames[:, 0],
        "stop_frame": frames[:, 1],
        "start_second": seconds[:, 0],
        "stop_second": seconds[:, 1],
        "latent": np.concatenate([e.chunk_latents for e in encodings]),
        "logvar": np.concatenate([e.chunk_logvars for e in encodings]),
    }
    return _to_table(columns, schema)


def _vector(size: int) -> "pa.DataType":
    import pyarrow as pa

    return pa.list_(pa.float32(), size) if size else pa.list_(pa.float32())


def _to_table(columns: Mapping[str, Any], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    return pa.table([_to_array(columns[field.name], field.type) for field in schema], schema=schema)


def _to_array(values: Any, kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    if isinstance(values, np.ndarray) and values.ndim == 2:
        numbers = pa.array(values.ravel())
        if pa.types.is_fixed_size_list(kind):
            return pa.FixedSizeListArray.from_arrays(numbers, type=kind)
        return pa.array([[]] * len(values), kind)
    return pa.array(values, kind, from_pandas=True)  # NaN becomes null
