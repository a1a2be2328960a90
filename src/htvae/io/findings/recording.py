"""The report on one recording: its numbers, and its findings in words."""

from dataclasses import dataclass

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.coordinates import to_file
from htvae.io.findings.axes import CoordinateKind, find_upright, recognise_coordinates
from htvae.io.findings.describe import describe_axes, describe_landmarks, describe_points
from htvae.io.findings.examination import examine
from htvae.io.findings.finding import Finding
from htvae.poses.sequence import PoseSequence


@dataclass(frozen=True, kw_only=True)
class RecordingReport:
    """What was found in one recording."""

    name: str
    frames: int
    landmarks: int
    missing: float
    """Share (0..1) of frames times landmarks without a point."""
    fps: float | None
    label: str | None
    subject: str | None
    coordinates: CoordinateKind
    """Likely kind of the file's coordinates."""
    upside_down: bool | None
    """True where bodies stand on their heads in most frames, None where that is unknown."""
    findings: tuple[Finding, ...]

    @property
    def has_findings(self) -> bool:
        """Whether anything was found."""
        return bool(self.findings)


def check_recording(sequence: PoseSequence, config: ReadingConfig) -> RecordingReport:
    """Examine one recording, which was read with ``config``."""
    found = examine(sequence)
    upright = find_upright(found.pose, sequence.landmarks)
    kind = recognise_coordinates(to_file(found.pose, sequence.coordinates))
    has_image_size = (config.image_size or sequence.coordinates.image_size) is not None
    return RecordingReport(
        name=sequence.name,
        frames=sequence.num_frames,
        landmarks=len(sequence.landmarks),
        missing=1 - np.count_nonzero(sequence.observed) / sequence.observed.size,
        fps=sequence.fps,
        label=sequence.label,
        subject=sequence.subject,
        coordinates=kind,
        upside_down=None if upright is None or upright.axis != 1 else not upright.is_positive,
        findings=(
            *describe_points(sequence, found),
            *describe_landmarks(sequence, found),
            *describe_axes(sequence, upright, kind == "0..1" and not has_image_size),
        ),
    )
