"""Names and order of the joints of well-known layouts in three dimensions, for files without names.

`htvae.poses.layouts` has those of trackers in images.
"""

KINECT_25: tuple[str, ...] = tuple(
    "SpineBase SpineMid Neck Head ShoulderLeft ElbowLeft WristLeft HandLeft ShoulderRight ElbowRight "
    "WristRight HandRight HipLeft KneeLeft AnkleLeft FootLeft HipRight KneeRight AnkleRight FootRight "
    "SpineShoulder HandTipLeft ThumbLeft HandTipRight ThumbRight".split()
)
"""Kinect for Windows v2. Source: Microsoft, Kinect SDK 2.0, enumeration ``JointType``; NTU RGB+D stores the
joints in this order (shahroudy/NTURGB-D, ``README.md``)."""

SMPL_22: tuple[str, ...] = tuple(
    "pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 left_foot "
    "right_foot neck left_collar right_collar head left_shoulder right_shoulder left_elbow right_elbow "
    "left_wrist right_wrist".split()
)
"""Body of SMPL without hands, as in HumanML3D's joints. Source: vchoutas/smplx, ``smplx/joint_names.py``."""

H36M_17: tuple[str, ...] = tuple(
    "root right_hip right_knee right_foot left_hip left_knee left_foot spine thorax neck_base head "
    "left_shoulder left_elbow left_wrist right_shoulder right_elbow right_wrist".split()
)
"""The joints of Human3.6M that move. Source: open-mmlab/mmpose, ``configs/_base_/datasets/h36m.py``; the
order is the one of facebookresearch/VideoPose3D, ``common/h36m_dataset.py``, after its removal of joints."""

_H36M_PLACES = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
_H36M_OTHERS = {
    4: "right_toe_base",
    5: "right_toe_end",
    9: "left_toe_base",
    10: "left_toe_end",
    11: "spine_base",
    16: "left_collar",
    20: "left_thumb",
    21: "left_thumb_end",
    22: "left_hand",
    23: "left_hand_end",
    24: "right_collar",
    28: "right_thumb",
    29: "right_thumb_end",
    30: "right_hand",
    31: "right_hand_end",
}
H36M_32: tuple[str, ...] = tuple(
    {**dict(zip(_H36M_PLACES, H36M_17, strict=True)), **_H36M_OTHERS}[place] for place in range(32)
)
"""All joints of Human3.6M; those of `H36M_17` have its names. Others lie on one of them, or end a limb.
Source: facebookresearch/VideoPose3D, ``common/h36m_dataset.py`` (places); names after Human3.6M's own."""

MEDIAPIPE_HAND_21: tuple[str, ...] = tuple(
    "WRIST THUMB_CMC THUMB_MCP THUMB_IP THUMB_TIP INDEX_FINGER_MCP INDEX_FINGER_PIP INDEX_FINGER_DIP "
    "INDEX_FINGER_TIP MIDDLE_FINGER_MCP MIDDLE_FINGER_PIP MIDDLE_FINGER_DIP MIDDLE_FINGER_TIP "
    "RING_FINGER_MCP RING_FINGER_PIP RING_FINGER_DIP RING_FINGER_TIP PINKY_MCP PINKY_PIP PINKY_DIP "
    "PINKY_TIP".split()
)
"""One hand of MediaPipe. Source: google-ai-edge/mediapipe, ``mediapipe/python/solutions/hands.py``."""
