"""Edges of known layouts, by names in any spelling."""

import pytest

from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
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
