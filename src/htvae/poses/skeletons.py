"""Edges of skeletons for pictures, found by the landmarks' names or given by pairs of names.

- Names are compared as in `htvae.poses.landmarks`: ``LEFT_HIP``, ``leftHip``, ``l_hip`` are one landmark.
- Each layout is a set of chains. Consecutive landmarks of a chain are joined; an absent landmark is skipped
  and its neighbours are joined. SIDE stands for LEFT and for RIGHT.
- The layout with most of a recording's landmarks counts, so that an animal is not drawn as a person.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from htvae.poses.landmarks import canonical_name

_ARM = "SIDE_SHOULDER SIDE_ELBOW SIDE_WRIST"
_LEG = "SIDE_HIP SIDE_KNEE SIDE_ANKLE"
_HAND = (
    "SIDE_WRIST SIDE_HAND SIDE_HAND_TIP",
    "SIDE_WRIST SIDE_THUMB",
)
_FACE = "NOSE SIDE_EYE SIDE_EAR"
_TOES = ("SIDE_ANKLE SIDE_HEEL", "SIDE_ANKLE SIDE_BIG_TOE SIDE_SMALL_TOE")

LAYOUTS: dict[str, tuple[str, ...]] = {
    "mediapipe": (
        "NOSE SIDE_EYE_INNER SIDE_EYE SIDE_EYE_OUTER SIDE_EAR",
        "NOSE SIDE_SHOULDER",
        "LEFT_MOUTH RIGHT_MOUTH",
        "LEFT_SHOULDER RIGHT_SHOULDER",
        "LEFT_HIP RIGHT_HIP",
        f"{_ARM} SIDE_INDEX",
        "SIDE_ELBOW SIDE_WRIST SIDE_PINKY SIDE_INDEX",
        "SIDE_ELBOW SIDE_WRIST SIDE_THUMB",
        "SIDE_SHOULDER SIDE_HIP SIDE_KNEE SIDE_ANKLE SIDE_HEEL SIDE_FOOT_INDEX",
        "SIDE_ANKLE SIDE_FOOT_INDEX",
    ),
    "openpose": (
        "HEAD NOSE NECK MID_HIP SIDE_HIP",
        "NOSE UPPER_NECK",
        f"NECK {_ARM}",
        "UPPER_NECK SIDE_SHOULDER SIDE_HIP",
        _LEG,
        _FACE,
        *_TOES,
    ),
    "halpe": ("HEAD NOSE", "HEAD NECK HIP SIDE_HIP", f"NECK {_ARM}", _LEG, _FACE, *_TOES),
    "kinect": (
        "HEAD NECK SPINE_SHOULDER SPINE_MID SPINE_BASE SIDE_HIP SIDE_KNEE SIDE_ANKLE SIDE_FOOT",
        f"SPINE_SHOULDER {_ARM}",
        *_HAND,
    ),
    "human36m": (
        "HEAD NECK_BASE THORAX SPINE ROOT SIDE_HIP SIDE_KNEE SIDE_FOOT SIDE_TOE_BASE SIDE_TOE_END",
        f"THORAX {_ARM}",
        "SIDE_WRIST SIDE_HAND SIDE_HAND_END",
        "SIDE_WRIST SIDE_THUMB SIDE_THUMB_END",
    ),
    "smpl": (
        "HEAD NECK SPINE_3 SPINE_2 SPINE_1 PELVIS SIDE_HIP SIDE_KNEE SIDE_ANKLE SIDE_FOOT",
        "SPINE_3 SIDE_COLLAR SIDE_SHOULDER SIDE_ELBOW SIDE_WRIST SIDE_HAND",
    ),
    "bvh": (
        "HEAD_END HEAD NECK_1 NECK CHEST_2 CHEST SPINE_3 SPINE_2 SPINE_1 SPINE HIPS",
        "NECK SIDE_SHOULDER SIDE_ARM SIDE_FORE_ARM SIDE_HAND SIDE_HAND_END",
        "HIPS SIDE_UP_LEG SIDE_LEG SIDE_FOOT SIDE_TOE_BASE SIDE_TOE_BASE_END",
    ),
    "opensim": (
        "HEAD NOSE NECK HIP SIDE_HIP SIDE_KNEE SIDE_ANKLE SIDE_HEEL",
        f"NECK {_ARM}",
        "SIDE_ANKLE SIDE_BIG_TOE SIDE_SMALL_TOE",
    ),
    "rodent": (
        "NOSE SNOUT NECK SPINE_1 CENTER CENTRE BODY SPINE_2 TAIL_BASE TAIL_1 TAIL_2 TAIL_END TAIL_TIP",
        "NOSE SNOUT SIDE_EAR NECK SPINE_1",
        "SPINE_1 SIDE_FHIP",
        "SPINE_2 SIDE_BHIP",
    ),
}
"""Chains of each layout, as canonical names. Sources: the connections of MediaPipe Pose, OpenPose (BODY_25,
COCO, BODY_25B), Halpe, Kinect for Windows v2, Human3.6M, SMPL, the names of BVH libraries and of OpenSim's
markers, and DeepOF's top view of mice."""

Pairs = Sequence[tuple[str, str]]
"""Names of joined landmarks."""


def skeleton_edges(landmarks: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of indices that a bone joins; unknown names have no edges."""
    index_of = {_spell(name): index for index, name in reversed(list(enumerate(landmarks)))}
    edges: dict[tuple[int, int], None] = {}
    for chain in _find_layout(index_of):
        present = [index_of[name] for name in chain if name in index_of]
        edges.update(dict.fromkeys(pairwise(present)))
    return list(edges)


def named_edges(landmarks: Sequence[str], pairs: Pairs) -> list[tuple[int, int]]:
    """Return the pairs of indices of pairs of names; pairs with an unknown name are left out."""
    index_of = {name: index for index, name in enumerate(landmarks)}
    return [(index_of[a], index_of[b]) for a, b in pairs if a in index_of and b in index_of]


def _find_layout(names: dict[str, int]) -> list[tuple[str, ...]]:
    """Return the chains of the layout that has most of the names; of several, of the first."""
    layouts = [list(_sided(chains)) for chains in LAYOUTS.values()]
    return max(layouts, key=lambda chains: len({name for chain in chains for name in chain} & names.keys()))


def _sided(chains: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for chain in chains:
        for side in ("LEFT", "RIGHT") if "SIDE" in chain else ("",):
            yield tuple(name.replace("_", "") for name in chain.replace("SIDE", side).split())


def _spell(landmark: str) -> str:
    """Return a name without the borders of its words, since ``leftear`` and ``midhip`` have none."""
    return canonical_name(landmark).replace("_", "")
