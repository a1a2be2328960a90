"""Factors of intervals: by kind of hole and length of gap, and their way through a file."""

import math

import numpy as np
import pytest

from htvae.inference.band_factors import BandFactors, measure_gaps

FACTORS = BandFactors(gaps=(10, 40), frames=(1.0, 3.0), points=(0.5, 0.7), never=2.0)


def test_gaps_are_measured_for_each_point():
    observed = np.ones((9, 3), bool)
    observed[2:5, 0] = observed[8, 0] = observed[:, 2] = False
    lengths = measure_gaps(observed)
    assert lengths[:, 0].tolist() == [0, 0, 3, 3, 3, 0, 0, 0, 1]
    assert not lengths[:, 1].any() and (lengths[:, 2] == 9).all()


def test_factors_by_kind_and_length():
    observed = np.ones((200, 4), bool)
    observed[10:30] = False  # everything for 20 frames: half way from 10 to 40, in logarithms
    observed[60:100, 1] = False
    observed[120:125, 1] = False
    observed[:, 3] = False
    factor = FACTORS.find(observed)
    assert factor[15, :3] == pytest.approx(2.0)
    assert factor[70, 1] == pytest.approx(0.7) and factor[122, 1] == pytest.approx(0.5)  # shorter: held
    assert (factor[:, 3] == 2.0).all()
    assert (factor[observed] == 1).all()


def test_a_gap_is_as_long_as_at_the_models_frame_rate():
    observed = np.ones((200, 2), bool)
    observed[20:60] = False
    assert FACTORS.find(observed, frame_ratio=0.5)[30] == pytest.approx(2.0)
    assert FACTORS.find(observed, frame_ratio=10)[30] == pytest.approx(3.0)  # longer: held


def test_they_come_back_from_plain_values():
    assert BandFactors.from_dict(FACTORS.to_dict()) == FACTORS
    assert BandFactors.from_dict(None) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gaps": (40, 10)}, "gaps of"),
        ({"gaps": ()}, "gaps of"),
        ({"frames": (1.0,)}, "another number of factors"),
        ({"never": math.nan}, "not above 0"),
        ({"points": (0.5, -1.0)}, "not above 0"),
    ],
)
def test_values_that_contradict_each_other(change, message):
    with pytest.raises(ValueError, match=message):
        BandFactors.from_dict(FACTORS.to_dict() | change)
