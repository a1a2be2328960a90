"""Edges of skeletons for pictures, found by the landmarks' names or given by pairs of names.

- Names are compared as in `htvae.poses.landmarks`, without the borders of words: ``LEFT_HIP``, ``leftHip``,
  ``l_hip``, ``lhip`` are one landmark. A namespace (``mixamorig:``), or a beginning that all names share
  (``Bip01_``), does not count.
- Trackers and motion capture name the joints of a limb differently, but their order along it is the same. So
  one list of chains holds the names of all of them. Consecutive landmarks of a chain are joined; an absent
  landmark is skipped, and its neighbours are joined.
- Limbs hang on the trunk: on the neck, the pelvis, ... where there is one. Else left and right are joined.
- A point ``NAME_end`` (where a BVH file ends) is joined with ``NAME``.
- People and animals have different chains; those that join more landmarks count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from htvae.poses.landmarks import canonical_name

FINGERS = (
    *("THUMB", "INDEX", "INDEXFINGER", "FOREFINGER", "MIDDLE", "MIDDLEFINGER"),
    *("RING", "RINGFINGER", "PINKY", "PINKYFINGER"),
)
_END = "_end"
Pairs = Sequence[tuple[str, str]]
"""Names of joined landmarks."""


@dataclass(frozen=True, kw_only=True)
class Limb:
    """A pair of limbs. Each name is several, divided by |: the first that is there counts."""

    joint: str
    """Name of the uppermost joint."""
    trunk: str
    """Name of the place on the trunk where it hangs."""
    loose: tuple[str, ...] = ()
    """Chains that count where no such place is there."""


@dataclass(frozen=True, kw_only=True)
class Body:
    """Chains of a kind of body: names as `_spell` spells them, @ for either side, * for each finger."""

    chains: tuple[str, ...]
    limbs: tuple[Limb, ...] = field(default=())


PERSON = Body(
    chains=(
        "ROOT HIPS HIP PELVIS MIDHIP HIPSCENTER SPINEBASE LOWERBACK ABDOMEN TRUNKCENTER SPINE SPINE0 SPINE1 "
        "SPINEMID SPINE2 SPINE3 SPINE4 UPPERBACK CHEST CHEST1 CHEST2 CHEST3 CHEST4 UPPERCHEST THORAX "
        "SPINESHOULDER NECKBASE LOWERNECK NECK NECK1 NECKCENTER UPPERNECK HEAD HEADCENTER HEADTOP HEADTOPEND",
        "HEAD|HEADTOP NOSE",
        "NECK|UPPERNECK|NECKBASE|NECKCENTER NOSE",
        "NOSE @EYEINNER @EYE @EYEOUTER @EAR",
        "LEFTMOUTH RIGHTMOUTH",
        "@COLLAR @CLAVICLE @SHOULDER @ARM @UPPERARM @HUMERUS @ELBOW @FOREARM @LOWERARM @RADIUS @WRIST @HAND "
        "@HANDTIP|@FINGERBASE|@FINGERS",
        "@SHOULDER @ELBOW @WRIST @INDEX",
        "@ELBOW @WRIST @PINKY @INDEX",
        "@ELBOW @WRIST|@HAND @THUMB",
        "@WRIST @HANDWRIST|@HANDROOT|@HANDBASE @*1|@HAND*CMC|@HAND*MCP",
        "@HAND @HAND*1 @HAND*2 @HAND*3 @HAND*4",
        "@*1 @*2 @*3 @*4",
        "@HAND*CMC @HAND*MCP @HAND*PIP @HAND*IP @HAND*DIP @HAND*TIP",
        "WRIST *CMC *MCP *PIP *IP *DIP *TIP",
        "@HIPJOINT @HIP @UPLEG @UPPERLEG @THIGH @FEMUR @KNEE @LEG @LOWLEG @LOWERLEG @CALF @SHIN @TIBIA "
        "@ANKLE @FOOT @TOEBASE @TOES @TOE @TOE0 @TOEEND",
        "@HIP @KNEE @ANKLE @HEEL @FOOTINDEX",
        "@ANKLE @FOOTINDEX",
        "@ANKLE @BIGTOE @SMALLTOE",
        "@SHO @ELB @WRA @FIN",  # from here on: markers of Plug-in Gait
        "@ASI @THI @KNE @TIB @ANK @TOE",
        "@ANK @HEE",
        "LASI RASI RPSI LPSI LASI",
        "LFHD RFHD RBHD LBHD LFHD",
        "C7 T10 @PSI",
        "C7 @BHD",
        "C7 CLAV STRN",
    ),
    limbs=(
        Limb(
            joint="@COLLAR|@CLAVICLE|@SHOULDER|@ARM|@UPPERARM|@HUMERUS|@SHO",
            trunk="THORAX|SPINESHOULDER|SPINE3|NECK|NECKBASE|LOWERNECK|NECKCENTER|UPPERNECK|UPPERCHEST|CHEST|"
            "SPINE2|SPINE1|SPINE|C7",
            loose=("LEFTSHOULDER RIGHTSHOULDER", "NOSE|HEAD @SHOULDER", "@SHOULDER @HIP @KNEE @ANKLE"),
        ),
        Limb(
            joint="@HIPJOINT|@HIP|@UPLEG|@UPPERLEG|@THIGH|@FEMUR",
            trunk="PELVIS|HIPS|HIP|MIDHIP|HIPSCENTER|ROOT|SPINEBASE|CHEST|NECK",
            loose=("LEFTHIP RIGHTHIP", "@SHOULDER @HIP @KNEE @ANKLE"),
        ),
    ),
)
"""Sources: the connections of MediaPipe, OpenPose (BODY_25, COCO), Halpe, COCO-WholeBody (hands), Kinect for
Windows v2, Human3.6M and SMPL; the names of the BVH files of CMU, Bandai Namco, Mixamo, Xsens and 3ds Max,
and of Plug-in Gait."""

ANIMAL = Body(
    chains=(
        "TAILTIP|TAILEND TAIL5 TAIL4 TAIL3 TAIL2 TAIL1 TAILMIDDLE|TAILMID TAILBASE|ROOTOFTAIL BACKEND "
        "MIDBACKEND3 MIDBACKEND2 MIDBACKEND SPINE2 BODYCENTER|BODYCENTRE|MOUSECENTER|CENTER|CENTRE|BODY|"
        "BACKMIDDLE SPINE1 MIDBACK BACKBASE NECKEND NECKBASE NECK HEADMIDPOINT|HEAD NOSE|SNOUT",
        "NOSE|SNOUT @EAR|@EARBASE HEADMIDPOINT|HEAD|NECK|NECKBASE|SPINE1",
        "NOSE|SNOUT @EYE",
        "@EAR|@EARBASE @EARTIP|@EAREND",
        "@SHOULDER|@FHIP|@FRONTTHAI @ELBOW|@FRONTKNEE @FRONTPAW|@FOREPAW",
        "@HIP|@BHIP|@BACKTHAI @KNEE|@BACKKNEE @BACKPAW|@HINDPAW|@REARPAW",
    ),
    limbs=(
        Limb(
            joint="@SHOULDER|@FHIP|@FRONTTHAI|@FRONTPAW|@FOREPAW",
            trunk="SPINE1|NECK|NECKEND|BACKBASE|BODYCENTER|BODYCENTRE|CENTER|CENTRE|BODY",
        ),
        Limb(
            joint="@HIP|@BHIP|@BACKTHAI|@BACKPAW|@HINDPAW|@REARPAW",
            trunk="SPINE2|MIDBACKEND3|BACKEND|TAILBASE|ROOTOFTAIL",
        ),
        Limb(
            joint="@FLANK|@MIDSIDE|@BODYMIDDLE",
            trunk="BODYCENTER|BODYCENTRE|MOUSECENTER|CENTER|CENTRE|BACKMIDDLE|BODY",
        ),
    ),
)
"""Sources: the landmarks of DeepOF's and SuperAnimal's mice from above, of SuperAnimal's and AP-10K's
quadrupeds, and of DeepLabCut's open field."""


def skeleton_edges(landmarks: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs of indices that a bone joins; unknown names have no edges."""
    own = [name.rpartition(":")[2] for name in landmarks]
    shared = next((place for place, letters in enumerate(zip(*own, strict=False)) if len({*letters}) > 1), 0)
    found = [
        _join(body, names) for names in (own, [name[shared:] for name in own]) for body in (PERSON, ANIMAL)
    ]
    return max(found, key=len)


def named_edges(landmarks: Sequence[str], pairs: Pairs) -> list[tuple[int, int]]:
    """Return the pairs of indices of pairs of names; pairs with an unknown name are left out."""
    index_of = {name: index for index, name in enumerate(landmarks)}
    return [(index_of[a], index_of[b]) for a, b in pairs if a in index_of and b in index_of]


def _join(body: Body, landmarks: Sequence[str]) -> list[tuple[int, int]]:
    """Return the edges of a body, each once."""
    index_of = {_spell(name): index for index, name in reversed(list(enumerate(landmarks)))}
    chains = list(body.chains)
    for limb in body.limbs:
        hangs = _find(limb.trunk, index_of) is not None
        chains += [f"{limb.trunk} {limb.joint}"] if hangs else limb.loose
    paths = [[_find(name, index_of) for name in names] for chain in chains for names in _spell_out(chain)]
    ends = [
        (name[: -len(_END)], index) for index, name in enumerate(landmarks) if name.lower().endswith(_END)
    ]
    paths += [[index_of.get(_spell(name)), index] for name, index in ends]
    edges: dict[frozenset[int], tuple[int, int]] = {}
    for path in paths:
        for edge in pairwise(index for index in path if index is not None):
            edges.setdefault(frozenset(edge), edge)
    return list(edges.values())


def _find(names: str, index_of: dict[str, int]) -> int | None:
    """Return the index of the first of several names that is there; ``LHIP`` and ``RHIP`` are sides too."""
    for name in names.split("|"):
        if name in index_of:
            return index_of[name]
        for side in ("LEFT", "RIGHT"):
            part = name.removeprefix(side)
            if part != name and {f"L{part}", f"R{part}"} <= index_of.keys():
                return index_of[side[0] + part]
    return None


@cache
def _spell_out(chain: str) -> list[tuple[str, ...]]:
    """Return the chains of both sides and of all fingers."""
    sided = [chain.replace("@", side) for side in (("LEFT", "RIGHT") if "@" in chain else ("",))]
    fingers = FINGERS if "*" in chain else ("",)
    return [tuple(own.replace("*", finger).split()) for own in sided for finger in fingers]


def _spell(landmark: str) -> str:
    """Return a name without the borders of its words, since ``leftear`` and ``midhip`` have none."""
    return canonical_name(landmark).replace("_", "")
