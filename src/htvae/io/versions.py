"""Several files of one video: raw and filtered, CSV and H5, of several trainings. The newest is read."""

import re
from collections.abc import Sequence
from pathlib import Path

from htvae.io.formats.base import NamedSource
from htvae.utils.text import list_names

SAME_TIME = 60e9
"""Files that were written within this time (ns) of the newest are equally new; of these the filtered one is
read, then H5 before CSV."""
_NETWORK = re.compile(r"(?i)(.+?)(?:DLC|DeepCut)_[a-z0-9_.-]+shuffle[0-9]+.*")
_VERSION = re.compile(r"(?i)(?:_filtered|_filt(?:_[a-z]+)?|_lstm|_el|_sk|_bx|_interp(?:olated)?)+$")
_EXPORT = re.compile(r"(?i)(?:.+\.[0-9]{3}_)?(.+)\.analysis")
"""An export of SLEAP's: the project's name and the video's number stand before the video's name."""
_PREDICTIONS = re.compile(r"(?i)(.+?)(?:\.(?:mp4|avi|mov|mkv|m4v|mpe?g|wmv))?\.predictions")
"""What sleap-track adds to the video's file name."""
_SESSION = re.compile(
    r"(?i)(?:.+/|)[a-z0-9]+_(?:body|left_hand|right_hand|face)_(?:rigid_)?3d_xyz"
    r"|(?:.+/|)(?:[a-z0-9]+_skeleton_3d|mediapipeskel_3d_.+|.+_by_(?:frame|trajectory))"
)
"""Files of one session of FreeMoCap: its parts and all points. They lie in the session's folder, or in
``output_data`` below it."""
_BODY = re.compile(r"(?i).+_body_3d_xyz")


def video_name(name: str) -> str:
    """Return a recording's name without what a tracker adds to the video's: its network, ``_filtered``, ...

    >>> video_name("day1/mouseDLC_resnet50_openfieldshuffle1_30000_filtered")
    'day1/mouse'
    >>> video_name("labels.v001.000_mouse.analysis")
    'mouse'
    >>> video_name("recording_1/output_data/mediapipe_face_3d_xyz")
    'recording_1/'
    """
    if _SESSION.fullmatch(name):
        return name.rpartition("/")[0].removesuffix("output_data").rstrip("/") + "/"
    folder, slash, own = name.rpartition("/")
    for added in (_EXPORT, _PREDICTIONS):
        found = added.fullmatch(own)
        own = found[1] if found else own
    match = _NETWORK.fullmatch(own)
    return folder + slash + (match[1] if match else _VERSION.sub("", own) or own)


def choose_newest(sources: Sequence[NamedSource], passed_over: list[str]) -> list[NamedSource]:
    """Return one source per video, sorted by name; add a sentence about the others to ``passed_over``."""
    kept: list[NamedSource] = []
    versions: dict[str, list[NamedSource]] = {}
    for named in sources:
        if named.format.is_one_of_many:
            versions.setdefault(video_name(named.name), []).append(named)
        else:
            kept.append(named)
    left: dict[str, list[str]] = {}
    for candidates in versions.values():
        newest = max(_written(named.source.path) for named in candidates)
        chosen = max(candidates, key=lambda named: _rank(named, newest))
        kept.append(chosen)
        others = [named.source.shown for named in candidates if named is not chosen]
        if others:
            left[chosen.source.shown] = others
    if left:
        first = next(iter(left))
        videos = f"{len(left):,} video{'s' if len(left) > 1 else ''}"
        passed_over.append(
            f"Of several files of one video the newest is read ({videos}, such as {first}). Not read: "
            f"{list_names(name for others in left.values() for name in others)}."
        )
    return sorted(kept, key=lambda named: named.name)


def _rank(named: NamedSource, newest: int) -> tuple[bool, bool, bool, bool, int]:
    """Return what a version is preferred by, the most important first."""
    is_body = bool(_BODY.fullmatch(named.name))  # in all sessions the same part
    written = _written(named.source.path)
    own = named.name.lower()
    is_filtered = bool(re.search(r"_filtered|_filt|_lstm", own))
    return (is_body, newest - written < SAME_TIME, is_filtered, named.source.suffix == ".h5", written)


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns
