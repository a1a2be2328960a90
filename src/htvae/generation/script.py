"""What shall happen when: ``walk:12s,wave-left-hand:4s,run:10s``."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

from htvae.data.sequence import FrameLabel
from htvae.generation.drawing import ChunkGrid


@dataclass(frozen=True)
class Script:
    """Labels one after the other, each with its length (frames)."""

    parts: tuple[tuple[str, int], ...]

    @classmethod
    def parse(cls, text: str, fps: float | None) -> "Script":
        """Read ``label:12s,label:400f``: lengths in seconds or in frames, of the model's frame rate.

        Raises:
            ValueError: another form, a length below one frame, or seconds where no frame rate is known.
        """
        return cls(tuple(_parse_part(part.strip(), fps) for part in text.split(",")))

    @property
    def num_frames(self) -> int:
        """Length of the whole."""
        return sum(length for _, length in self.parts)

    def frame_labels(self, num_frames: int) -> tuple[FrameLabel, ...]:
        """Return the labelled spans of the first ``num_frames`` frames; the last label lasts to their end."""
        cuts = [0, *accumulate(length for _, length in self.parts)]
        cuts[-1] = max(cuts[-1], num_frames)
        spans = [
            (label, start, min(stop, num_frames))
            for (label, _), (start, stop) in zip(self.parts, pairwise(cuts), strict=True)
        ]
        return tuple(FrameLabel(start, stop, label) for label, start, stop in spans if start < stop)

    def label_chunks(self, grid: ChunkGrid, num_frames: int) -> list[list[str]]:
        """Return the labels of each chunk, at the places that `ChunkGrid.label_places` names."""
        spans = self.frame_labels(num_frames)
        return [
            [next(span.label for span in spans if span.start <= place < span.stop) for place in places]
            for places in grid.label_places(num_frames).tolist()
        ]


def _parse_part(part: str, fps: float | None) -> tuple[str, int]:
    label, _, length = part.rpartition(":")
    number, unit = length[:-1], length[-1:]
    try:
        amount = float(number)
        if not label or unit not in ("s", "f") or not 0 < amount < 1e7:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"A script must be like 'walk:12s,wave:4s' (or 120f for frames), but has {part!r}. Correct it."
        ) from None
    if unit == "s" and fps is None:
        raise ValueError(
            f"A script's length must be in frames where no frame rate is known, but is {length!r}. "
            "Write it like 120f."
        )
    return label, max(1, round(amount * (fps if unit == "s" and fps else 1)))
