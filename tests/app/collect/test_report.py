"""A report of a tiny model: what the page gets is what model and recordings say, whatever these lack."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.app import packing
from htvae.app.collect.budget import FIXED_BYTES, MEGABYTE, estimate_bytes
from htvae.app.collect.report import Report, ReportRequest, collect_report
from htvae.app.collect.scores import Scored
from htvae.app.html import to_json
from htvae.app.remembering import RememberingModel
from htvae.app.writing import describe_making
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import ProcessedSequence
from htvae.poses.sequence import FrameLabel, PoseSequence

Collect = Callable[..., Report]
SCORED = Scored(figures={"mpjpe": 0.1, "pca_mpjpe": 0.2}, split="test", num_recordings=3, source="given")
"""Figures of an evaluation, so that tests of other parts need not score."""


@pytest.fixture(scope="module")
def model(trained_with_prior: Any) -> Any:
    return htvae.load(trained_with_prior.checkpoint, "cpu")


def collect(model: Any, recordings: list[Any], folder: Path, **wishes: Any) -> Report:
    processed = [own if isinstance(own, ProcessedSequence) else model.process(own) for own in recordings]
    request = ReportRequest(made=describe_making("htvae report", 0), **({"scored": SCORED} | wishes))
    return collect_report(RememberingModel(model, folder / "poses"), processed, request)


@pytest.fixture(scope="module")
def sources(trained_with_prior: Any) -> list[PoseSequence]:
    """The recordings of the model, the first with labelled spans, the second from a later frame on."""
    first, second, *rest = PoseDataLoader(trained_with_prior.config).sequences
    spans = (FrameLabel(0, 20, "wave"), FrameLabel(25, 40, "nod"))
    return [replace(first, frame_labels=spans), replace(second, first_frame=7), *rest]


@pytest.fixture(scope="module")
def report(model: Any, sources: list[PoseSequence], tmp_path_factory: pytest.TempPathFactory) -> Report:
    return collect(model, sources, tmp_path_factory.mktemp("report"), by="label", scored=None)


def read_block(report: Report, name: str) -> bytes:
    return packing.from_text(report.blocks[name])


def test_poses_are_those_of_the_model_at_stored_frames(
    model: Any, sources: list[PoseSequence], report: Report
) -> None:
    for source, entry in zip(sources, report.payload["recordings"], strict=True):
        shape = (entry["count"], len(model.processor.landmarks), 2)
        rebuilt, found = packing.unpack_poses(
            read_block(report, entry["poses"]), shape, entry["scale"], report.payload["body"]["parents"]
        )
        assert entry["fps"] is not None
        stored = np.rint(np.arange(entry["count"]) * entry["fps"] / entry["rate"]).astype(int)
        assert stored[-1] < source.num_frames <= stored[-1] + entry["fps"] / entry["rate"]
        expected = model.reconstruct(source, refine_steps=0).pose[stored]
        unit = model.process(source).record.unit
        middle = (rebuilt - expected / unit).mean((0, 1))
        # a mean over few rounded numbers is off by up to half a thousandth
        assert np.abs(rebuilt - expected / unit - middle).max() <= 1 / 512 + 5e-4
        places = source.pose[stored][:, [source.landmarks.index(name) for name in model.processor.landmarks]]
        np.testing.assert_array_equal(np.isnan(found), np.isnan(places))
        assert np.nanmax(np.abs(found - places / unit - middle)) <= 1 / 512 + 5e-4


def test_the_payload_is_plain_and_complete(report: Report) -> None:
    payload = json.loads(to_json(report.payload))
    assert payload["format"] == 1 and payload["subtitle"] == "10 recordings, 10 subjects"
    named = {entry[key] for entry in payload["recordings"] for key in ("poses", "lanes")}
    named |= {own["poses"] for own in payload["generated"]}
    named |= {payload[part]["block"] for part in ("moments", "windows", "sliders", "attention")}
    named |= {own["block"] for own in payload["completion"]}
    named |= {own["block"] for scene in payload["groups"]["scenes"] for own in scene["bodies"]}
    assert named == set(report.blocks)
    assert payload["labels"] == ["wave", "nod", "a", "b"]
    assert payload["recordings"][0]["labels"] == [[0, 20, 0], [25, 40, 1]]
    assert {entry["split"] for entry in payload["recordings"]} == {"train", "val", "test"}
    assert all(-1 <= x <= 1 for entry in payload["recordings"] for own in entry["maps"].values() for x in own)
    assert [table["name"] for table in payload["tables"]][:3] == ["scores", "recordings", "landmarks"]
    assert all(len(row) == len(table["columns"]) for table in payload["tables"] for row in table["rows"])
    assert payload["body"]["sides"] == [1, -1, 1, -1, 1, 0]  # the nose is seen last
    assert payload["notes"] == []


def test_curves_and_windows_have_the_lengths_that_are_told(report: Report) -> None:
    payload = report.payload
    for entry in payload["recordings"]:
        lanes = np.frombuffer(read_block(report, entry["lanes"]), np.uint8).reshape(4, -1)
        assert lanes.shape == (4, entry["count"])
        assert lanes[3].max() == 255 and lanes[2].any()
    windows = payload["windows"]
    content = read_block(report, windows["block"])
    assert len(content) == sum(windows["counts"]) * windows["features"]
    assert windows["every"] == pytest.approx(0.2) and windows["length"] == pytest.approx(0.3)
    assert windows["counts"] == [-(-entry["frames"] // 6) for entry in payload["recordings"]]


def test_moments_lie_in_their_recordings(report: Report) -> None:
    count = report.payload["moments"]["count"]
    content = read_block(report, report.payload["moments"]["block"])
    assert len(content) == count * (2 + 4 + 4 + 8 + 3)
    recording = np.frombuffer(content, "<u2", count)
    start, stop = np.frombuffer(content, "<u4", 2 * count, 2 * count).reshape(2, -1)
    for entry_index, entry in enumerate(report.payload["recordings"]):
        mine = recording == entry_index
        assert mine.any()
        assert (start[mine] >= entry["first"]).all() and (
            stop[mine] <= entry["first"] + entry["frames"]
        ).all()
        assert (np.diff(start[mine]) > 0).all()
    assert (stop > start).all() and report.payload["moments"]["seconds"] == pytest.approx(1.6)


def test_motifs_cover_the_recordings(report: Report) -> None:
    motifs = report.payload["motifs"]
    assert len(motifs) >= 2 and 0.9 < sum(own["share"] for own in motifs) <= 1.001
    transitions = np.array(report.payload["transitions"])
    assert transitions.shape == (len(motifs), len(motifs)) and (transitions.sum(1) < 1.01).all()
    for entry in report.payload["recordings"]:
        for start, stop, motif in entry["motifs"]:
            assert entry["first"] <= start < stop <= entry["first"] + entry["frames"]
            assert 0 <= motif < len(motifs)
    for own in motifs:
        if own["clip"]:
            index, start, stop = own["clip"]
            assert 0 <= index < 10 and start < stop


def test_generated_motion_and_sliders(model: Any, report: Report) -> None:
    generated, sliders = report.payload["generated"], report.payload["sliders"]
    assert {own["name"] for own in generated} == {"a 1", "a 2", "b 1", "b 2"}
    for own in generated:
        shape = (own["count"], len(model.processor.landmarks), 2)
        assert len(read_block(report, own["poses"])) == 2 * np.prod(shape)
        assert own["count"] / own["rate"] == pytest.approx(6, abs=0.2)
    assert sliders is not None
    size = 2 * sliders["count"] * len(model.processor.landmarks) * 2
    content = read_block(report, sliders["block"])
    assert len(content) == len(sliders["directions"]) * len(sliders["steps"]) * size
    middle = sliders["steps"].index(0)
    clips = [content[k : k + size] for k in range(0, len(content), size)]
    assert len({clips[k * len(sliders["steps"]) + middle] for k in range(len(sliders["directions"]))}) == 1
    assert len(set(clips)) > len(sliders["directions"])


def test_groups_are_compared(report: Report) -> None:
    groups = report.payload["groups"]
    assert groups is not None and groups["by"] == "label"
    assert {row["between"] for row in groups["rows"]} == {"b minus a"}
    assert groups["text"][0].endswith("measures differ between a (5 subjects) and b (5 subjects).")


def test_the_model_is_scored_on_held_out_recordings(report: Report) -> None:
    verdict = report.payload["verdict"]
    assert verdict["level"] in ("good", "fair", "poor")
    assert "that training did not see." in verdict["sentence"] and verdict["findings"]
    assert any(
        "scored for this report" in line for part in report.payload["method"] for line in part["lines"]
    )


def test_the_same_seed_gives_the_same_report(model: Any, sources: list[PoseSequence], tmp_path: Path) -> None:
    first, second = (collect(model, sources[:4], tmp_path, seed=3) for _ in range(2))
    assert first.blocks == second.blocks
    assert first.payload | {"made": None} == second.payload | {"made": None}  # type: ignore[operator]


def test_an_evaluation_is_taken_over(model: Any, sources: list[PoseSequence], tmp_path: Path) -> None:
    payload = collect(model, sources[:2], tmp_path).payload
    assert payload["verdict"]["level"] == "good"
    assert payload["verdict"]["sentence"].startswith("Scored on 3 recordings that training did not see.")
    row = payload["tables"][0]["rows"][0]
    assert row[:3] == ["error of reconstructions", 0.1, "torso lengths"] and row[-1] == "mpjpe"


def test_too_large_for_the_file(model: Any, sources: list[PoseSequence], tmp_path: Path) -> None:
    fine = collect(model, sources, tmp_path)
    sizes = [
        estimate_bytes(len(fine.blocks[own["poses"]]), own["frames"], len(own["labels"]))
        for own in fine.payload["recordings"]
    ]
    assert fine.payload["notes"][0].startswith("No groups")
    thin = collect(model, sources, tmp_path, max_mb=(FIXED_BYTES + sum(sizes) - 1) / MEGABYTE)
    rates = [[own["rate"] for own in kind.payload["recordings"]] for kind in (fine, thin)]
    assert rates[1] == [rate / 2 for rate in rates[0]]
    assert thin.payload["notes"][0].startswith("Poses are stored half as often")
    few = collect(model, sources, tmp_path, max_mb=0.705)
    assert len(few.payload["recordings"]) < 4
    assert "of 10 recordings are left out, evenly spread" in few.payload["notes"][0]
    assert len(few.payload["windows"]["counts"]) == len(few.payload["recordings"])


class TestPoorRecordings:
    def test_one_recording_without_labels_subject_or_rate(
        self, model: Any, make_walk: Any, tmp_path: Path
    ) -> None:
        payload = collect(model, [make_walk(0, 60, fps=None)], tmp_path).payload
        assert payload["labels"] == payload["subjects"] == []
        assert payload["subtitle"] == "1 recording"
        assert payload["recordings"][0]["fps"] == 30  # the model's
        assert any(note.startswith("No labels") for note in payload["notes"])
        assert any(note.startswith("One recording") for note in payload["notes"])

    def test_no_frame_rate_at_all(self, model: Any, make_walks: Any, tmp_path: Path) -> None:
        blind = htvae.load.__globals__["ShowingModel"].__new__(type(model))
        vars(blind).update(vars(model))
        blind.processor = type(model.processor).from_state_dict(model.processor.state_dict() | {"fps": None})
        report = collect(blind, make_walks([40, 90], fps=None), tmp_path)
        entry = report.payload["recordings"][0]
        assert entry["fps"] is None and entry["rate"] in (1, 1 / 2, 1 / 3)
        assert report.payload["windows"]["every"] == 6
        assert report.payload["moments"]["seconds"] == 48
        assert any(note.startswith("No frame rate") for note in report.payload["notes"])

    def test_a_few_frames_and_frames_without_points(self, model: Any, make_walk: Any, tmp_path: Path) -> None:
        short, gappy = make_walk(0, 3, name="short"), make_walk(1, 90, name="gappy")
        pose = gappy.pose.copy()
        pose[20:60] = np.nan
        report = collect(model, [replace(gappy, pose=pose), short], tmp_path)
        assert [own["count"] for own in report.payload["recordings"]] == [30, 1]
        lanes = np.frombuffer(read_block(report, report.payload["recordings"][0]["lanes"]), np.uint8)
        assert (lanes.reshape(4, -1)[3, 8:19] == 0).all()  # observed share
        json.loads(to_json(report.payload))

    def test_another_rate_than_the_models(self, model: Any, make_walk: Any, tmp_path: Path) -> None:
        (entry,) = collect(model, [make_walk(0, 120, fps=60.0, first_frame=4)], tmp_path).payload[
            "recordings"
        ]
        assert (entry["fps"], entry["first"], entry["frames"]) == (60, 4, 120)
        assert entry["count"] == np.ceil(60 / (30 / entry["rate"]))

    def test_landmarks_without_names(self, tmp_path: Path, trained: Any) -> None:
        from tests.conftest import train_tiny

        rng = np.random.default_rng(0)
        blobs = [
            PoseSequence.from_array(np.cumsum(rng.normal(0, 0.1, (60, 4, 2)), axis=0), name=f"blob_{i}")
            for i in range(6)
        ]
        named = [replace(own, label="x", subject=f"s{i}") for i, own in enumerate(blobs)]
        run = train_tiny(tmp_path, named)
        model = htvae.load(run.checkpoint, "cpu")
        payload = collect(model, named, tmp_path, scored=None).payload
        assert payload["body"]["edges"] == [] and set(payload["body"]["sides"]) == {0}
        assert payload["body"]["unit"] == "body sizes" and payload["generated"] == []
        assert "body sizes" in payload["verdict"]["sentence"]
        assert "torso" not in to_json({**payload, "live": None, "method": None})
        assert any(note.startswith("No bones") for note in payload["notes"])
        assert any(note.startswith("No generated motion") for note in payload["notes"])


def test_three_dimensions(trained_with_prior_in_3d: Any, tmp_path: Path) -> None:
    model = htvae.load(trained_with_prior_in_3d.checkpoint, "cpu")
    report = collect(model, trained_with_prior_in_3d.recordings[:3], tmp_path)
    entry = report.payload["recordings"][0]
    assert report.payload["body"]["coordinates"] == 3
    shape = (entry["count"], len(model.processor.landmarks), 3)
    content = read_block(report, entry["poses"])
    assert len(content) == 4 * np.prod(shape) + -(-shape[0] * shape[1] // 8)
