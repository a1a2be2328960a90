"""Names and order of the points of trackers' layouts, for files that store numbers without names.

`htvae.poses.layouts_3d` has those of motion capture.

Names are spelled as in the source that each layout names, so that results can be compared with it.
"""

from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS

MEDIAPIPE_33: tuple[str, ...] = MEDIAPIPE_LANDMARKS
"""MediaPipe Pose. Source: google-ai-edge/mediapipe, ``mediapipe/python/solutions/pose.py``."""

COCO_17: tuple[str, ...] = tuple(
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
    "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle".split()
)
"""COCO person keypoints. Source: cocodataset.org, "Keypoint Detection", ``categories[].keypoints``."""

BODY_25: tuple[str, ...] = tuple(
    "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee LAnkle "
    "REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel".split()
)
"""OpenPose's default. Source: CMU-Perceptual-Computing-Lab/openpose, ``doc/02_output.md``."""

BODY_25B: tuple[str, ...] = tuple(
    "Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee RKnee "
    "LAnkle RAnkle UpperNeck HeadTop LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel".split()
)
"""OpenPose's more exact model: as many points as `BODY_25`, in another order. Source: openpose,
``src/openpose/pose/poseParameters.cpp``."""

COCO_18: tuple[str, ...] = tuple(
    "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist RHip RKnee RAnkle LHip LKnee LAnkle REye "
    "LEye REar LEar".split()
)
"""OpenPose's COCO model. Source: openpose, ``src/openpose/pose/poseParameters.cpp``."""

MPI_15: tuple[str, ...] = tuple(
    "Head Neck RShoulder RElbow RWrist LShoulder LElbow LWrist RHip RKnee RAnkle LHip LKnee LAnkle "
    "Chest".split()
)
"""OpenPose's MPI model. Source: openpose, ``src/openpose/pose/poseParameters.cpp``."""

HALPE_26: tuple[str, ...] = tuple(
    "Nose LEye REye LEar REar LShoulder RShoulder LElbow RElbow LWrist RWrist LHip RHip LKnee RKnee "
    "LAnkle RAnkle Head Neck Hip LBigToe RBigToe LSmallToe RSmallToe LHeel RHeel".split()
)
"""Body of the Halpe data. Source: Fang-Haoshu/Halpe-FullBody, ``README.md`` (which spells one Rknee)."""

FACE_68: tuple[str, ...] = tuple(f"face-{index}" for index in range(68))
"""Face of COCO-WholeBody and Halpe. Source: open-mmlab/mmpose,
``configs/_base_/datasets/coco_wholebody.py``."""


def _hand(side: str) -> tuple[str, ...]:
    fingers = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
    parts = [f"{side}_{finger}{joint}" for finger in fingers for joint in range(1, 5)]
    return (f"{side}_hand_root", *parts)


HANDS_42: tuple[str, ...] = (*_hand("left"), *_hand("right"))
"""Both hands of COCO-WholeBody and Halpe. Source: as for `FACE_68`."""

COCO_WHOLEBODY_133: tuple[str, ...] = (
    *COCO_17,
    *"left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel".split(),
    *FACE_68,
    *HANDS_42,
)
"""COCO-WholeBody. Source: jin-s13/COCO-WholeBody, ``data_format.md``; names as in mmpose, see `FACE_68`."""

HALPE_136: tuple[str, ...] = (*HALPE_26, *FACE_68, *HANDS_42)
"""Halpe with face and hands. Source: as for `HALPE_26`; names of face and hands as in mmpose."""

HALPE_68: tuple[str, ...] = (*HALPE_26, *HANDS_42)
"""Halpe without the face. Source: MVIG-SJTU/AlphaPose, ``alphapose/datasets/halpe_68_noface.py``."""


def name_points(count: int, *layouts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first layout that has ``count`` points, or ``point_0``, ``point_1``, ... if none has."""
    numbered = tuple(f"point_{index}" for index in range(count))
    return next((layout for layout in layouts if len(layout) == count), numbered)
