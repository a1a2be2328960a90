"""Named layouts: counts, sides, and points whose places are known by heart."""

import pytest

from htvae.poses import layouts
from htvae.poses.landmarks import mirror_permutation

COUNTS = {
    "MEDIAPIPE_33": 33,
    "COCO_17": 17,
    "BODY_25": 25,
    "BODY_25B": 25,
    "COCO_18": 18,
    "MPI_15": 15,
    "HALPE_26": 26,
    "HALPE_68": 68,
    "HALPE_136": 136,
    "COCO_WHOLEBODY_133": 133,
}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_names_differ_and_sides_are_even(name: str, count: int) -> None:
    layout = getattr(layouts, name)
    assert len(layout) == len(set(layout)) == count
    left = [point for point in layout if "left" in point.lower() or point.startswith("L")]
    right = [point for point in layout if "right" in point.lower() or point.startswith("R")]
    assert len(left) == len(right) > 4
    partners = mirror_permutation(layout)
    assert sum(partner != index for index, partner in enumerate(partners)) == 2 * len(left)


def test_places_known_by_heart() -> None:
    assert layouts.BODY_25[8] == "MidHip" and layouts.BODY_25[24] == "RHeel"
    assert layouts.BODY_25B[17:19] == ("UpperNeck", "HeadTop") and layouts.COCO_18[1] == "Neck"
    assert layouts.MPI_15[14] == "Chest" and layouts.COCO_17[11] == "left_hip"
    assert layouts.HALPE_26[17:20] == ("Head", "Neck", "Hip") and layouts.HALPE_136[26] == "face-0"
    wholebody = layouts.COCO_WHOLEBODY_133
    assert (wholebody[17], wholebody[91], wholebody[112]) == (
        "left_big_toe",
        "left_hand_root",
        "right_hand_root",
    )
    assert wholebody[132] == "right_pinky_finger4"


def test_points_of_unknown_layouts_are_numbered() -> None:
    assert layouts.name_points(17, layouts.COCO_18, layouts.COCO_17) == layouts.COCO_17
    assert layouts.name_points(2, layouts.COCO_17) == ("point_0", "point_1")
