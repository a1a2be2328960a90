"""Which individuals and landmarks of a file are read."""

from typing import Any

import numpy as np
import pytest

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.recordings import build_recordings
from htvae.io.tracks import IMAGE, Content, Track
from htvae.poses.sequence import PoseSequence

NAMES = ("NOSE", "LEFT_EYE", "face_1")


def make_track(individual: str, num_frames: int, first_frame: int = 0, confidence: float = 0.9) -> Track:
    points = np.random.default_rng(num_frames).uniform(10, 99, (num_frames, len(NAMES), 2))
    sure = np.full(points.shape[:2], confidence)
    return Track(
        individual=individual, landmarks=NAMES, points=points, confidence=sure, first_frame=first_frame
    )


def build(*tracks: Track, **settings: Any) -> tuple[list[PoseSequence], list[str]]:
    content = Content(individuals=tracks, coordinates=IMAGE)
    return build_recordings(content, ReadingConfig(**settings), "video", "video.h5")


def test_bystanders_are_left_out_and_named() -> None:
    found, notes = build(make_track("ann", 100), make_track("bob", 95), make_track("passer", 9, 50))
    assert [s.name for s in found] == ["video/ann", "video/bob"]
    assert notes == ["individuals seen in less than 10% of the frames are left out: passer"]
    found, notes = build(make_track("ann", 100), make_track("passer", 9, 50), min_individual_share=0.05)
    assert [s.name for s in found] == ["video/ann", "video/passer"] and not notes
    assert found[1].first_frame == 50


def test_the_main_individual_is_the_one_seen_most_and_most_surely() -> None:
    tracks = make_track("faint", 100, confidence=0.6), make_track("clear", 80, confidence=0.9)
    assert [s.name for s in build(*tracks, individual=("main",))[0]] == ["video/clear"]


def test_individuals_by_name() -> None:
    tracks = make_track("ann", 50), make_track("bob", 50)
    assert [s.name for s in build(*tracks, individual=("bob",))[0]] == ["video/bob"]
    with pytest.raises(DataError, match="individual must name one of ann, bob, but got eve"):
        build(*tracks, individual=("eve",))


def test_pieces_of_tracks_are_refused() -> None:
    pieces = [make_track(f"track_{i}", 20, first_frame=20 * i) for i in range(43)]
    with pytest.raises(DataError, match=r"of 43 tracks the longest has 2%: .*Proofread.*--link nearest"):
        build(*pieces)


def test_landmarks_are_chosen_and_renamed() -> None:
    track = make_track("", 5)
    assert build(track, drop=("FACE*",))[0][0].landmarks == ("NOSE", "LEFT_EYE")
    assert build(track, landmarks=("*_EYE",))[0][0].landmarks == ("LEFT_EYE",)
    assert build(track, rename=("NOSE=head", "face_1=cheek"))[0][0].landmarks == ("head", "LEFT_EYE", "cheek")
    with pytest.raises(DataError, match="a landmark must be left, but --landmarks and --drop leave none"):
        build(track, drop=("*",))
    with pytest.raises(ValueError, match="rename must be OLD=NEW"):
        build(track, rename=("NOSE",))


def test_landmarks_of_one_new_name_are_joined() -> None:
    """Each frame takes the first of them that is seen in it."""
    track = make_track("", 4)
    track.points[:2, 0] = np.nan
    (joined,), _ = build(track, rename=("NOSE=eye", "LEFT_EYE=eye"))
    assert joined.landmarks == ("eye", "face_1")
    expected = np.concatenate([track.points[:2, 1], track.points[2:, 0]])
    np.testing.assert_array_equal(joined.pose[:, 0], np.float32(expected * [1, -1]))


def test_shares_without_the_image_s_size_are_said() -> None:
    content = Content(individuals=[make_track("", 5)], coordinates=IMAGE, are_shares=True)
    _, notes = build_recordings(content, ReadingConfig(), "video", "video.csv")
    assert any("--image_size W H" in note for note in notes)
    (walk,), notes = build_recordings(content, ReadingConfig(image_size=(1920, 1080)), "video", "video.csv")
    assert not notes and walk.coordinates.image_size == (1920, 1080)


@pytest.mark.parametrize("name", ["../up", "..", "a//b", "tab\there"])
def test_individuals_whose_names_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="a file name must"):
        build(make_track(name, 50), make_track("ann", 50))
