"""How far a report is, with the time that is left."""

from htvae.utils.progress import Progress

STEPS = {
    "encoding": 20,
    "scores": 6,
    "groups": 6,
    "packing": 5,
    "features": 4,
    "motifs": 16,
    "surprise": 24,
    "curves": 3,
    "maps": 6,
    "completion": 8,
    "motion": 2,
}
"""Parts of the work, in their order, and about how many per cent of the time each takes."""


class Steps:
    """Shows which part of a report is being made."""

    def __init__(self) -> None:
        self._progress = Progress("Report", sum(STEPS.values()), unit="%")
        self._done, self._size = 0, 0

    def begin(self, name: str) -> None:
        """Begin a part of the work."""
        names = list(STEPS)
        self._done = sum(STEPS[other] for other in names[: names.index(name)])
        self._size = STEPS[name]
        self._progress.update(self._done)

    def advance(self, share: float) -> None:
        """Show that this share of the part is done; a part that begins again does not lead back."""
        self._progress.update(max(self._done + int(self._size * share), self._progress.done))

    def close(self) -> None:
        """Take the bar away."""
        self._progress.update(sum(STEPS.values()))
        self._progress.close()
