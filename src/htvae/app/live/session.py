"""What the live page asks about: one model, its recordings, and the report on them."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from htvae.analysis.motion_series import scale_points
from htvae.analysis.search.search import observed_shares
from htvae.analysis.search.span_index import SpanIndex
from htvae.analysis.series_source import SeriesSource
from htvae.app.collect.clock import Clock
from htvae.app.collect.report import Report
from htvae.app.collect.sliders import find_directions
from htvae.app.live.saving import Savers
from htvae.app.live.videos import Video, find_video
from htvae.app.packing import to_packed
from htvae.app.payload import Live, Payload
from htvae.app.remembering import RememberingModel
from htvae.data.processing import ProcessedSequence

MOST_FRAMES = 20_000
"""Frames of a clip that is made or exported, at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Session:
    """A model and its recordings, for as long as the page is served."""

    model: RememberingModel
    recordings: Sequence[ProcessedSequence]
    """In the report's order."""
    report: Report
    data_dir: Path
    """Folder of the recordings."""
    output_dir: Path
    """Folder for what the user saves."""
    savers: Savers
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def describe(self, token: str) -> Payload:
        """Return the report as the live page gets it."""
        live: Live = {
            "token": token,
            "video": [own is not None for own in self.videos],
            "offsets": [0.0 if own is None else own.offset for own in self.videos],
            "canGenerate": self.model.has_prior,
            "labels": list(self.known_labels),
            "scripted": list(self.model.chunk_labels),
            "towards": self.goals,
            "frame": [round(self.chunk_frames(own), 3) for own in self.recordings],
            "detectors": sorted(path.stem for path in self.output_dir.glob("*.npz")),
        }
        return {**self.report.payload, "live": live}

    @cached_property
    def clock(self) -> Clock:
        """Seconds or frames, as in the report."""
        return Clock.of(self.model.processor, self.recordings)

    @cached_property
    def known_labels(self) -> tuple[str, ...]:
        """Labels that the prior knows, those of spans first."""
        return tuple(dict.fromkeys((*self.model.chunk_labels, *self.model.labels)))

    @cached_property
    def directions(self) -> np.ndarray:
        """Steps (directions, K) of the latents along the report's directions."""
        if self.report.payload["sliders"] is None:
            return np.zeros((0, 0))
        encodings = self.model.encode_all(self.recordings)
        uses_chunks = self.model.config.model.chunk_latent_dim > 0
        latents = [own.chunk_latents if uses_chunks else own.sequence_latent[None] for own in encodings]
        return find_directions(np.concatenate(latents))[0]

    @cached_property
    def training(self) -> list[ProcessedSequence]:
        """Recordings that the model was trained on; all where none is shown."""
        shown = zip(self.recordings, self.report.payload["recordings"], strict=True)
        return [own for own, entry in shown if entry["split"] == "train"] or list(self.recordings)

    @cached_property
    def goals(self) -> list[str]:
        """What spans can be edited towards: labels, and values of columns, that some of training's have."""
        sources = [own.source for own in self.training]
        values = {"": [own.label for own in sources], "subject=": [own.subject for own in sources]}
        for column in self.report.payload["columns"]:
            values[f"{column}="] = [own.covariates.get(column) for own in sources]
        return [
            f"{column}{value}"
            for column, own in values.items()
            for value in sorted({value for value in own if value})
            if not all(other == value for other in own)
        ]

    @cached_property
    def videos(self) -> list[Video | None]:
        """The source video of each recording; None where manifest.csv names none that is there."""
        return [find_video(self.data_dir, own.source.covariates) for own in self.recordings]

    @cached_property
    def blocks(self) -> Mapping[str, bytes]:
        """The report's packed numbers, compressed, by id."""
        return {name: to_packed(text) for name, text in self.report.blocks.items()}

    @property
    def index(self) -> SpanIndex:
        """The recordings prepared for search, once somebody searches."""
        with self._lock:
            return self._index

    @cached_property
    def _index(self) -> SpanIndex:
        model = self.model
        series = SeriesSource(model, self.recordings, "filled")
        shares = observed_shares(self.recordings)
        return SpanIndex.fit(series, shares, scale_points(model, "filled"), model.processor.fps)

    def name_label(self, index: int) -> str:
        """Return one of `known_labels`.

        Raises:
            ValueError: there are fewer.
        """
        if index >= len(self.known_labels):
            raise ValueError(
                f"label must be one of the {len(self.known_labels)} that the prior knows, but is {index}."
            )
        return self.known_labels[index]

    def count_frames(self, seconds: float, rate: float | None) -> int:
        """Return a length as frames; where the report counts in frames, the length is in frames.

        Raises:
            ValueError: it is longer than `MOST_FRAMES`.
        """
        frames = max(1, round(seconds * (rate or 1.0)))
        check_length(frames)
        return frames

    def chunk_frames(self, recording: ProcessedSequence) -> float:
        """Return the length of a chunk in a recording's source frames."""
        frames = recording.record.source_frames
        step = float(frames[1] - frames[0]) if len(frames) > 1 else 1.0
        return self.model.grid.chunk_size * step


def check_length(frames: int) -> None:
    """Raise ValueError where a clip would be longer than `MOST_FRAMES`."""
    if frames > MOST_FRAMES:
        raise ValueError(
            f"A clip must have at most {MOST_FRAMES:,} frames here, but would have {frames:,}. Ask for a "
            "shorter one, or use the command line."
        )
