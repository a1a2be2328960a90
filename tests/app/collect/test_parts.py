"""Parts of a report that need no model: labels, maps, strides, curves, budget, pseudonyms."""

import re
from typing import Any

import numpy as np
import pytest

from htvae.app.collect import budget, maps, poses
from htvae.app.collect.anonymise import anonymise, make_pseudonym
from htvae.app.collect.clock import Clock
from htvae.app.collect.labels import LabelBook, commonest
from htvae.app.collect.recordings import choose_columns
from htvae.data.processing import PoseDataProcessor, ProcessedSequence, TransformRecord
from htvae.poses.sequence import FrameLabel, PoseSequence


def wrap(source: PoseSequence) -> ProcessedSequence:
    frames = source.num_frames
    record = TransformRecord(
        anchor=np.zeros((frames, 2), np.float32),
        unit=1.0,
        rotation=None,
        source_frames=source.first_frame + np.arange(float(frames)),
        fps=source.fps,
        landmarks=source.landmarks,
    )
    return ProcessedSequence(name=source.name, pose=source.pose, record=record, source=source)


@pytest.fixture
def recordings(make_walks: Any) -> list[ProcessedSequence]:
    spans = (FrameLabel(10, 30, "wave"), FrameLabel(30, 35, "nod"))
    first, second, third = make_walks([40, 50, 33], first_frame=5)
    return [
        wrap(PoseSequence(**{**vars(first), "frame_labels": spans, "covariates": {"camera": "front"}})),
        wrap(PoseSequence(**{**vars(second), "covariates": {"camera": "side", "note": "<b>"}})),
        wrap(third),
    ]


class TestLabels:
    def test_labels_of_spans_come_first_by_time(self, recordings: list[ProcessedSequence]) -> None:
        book = LabelBook.of(recordings)
        assert book.names == ("wave", "nod", "a", "b")  # a: 40 + 33 frames, b: 50
        assert book.spans(recordings[0]) == [[10, 30, 0], [30, 35, 1]]
        assert book.index(None) == -1

    def test_frames_have_the_label_of_their_span(self, recordings: list[ProcessedSequence]) -> None:
        book = LabelBook.of(recordings)
        labels = book.of_frames(recordings[0])
        assert labels.tolist() == [-1] * 5 + [0] * 20 + [1] * 5 + [-1] * 10
        assert set(book.of_frames(recordings[1])) == {-1}

    def test_without_spans_frames_have_the_recordings_label(
        self, recordings: list[ProcessedSequence]
    ) -> None:
        book = LabelBook.of(recordings[1:])
        assert set(book.of_frames(recordings[1])) == {book.index("b")}

    def test_the_commonest_label_of_a_span(self) -> None:
        labels = np.array([0, 0, 1, 1, 1, -1, -1, -1, 2])
        spans = np.array([[0, 5], [0, 3], [4, 9], [8, 9]])
        assert commonest(labels, spans).tolist() == [1, 0, -1, 2]
        assert commonest(labels, np.empty((0, 2), int)).shape == (0,)


class TestMaps:
    def test_a_line_is_a_line(self) -> None:
        line = np.linspace(0, 3, 11)[:, None] * np.array([[1.0, 2.0, -1.0]])
        places = maps.place_by_pca(line)
        np.testing.assert_allclose(np.abs(places[:, 0]), np.abs(np.linspace(-1, 1, 11)), atol=1e-9)
        np.testing.assert_allclose(places[:, 1], 0, atol=1e-6)

    @pytest.mark.parametrize("most", [5_000, 20])
    def test_clusters_stay_apart(self, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(maps, "MOST_EMBEDDED", most)
        rng = np.random.default_rng(0)
        numbers = rng.normal(0, 1, (60, 8)) + 20 * (np.arange(60) % 2)[:, None]
        places = maps.place_by_tsne(numbers, 3)
        np.testing.assert_array_equal(places, maps.place_by_tsne(numbers, 3))
        assert np.abs(places).max() == pytest.approx(1)
        gap = np.linalg.norm(places[::2].mean(0) - places[1::2].mean(0))
        spread = max(np.linalg.norm(places[k::2] - places[k::2].mean(0), axis=1).max() for k in (0, 1))
        assert gap > spread

    @pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
    def test_few_things_have_places(self, count: int) -> None:
        numbers = np.random.default_rng(1).normal(size=(count, 5))
        for places in (maps.place_by_tsne(numbers, 0), maps.place_by_pca(numbers)):
            assert places.shape == (count, 2) and np.isfinite(places).all()

    def test_things_that_are_all_alike_lie_in_the_middle(self) -> None:
        assert not maps.place_by_tsne(np.ones((9, 4)), 0).any()
        assert not maps.place_by_pca(np.ones((9, 1))).any()


class TestPoses:
    def test_the_spline_meets_poses_and_keeps_lines(self) -> None:
        line = np.arange(9.0)[:, None, None] * np.ones((1, 2, 2))
        places = np.array([0.0, 1.0, 2.5, 3.25, 7.9 - 1.0, 8.0])
        inside = places[(places >= 1) & (places <= 7)]
        np.testing.assert_allclose(poses.interpolate_poses(line, inside)[:, 0, 0], inside)
        bent = np.random.default_rng(0).normal(size=(9, 2, 2))
        np.testing.assert_allclose(poses.interpolate_poses(bent, np.arange(9.0)), bent)

    @pytest.mark.parametrize(
        ("hertz", "fps", "stride"),
        [(0.3, 30.0, 3), (2.4, 30.0, 2), (9.0, 30.0, 1), (0.3, 25.0, 2), (0.3, 120.0, 12)],
    )
    def test_fast_motion_needs_more_poses(self, hertz: float, fps: float, stride: int) -> None:
        seconds = np.arange(200) / fps
        pose = 0.5 * np.sin(2 * np.pi * hertz * seconds)[:, None, None] * np.ones((1, 3, 2))
        assert poses.choose_stride(pose, fps) == stride

    def test_without_a_frame_rate_frames_are_counted(self) -> None:
        assert poses.choose_stride(np.zeros((10, 2, 2)), None) == 3
        jumps = (np.arange(60) % 2)[:, None, None] * np.ones((1, 2, 2))
        assert poses.choose_stride(jumps, None) == 1

    @pytest.mark.parametrize("stride", [1, 3, 4])
    def test_curves_are_thinned_out(self, stride: int) -> None:
        values = np.random.default_rng(0).normal(size=10) + 5
        values[[0, 1, 2, 3, 7]] = np.nan
        cuts = [values[start : start + stride] for start in range(0, 10, stride)]
        means = [cut[np.isfinite(cut)].mean() if np.isfinite(cut).any() else np.nan for cut in cuts]
        np.testing.assert_allclose(poses.average(values, stride), means)
        np.testing.assert_allclose(poses.highest(values, stride), [np.nan_to_num(cut).max() for cut in cuts])

    def test_the_common_top_leaves_out_a_few(self) -> None:
        assert poses.common_top([np.array([np.nan, 1.0]), np.arange(1.0, 1001.0)]) == pytest.approx(
            995, abs=1
        )
        assert poses.common_top([np.zeros(4)]) == 1.0
        assert poses.common_top([np.full(3, np.nan)]) == 1.0

    def test_error_speed_and_share_by_hand(self) -> None:
        processor = PoseDataProcessor.__new__(PoseDataProcessor)
        processor.landmarks, processor.root_motion = ("A", "B"), False
        found = np.zeros((3, 2, 2), np.float32)
        found[:, 0, 0] = [0, 1, 1]
        recording = found + np.array([3, 4], np.float32)
        recording[1, 1] = recording[2] = np.nan
        own = wrap(PoseSequence(name="x", landmarks=("A", "B"), pose=recording, fps=10.0))
        error, speed, share = poses.measure_lanes(own, found, processor, 10.0)
        np.testing.assert_allclose(error, [5, 5, np.nan])
        np.testing.assert_allclose(
            speed, [5, 5, 0]
        )  # a torso length in a tenth of a second, half of the points
        np.testing.assert_allclose(share, [1, 0.5, 0])


class TestBudget:
    def test_everything_fits(self) -> None:
        assert budget.plan_report([100, 200], [50, 100], 25.0) == budget.Plan([0, 1], False, [])

    def test_poses_are_thinned_out_first(self) -> None:
        plan = budget.plan_report([20_000_000, 10_000_000], [10_000_000, 6_000_000], 25.0)
        assert plan.kept == [0, 1] and plan.is_coarse
        assert re.search(r"half as often .* below 25 MB; --max_mb 31 keeps everything", plan.notes[0])

    @pytest.mark.parametrize("count", [3, 10, 101])
    def test_then_recordings_are_left_out_evenly(self, count: int) -> None:
        plan = budget.plan_report([2_000_000] * count, [1_000_000] * count, 2.8)
        assert len(plan.kept) == 2 and plan.kept[0] == 0 and plan.kept[-1] == count - 1
        assert f"{count - 2} of {count} recordings are left out, evenly spread" in plan.notes[0]

    def test_one_recording_always_stays(self) -> None:
        assert budget.plan_report([10**9, 10**9], [10**9, 10**9], 1.0).kept == [0]

    def test_evenly(self) -> None:
        assert budget.choose_evenly(10, 3) == [0, 4, 9]
        assert budget.choose_evenly(3, 10) == [0, 1, 2]
        assert budget.choose_evenly(5, 1) == [0]


class TestPseudonyms:
    def test_they_depend_on_name_seed_and_kind_alone(self) -> None:
        names = {
            make_pseudonym(kind, name, seed) for kind in ("a", "b") for name in ("x", "y") for seed in (0, 1)
        }
        assert len(names) == 8
        assert make_pseudonym("subject", "Ann", 7) == make_pseudonym("subject", "Ann", 7)
        assert re.fullmatch(r"subject-[a-z2-7]{8}", make_pseudonym("subject", "Ann\ud800", 7))

    def test_names_and_columns_go_and_motion_stays(self, recordings: list[ProcessedSequence]) -> None:
        hidden = anonymise(recordings, 3, "camera")
        assert [own.name for own in hidden] == sorted(own.name for own in hidden)
        assert {own.source.name for own in hidden} == {own.name for own in hidden}
        assert sorted(str(own.source.covariates) for own in hidden) == [
            "{'camera': 'front'}",
            "{'camera': 'side'}",
            "{}",
        ]
        assert not {own.source.subject for own in hidden} & {own.source.subject for own in recordings}
        assert {id(own.pose) for own in hidden} == {id(own.pose) for own in recordings}
        assert sorted(len(own.source.frame_labels) for own in hidden) == [0, 0, 2]
        assert not any(own.source.covariates for own in anonymise(recordings, 3))


class TestClock:
    def test_seconds_where_a_rate_is_common(self, make_walks: Any) -> None:
        processor = PoseDataProcessor.__new__(PoseDataProcessor)
        known, unknown = (list(map(wrap, make_walks([20, 30], fps=fps))) for fps in (25.0, None))
        processor.fps = None
        assert Clock.of(processor, known).rate == 25
        assert Clock.of(processor, unknown).rate is None
        assert Clock.of(processor, [*known, *unknown]).rate is None
        assert Clock.of(processor, [*known, *unknown]).source_rate(known[0]) is None
        processor.fps = 50.0
        clock = Clock.of(processor, [*known, *unknown])
        assert (clock.rate, clock.source_rate(known[0]), clock.source_rate(unknown[0])) == (50, 25, 50)
        assert clock.measure(100) == 2


def test_columns_that_sort_recordings(recordings: list[ProcessedSequence]) -> None:
    assert choose_columns(recordings) == ["camera"]  # a note that only one recording has sorts nothing
