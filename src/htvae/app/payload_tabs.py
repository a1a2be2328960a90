"""What tabs of the page get, beside the recordings and their motifs: parts of `htvae.app.payload`."""

from typing import TypedDict


class Generated(TypedDict):
    """Motion drawn from the prior."""

    name: str
    label: int
    rate: float
    count: int
    scale: float
    poses: str


class Direction(TypedDict):
    """A direction of the latents."""

    name: str
    text: str
    share: float


class Sliders(TypedDict):
    """Poses along directions of the latents: directions x steps clips in one block."""

    directions: list[Direction]
    steps: list[float]
    rate: float
    count: int
    scale: float
    block: str


class GroupRow(TypedDict):
    """How one measure differs between two groups."""

    measure: str
    unit: str
    between: str
    difference: float | None
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    q: float | None
    landmark: str
    unreliable: bool


class Bodies(TypedDict):
    """Two motions of one length, one of either group, in one block."""

    captions: list[str]
    rate: float
    count: int
    scale: float
    block: str


class GroupScene(TypedDict):
    """A difference between two groups as motion."""

    title: str
    note: str
    names: list[str]
    """The two groups."""
    landmarks: list[int]
    """Landmarks that differ most."""
    distance: float | None
    """Largest distance between the means, torso lengths."""
    bodies: list[Bodies]


class Groups(TypedDict):
    """A comparison of groups."""

    by: str
    text: list[str]
    rows: list[GroupRow]
    scenes: list[GroupScene]
    """Differences that hold, the strongest first."""


class Completion(TypedDict):
    """A part of a held-out recording, some of whose points were hidden and filled in."""

    recording: int
    shown: list[int]
    """First source frame of the part, frame after the last one."""
    hidden: list[int]
    """The same of what is hidden."""
    what: str
    landmarks: list[int]
    """Hidden landmarks."""
    length: float
    """Of what is hidden, seconds, or frames where the report counts in frames."""
    error: float | None
    """Mean distance of hidden points from the recording's, torso lengths."""
    linear: float | None
    """The same of linear interpolation."""
    inside: float | None
    """Share of hidden coordinates in their 90 % interval; None without a prior."""
    band: bool
    rate: float
    count: int
    scale: float
    block: str
    """Filled poses with the recording beside them (`packing.pack_poses`), mask of hidden points, and apart
    from the filled poses: linear interpolation, then the interval's bounds where there is a band."""


class Attention(TypedDict):
    """What each chunk of the recordings looked at, in one block.

    First three columns of uint16, each for the chunks of all recordings: source frames from the chunk before
    (from the recording's first frame), source frames of the chunk, first chunk of its window. Then for each
    recording and stage a byte for each chunk and position of its window (the sequence token, then chunks).
    """

    stages: list[str]
    counts: list[int]
    """Chunks of each recording; 0 where it was left out."""
    widths: list[int]
    """Positions of a window."""
    step: float
    """Times an even share that one step of a byte is."""
    block: str
