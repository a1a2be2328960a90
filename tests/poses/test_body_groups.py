"""Parts of bodies with the names of several trackers, and of none."""

import pytest

from htvae.poses.body_groups import group_bones, group_landmarks, pair_groups
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.skeletons import skeleton_edges


def parts_of(landmarks: list[str] | tuple[str, ...]) -> dict[str, list[str]]:
    groups = group_landmarks(landmarks, skeleton_edges(landmarks))
    return {group.name: [landmarks[k] for k in group.landmarks] for group in groups}


def test_mediapipe() -> None:
    parts = parts_of(MEDIAPIPE_LANDMARKS)
    assert parts["left arm"] == [f"LEFT_{n}" for n in ("ELBOW", "WRIST", "PINKY", "INDEX", "THUMB")]
    assert parts["right leg"] == [f"RIGHT_{n}" for n in ("KNEE", "ANKLE", "HEEL", "FOOT_INDEX")]
    assert parts["trunk"] == ["LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP"]
    assert len(parts["head"]) == 11 and len(parts) == 6


@pytest.mark.parametrize(
    ("names", "part", "own"),
    [
        (("mixamorig:Hips", "mixamorig:LeftArm", "mixamorig:LeftForeArm", "mixamorig:LeftHand"), "left arm",
         ["mixamorig:LeftForeArm", "mixamorig:LeftHand"]),
        (("LASI", "RASI", "LSHO", "LELB", "LWRA", "LKNE", "LANK", "LTOE"), "left leg",
         ["LKNE", "LANK", "LTOE"]),
        (("SNOUT", "LEFT_EAR", "BODY_CENTER", "TAIL_BASE", "TAIL_TIP"), "tail", ["TAIL_TIP"]),
        (("nose", "lhip", "rhip", "lknee", "rknee"), "right leg", ["rknee"]),
    ],
)  # fmt: skip
def test_other_trackers(names: tuple[str, ...], part: str, own: list[str]) -> None:
    assert parts_of(names)[part] == own


@pytest.mark.parametrize(
    "names", [("p0", "p1", "p2"), ("THUMB_1", "THUMB_2", "INDEX_1"), ("NOSE", "a", "b", "c")]
)
def test_unknown_skeletons_and_single_parts_fall_into_landmarks(names: tuple[str, ...]) -> None:
    assert parts_of(names) == {name: [name] for name in names}


def test_a_name_that_says_nothing_goes_where_its_bones_lead() -> None:
    groups = group_landmarks(["LEFT_HIP", "LEFT_KNEE", "marker", "lone"], [(1, 2)])
    assert [(g.name, g.landmarks) for g in groups] == [("trunk", (0,)), ("left leg", (1, 2)), ("lone", (3,))]


def test_pairs_and_bones() -> None:
    names, edges = MEDIAPIPE_LANDMARKS, skeleton_edges(MEDIAPIPE_LANDMARKS)
    groups = group_landmarks(names, edges)
    pairs = [(groups[a].name, groups[b].name) for a, b in pair_groups(groups, names)]
    assert pairs == [("left arm", "right arm"), ("left leg", "right leg")]
    by_name = {group.name: group for group in groups}
    arm = {frozenset(names[k] for k in bone) for bone in group_bones(by_name["left arm"], edges)}
    assert frozenset({"LEFT_SHOULDER", "LEFT_ELBOW"}) in arm and len(arm) >= 5
    trunk = {names[k] for bone in group_bones(by_name["trunk"], edges) for k in bone}
    assert trunk == {"LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP"}
