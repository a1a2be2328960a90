"""The report as the page gets it: JSON with these keys, and blocks of packed numbers by id (`packing`)."""

from typing import Any, Literal, TypedDict

FORMAT = 1
"""Version of the payload."""

Level = Literal["good", "fair", "poor", "unknown"]
Span = list[int]
"""First source frame, frame after the last one, index of the label or motif."""


class Made(TypedDict):
    """How the report was made."""

    program: str
    date: str
    command: str
    seed: int | None
    """None: not told, since pseudonyms are made with it."""


class Finding(TypedDict):
    """A sentence of the verdict."""

    level: Literal["good", "fault", "note"]
    text: str
    advice: str


class Verdict(TypedDict):
    """Whether the model is good, in words."""

    level: Level
    headline: str
    sentence: str
    findings: list[Finding]


class Body(TypedDict):
    """What a pose is."""

    landmarks: list[str]
    sides: list[int]
    """-1 right, 0 middle, 1 left."""
    edges: list[list[int]]
    parents: list[int]
    """Landmark that each is packed relative to."""
    coordinates: int
    unit: str


class Recording(TypedDict):
    """One recording; pose i lies at source frame ``first + i * fps / rate``, or ``first + i / rate``."""

    name: str
    label: int
    subject: int
    split: str
    columns: list[str]
    fps: float | None
    first: int
    frames: int
    rate: float
    """Packed poses per second; per source frame where the frame rate is unknown."""
    count: int
    scale: float
    """Torso lengths per step of the packed poses."""
    labels: list[Span]
    motifs: list[Span]
    activities: list[Span]
    error: float | None
    maps: dict[str, list[float]]
    poses: str
    lanes: str


class Lanes(TypedDict):
    """Value of byte 255 of each curve, common to all recordings, and the surprise worth a look."""

    error: float
    speed: float
    surprise: float
    threshold: float


class MomentsInfo(TypedDict):
    """The block of moments."""

    count: int
    seconds: float
    maps: list[str]
    block: str


class Windows(TypedDict):
    """The block of windows' features, for search."""

    every: float
    length: float
    features: int
    counts: list[int]
    step: float
    block: str


class Motif(TypedDict):
    """One motif."""

    id: str
    name: str
    share: float
    bouts: int
    recordings: int
    medianSeconds: float
    lift: list[Any] | None
    """Index of the label, and how many times as often it is seen in the motif as elsewhere."""
    clip: list[int] | None
    """Index of the recording, first source frame, frame after the last one."""


class Activity(TypedDict):
    """What people do for a minute, told by the motifs that they alternate between."""

    id: str
    share: float
    bouts: int
    recordings: int
    medianSeconds: float
    motifs: list[list[float]]
    """Index and share of time of its commonest motifs."""
    lift: list[Any] | None
    clip: list[int] | None
    """As of a motif."""


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


class Table(TypedDict):
    """A table of figures."""

    name: str
    title: str
    columns: list[str]
    rows: list[list[Any]]


class Method(TypedDict):
    """A paragraph on how the report came about."""

    title: str
    lines: list[str]


class Payload(TypedDict):
    """The whole report."""

    format: int
    title: str
    subtitle: str
    made: Made
    notes: list[str]
    verdict: Verdict
    body: Body
    labels: list[str]
    subjects: list[str]
    columns: list[str]
    recordings: list[Recording]
    lanes: Lanes
    moments: MomentsInfo
    windows: Windows
    motifs: list[Motif]
    activities: list[Activity]
    transitions: list[list[float]] | None
    generated: list[Generated]
    sliders: Sliders | None
    groups: Groups | None
    completion: list[Completion] | None
    attention: Attention | None
    tables: list[Table]
    method: list[Method]
