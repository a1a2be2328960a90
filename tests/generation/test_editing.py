"""Directions between groups of recordings, by hand."""

import numpy as np
import pytest
import torch

from htvae.generation.editing import find_direction
from htvae.inference.model import Encoding


def encoding(label, place, sequence, chunks):
    covariates = {} if place is None else {"place": place}
    chunks = np.array(chunks, np.float32)
    return Encoding(
        name="walk",
        sequence_latent=np.array(sequence, np.float32),
        sequence_logvar=np.zeros(2, np.float32),
        chunk_latents=chunks,
        chunk_logvars=np.zeros_like(chunks),
        chunk_frames=np.zeros((len(chunks), 2), int),
        chunk_seconds=None,
        window_latents=np.zeros((1, 2), np.float32),
        label=label,
        subject=None,
        covariates=covariates,
    )


ENCODINGS = [
    encoding("a", "in", [1, 0], [[1], [3]]),
    encoding("a", "out", [3, 0], [[6]]),
    encoding("b", None, [0, 4], [[0], [0], [3]]),
]


def test_a_label_is_reached_from_the_mean_of_all_others():
    """Each recording counts once, however many chunks it has: (2 + 6) / 2 - 1."""
    direction = find_direction(ENCODINGS, "a")
    assert direction.sequence.tolist() == [2.0, -4.0]
    assert direction.chunks.tolist() == [3.0]


def test_there_and_back_are_opposite():
    there, back = find_direction(ENCODINGS, "a"), find_direction(ENCODINGS, "b")
    for one, other in zip(there, back, strict=True):
        torch.testing.assert_close(one, -other)


def test_a_covariate_is_named_by_its_column():
    direction = find_direction(ENCODINGS, "place=out")  # from recordings without a place, too
    assert direction.sequence.tolist() == [2.5, -2.0]


@pytest.mark.parametrize(
    ("towards", "message"),
    [
        ("c", "'c' names 0 of 3. Known for label: a, b"),
        ("place=up", "'place=up' names 0 of 3. Known for place: in, out"),
        ("age=old", "'age=old' names 0 of 3. Known for age: none"),
    ],
)
def test_the_known_labels_are_named(towards, message):
    with pytest.raises(ValueError, match=message):
        find_direction(ENCODINGS, towards)


def test_a_label_of_all_recordings_is_refused():
    with pytest.raises(ValueError, match="'a' names 2 of 2"):
        find_direction(ENCODINGS[:2], "a")
