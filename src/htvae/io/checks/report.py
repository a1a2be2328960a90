"""What `check-data` reports of a folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from htvae.io.checks.finding import FolderFinding
from htvae.io.findings import RecordingReport
from htvae.poses.sequence import PoseSequence


@dataclass(frozen=True, kw_only=True)
class FormatReport:
    """What was read in one format."""

    name: str
    """Name for ``--source``."""
    title: str
    reason: str
    """What in the files shows the format."""
    files: int
    recordings: int
    landmarks: tuple[int, int]
    """Fewest and most landmarks of a recording."""
    frames: int
    rates: str
    """Frame rates, and from where they come, in words."""
    coordinates: str
    """Axes and units, in words."""
    missing: float
    """Share (0..1) of frames times landmarks without a point."""
    unsure: float | None
    """Share (0..1) of the files' points below ``min_confidence``; None where no confidence is read."""


@dataclass(frozen=True, kw_only=True)
class SplitReport:
    """One part of the data."""

    name: str
    recordings: int
    frames: int
    subjects: int


@dataclass(frozen=True, kw_only=True)
class TrainingReport:
    """What training would make of the recordings."""

    splits: tuple[SplitReport, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    """Recordings by label."""
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Labelled spans of frames and the frames in them, by label."""
    notes: tuple[str, ...] = ()
    """Sentences that are good to know: what is resampled, what the split depends on."""


@dataclass(frozen=True, kw_only=True)
class FolderReport:
    """What was found in a folder."""

    recordings: Sequence[RecordingReport]
    """Reports on the recordings that could be read, sorted by name."""
    faults: Sequence[str]
    """Errors: the folder cannot be used until they are corrected."""
    findings: Sequence[FolderFinding] = ()
    """What looks wrong, with the setting or the edit that mends it."""
    notes: Sequence[str] = ()
    """What is unusual, but accepted."""
    formats: Sequence[FormatReport] = ()
    passed_over: Sequence[str] = ()
    """Files that are not read, with what they are."""
    training: TrainingReport = TrainingReport()
    sequences: Sequence[PoseSequence] = ()
    """The recordings, with manifest and labels."""
    skeleton: Sequence[tuple[str, str]] = ()
    """Bones of ``skeleton.csv``, as pairs of landmarks."""

    @property
    def is_clean(self) -> bool:
        """Whether there is no fault, no finding and nothing unusual."""
        return not self.faults and not self.findings and not self.notes

    @property
    def has_rate(self) -> bool:
        """Whether the frame rate of some recording is known."""
        return any(sequence.fps is not None for sequence in self.sequences)


def count_subjects(sequences: Sequence[PoseSequence]) -> int:
    """Return the number of known subjects."""
    return len(Counter(s.subject for s in sequences if s.subject is not None))
