"""Effects in the words of users, such as ``speed of RIGHT_WRIST -10%`` or ``label walk->run 0.3``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from htvae.analysis.measures import MeasureTable
from htvae.poses.body_groups import group_landmarks
from htvae.poses.landmarks import canonical_name
from htvae.utils.text import list_names

Kind = Literal["speed", "range", "direction", "motif"]

GRAMMAR = (
    '"speed of RIGHT_WRIST -10%", "range of left arm -0.05" (torso lengths), "speed -10%" (the whole body), '
    '"label walk->run 0.3" (a column of manifest.csv, two of its values, and the share of the way from one '
    'to the other), or "motif m03 +8%"'
)
LARGEST_SHARE = 3.0
"""Largest change by a share, +300 %."""
LARGEST_STEP = 3.0
"""Largest share of the way between two values."""
_NUMBER = r"(?P<sign>[+-])?\s*(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<percent>%)?"
_FORMS: tuple[tuple[str, str], ...] = (
    ("motion", rf"(?P<kind>speed|range)(?:\s+of\s+(?P<target>.+?))?\s+{_NUMBER}"),
    ("motif", rf"motif\s+(?P<target>.+?)\s+{_NUMBER}"),
    ("direction", rf"(?P<column>\S+)\s+(?P<start>.+?)\s*->\s*(?P<end>.+?)\s+{_NUMBER}"),
)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A change that is planted into recordings."""

    text: str
    """The user's words."""
    kind: Kind
    size: float
    """Signed: a share of the controls' mean, an amount in the measure's unit, or a share of the way."""
    is_relative: bool
    """Whether the size is a share of the controls' mean."""
    target: str = ""
    """Landmark, part of the body or motif; empty for the whole body."""
    column: str = ""
    """Column of a direction."""
    start: str = ""
    """Value from which a direction leads."""
    end: str = ""
    """Value to which a direction leads."""

    @property
    def is_warp(self) -> bool:
        """Whether the whole recording is played slower or faster."""
        return self.kind == "speed" and not self.target


def parse_effect(text: str) -> Effect:
    """Return the effect that words describe.

    Raises:
        ValueError: the words are none of the forms, or the size is 0 or too large.
    """
    plain = text.strip().replace("\u2212", "-").replace("\u2192", "->")
    for form, pattern in _FORMS:
        match = re.fullmatch(pattern, plain, re.IGNORECASE)
        if match:
            return _check(_make(form, text.strip(), match))
    raise ValueError(f"effect must be like {GRAMMAR}, but got {text!r}.")


def find_landmarks(
    effect: Effect, landmarks: Sequence[str], edges: Sequence[tuple[int, int]]
) -> tuple[int, ...]:
    """Return the indices of the landmarks that an effect names, all of them for the whole body.

    Raises:
        ValueError: the name is neither a landmark nor a part of the body.
    """
    if not effect.target:
        return tuple(range(len(landmarks)))
    wanted = canonical_name(effect.target)
    named = [i for i, name in enumerate(landmarks) if name == effect.target]
    named = named or [i for i, name in enumerate(landmarks) if canonical_name(name) == wanted]
    if named:
        return tuple(named)
    groups = group_landmarks(landmarks, edges)
    for group in groups:
        if canonical_name(group.name) == wanted:
            return group.landmarks
    parts = [group.name for group in groups if group.name not in landmarks]
    raise ValueError(
        f"effect must name a landmark or a part of the body, but got {effect.target!r}. Landmarks: "
        f"{list_names(landmarks)}. Parts: {list_names(parts) or 'none'}."
    )


def find_outcome(effect: Effect, names: Sequence[str], table: MeasureTable) -> list[int]:
    """Return the columns whose mean is the outcome of an effect of speed or range on named landmarks."""
    wanted = {f"{effect.kind} of {name}" for name in names}
    return [i for i, measure in enumerate(table.measures) if measure.name in wanted]


def find_touched(effect: Effect, names: Sequence[str], table: MeasureTable) -> list[int]:
    """Return the columns in which an effect should be found: those of the landmarks that it names."""
    if effect.kind == "direction":
        return list(range(len(table.measures)))
    if effect.kind == "motif":
        return [i for i, measure in enumerate(table.measures) if measure.motif in names]
    whole = not effect.target
    return [
        i
        for i, measure in enumerate(table.measures)
        if set(measure.landmark.split(" / ")) & set(names)
        or (whole and measure.family in (effect.kind, f"asymmetry of {effect.kind}"))
    ]


def _make(form: str, text: str, match: re.Match[str]) -> Effect:
    found = match.groupdict()
    percent = found["percent"] is not None
    size = float(found["number"]) * (-1 if found["sign"] == "-" else 1) / (100 if percent else 1)
    if form == "direction":
        return Effect(
            text=text,
            kind="direction",
            size=size,
            is_relative=False,
            column=found["column"],
            start=found["start"].strip(),
            end=found["end"].strip(),
        )
    if not found["sign"]:
        raise ValueError(f"effect must say more or less by a sign, such as +8% or -8%, but got {text!r}.")
    kind: Kind = "motif" if form == "motif" else "speed" if found["kind"].lower() == "speed" else "range"
    return Effect(
        text=text, kind=kind, size=size, is_relative=percent, target=(found["target"] or "").strip()
    )


def _check(effect: Effect) -> Effect:
    if effect.size == 0:
        raise ValueError(f"effect must change something, but {effect.text!r} has the size 0.")
    if effect.is_relative and not -1 < effect.size <= LARGEST_SHARE:
        raise ValueError(
            f"effect must change by more than -100% and at most +{LARGEST_SHARE:.0%}, but got "
            f"{effect.text!r}."
        )
    if effect.kind == "direction":
        if effect.start == effect.end:
            raise ValueError(f"effect must lead from one value to another, but got {effect.text!r}.")
        if abs(effect.size) > LARGEST_STEP:
            raise ValueError(
                f"effect must go at most {LARGEST_STEP:g} times the way between two values, but got "
                f"{effect.text!r}."
            )
    return effect
