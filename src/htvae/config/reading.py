"""The settings on how files become recordings. `DataConfig` inherits them; the cache depends on them."""

import dataclasses
from dataclasses import dataclass

from htvae.config.checks import check_kinds, check_range, require
from htvae.config.choices import Link, TimeUnit


@dataclass(frozen=True, kw_only=True)
class ReadingConfig:
    """How files become recordings."""

    data_dir: str = "data/pose_csvs"
    """Folder of recordings: pose CSVs, or the files of a tracker; subfolders are read too. Or what htvae pack
    wrote: that folder, or s3://BUCKET/PREFIX, see docs/corpora.md."""
    source: str = "auto"
    """Format of the files: auto recognises each file by its content; other names force one format, see
    docs/formats.md."""
    y_up: bool | None = None
    """Whether y grows upwards in the files. None: as the format has it; pose CSVs have y up, image pixels
    y down."""
    z_up: bool | None = None
    """Whether z grows upwards in files with three coordinates. None: as the format has it; pose CSVs have y
    up."""
    image_size: tuple[int, int] | None = None
    """Width and height (pixels) of the video, by which coordinates in 0..1 are multiplied, so that x and y
    share one unit."""
    dimensions: int | None = None
    """Coordinates to read: 2 (x and y) or 3. None: all that a file has."""
    confidence_column: str | None = None
    """Column of pose CSVs with the tracker's confidence; points below min_confidence count as missing. Other
    formats name their own."""
    min_confidence: float = 0.5
    """Lowest confidence of a point that counts as observed, in the files' unit: 0..1, or 0..100 where they
    have percent. 0 keeps all points."""
    max_frame_gap: int = 10_000
    """Longest run of absent frame numbers (frames) in a file. A longer one is an error: such numbers are
    probably time stamps."""
    time_unit: TimeUnit = "frame"
    """Meaning of the frame numbers: frame; a time in s, ms or us, from which the frame rate follows; or
    step, if every n-th frame has a row and n is constant."""
    individual: tuple[str, ...] = ("all",)
    """Individuals to read from files that hold several: all, main (the one seen most and most surely), or
    names. Each becomes a recording."""
    min_individual_share: float = 0.1
    """Least share (0..1) of a file's frames in which an individual must be seen; others (bystanders, broken
    tracks) are left out."""
    individual_prefix: tuple[str, ...] = ()
    """Prefixes of landmark names that tell individuals apart in files without a row or column for them, e.g.
    B_ W_."""
    link: Link = "auto"
    """How individuals are followed from frame to frame: by the file's ids; by the nearest pose; auto takes
    ids that occur once in each frame, else the nearest pose."""
    landmarks: tuple[str, ...] = ()
    """Landmarks to read, as names or patterns such as LEFT_*. None given: all."""
    drop: tuple[str, ...] = ()
    """Landmarks to leave out, as names or patterns such as face*."""
    rename: tuple[str, ...] = ()
    """Landmarks to rename: OLD=NEW, or a CSV file with the columns from and to. Landmarks that get one name
    are joined."""

    def __post_init__(self) -> None:
        check_kinds(self)
        check_range(self, "min_confidence", 0, 100)
        check_range(self, "min_individual_share", 0, 1)
        check_range(self, "max_frame_gap", 0)
        size = self.image_size
        require(
            size is None or min(size) > 0,
            f"image_size must be a width and a height above 0, but got {size}. Give the video's, in pixels.",
        )
        require(
            self.dimensions in (None, 2, 3),
            f"dimensions must be 2 or 3, but got {self.dimensions}. Leave it out to read what files have.",
        )
        require(
            not (self.y_up and self.z_up),
            "y_up and z_up cannot both hold, but both were given. Give the axis that points upwards.",
        )


def reading_names() -> tuple[str, ...]:
    """Return the names of the settings on how a file is read, in order: all but the folder."""
    return tuple(field.name for field in dataclasses.fields(ReadingConfig) if field.name != "data_dir")
