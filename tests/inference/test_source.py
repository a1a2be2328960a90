"""Back to the frames of the source."""

import numpy as np

from htvae.inference.source import interpolate_frames, to_source, to_source_spans


def test_frames_between_are_interpolated_and_ends_held():
    pose = np.array([0.0, 2.0, 6.0], np.float32)[:, None, None]
    found = interpolate_frames(pose, np.array([10.0, 12.0, 14.0]), np.arange(9, 17))
    assert found[:, 0, 0].tolist() == [0, 0, 1, 2, 4, 6, 6, 6]


def test_a_single_frame_is_held():
    found = interpolate_frames(np.full((1, 1, 1), 3.0, np.float32), np.array([5.0]), np.arange(4, 7))
    assert found[:, 0, 0].tolist() == [3, 3, 3]


def test_spans_of_model_frames_in_source_frames():
    """The model has every other frame of the source, which begins at 100."""
    spans = to_source_spans(np.array([[0, 3], [2, 4]]), 100 + 2.0 * np.arange(4))
    assert spans.tolist() == [[100, 105], [104, 107]]


def test_what_was_processed_comes_back_with_its_fields(as_processed):
    """The processor here changes nothing, so that the recording itself must come back."""

    class Plain:
        landmarks = ("hip", "knee")

        def inverse(self, pose, record):
            return pose

    pose = np.arange(40, dtype=np.float32).reshape(10, 2, 2)
    processed = as_processed(pose)
    back = to_source(Plain(), processed, pose, name="other")
    assert (back.name, back.fps, back.landmarks) == ("other", processed.source.fps, ("hip", "knee"))
    np.testing.assert_array_equal(back.pose, pose)
