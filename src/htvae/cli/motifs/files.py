"""The files of fitted motifs: segmenter.npz, and motifs.csv, in which users rename and merge motifs."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from htvae.analysis.groups.motif_measures import NamedMotifs
from htvae.analysis.motifs.activities import ActivityModel
from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.motifs.motifs import motif_ids as motif_ids
from htvae.analysis.motifs.segmenter import Segmenter
from htvae.analysis.motion_series import SeriesKind, check_kind
from htvae.cli.model_match import check_model
from htvae.inference.latent_files import read_arrays, write_arrays
from htvae.inference.model import TrainedModel

FORMAT = "htvae-motifs-1"
MODEL_FILE, TABLE = "segmenter.npz", "motifs.csv"


def activity_ids(count: int) -> list[str]:
    """Return the ids a1, a2, ... of activities."""
    width = len(str(count))
    return [f"a{i + 1:0{width}d}" for i in range(count)]


def save_segmenter(path: Path, motifs: Motifs, activities: ActivityModel | None, model: TrainedModel) -> Path:
    """Write everything that finds these motifs and activities again, and return the path."""
    about = {
        "format": np.array(FORMAT),
        "kind": np.array(motifs.kind),
        "points": np.array(model.processor.points),
        "fps": np.array(motifs.fps or np.nan),
    }
    further = {} if activities is None else activities.state_dict()
    write_arrays(path, {**about, **motifs.segmenter.state_dict(), **further})
    return path


@dataclass(frozen=True)
class Saved:
    """What an earlier run found."""

    segmenter: Segmenter
    """With its user's merges."""
    kind: SeriesKind
    names: list[str]
    """(K,) of motifs."""
    activities: ActivityModel | None
    """With its user's merges of motifs; None where none were looked for."""

    @property
    def named(self) -> NamedMotifs:
        """Motifs with their names, as comparisons and plans take them."""
        return NamedMotifs(self.segmenter, self.kind, tuple(self.names))


def load_segmenter(folder: Path, model: TrainedModel) -> Saved:
    """Return what an earlier run found.

    Raises:
        FileNotFoundError: the folder holds no fitted motifs.
        ValueError: a file is damaged, or the motifs belong to a model with other points or frame rate.
    """
    path = folder / MODEL_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder} must hold {MODEL_FILE} of an earlier htvae motifs, but does not. Give its folder."
        )
    try:
        arrays = read_arrays(path, FORMAT)
        segmenter, kind = Segmenter.from_state_dict(arrays), check_kind(str(arrays["kind"]))
        points, fps = tuple(arrays["points"].tolist()), float(arrays["fps"])
        activities = ActivityModel.from_state_dict(arrays) if "activity_shares" in arrays else None
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise ValueError(
            f"{path} must be written by this version's htvae motifs, but is unreadable ({error}). Fit again."
        ) from error
    check_model(path, points, fps, model)
    names, groups = read_table(folder / TABLE, len(segmenter.states))
    merged = None if activities is None else activities.merge(groups)
    return Saved(replace(segmenter, groups=groups), kind, names, merged)


def read_table(path: Path, count: int) -> tuple[list[str], np.ndarray]:
    """Return the names of motifs, and the motif (K,) that each is merged into, as users edited them.

    Without the file motifs keep their ids as names.

    Raises:
        ValueError: a motif is missing, unknown or named twice, or merges go in a circle.
    """
    ids = motif_ids(count)
    if not path.is_file():
        return ids, np.arange(count)
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    found = [(row.get("motif") or "").strip() for row in rows]
    if sorted(found) != ids:
        raise ValueError(
            f"{path}: the column motif must hold {ids[0]} to {ids[-1]}, each once, but holds "
            f"{', '.join(found) or 'nothing'}. Rename and merge in the columns name and merge_into alone."
        )
    by_id = dict(zip(found, rows, strict=True))
    names = [(by_id[motif].get("name") or "").strip() or motif for motif in ids]
    targets = [(by_id[motif].get("merge_into") or "").strip() for motif in ids]
    return names, _follow(path, ids, names, targets)


def is_edited(path: Path) -> bool:
    """Return whether a user has renamed or merged motifs in this motifs.csv."""
    if not path.is_file():
        return False
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    return any(row.get("name") != row.get("motif") or row.get("merge_into") for row in rows)


def _follow(path: Path, ids: Sequence[str], names: Sequence[str], targets: Sequence[str]) -> np.ndarray:
    """Return the motif (K,) at the end of each motif's merges; a target is an id or a name."""
    place = {name: i for i, name in reversed(list(enumerate(names)))} | {m: i for i, m in enumerate(ids)}
    unknown = [target for target in targets if target and target not in place]
    if unknown:
        raise ValueError(
            f"{path}: merge_into must name a motif, but has {unknown[0]!r}. Known: {', '.join(ids)}."
        )
    following = [place[target] if target else i for i, target in enumerate(targets)]
    groups = np.arange(len(ids))
    for _ in ids:
        groups = np.array([following[group] for group in groups])
    if any(following[group] != group for group in groups):
        raise ValueError(
            f"{path}: merge_into must end at a motif, but goes in a circle. Empty one of its cells."
        )
    return groups
