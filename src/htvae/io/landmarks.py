"""Choosing and renaming the landmarks of a file: ``--landmarks``, ``--drop`` and ``--rename``."""

import re
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.tracks import Track
from htvae.poses.landmarks import ROOT_VELOCITY
from htvae.utils.text import list_names

_RENAMED = re.compile(r"([^=]+)=([^=]+)")


def choose_landmarks(track: Track, config: ReadingConfig, shown: str) -> Track:
    """Return the track with the landmarks that the settings leave, renamed.

    Landmarks that get one name are joined: each frame takes the first that is seen in it.

    Raises:
        DataError: no landmark is left, or a name is reserved or empty.
    """
    new_name = read_pairs(config.rename)
    names = [new_name.get(name, name) for name in track.landmarks]
    kept = [
        i
        for i, name in enumerate(names)
        if (not config.landmarks or _fits(name, config.landmarks)) and not _fits(name, config.drop)
    ]
    if not kept:
        raise DataError(
            [
                f"{shown}: a landmark must be left, but --landmarks and --drop leave none of "
                f"{list_names(names)}. Correct them."
            ]
        )
    bad = [name for name in names if name == ROOT_VELOCITY or not name.strip()]
    if bad:
        raise DataError([f"{shown}: landmark_name must not be empty or {ROOT_VELOCITY}. Name the landmark."])
    if len(kept) == len(names) and len(set(names)) == len(names):
        return replace(track, landmarks=tuple(names))
    final = tuple(dict.fromkeys(names[i] for i in kept))
    points = np.full((len(track.points), len(final), track.points.shape[2]), np.nan)
    confidence = None if track.confidence is None else np.full(points.shape[:2], np.nan)
    for i in reversed(kept):
        place, seen = final.index(names[i]), ~np.isnan(track.points[:, i]).any(axis=1)
        points[seen, place] = track.points[seen, i]
        if confidence is not None and track.confidence is not None:
            confidence[seen, place] = track.confidence[seen, i]
    return replace(track, landmarks=final, points=points, confidence=confidence)


def read_pairs(rename: Sequence[str]) -> dict[str, str]:
    """Return new names by old ones from texts OLD=NEW.

    Raises:
        ValueError: a text has another form.
    """
    pairs = {}
    for text in rename:
        match = _RENAMED.fullmatch(text)
        if match is None:
            raise ValueError(f"rename must be OLD=NEW, or a CSV file with columns from,to, but got {text}.")
        pairs[match[1]] = match[2]
    return pairs


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)
