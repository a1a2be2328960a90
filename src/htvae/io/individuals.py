"""Choosing individuals of a file, and telling individuals apart by prefixes of landmark names."""

from collections.abc import Sequence

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.tracks import Track
from htvae.utils.text import list_names

ALL, MAIN = "all", "main"


def choose_individuals(
    tracks: Sequence[Track], config: ReadingConfig, shown: str, notes: list[str]
) -> list[Track]:
    """Return the individuals that ``config.individual`` names and that are seen in enough frames.

    The share of frames counts from the first frame of the file, or of its take, to the last.

    Raises:
        DataError: no individual is left.
    """
    frames = _count_frames(tracks)
    shares = {
        track.individual: np.count_nonzero(_observed(track).any(axis=1)) / max(frames[track.take], 1)
        for track in tracks
    }
    seen = [track for track in tracks if shares[track.individual] >= max(config.min_individual_share, 1e-12)]
    if not seen:
        longest = max(shares.values())
        raise DataError(
            [
                f"{shown}: an individual must be seen in {config.min_individual_share:.0%} of frames, but "
                f"of {len(tracks)} tracks the longest has {longest:.0%}: these are pieces of tracks. "
                "Proofread them in the tracker, join them with --link nearest, or lower "
                "--min_individual_share."
            ]
        )
    left_out = [track.individual for track in tracks if track not in seen]
    if left_out:
        notes.append(
            f"individuals seen in less than {config.min_individual_share:.0%} of the frames are left out: "
            f"{list_names(left_out)}"
        )
    if MAIN in config.individual:
        takes = dict.fromkeys(track.take for track in seen)
        return [max((t for t in seen if t.take == take), key=_count_sure_points) for take in takes]
    if ALL in config.individual:
        return seen
    chosen = [track for track in seen if track.individual in config.individual]
    if not chosen:
        raise DataError(
            [
                f"{shown}: individual must name one of {list_names(shares)}, but got "
                f"{list_names(config.individual)}. Correct the name, or use --individual all."
            ]
        )
    return chosen


def split_by_prefix(
    tracks: Sequence[Track], prefixes: Sequence[str], shown: str, notes: list[str]
) -> list[Track]:
    """Return one track per prefix of landmark names, without the prefix.

    Raises:
        DataError: no landmark has one of the prefixes, or the file has several individuals already.
    """
    if len(tracks) > 1:
        raise DataError(
            [
                f"{shown}: individual_prefix is for files that hold one skeleton, but this one has "
                f"{len(tracks)} individuals. Leave --individual_prefix out."
            ]
        )
    (track,) = tracks
    parts = []
    for prefix in prefixes:
        own = [i for i, name in enumerate(track.landmarks) if name.startswith(prefix) and name != prefix]
        if own:
            parts.append(
                Track(
                    individual=prefix.strip("_-. ") or prefix,
                    landmarks=tuple(track.landmarks[i].removeprefix(prefix) for i in own),
                    points=track.points[:, own],
                    confidence=None if track.confidence is None else track.confidence[:, own],
                    first_frame=track.first_frame,
                )
            )
    if not parts:
        raise DataError(
            [
                f"{shown}: landmarks must begin with one of {list_names(prefixes)}, but are "
                f"{list_names(track.landmarks)}. Correct --individual_prefix."
            ]
        )
    others = [name for name in track.landmarks if not name.startswith(tuple(prefixes))]
    if others:
        notes.append(f"landmarks without a prefix of an individual are left out: {list_names(others)}")
    return parts


def _count_frames(tracks: Sequence[Track]) -> dict[str, int]:
    """Return the number of frames from the first to the last of each take."""
    members: dict[str, list[Track]] = {}
    for track in tracks:
        members.setdefault(track.take, []).append(track)
    return {
        take: max(track.first_frame + len(track.points) for track in own)
        - min(track.first_frame for track in own)
        for take, own in members.items()
    }


def _observed(track: Track) -> np.ndarray:
    return np.asarray(~np.isnan(track.points[..., 0]))


def _count_sure_points(track: Track) -> float:
    """Return the number of points, each counted by its confidence."""
    observed = _observed(track)
    if track.confidence is None:
        return float(observed.sum())
    return float(np.nan_to_num(track.confidence)[observed].sum())
