"""The cache of features of searches: recordings are described once, later searches read one file.

The file's name is a hash of the model's file, the recordings' contents and the settings, so any change makes
a new file.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from htvae.analysis.model import AnalysisModel
from htvae.analysis.motion_series import SeriesKind
from htvae.analysis.search import span_index
from htvae.analysis.search.search import build_index
from htvae.analysis.search.span_index import SpanIndex
from htvae.analysis.window_features import WindowFeatures, WindowGrid
from htvae.data.processing import ProcessedSequence
from htvae.inference.latent_files import read_arrays, write_arrays
from htvae.inference.model_folder import hash_model
from htvae.poses.sequence import content_hash

log = logging.getLogger(__name__)

FORMAT = "htvae-find-2"
MOST_FILES = 8
"""Files that are kept; older ones are removed."""
_FITTED = ("scale", "pose_mean", "pose_basis", "window_mean", "window_basis")


def open_index(
    model: AnalysisModel,
    recordings: Sequence[ProcessedSequence],
    kind: SeriesKind,
    checkpoint: Path,
    cache_dir: Path,
) -> SpanIndex:
    """Return recordings prepared for search, from the cache where nothing has changed."""
    path = cache_dir / f"find-{_make_key(model, recordings, kind, checkpoint)}.npz"
    index = _load(path)
    if index is not None:
        return index
    index = build_index(model, recordings, kind)
    try:
        _save(path, index)
    except OSError as error:
        log.warning(
            "The cache %s cannot be written (%s); searches describe again.", cache_dir, error.strerror
        )
    return index


def _make_key(
    model: AnalysisModel, recordings: Sequence[ProcessedSequence], kind: SeriesKind, checkpoint: Path
) -> str:
    settings = span_index.WINDOW_SECONDS, span_index.STRIDE_SECONDS, model.processor.fps
    digest = hashlib.blake2b(repr((FORMAT, kind, settings)).encode(), digest_size=12)
    digest.update(hash_model(checkpoint).encode())
    for p in recordings:
        known = p.name, content_hash(p.source), p.source.fps, p.source.first_frame, len(p.pose)
        digest.update(repr(known).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _save(path: Path, index: SpanIndex) -> None:
    features = index.features
    arrays = {
        "format": np.array(FORMAT),
        "grid": np.array([features.grid.width, features.grid.stride]),
        **{name: getattr(features, name) for name in _FITTED},
        "values": index.values,
        "observed": index.observed,
        "lengths": index.lengths,
    }
    write_arrays(path, arrays)
    files = sorted(path.parent.glob("find-*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in files[MOST_FILES:]:
        old.unlink(missing_ok=True)


def _load(path: Path) -> SpanIndex | None:
    """Return what `_save` wrote, None where the file is absent or broken."""
    if not path.is_file():
        return None
    try:
        state = read_arrays(path, FORMAT)
        features = WindowFeatures(WindowGrid(*map(int, state["grid"])), *(state[name] for name in _FITTED))
        return SpanIndex(features, state["values"], state["observed"], state["lengths"])
    except (OSError, ValueError, KeyError) as error:
        log.warning("The cache %s is broken (%s); the recordings are described again.", path, error)
        return None
