"""Effects in words: what is understood, and what is answered to the rest."""

import pytest

from htvae.analysis.measures import Measure, MeasureTable
from htvae.analysis.power.effects import find_landmarks, find_outcome, find_touched, parse_effect

LANDMARKS = (
    "NOSE",
    "LEFT_SHOULDER",
    "LEFT_ELBOW",
    "LEFT_WRIST",
    "RIGHT_SHOULDER",
    "RIGHT_ELBOW",
    "RIGHT_WRIST",
)
EDGES = [(1, 2), (2, 3), (4, 5), (5, 6), (1, 4), (0, 1)]


@pytest.mark.parametrize(
    ("text", "kind", "target", "size", "is_relative"),
    [
        ("speed of RIGHT_WRIST -10%", "speed", "RIGHT_WRIST", -0.1, True),
        (" Range  of left arm +0.05 ", "range", "left arm", 0.05, False),
        ("speed \u2212 12.5 %", "speed", "", -0.125, True),
        ("range of my landmark -.5", "range", "my landmark", -0.5, False),
        ("motif m03 +8%", "motif", "m03", 0.08, True),
    ],
)
def test_effects_of_motion_and_motifs(
    text: str, kind: str, target: str, size: float, is_relative: bool
) -> None:
    effect = parse_effect(text)
    assert (effect.kind, effect.target, effect.is_relative) == (kind, target, is_relative)
    assert effect.size == pytest.approx(size) and effect.text == text.strip()
    assert effect.is_warp == (kind == "speed" and not target)


@pytest.mark.parametrize(
    ("text", "parts", "size"),
    [
        ("label walk->run 0.3", ("label", "walk", "run"), 0.3),
        ("drug low dose \u2192 high dose -1", ("drug", "low dose", "high dose"), -1.0),
        ("speed slow->fast 20%", ("speed", "slow", "fast"), 0.2),
    ],
)
def test_directions(text: str, parts: tuple[str, str, str], size: float) -> None:
    effect = parse_effect(text)
    assert (effect.kind, effect.column, effect.start, effect.end) == ("direction", *parts)
    assert effect.size == pytest.approx(size)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("faster", 'effect must be like "speed of RIGHT_WRIST -10%"'),
        (
            "speed of NOSE 10%",
            r"must say more or less by a sign, such as \+8% or -8%, but got 'speed of NOSE 10%'",
        ),
        ("speed of NOSE -0%", "must change something, but 'speed of NOSE -0%' has the size 0"),
        ("speed -100%", "by more than -100% and at most"),
        ("range +900%", r"at most \+300%, but got 'range \+900%'"),
        ("label a->a 1", "must lead from one value to another"),
        ("label a->b 7", "at most 3 times the way"),
        ("label a->b 0", "has the size 0"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_effect(text)


def test_landmarks_and_parts_by_name() -> None:
    def find(text: str) -> tuple[int, ...]:
        return find_landmarks(parse_effect(text), LANDMARKS, EDGES)

    assert find("speed of RIGHT_WRIST -1%") == find("speed of rightWrist -1%") == (6,)
    assert find("range of left arm -1%") == (2, 3)
    assert find("range -1%") == tuple(range(7))
    with pytest.raises(ValueError, match=r"got 'tail'. Landmarks: NOSE, .* Parts: head, trunk, left arm"):
        find("speed of tail -1%")


def test_columns_that_an_effect_names() -> None:
    measures = [Measure(f"speed of {name}", "", "speed", name) for name in ("LEFT_WRIST", "RIGHT_WRIST")]
    measures.append(Measure("range of LEFT_WRIST", "", "range", "LEFT_WRIST"))
    pair = "LEFT_WRIST / RIGHT_WRIST"
    measures.append(Measure(f"asymmetry of speed, {pair}", "", "asymmetry of speed", pair))
    measures.append(Measure("usage of m01", "", "usage", motif="m01"))
    table = MeasureTable(tuple(measures), None)  # type: ignore[arg-type]
    effect = parse_effect("speed of LEFT_WRIST -1%")
    assert find_outcome(effect, ["LEFT_WRIST"], table) == [0]
    assert find_touched(effect, ["LEFT_WRIST"], table) == [0, 2, 3]
    assert find_touched(parse_effect("speed -1%"), [], table) == [0, 1, 3]
    assert find_touched(parse_effect("motif m01 +5%"), ["m01"], table) == [4]
    assert find_touched(parse_effect("label a->b 1"), [], table) == [0, 1, 2, 3, 4]
