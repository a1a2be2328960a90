"""Landmark names: MediaPipe's list, and left/right partners, found by name.

- Names are compared as words: ``LEFT_HIP``, ``leftHip``, ``l_hip``, ``Hip.L`` and ``hip-left`` are the same
  landmark here.
- Landmarks with other names (of animals) have partners if the names show a side.
"""

import re
from collections.abc import Iterator, Sequence

MEDIAPIPE_LANDMARKS: tuple[str, ...] = (
    "NOSE",
    "LEFT_EYE_INNER",
    "LEFT_EYE",
    "LEFT_EYE_OUTER",
    "RIGHT_EYE_INNER",
    "RIGHT_EYE",
    "RIGHT_EYE_OUTER",
    "LEFT_EAR",
    "RIGHT_EAR",
    "MOUTH_LEFT",
    "MOUTH_RIGHT",
    "LEFT_SHOULDER",
    "RIGHT_SHOULDER",
    "LEFT_ELBOW",
    "RIGHT_ELBOW",
    "LEFT_WRIST",
    "RIGHT_WRIST",
    "LEFT_PINKY",
    "RIGHT_PINKY",
    "LEFT_INDEX",
    "RIGHT_INDEX",
    "LEFT_THUMB",
    "RIGHT_THUMB",
    "LEFT_HIP",
    "RIGHT_HIP",
    "LEFT_KNEE",
    "RIGHT_KNEE",
    "LEFT_ANKLE",
    "RIGHT_ANKLE",
    "LEFT_HEEL",
    "RIGHT_HEEL",
    "LEFT_FOOT_INDEX",
    "RIGHT_FOOT_INDEX",
)
"""The 33 landmarks of MediaPipe Pose, in its order."""

ROOT_VELOCITY = "ROOT_VELOCITY"
"""Reserved name of the pseudo-landmark that holds the velocity of the body's anchor."""

_OPPOSITE = {"left": "right", "right": "left", "l": "r", "r": "l"}
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])")


def canonical_name(landmark: str) -> str:
    """Return the name in MediaPipe's spelling, the side first: ``hip.L`` and ``lHip`` give ``LEFT_HIP``."""
    full = {"l": "left", "r": "right"}
    words = [full.get(word, word) for word in _words(landmark)]
    return "_".join(sorted(words, key=lambda word: word not in ("left", "right"))).upper()


def mirror_permutation(landmarks: Sequence[str]) -> list[int]:
    """Return the index of each landmark's left/right partner, or its own index if it has no partner.

    The permutation is its own inverse. A side is marked by a word (``LEFT_HIP``, ``leftHip``, ``L_Hip``,
    ``hip.r``), by the beginning of a word (``lefthip``), or by a first or last letter (``lhip``, ``pawFL``).
    """
    index_of = {_words(name): index for index, name in reversed(list(enumerate(landmarks)))}
    partners = [
        next((index_of[other] for other in _mirrored(_words(name)) if other in index_of), index)
        for index, name in enumerate(landmarks)
    ]
    return [partner if partners[partner] == index else index for index, partner in enumerate(partners)]


def landmark_sides(landmarks: Sequence[str]) -> list[str]:
    """Return ``left``, ``right`` or an empty string for each landmark.

    A landmark with a partner has the side that tells it from its partner; any other the side that it names.
    """
    sides = []
    for index, partner in enumerate(mirror_permutation(landmarks)):
        own, other = (" ".join(_words(landmarks[place])) for place in (index, partner))
        letters = [a for a, b in zip(own, other, strict=False) if a != b]
        named = [word[0] for word in own.split() if _opposite(word) != word]
        first = (letters or named or [""])[0]
        sides.append({"l": "left", "r": "right"}.get(first, ""))
    return sides


def _words(name: str) -> tuple[str, ...]:
    return tuple(re.sub(r"[\W_]+", " ", _WORD_STARTS.sub(" ", name)).casefold().split())


def _opposite(word: str) -> str:
    for side, other in _OPPOSITE.items():
        if word == side or (len(side) > 1 and word.startswith(side)):
            return other + word[len(side) :]
    return word


def _mirrored(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield possible names of the partner, the most likely first."""
    swapped = tuple(_opposite(word) for word in words)
    if swapped != words:
        yield swapped
        return
    for place, word in enumerate(words):
        first, last = word[0], word[-1]
        for glued in (_OPPOSITE.get(first, first) + word[1:], word[:-1] + _OPPOSITE.get(last, last)):
            if glued != word:
                yield (*words[:place], glued, *words[place + 1 :])
