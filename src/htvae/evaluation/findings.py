"""What a rule of the verdict finds: a sentence, and what to try next."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Figures = Mapping[str, float]
"""Finite values by name, see `htvae.evaluation.figures`. Any may be absent."""

FindingLevel = Literal["good", "fault", "note"]


@dataclass(frozen=True)
class Finding:
    """One sentence of the verdict."""

    sentence: str
    advice: str = ""
    """What to try next. Empty: nothing."""
    is_fault: bool = False
    """Whether the sentence names a fault; faults come before what is well."""
    is_note: bool = False
    """Whether the sentence names a limit that is no fault."""

    @property
    def level(self) -> FindingLevel:
        """``fault``; ``note``, where there is a limit or something to try; or ``good``."""
        if self.is_fault:
            return "fault"
        return "note" if self.is_note or self.advice else "good"


def times(ratio: float) -> str:
    """Return a ratio in words."""
    return f"{ratio:.2f} times" if ratio < 2 else f"{ratio:.1f} times"


def divide(figures: Figures, above: str, below: str) -> float:
    """Return the quotient of two figures; NaN where one is absent, or the divisor is 0."""
    if above not in figures or figures.get(below, 0.0) == 0:
        return math.nan
    return figures[above] / figures[below]
