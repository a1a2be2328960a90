"""Frames and seconds of the recordings of one report."""

from collections.abc import Sequence
from dataclasses import dataclass

from htvae.data.processing import PoseDataProcessor, ProcessedSequence


@dataclass(frozen=True)
class Clock:
    """Whether a report counts in seconds or in frames."""

    rate: float | None
    """Frames per second of the model, or of all recordings. None: the report counts in frames."""

    @classmethod
    def of(cls, processor: PoseDataProcessor, recordings: Sequence[ProcessedSequence]) -> "Clock":
        """Choose seconds where the model, or all recordings alike, have a frame rate."""
        rates = {recording.source.fps for recording in recordings}
        return cls(processor.fps or (rates.pop() if len(rates) == 1 else None))

    def source_rate(self, recording: ProcessedSequence) -> float | None:
        """Return a recording's own frames per second; one without is taken to have the model's."""
        return None if self.rate is None else recording.source.fps or self.rate

    def model_rate(self, recording: ProcessedSequence) -> float | None:
        """Return a recording's model frames per second."""
        return None if self.rate is None else recording.record.fps or self.rate

    def measure(self, num_frames: float) -> float:
        """Return the time of a number of model frames, in seconds, or in frames where the report does."""
        return num_frames if self.rate is None else num_frames / self.rate
