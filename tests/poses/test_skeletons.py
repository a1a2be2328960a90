"""Edges of known layouts, by names in any spelling."""

import pytest

from htvae.demo.animal import LANDMARKS
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.layouts_3d import H36M_32, KINECT_25, MEDIAPIPE_HAND_21, SMPL_22
from htvae.poses.skeletons import named_edges, skeleton_edges

REDUCED = (
    "NOSE",
    "LEFT_SHOULDER",
    "RIGHT_SHOULDER",
    "LEFT_WRIST",
    "LEFT_HIP",
    "RIGHT_HIP",
    "LEFT_FOOT_INDEX",
)


def edge_names(landmarks: tuple[str, ...]) -> set[frozenset[str]]:
    return {frozenset((landmarks[a], landmarks[b])) for a, b in skeleton_edges(landmarks)}


def test_edges_are_those_of_mediapipe_and_the_neck() -> None:
    edges = skeleton_edges(MEDIAPIPE_LANDMARKS)
    # MediaPipe's POSE_CONNECTIONS are 35; the nose is joined to both shoulders beside them
    assert len(edges) == len({frozenset(edge) for edge in edges}) == 35 + 2
    assert {index for edge in edges for index in edge} == set(range(33))


def test_edges_bridge_absent_landmarks() -> None:
    assert edge_names(REDUCED) == {
        frozenset(edge)
        for edge in (
            ("NOSE", "LEFT_SHOULDER"),
            ("NOSE", "RIGHT_SHOULDER"),
            ("LEFT_SHOULDER", "RIGHT_SHOULDER"),
            ("LEFT_SHOULDER", "LEFT_WRIST"),
            ("LEFT_SHOULDER", "LEFT_HIP"),
            ("RIGHT_SHOULDER", "RIGHT_HIP"),
            ("LEFT_HIP", "RIGHT_HIP"),
            ("LEFT_HIP", "LEFT_FOOT_INDEX"),
        )
    }


def test_unknown_landmarks_have_no_edges() -> None:
    assert skeleton_edges(("marker_1", "marker_2", "paw_L", "paw_R")) == []


def test_pairs_of_names_become_edges() -> None:
    pairs = [("a", "b"), ("b", "c"), ("c", "none")]
    assert named_edges(("c", "a", "b"), pairs) == [(1, 2), (2, 0)]


def sided(names: str) -> list[str]:
    """Return names in which @ stands for both sides, L and R."""
    return [name.replace("@", side) for name in names.split() for side in ("LR" if "@" in name else " ")]


LAYOUTS = {
    "coco": "nose left_eye right_eye left_ear right_ear @_shoulder @_elbow @_wrist @_hip @_knee @_ankle",
    "body_25": "Nose Neck @Shoulder @Elbow @Wrist MidHip @Hip @Knee @Ankle @Eye @Ear @BigToe @SmallToe @Heel",
    "body_25b": "Nose @Eye @Ear @Shoulder @Elbow @Wrist @Hip @Knee @Ankle UpperNeck HeadTop @BigToe @Heel",
    "coco_18": "Nose Neck @Shoulder @Elbow @Wrist @Hip @Knee @Ankle @Eye @Ear",
    "mpi": "Head Neck @Shoulder @Elbow @Wrist @Hip @Knee @Ankle Chest",
    "halpe": "Nose @Eye @Ear @Shoulder @Elbow @Wrist @Hip @Knee @Ankle Head Neck Hip @BigToe @SmallToe @Heel",
    "hands": "@_wrist @_hand_root @_thumb1 @_thumb2 @_forefinger1 @_forefinger2 @_elbow @_shoulder",
    "kinect": " ".join(KINECT_25),
    "human36m": " ".join(H36M_32),
    "smpl": " ".join(SMPL_22),
    "mediapipe_hand": " ".join(MEDIAPIPE_HAND_21),
    "cmu": "root @hipjoint @femur @tibia @foot @toes lowerback upperback thorax lowerneck upperneck head "
    "@clavicle @humerus @radius @wrist @hand @fingers @thumb",
    "bandai": "Hips Spine Chest Neck Head Shoulder_@ UpperArm_@ LowerArm_@ Hand_@ "
    "UpperLeg_@ LowerLeg_@ Foot_@",
    "mixamo": " ".join(
        f"mixamorig:{name}"
        for side in ("Left", "Right")
        for name in f"Hips Spine Spine1 Neck Head {side}Shoulder {side}Arm {side}ForeArm {side}Hand "
        f"{side}UpLeg {side}Leg {side}Foot {side}ToeBase {side}ToeBase_end".split()
        if side == "Left" or side in name
    ),
    "xsens": "Hips Chest Chest2 Neck Head @Collar @Shoulder @Elbow @Wrist @Hip @Knee @Ankle @Toe",
    "biped": "B1_Pelvis B1_Spine B1_Neck B1_Head B1_@_Clavicle B1_@_UpperArm B1_@_Hand B1_@_Thigh B1_@_Calf",
    "opensim": "@Hip @Knee @Ankle @BigToe @SmallToe @Heel Neck Head Nose @Shoulder @Elbow @Wrist",
    "gait": "@FHD @BHD C7 T10 CLAV STRN @SHO @ELB @WRA @FIN @ASI @PSI @THI @KNE @TIB @ANK @HEE @TOE",
    "deepof": "Nose Left_ear Right_ear Spine_1 Center Spine_2 Tail_base Tail_1 Tail_tip @_bhip @_fhip",
    "mouse": "nose @_ear @_ear_tip @_eye neck mid_back mouse_center mid_backend mid_backend2 tail_base "
    "tail1 tail2 @_shoulder @_midside @_hip tail_end head_midpoint",
    "quadruped": "@_eye nose neck root_of_tail @_shoulder @_elbow @_front_paw @_hip @_knee @_back_paw",
    "demo": " ".join(LANDMARKS),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_point_of_a_known_layout_is_alone(name: str) -> None:
    landmarks = tuple(part.strip() for part in sided(LAYOUTS[name]))
    parts = [{landmark} for landmark in landmarks]
    for edge in edge_names(landmarks):
        joined = [part for part in parts if part & edge]
        parts = [part for part in parts if not part & edge] + [set().union(*joined)]
    assert len(parts) == 1, parts
    assert len(edge_names(landmarks)) <= len(landmarks) + 4  # rings: chest, pelvis, head, ears


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("Nose Neck RShoulder RElbow RWrist LShoulder MidHip RHip RKnee LHip", "MidHip-RHip Neck-RShoulder"),
        ("HeadNeck Neck SpineShoulder SpineMid SpineBase ShoulderLeft HipLeft", "SpineBase-HipLeft"),
        ("root spine thorax neck_base head left_hip left_knee right_hip", "root-left_hip thorax-spine"),
        ("pelvis spine1 spine2 spine3 neck head left_hip left_collar left_shoulder", "spine3-left_collar"),
        (
            "Hips Spine Neck Head LeftUpLeg LeftLeg LeftFoot LeftArm LeftForeArm",
            "Hips-LeftUpLeg LeftArm-LeftForeArm",
        ),
        ("snout leftear rightear tailbase", "snout-leftear snout-tailbase"),
        ("nose left_ear right_ear centre tail_base tail_tip", "centre-tail_base tail_base-tail_tip"),
    ],
)
def test_layouts_are_told_by_their_names(names: str, expected: str) -> None:
    landmarks = tuple(names.split())
    found = edge_names(landmarks)
    for edge in expected.split():
        assert frozenset(edge.split("-")) in found
