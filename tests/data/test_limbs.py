"""Bodies of other proportions: bones, sides, missing points, the origin, and skeletons of any kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htvae.config import DataConfig
from htvae.data.limbs import build_limbs, scale_limbs
from htvae.data.processing import PoseDataProcessor
from htvae.poses.geometry import observed_points
from htvae.poses.landmarks import MEDIAPIPE_LANDMARKS
from htvae.poses.layouts import BODY_25, COCO_17, COCO_WHOLEBODY_133, HANDS_42
from htvae.poses.sequence import PoseSequence

T = 37
MOUSE = (
    "nose",
    "left_ear",
    "right_ear",
    "neck",
    "body_center",
    "tail_base",
    "left_hip",
    "right_hip",
    "tail_tip",
)
HIPLESS = ("NOSE", "LEFT_ELBOW", "RIGHT_ELBOW", "LEFT_WRIST", "RIGHT_WRIST", "LEFT_KNEE", "RIGHT_KNEE",
           "LEFT_ANKLE", "RIGHT_ANKLE")  # fmt: skip
LAYOUTS = {
    "mediapipe": MEDIAPIPE_LANDMARKS,
    "body_25": BODY_25,
    "coco": COCO_17,
    "hands": HANDS_42,
    "mouse": MOUSE,
    "hipless": HIPLESS,
}
HIPS = ("LEFT_HIP", "RIGHT_HIP", "LHIP", "RHIP")
HEIGHTS = {
    "HIP": 0.0,
    "KNEE": -0.9,
    "ANKLE": -1.7,
    "HEEL": -1.8,
    "FOOT_INDEX": -1.8,
    "SHOULDER": 1.0,
    "ELBOW": 0.5,
}


def make_body(landmarks, num_coordinates=2, seed=0, skeleton=()):
    """Return a fitted processor and its pose (T, N, D) of a body that moves, everything observed."""
    rng = np.random.default_rng(seed)
    pose = 0.3 * rng.normal(size=(len(landmarks), num_coordinates))
    for index, name in enumerate(landmarks):
        part = name.upper().removeprefix("LEFT_").removeprefix("RIGHT_")
        pose[index, 1] += HEIGHTS.get(part, 0.4)
    pose = pose + 0.1 * rng.normal(size=(T, len(landmarks), num_coordinates))
    pose += 0.05 * np.arange(T)[:, None, None]
    sequence = PoseSequence.from_array(pose.astype(np.float32), landmarks, "walk")
    processor = PoseDataProcessor(DataConfig()).fit([sequence])
    processor.skeleton = list(skeleton)
    return processor, processor.transform(sequence).pose


def scale_with(processor, pose, seed=1, share=0.3):
    """Return the scaled pose and the factors (L,) that scaled it."""
    limbs = build_limbs(processor)
    factors = limbs.draw_factors(np.random.default_rng(seed), share)
    return scale_limbs(pose, np.random.default_rng(seed), share, limbs), factors


def measure_lengths(pose, start, end):
    return np.linalg.norm(pose[:, start] - pose[:, end], axis=1)


@pytest.mark.parametrize("num_coordinates", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_each_bone_is_scaled_by_its_factor(num_coordinates, seed):
    processor, pose = make_body(MEDIAPIPE_LANDMARKS, num_coordinates, seed)
    scaled, factors = scale_with(processor, pose, seed)
    index = MEDIAPIPE_LANDMARKS.index
    for side in ("LEFT", "RIGHT"):
        for start, end in (("HIP", "KNEE"), ("KNEE", "ANKLE"), ("ANKLE", "HEEL"), ("SHOULDER", "ELBOW")):
            bone = index(f"{side}_{start}"), index(f"{side}_{end}")
            ratio = measure_lengths(scaled, *bone) / measure_lengths(pose, *bone)
            np.testing.assert_allclose(ratio, factors[bone[1]], rtol=1e-4)
    hips = index("LEFT_HIP"), index("RIGHT_HIP")
    ratio = measure_lengths(scaled, *hips) / measure_lengths(pose, *hips)
    np.testing.assert_allclose(ratio, factors[list(hips)].mean(), rtol=1e-4)


def test_factors_of_left_and_right_are_nearly_the_same():
    processor, _ = make_body(MEDIAPIPE_LANDMARKS)
    limbs, rng = build_limbs(processor), np.random.default_rng(0)
    factors = np.array([limbs.draw_factors(rng, 0.1) for _ in range(300)])
    assert 0.9 <= factors.min() < 0.905 and 1.095 < factors.max() <= 1.1
    left, right = (MEDIAPIPE_LANDMARKS.index(f"{side}_KNEE") for side in ("LEFT", "RIGHT"))
    difference = np.abs(factors[:, left] - factors[:, right])
    assert 0.015 < difference.max() <= 0.02
    assert np.corrcoef(factors[:, left], factors[:, right])[0, 1] > 0.95
    assert (
        abs(np.corrcoef(factors[:, left], factors[:, MEDIAPIPE_LANDMARKS.index("LEFT_ANKLE")])[0, 1]) < 0.25
    )


@given(
    layout=st.sampled_from(sorted(LAYOUTS)),
    num_coordinates=st.sampled_from([2, 3]),
    missing=st.sampled_from([0.0, 0.1, 0.7, 1.0]),
    seed=st.integers(0, 100),
)
def test_a_range_of_zero_changes_nothing_and_any_range_keeps_what_is_missing(
    layout, num_coordinates, missing, seed
):
    processor, pose = make_body(LAYOUTS[layout], num_coordinates)
    rng = np.random.default_rng(seed)
    pose[rng.random(pose.shape[:2]) < missing] = np.nan
    before = pose.copy()
    limbs = build_limbs(processor)
    np.testing.assert_array_equal(scale_limbs(pose, rng, 0.0, limbs), pose)
    scaled = scale_limbs(pose, rng, 0.2, limbs)
    np.testing.assert_array_equal(pose, before)
    np.testing.assert_array_equal(np.isnan(scaled), np.isnan(pose))
    assert scaled.dtype == np.float32
    assert missing == 1 or not np.array_equal(scaled, pose, equal_nan=True)


@pytest.mark.parametrize("layout", ["mediapipe", "body_25", "coco"])
@pytest.mark.parametrize("num_coordinates", [2, 3])
def test_the_origin_is_still_the_middle_of_the_hips(layout, num_coordinates):
    processor, pose = make_body(LAYOUTS[layout], num_coordinates)
    scaled, _ = scale_with(processor, pose)
    hips = [i for i, name in enumerate(LAYOUTS[layout]) if name.upper() in HIPS]
    assert processor.anchor == "midhip" and len(hips) == 2
    np.testing.assert_allclose(scaled[:, hips].mean(axis=1), 0, atol=1e-5)
    assert np.abs(scaled[:, hips] - pose[:, hips]).max() > 0.005


def test_without_hips_the_origin_is_still_the_centroid():
    processor, pose = make_body(HIPLESS)
    scaled, _ = scale_with(processor, pose)
    assert processor.anchor == "centroid"
    places = scaled[:, : len(HIPLESS)]
    np.testing.assert_allclose(places.mean(axis=1), pose[:, : len(HIPLESS)].mean(axis=1), atol=1e-5)
    np.testing.assert_array_equal(places[:, 0], pose[:, 0])  # the nose, which has no bone here


def test_one_factor_for_all_bones_is_a_change_of_size():
    for landmarks in (MEDIAPIPE_LANDMARKS, BODY_25, HANDS_42):
        limbs = build_limbs(make_body(landmarks)[0])
        change = limbs.compute_change(np.full(len(landmarks), 1.1))
        assert limbs.has_bone.all()
        places = make_body(landmarks, seed=1)[1][:, : len(landmarks)]
        np.testing.assert_allclose(np.einsum("ab,tbd->tad", change, places), 0.1 * places, atol=1e-4)


def test_the_root_velocity_grows_with_the_legs_alone():
    processor, pose = make_body(MEDIAPIPE_LANDMARKS)
    limbs = build_limbs(processor)
    legs = np.array(
        [any(p in name for p in ("KNEE", "ANKLE", "HEEL", "FOOT")) for name in MEDIAPIPE_LANDMARKS]
    )
    longer = limbs.compute_stride(limbs.compute_change(np.where(legs, 1.1, 1.0)))
    assert 1.08 < longer < 1.12  # the hips are not quite at the height of the origin
    arms = np.array(["ELBOW" in name or "WRIST" in name for name in MEDIAPIPE_LANDMARKS])
    assert limbs.compute_stride(limbs.compute_change(np.where(arms, 1.1, 1.0))) == pytest.approx(1, abs=1e-9)
    scaled, factors = scale_with(processor, pose)
    stride = limbs.compute_stride(limbs.compute_change(factors))
    np.testing.assert_allclose(scaled[:, -1], pose[:, -1] * stride, rtol=1e-5)
    assert abs(stride - 1) > 0.01


def test_the_root_velocity_stays_where_no_feet_are():
    upper = tuple(
        name for name in MEDIAPIPE_LANDMARKS if "HIP" in name or "SHOULDER" in name or "ELBOW" in name
    )
    processor, pose = make_body(upper)
    scaled, _ = scale_with(processor, pose)
    assert processor.root_motion
    np.testing.assert_array_equal(scaled[:, -1], pose[:, -1])


def test_bones_that_hang_on_a_point_that_comes_and_goes_do_not_jump():
    processor, pose = make_body(MEDIAPIPE_LANDMARKS)
    elbow = MEDIAPIPE_LANDMARKS.index("LEFT_ELBOW")
    pose[:, elbow] = np.linspace([-0.5, 0.4], [0.5, 0.8], T)  # evenly, so that interpolation is exact
    whole, _ = scale_with(processor, pose)
    pose[10:20, elbow] = np.nan
    holed, _ = scale_with(processor, pose)
    seen = observed_points(pose)
    assert not seen.all()
    np.testing.assert_allclose(holed[seen], whole[seen], atol=1e-5)


def test_bones_that_hang_on_a_point_that_is_never_seen_keep_their_movement():
    processor, pose = make_body(MEDIAPIPE_LANDMARKS)
    elbow, wrist = (MEDIAPIPE_LANDMARKS.index(f"LEFT_{part}") for part in ("ELBOW", "WRIST"))
    pose[:, elbow] = np.nan
    pose[:, MEDIAPIPE_LANDMARKS.index("LEFT_SHOULDER")] = [-0.4, 1]
    pose[:, 23:25] = [[-0.2, 0], [0.2, 0]]  # the hips, so that nothing but the forearm moves the wrist
    scaled, factors = scale_with(processor, pose)
    moves, own = np.diff(scaled[:, wrist], axis=0), np.diff(pose[:, wrist], axis=0)
    np.testing.assert_allclose(moves, factors[wrist] * own, atol=1e-5)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_scaling_a_mirrored_body_is_mirroring_a_scaled_one(layout):
    processor, _ = make_body(LAYOUTS[layout])
    limbs = build_limbs(processor)
    sided = limbs.draw_factors(np.random.default_rng(0), 0.3)
    alike = (sided + sided[limbs.partners]) / 2
    change = limbs.compute_change(alike)
    np.testing.assert_allclose(change[limbs.partners][:, limbs.partners], change, atol=1e-9)
    assert np.abs(change).max() > 0.05


def test_parts_without_a_bone_go_with_the_nearest_landmark_of_the_body():
    processor, pose = make_body(COCO_WHOLEBODY_133)
    face = COCO_WHOLEBODY_133.index("face-30")
    mean = np.array(processor.pose_mean)
    mean[face] = mean[0] + 1e-3  # beside the nose
    processor.pose_mean = mean.tolist()
    scaled, _ = scale_with(processor, pose)
    moved = scaled - pose
    np.testing.assert_allclose(moved[:, face], moved[:, 0], atol=1e-5)
    assert np.abs(moved[:, 0]).max() > 0.01


@st.composite
def skeletons(draw):
    """Any graph: several components, cycles, landmarks without bones, bones given twice."""
    count = draw(st.integers(2, 12))
    index = st.integers(0, count - 1)
    pairs = draw(
        st.lists(st.tuples(index, index).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=20)
    )
    return count, [(f"p{a}", f"p{b}") for a, b in pairs]


@given(graph=skeletons(), num_coordinates=st.sampled_from([2, 3]), seed=st.integers(0, 100))
def test_any_skeleton_is_scaled(graph, num_coordinates, seed):
    count, pairs = graph
    processor, pose = make_body(tuple(f"p{i}" for i in range(count)), num_coordinates, seed, pairs)
    limbs = build_limbs(processor)
    scaled, factors = scale_with(processor, pose, seed)
    assert np.isfinite(scaled[1:]).all()
    np.testing.assert_array_equal(scaled[:, :count][:, ~limbs.moves], pose[:, :count][:, ~limbs.moves])
    with_parents = np.abs(limbs.bones.sum(axis=1)) < 1e-9  # all but roots, whose bones the origin moves
    old, new = (np.einsum("ab,tbd->tad", limbs.bones, p[:, :count]) for p in (pose, scaled))
    factors = np.where(limbs.has_bone, factors, 1)
    np.testing.assert_allclose(new[:, with_parents], (factors[:, None] * old)[:, with_parents], atol=1e-4)
