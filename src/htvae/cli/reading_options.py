"""Options of commands that give recordings to a trained model, which knows how its own were read."""

from dataclasses import dataclass, fields
from typing import Any

from htvae.cli.names import expand_names
from htvae.config import Link, TimeUnit


@dataclass(frozen=True, kw_only=True)
class CommonReadingOptions:
    """How recordings are read, where they differ from those of training. None: as in training."""

    fps: float | None = None
    """Frame rate (1/s) of recordings whose files and manifest name none. None: unknown, unless training had
    --fps."""
    source: str | None = None
    """Format of the files, see docs/formats.md. None: as in training."""
    min_confidence: float | None = None
    """Lowest confidence of a point that counts as observed. None: as in training."""
    image_size: tuple[int, int] | None = None
    """Width and height (pixels) of the video, if x and y are shares (0..1) of it. None: as in training."""
    y_up: bool | None = None
    """Whether y grows upwards in the files. None: as in training."""
    z_up: bool | None = None
    """Whether z grows upwards in the files. None: as in training."""
    time_unit: TimeUnit | None = None
    """Meaning of the frame numbers: frame, step, s, ms or us. None: as in training."""
    link: Link | None = None
    """How individuals are followed: auto, ids or nearest. None: as in training."""

    rename: tuple[str, ...] | None = None
    """Landmarks to rename: OLD=NEW, or a CSV file with the columns from and to. None: as in training."""

    @property
    def changes(self) -> dict[str, Any]:
        """The settings that are given, by name; raises ValueError or OSError for a file of names."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["rename"] = None if self.rename is None else expand_names(self.rename)
        if isinstance(values.get("individual"), str):
            values["individual"] = (values["individual"],)
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class ReadingOptions(CommonReadingOptions):
    """How these recordings are read, where they differ from those of training. None: as in training."""

    individual: tuple[str, ...] | None = None
    """Individuals to read from files that hold several: all, main, or names. None: as in training."""


@dataclass(frozen=True, kw_only=True)
class OneReadingOptions(CommonReadingOptions):
    """How one recording is read, where it differs from those of training. None: as in training."""

    individual: str | None = None
    """Individual to read from a file that holds several: a name, or main. None: as in training."""
