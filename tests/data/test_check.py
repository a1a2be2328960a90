from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.data.check import check_training
from htvae.data.rates import commonest_rate
from htvae.io.checks.confounds import find_confounds
from htvae.io.checks.report import FolderReport, SplitReport
from htvae.poses.sequence import FrameLabel, PoseSequence


def make(name: str, num_frames: int = 10, **known: Any) -> PoseSequence:
    seed = sum(map(ord, name))
    pose = np.random.default_rng(seed).normal(size=(num_frames, 3, 2))
    return PoseSequence.from_array(pose, name=name, **known)


def check(*sequences: PoseSequence, **settings: Any) -> FolderReport:
    report = FolderReport(recordings=[], faults=[], sequences=sequences)
    return check_training(report, Path("data"), DataConfig(**settings))


def kinds(report: FolderReport) -> list[str]:
    return [finding.kind for finding in report.findings]


def test_sizes_labels_and_spans_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    spans = (FrameLabel(0, 4, "turn"), FrameLabel(2, 30, "turn"), FrameLabel(5, 6, "sit"))
    sequences = [
        make(f"r{i}", 10 + i, subject=f"s{i // 2}", label="ab"[i % 2], frame_labels=spans if i == 3 else ())
        for i in range(20)
    ]
    training = check(*sequences).training
    assert [(part.name, part.recordings, part.subjects) for part in training.splits] == [
        ("train", 16, 8), ("val", 2, 1), ("test", 2, 1),
    ]  # fmt: skip
    assert sum(part.frames for part in training.splits) == sum(s.num_frames for s in sequences)
    assert training.labels == {"a": 10, "b": 10}
    assert training.spans == {"turn": (2, 4 + 11), "sit": (1, 1)}  # the recording has 13 frames
    assert caplog.text == ""  # said in the report, and nowhere else


def test_a_subject_in_two_splits() -> None:
    report = check(*(make(f"r{i}", subject="ann", split=("train", "val", "test")[i % 3]) for i in range(4)))
    (finding,) = report.findings
    assert finding.kind == "subject_in_splits"
    assert finding.message.endswith("of 1 these are in several: ann (train and val and test).")
    assert finding.remedy == "Results will look too good: correct the column split of manifest.csv."


def test_a_session_and_copies_in_two_splits() -> None:
    first = make("a", split="train", covariates={"session": "cage"})
    copy = PoseSequence.from_array(first.pose, name="b", split="test", covariates={"session": "cage"})
    assert kinds(check(first, copy)) == ["session_in_splits", "copies_in_splits"]


def test_everything_held_out_is_a_fault() -> None:
    report = check(*(make(f"r{i}", split="test") for i in range(4)))
    assert report.faults == [
        "data: a recording must be left to train on, but all 4 are held out. "
        "Correct the column split of manifest.csv."
    ]


def test_a_label_for_each_subject() -> None:
    sequences = [make(f"r{i}", subject=f"s{i // 2}", label=f"group {i // 2}") for i in range(8)]
    assert kinds(check(*sequences)) == ["label_is_subject"]


def test_rates_that_are_resampled_and_rates_that_cannot_be() -> None:
    sequences = [make(f"r{i}", 40, fps=25.0 if i == 3 else 30.0) for i in range(10)]
    training = check(*sequences).training
    assert training.notes[0] == (
        "Frame rates differ: resampled to 30 frames per second (the commonest rate): 1 recording at 25."
    )
    assert "as --fps says" in check(*sequences, fps=15.0).training.notes[0]
    (fault,) = check(*sequences, make("slow", 40, fps=0.01, split="val")).faults
    assert fault.startswith("slow: fps must be within a factor of 100 of the model's 30, but is 0.01.")


def test_facts_about_a_split_are_no_findings() -> None:
    report = check(*(make(f"r{i}", subject=f"s{i}") for i in range(3)))
    assert report.findings == []
    assert any(note.startswith("There are only 3 subjects") for note in report.training.notes)
    assert check(make("r", subject="s")).training.notes == (
        "Nothing is left for val and test (1 subject in all).",
    )
    assert check(make("r", subject="s")).training.splits[0] == SplitReport(
        name="train", recordings=1, frames=10, subjects=1
    )


def cameras(labels: Sequence[str], places: Sequence[str], **known: Sequence[str]) -> list[PoseSequence]:
    return [
        make(
            f"r{i}", label=label, covariates={"camera": place}, **{key: own[i] for key, own in known.items()}
        )
        for i, (label, place) in enumerate(zip(labels, places, strict=True))
    ]


def test_a_camera_that_gives_the_label_away() -> None:
    (finding,) = find_confounds(cameras("aaaaabbbbb", "1111122222"))
    assert finding.message == (
        "A label should be seen with several values of camera, but each of the 2 values has one label: "
        "1 (a), 2 (b)."
    )
    assert "--probe_groups camera" in finding.remedy
    assert kinds(check(*cameras("aaaaabbbbb", "1111122222"))) == ["confounded_label"]


@pytest.mark.parametrize(
    ("labels", "places"),
    [
        ("aaaaabbbbb", "1212121212"),  # crossed
        ("aaaaabbbbb", "1111122221"),  # one exception
        ("aabb", "1122"),  # too few to tell
        ("aaaaabbbbb", "0123456789"),  # a value for each recording
        ("aaaaaaaaaa", "1111122222"),  # one label
    ],
)
def test_columns_that_give_nothing_away(labels: str, places: str) -> None:
    assert list(find_confounds(cameras(labels, places))) == []


def test_what_belongs_to_a_subject_is_counted_once() -> None:
    ages = [
        make(f"r{i}", label="ab"[i // 6], subject=f"s{i // 3}", covariates={"age": str(i // 3)})
        for i in range(12)
    ]
    assert list(find_confounds(ages)) == []


def test_individuals_of_one_file_are_no_confound() -> None:
    pairs = [
        make(f"v{i}/{who}", label="ab"[i % 2], covariates={"session": f"v{i}"})
        for i in range(8)
        for who in "fm"
    ]
    assert list(find_confounds(pairs)) == []


def test_rates_that_count_as_equal_are_counted_together() -> None:
    rates = (29.97, 30.0, 30.02, 25.0)
    sequences = [make(f"r{i}", fps=rate) for i, rate in enumerate(rates)]
    assert commonest_rate(sequences) == 29.97
    assert commonest_rate([*sequences, make("r4", fps=30.0)]) == 30
    assert commonest_rate([make(f"r{i}", fps=fps) for i, fps in enumerate((60, 25, 25))]) == 25
