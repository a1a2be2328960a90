"""Motifs renamed and merged on the page, saved as the commands' ``--motifs`` reads them."""

import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from htvae.analysis.motifs.motifs import motif_ids
from htvae.app.live.painted import clean_name
from htvae.app.live.saving import Shelf, say_saved
from htvae.app.live.session import Session
from htvae.app.payload import Payload
from htvae.io.writing import write_table

FOLDER, MODEL_FILE, TABLE = "motifs", "segmenter.npz", "motifs.csv"
COLUMNS = ["motif", "name", "merge_into"]


class MotifNames:
    """The names of the report's motifs, and which are merged.

    Args:
        session: model and recordings.
        shelf: saves files.
    """

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self._session, self._shelf = session, shelf
        self._lock = threading.Lock()
        motifs = session.report.motifs
        self._ids = [] if motifs is None else motif_ids(len(motifs.segmenter.states))
        self._names = [] if motifs is None else list(motifs.names or self._ids)
        self._groups = [] if motifs is None else np.asarray(motifs.segmenter.groups).tolist()

    def save(self, names: Mapping[str, str]) -> tuple[Path, str]:
        """Rename motifs, merge those of one name, save all, and return the table and what was done.

        Raises:
            ValueError: there are no motifs, an id is unknown, or a name cannot be written.
        """
        motifs = self._session.report.motifs
        unknown = [name for name in names if name not in self._ids]
        if motifs is None or unknown:
            raise ValueError(
                f"names must be of motifs of this report, but {unknown[0] if unknown else 'it'} is none."
            )
        folder = self._session.output_dir / FOLDER
        with self._lock:
            own, groups = self._rename({key: clean_name(name) for key, name in names.items()})
            rows = [
                [key, own[i], "" if groups[i] == i else self._ids[groups[i]]]
                for i, key in enumerate(self._ids)
            ]
            kept = [
                self._shelf.save(
                    folder / MODEL_FILE,
                    lambda path: self._session.savers.motifs(path, motifs, self._session.model),
                ),
                self._shelf.save(folder / TABLE, lambda path: write_table(path, COLUMNS, rows)),
            ]
            self._names, self._groups = own, groups
        merged = sum(group != i for i, group in enumerate(groups))
        words = f" {merged} of {len(groups)} are merged into others." if merged else ""
        advice = f"Show them with --motifs {folder}."
        return folder / TABLE, f"{say_saved(folder / TABLE, *kept)}{words} {advice}"

    def update(self, payload: Payload) -> Payload:
        """Return a report with these names."""
        named = zip(payload["motifs"], self._names, strict=True)
        return {**payload, "motifs": [{**own, "name": name} for own, name in named]}

    def _rename(self, changes: Mapping[str, str]) -> tuple[list[str], list[int]]:
        """Return names and groups after changes.

        Renamed motifs leave the one that they were merged into; then each motif joins the first one of its
        name. Motifs that are merged into a renamed one stay with it.
        """
        names, groups = [*self._names], [*self._groups]
        for key, name in changes.items():
            place = self._ids.index(key)
            names[place], groups[place] = name, place
        first: dict[str, int] = {}
        for i, name in enumerate(names):
            if groups[i] == i:
                groups[i] = first.setdefault(name, i)
        return names, [groups[group] for group in groups]
