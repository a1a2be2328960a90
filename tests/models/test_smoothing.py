"""The filter over decoded frames."""

import numpy as np
import pytest
import torch
from scipy.signal import savgol_coeffs

from htvae.models.smoothing import JITTER, hold_still, savitzky_golay, smooth_frames

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def test_weights_of_five_frames_by_hand():
    assert savitzky_golay(5) == pytest.approx([-3 / 35, 12 / 35, 17 / 35, 12 / 35, -3 / 35])


@pytest.mark.parametrize("width", [3, 5, 7, 11])
def test_weights_are_scipy_s(width):
    np.testing.assert_allclose(savitzky_golay(width), savgol_coeffs(width, 2), atol=1e-12)


def test_a_parabola_stays_and_a_line_does_even_at_its_ends():
    time = torch.arange(20.0)
    frames = torch.stack([time.square() / 20, 3 - 2 * time], dim=-1)[None]
    smoothed = smooth_frames(frames, torch.tensor([20]), 5)
    torch.testing.assert_close(smoothed[:, 2:-2], frames[:, 2:-2], **CLOSE)
    torch.testing.assert_close(smoothed[..., 1], frames[..., 1], **CLOSE)


def test_jitter_of_two_frames_is_taken_off():
    frames = (-1.0) ** torch.arange(30)[None, :, None]
    smoothed = smooth_frames(frames, torch.tensor([30]), 5)[:, 2:-2]
    torch.testing.assert_close(smoothed.abs().max(), torch.tensor(13 / 35), **CLOSE)  # (17 - 24 - 6) / 35


@pytest.mark.parametrize("count", [1, 2, 3, 13])
def test_padding_has_no_influence(count):
    torch.manual_seed(0)
    frames = torch.randn(2, 20, 3, 2)
    alone = smooth_frames(frames[:1, :count], torch.tensor([count]), 5)
    padded = smooth_frames(frames, torch.tensor([count, 20]), 5)
    torch.testing.assert_close(padded[0, :count], alone[0], **CLOSE)
    assert padded.isfinite().all()


def test_no_width_no_change():
    frames = torch.randn(1, 9, 2)
    assert smooth_frames(frames, torch.tensor([9]), 1) is frames


def make_circle(size, period, count=200):
    """Return one point on a circle with a diameter of ``size`` torso lengths."""
    angle = torch.arange(float(count)) * 2 * torch.pi / period
    return 0.5 * size * torch.stack([angle.cos(), angle.sin()], dim=-1)[None, :, None]


def amplitude(pose):
    return (pose[0, 20:-20] - pose[0, 20:-20].mean(0)).square().sum(-1).mean().sqrt()


@pytest.mark.parametrize(
    ("size", "period", "low", "high"),
    [
        (0.001, 8, 0.1, 0.3),  # jitter at rest: p is a quarter of JITTER^2, a fifth of it stays
        (0.2, 8, 0.995, 1.0),  # a hand that shakes
        (0.01, 60, 0.97, 1.0),  # a body that sways slowly
    ],
)
def test_jitter_goes_and_movement_stays(size, period, low, high):
    pose = make_circle(size, period)
    held = hold_still(pose, torch.tensor([200]), 7)
    assert JITTER == 0.001
    assert low <= amplitude(held) / amplitude(pose) <= high


@pytest.mark.parametrize("count", [1, 2, 3, 13])
def test_padding_has_no_influence_on_what_is_held_still(count):
    torch.manual_seed(0)
    frames = 0.001 * torch.randn(2, 20, 3, 2)
    alone = hold_still(frames[:1, :count], torch.tensor([count]), 7)
    padded = hold_still(frames, torch.tensor([count, 20]), 7)
    torch.testing.assert_close(padded[0, :count], alone[0], rtol=1e-5, atol=1e-8)
    assert padded.isfinite().all()


def test_without_smoothing_nothing_is_held_still():
    pose = torch.randn(1, 9, 3, 2)
    assert hold_still(pose, torch.tensor([9]), 1) is pose
