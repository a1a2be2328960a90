import pytest
from hypothesis import given
from hypothesis import strategies as st

from htvae.poses.landmarks import (
    MEDIAPIPE_LANDMARKS,
    canonical_name,
    landmark_sides,
    mirror_permutation,
)


def test_mediapipe_names_are_mirrored() -> None:
    swapped = {"LEFT": "RIGHT", "RIGHT": "LEFT"}
    for name, partner in zip(MEDIAPIPE_LANDMARKS, mirror_permutation(MEDIAPIPE_LANDMARKS), strict=True):
        expected = "_".join(swapped.get(word, word) for word in name.split("_"))
        assert MEDIAPIPE_LANDMARKS[partner] == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("left_hip", "right_hip"),
        ("LeftHip", "RightHip"),
        ("leftHip", "rightHip"),
        ("left-hip", "right-hip"),
        ("lefthip", "righthip"),
        ("L_Hip", "R_Hip"),
        ("hip_L", "hip_R"),
        ("Hip.l", "Hip.r"),
        ("LHip", "RHip"),
        ("lHip", "rHip"),
        ("lhip", "rhip"),
        ("pawFL", "pawFR"),
        ("LH_paw", "RH_paw"),
        ("Hüfte links L", "Hüfte links R"),
    ],
)
def test_sides_are_found_in_many_spellings(left: str, right: str) -> None:
    assert mirror_permutation([left, "tail", right]) == [2, 1, 0]


def test_sides_are_found_by_partners_and_by_names() -> None:
    names = ["LKNE", "RKNE", "lip", "wingR", "wingL", "REye", "LEye", "rightear", "roll", "LEFT_HIP", "pawFL"]
    assert landmark_sides(names) == [
        *("left", "right", "", "right", "left", "right", "left", "right", "", "left", ""),
    ]
    assert landmark_sides(["pawFR", "pawFL", "NOSE"]) == ["right", "left", ""]


def test_names_without_partner_stay() -> None:
    assert mirror_permutation(["nose", "tail", "left_ear", "lip", "Rücken"]) == [0, 1, 2, 3, 4]


@given(st.lists(st.text(alphabet="lrLReft_ight .hip1", max_size=8), unique=True, max_size=12))
def test_mirroring_twice_changes_nothing(landmarks: list[str]) -> None:
    mirror = mirror_permutation(landmarks)
    assert [mirror[partner] for partner in mirror] == list(range(len(landmarks)))


def test_canonical_names() -> None:
    spellings = ("LEFT_HIP", "left_hip", "hip.L", "lHip", "HipLeft", "left hip")
    assert {canonical_name(name) for name in spellings} == {"LEFT_HIP"}
    assert canonical_name("right_eye_(inner)") == "RIGHT_EYE_INNER"
