"""Measures by hand: uniform motion, a swing, sides, gaps."""

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from htvae.analysis.measures import (
    LEAST_SPREAD,
    LatentAxes,
    Measure,
    MeasureTable,
    describe_constant,
    is_constant,
    join_tables,
    measure_motion,
)
from htvae.poses.landmarks import ROOT_VELOCITY

POINTS = ("NOSE", "LEFT_WRIST", "RIGHT_WRIST", ROOT_VELOCITY)


def moving(num_frames: int = 61, swing: float = 0.5) -> np.ndarray:
    """Return poses (T, N, 2): the nose drifts by 0.03 a frame, the left wrist swings, the right one rests."""
    frames = np.arange(num_frames)
    pose = np.zeros((num_frames, 4, 2), np.float32)
    pose[:, 0, 0] = 0.03 * frames
    pose[:, 1, 1] = swing * np.sin(2 * np.pi * frames / 30)
    pose[:, 2, 0] = 1
    pose[:, 3] = [0.04, -0.03]
    pose[0, 3] = np.nan
    return pose


def measured(poses: list[np.ndarray], as_processed: Any, fps: float | None = 30.0) -> dict[str, np.ndarray]:
    recordings = [as_processed(pose) for pose in poses]
    recordings = [dataclasses.replace(r, record=dataclasses.replace(r.record, fps=fps)) for r in recordings]
    table = measure_motion(recordings, POINTS)
    return dict(zip(table.names, table.values.T, strict=True))


def test_by_hand(as_processed: Any) -> None:
    found = measured([moving(), moving(swing=1.0)], as_processed)
    np.testing.assert_allclose(found["speed of NOSE"], 0.9, rtol=1e-5)  # 0.03 a frame, 30 frames a second
    np.testing.assert_allclose(found["range of NOSE"], 0.9 * 0.03 * 60, rtol=1e-5)
    np.testing.assert_allclose(
        found["speed of LEFT_WRIST"], [2.0, 4.0], rtol=0.03
    )  # four swings of 0.5 a second
    np.testing.assert_allclose(found["range of LEFT_WRIST"], [0.98, 1.96], rtol=0.03)  # sine's 5 % to 95 %
    np.testing.assert_allclose(found["speed of RIGHT_WRIST"], 0, atol=1e-5)
    np.testing.assert_allclose(found["speed of the body"], 0.05 * 30, rtol=1e-5)
    np.testing.assert_allclose(found["asymmetry of speed, LEFT_WRIST / RIGHT_WRIST"], 1, atol=1e-4)
    np.testing.assert_allclose(found["share observed"], 1)
    assert len(found) == 3 + 3 + 1 + 1 + 1 + 1


def test_speed_is_per_second_where_rates_are_known(as_processed: Any) -> None:
    table = measure_motion([as_processed(moving())], POINTS)
    assert {m.unit for m in table.measures if m.family == "speed"} == {"torso lengths/frame"}
    assert measured([moving()], as_processed, None)["speed of NOSE"] == pytest.approx(0.03)


def test_a_tracker_s_noise_adds_little_speed(as_processed: Any) -> None:
    noisy = moving() + np.random.default_rng(0).normal(0, 0.01, (61, 4, 2)).astype(np.float32)
    speeds = measured([moving(), noisy], as_processed)["speed of LEFT_WRIST"]
    raw = np.linalg.norm(np.diff(noisy[:, 1], axis=0), axis=1).mean() * 30
    assert speeds[1] - speeds[0] < 0.45 * (raw - speeds[0])


def test_gaps_and_landmarks_that_are_hardly_seen(as_processed: Any) -> None:
    pose, gone = moving(), moving()
    pose[20:30, 0] = np.nan
    gone[4:, 1] = np.nan
    found = measured([pose, gone], as_processed)
    assert found["speed of NOSE"][0] == pytest.approx(0.9, rel=1e-4)
    assert np.isnan(found["speed of LEFT_WRIST"][1]) and np.isnan(found["range of LEFT_WRIST"][1])
    assert np.isnan(found["asymmetry of range, LEFT_WRIST / RIGHT_WRIST"][1])
    np.testing.assert_allclose(found["share observed"], [1 - 10 / 183, 1 - 57 / 183])


def test_measures_that_cannot_be_said_are_missing(as_processed: Any) -> None:
    """One frame has no speed; landmarks that do not move have no asymmetry."""
    still = np.zeros((40, 4, 2), np.float32)
    found = measured([moving(1), still], as_processed)
    assert np.isnan(found["speed of NOSE"][0]) and found["speed of NOSE"][1] == 0
    assert np.isnan(found["asymmetry of speed, LEFT_WRIST / RIGHT_WRIST"][1])


def test_latent_components_are_principal() -> None:
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(20, 2)) * [3, 1] @ np.array([[0.6, 0.8, 0, 0], [0, 0, 1.0, 0]]) + 5
    encodings: Any = [SimpleNamespace(sequence_latent=latent) for latent in latents]
    axes = LatentAxes.fit(encodings)
    table = axes.measure(encodings)
    assert table.names == ["latent component 1", "latent component 2"]  # the rest is rounding
    np.testing.assert_allclose(table.values.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(axes.mean + table.values @ axes.components, latents, atol=1e-9)
    assert table.values[:, 0].std() > table.values[:, 1].std()
    half = axes.measure(encodings[:3])
    np.testing.assert_allclose(half.values, table.values[:3])
    assert LatentAxes.fit(encodings[:1]).measure(encodings[:1]).values.shape == (1, 0)


def test_other_measures_join() -> None:
    motifs = MeasureTable((Measure("usage of motif 1", "share", "usage"),), np.array([[0.2], [0.3]]))
    speeds = MeasureTable((Measure("speed", "m/s", "speed"),), np.array([[1.0], [2.0]]))
    joined = join_tables([speeds, motifs])
    assert joined.names == ["speed", "usage of motif 1"] and joined.values.tolist() == [[1, 0.2], [2, 0.3]]
    with pytest.raises(ValueError, match="found twice: speed"):
        join_tables([speeds, speeds])
    with pytest.raises(ValueError, match="same recordings, but have 2, 1 rows"):
        join_tables([speeds, MeasureTable(motifs.measures, np.zeros((1, 1)))])


def test_rounding_is_no_spread() -> None:
    values = np.tile([[1.0, 0.5, 1e7, np.nan, 0.0, 2.0]], (8, 1))
    values[::2, 0] += 3 * LEAST_SPREAD  # half of the rows: a spread of 1.5 times the least
    values[::2, 1] += LEAST_SPREAD  # of 0.5 times
    values[::2, 2] += 1e-3  # more than the least, but the rounding of a number so large
    values[3:, 4] = np.nan
    values[1:, 5], values[0, 5] = np.nan, 3.0  # one value alone
    constant = is_constant(values)
    assert constant.tolist() == [False, True, True, True, True, True]
    text = describe_constant(["a", "b", "c"], np.array([False, True, True]))
    assert text.startswith(
        "2 of 3 measures are the same in all subjects, but for rounding (spread below 1e-05)"
    )
    assert text.endswith("are not tested: b, c.")
