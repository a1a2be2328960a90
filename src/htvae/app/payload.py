"""The report as the page gets it: JSON with these keys, and blocks of packed numbers by id (`packing`)."""

from typing import Any, Literal, TypedDict

from htvae.app.payload_tabs import Attention, Completion, Generated, Groups, Sliders

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


class Live(TypedDict):
    """What only the live page is told."""

    token: str
    """Goes with every request."""
    video: list[bool]
    """Whether the server has the source video of each recording."""
    offsets: list[float]
    """Second of each recording's video at source frame 0."""
    canGenerate: bool
    """Whether the model has a prior."""
    labels: list[str]
    """Labels that the prior knows."""
    scripted: list[str]
    """Those of spans, which scripts are made of."""
    towards: list[str]
    """Labels, and COLUMN=VALUE, that a span can be edited towards."""
    frame: list[float]
    """Length of a chunk in each recording's source frames."""
    detectors: list[str]
    """Detectors that were saved."""


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
    live: Live | None
    """None in a file."""
