"""Parts of the body, by the landmarks' names: arms, legs, head, trunk, tail.

- An arm begins at the elbow and a leg at the knee: shoulders and hips belong to the trunk, on which limbs
  hang.
- A landmark whose name says nothing belongs to the part that its bones lead to, if they lead to one alone.
- Where names say little of a skeleton, each landmark is a part of its own.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from htvae.poses.landmarks import canonical_name, landmark_sides, mirror_permutation

KINDS: dict[str, str] = {
    "leg": "KNEE|KNE|ANKLE|ANK|HEEL|HEE|FOOT|TOE|BIGTOE|SMALLTOE|LEG|LOWERLEG|LOWLEG|CALF|SHIN|TIB|BACKPAW|"
    "HINDPAW|REARPAW|BACKKNEE",
    "arm": "ELBOW|ELB|FOREARM|LOWERARM|RADIUS|WRIST|WRA|WRB|HAND|INDEX|PINKY|THUMB|RING|MIDDLEFINGER|FINGER|"
    "FOREFINGER|FIN|FRONTPAW|FOREPAW|FRONTKNEE",
    "head": "NOSE|SNOUT|EYE|EAR|MOUTH|HEAD|FACE|JAW|CHIN|FOREHEAD|FHD|BHD",
    "tail": "TAIL(?!BASE)|ROOTOFTAIL",
    "trunk": "SHOULDER|SHO|HIP|PELVIS|SPINE|NECK|UPPERNECK|LOWERNECK|CHEST|UPPERCHEST|THORAX|CLAV|COLLAR|ARM|"
    "UPPERARM|HUMERUS|UPLEG|UPPERLEG|THIGH|FEMUR|ROOT|MIDHIP|BACK|LOWERBACK|UPPERBACK|MIDBACK|BODY|CENTER|"
    "CENTRE|FLANK|ABDOMEN|TORSO|STERNUM|STRN|ASI|PSI|C7|T10|TAILBASE",
}
"""Beginnings of names, without their side, of each part; the first part that fits counts."""
TRUNK = "trunk"
LEAST_NAMED = 0.5
"""Share of landmarks that must belong to a part by their names."""


@dataclass(frozen=True)
class BodyGroup:
    """A part of the body."""

    name: str
    """Such as ``left arm``, or the landmark's name."""
    landmarks: tuple[int, ...]
    """Indices of its landmarks."""


def group_landmarks(landmarks: Sequence[str], edges: Sequence[tuple[int, int]]) -> tuple[BodyGroup, ...]:
    """Return the parts of a body; each landmark belongs to exactly one.

    Args:
        landmarks: names.
        edges: bones, as pairs of indices.
    """
    sides = landmark_sides(landmarks)
    named = [_name_part(name, side) for name, side in zip(landmarks, sides, strict=True)]
    known = len(named) - named.count("")
    names = _spread(named, edges) if known >= LEAST_NAMED * len(named) else [""] * len(named)
    names = [name or own for name, own in zip(names, landmarks, strict=True)]
    if len(set(names)) == 1:
        names = list(landmarks)
    return tuple(
        BodyGroup(name, tuple(i for i, other in enumerate(names) if other == name))
        for name in dict.fromkeys(names)
    )


def pair_groups(groups: Sequence[BodyGroup], landmarks: Sequence[str]) -> list[tuple[int, int]]:
    """Return the indices of left and right groups whose landmarks are each other's mirror images."""
    mirror, sides = mirror_permutation(landmarks), landmark_sides(landmarks)
    place = {frozenset(group.landmarks): i for i, group in enumerate(groups)}
    pairs = []
    for i, group in enumerate(groups):
        partner = place.get(frozenset(mirror[k] for k in group.landmarks), i)
        if partner != i and all(sides[k] == "left" for k in group.landmarks):
            pairs.append((i, partner))
    return pairs


def group_bones(group: BodyGroup, edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the bones of a group; those by which limbs and head hang on the trunk are not the trunk's."""
    own = set(group.landmarks)
    joined = all if group.name == TRUNK else any
    return [(a, b) for a, b in edges if joined(end in own for end in (a, b))]


def _name_part(landmark: str, side: str) -> str:
    """Return the part that a name tells, an empty string where it tells none."""
    spelled = canonical_name(landmark.rpartition(":")[2]).replace("_", "")
    core = re.sub("^(LEFT|RIGHT)", "", spelled)
    glued = {"L": "left", "R": "right"}.get(core[:1], "")
    for name, own_side in ((core, side), (core[1:] if glued else "", side or glued)):
        for kind, beginnings in KINDS.items():
            if re.match(f"({beginnings})", name):
                return f"{own_side} {kind}".strip() if kind in ("arm", "leg") else kind
    return ""


def _spread(names: Sequence[str], edges: Sequence[tuple[int, int]]) -> list[str]:
    """Return the parts, with landmarks without one given the only part that their neighbours have."""
    found = list(names)
    for _ in found:
        near: dict[int, set[str]] = {}
        for a, b in edges:
            for own, other in ((a, b), (b, a)):
                if not found[own] and found[other]:
                    near.setdefault(own, set()).add(found[other])
        certain = {i: parts.pop() for i, parts in near.items() if len(parts) == 1}
        if not certain:
            break
        found = [certain.get(i, name) for i, name in enumerate(found)]
    return found
