"""Folders with a broken file, through `check-data` and into the first training batch."""

import contextlib
import io
import logging
import logging.handlers
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from htvae.cli import main as cli
from htvae.config import Config, DataConfig
from htvae.data.loader import PoseDataLoader
from htvae.io.check import check_folder, format_report
from htvae.io.faults import DataError
from htvae.io.pose_csv import write_pose_csv
from htvae.poses.sequence import PoseSequence
from tests.io.fuzzing import files, fuzzed
from tests.io.test_fuzz_recordings import check_form, recordings
from tests.io.test_fuzz_tables import ODD, RECORDINGS, frame_labels, manifests

Contents = dict[str, bytes | None]
Recordings = dict[str, PoseSequence]

SETTINGS = [
    *[[]] * 6,
    ["--no_y_up"],
    ["--image_size", "640", "480"],
    ["--max_frame_gap", "0"],
    ["--max_frame_gap", "1000000000000000000"],
    *(["--confidence_column", column] for column in ("x", "frame#", "landmark_name", "score")),
]


@pytest.fixture(scope="module")
def sound(make_walk: object) -> dict[str, PoseSequence]:
    """Recordings of `RECORDINGS`' names and frames."""
    assert callable(make_walk)
    return {
        name: make_walk(i, last - first + 1, name, first)
        for i, (name, (first, last)) in enumerate(RECORDINGS.items())
    }


@contextlib.contextmanager
def folder_of(sound: dict[str, PoseSequence], contents: dict[str, bytes | None]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "poses"
        for name, sequence in sound.items():
            write_pose_csv(folder / f"{name}.csv", sequence)
        for name, content in contents.items():
            if content is not None:
                (folder / name).write_bytes(content)
        yield folder


@contextlib.contextmanager
def printable_log() -> Iterator[None]:
    """Check that nothing is logged that a terminal cannot show."""
    handler = logging.handlers.BufferingHandler(capacity=1000)
    logging.getLogger("htvae").addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger("htvae").removeHandler(handler)
    assert all(record.getMessage().isprintable() for record in handler.buffer)


def folders() -> st.SearchStrategy[dict[str, bytes | None]]:
    return st.fixed_dictionaries(
        {
            "odd.csv": st.one_of(st.none(), files(recordings())),
            "manifest.csv": st.one_of(st.none(), files(manifests(), ODD)),
            "frame_labels.csv": st.one_of(st.none(), st.none(), files(frame_labels(), ODD)),
        }
    )


@fuzzed(8)
@given(contents=folders())
def test_a_folder_is_refused_or_trained_on(contents: Contents, sound: Recordings) -> None:
    check_training(contents, sound)


@pytest.mark.soak
@fuzzed(150)
@given(contents=folders())
def test_many_folders_are_refused_or_trained_on(contents: Contents, sound: Recordings) -> None:
    check_training(contents, sound)


def check_training(contents: Contents, sound: Recordings) -> None:
    with folder_of(sound, contents) as folder, printable_log():
        config = Config().replace(
            data_dir=str(folder), experiments_dir=str(folder.parent / "runs"), max_frames=64
        )
        report = check_folder(folder, config.data)
        assert format_report(report).replace("\n", "").isprintable()
        if report.faults:
            event("faults")
            with pytest.raises(DataError) as caught:
                PoseDataLoader(config)
            assert sorted(caught.value.faults) == sorted(report.faults)
            check_form(report.faults, "")
            return
        try:
            data = PoseDataLoader(config)
        except ValueError as error:  # of the recordings together, such as too many that are held out
            event("no training")
            check_form([str(error)], "")
            return
        event("trained on")
        check_processed(data)


def check_processed(data: PoseDataLoader) -> None:
    """Check that the model gets finite numbers, of exactly the points that there are."""
    assert np.isfinite(data.processor.pose_mean).all()
    assert np.isfinite(data.processor.pose_scale).all()
    for split in ("train", "val", "test"):
        for processed in data.processed(split):
            assert not np.isinf(processed.pose).any()
            if processed.record.fps == processed.source.fps:
                known = [name in data.processor.landmarks for name in processed.source.landmarks]
                observed = ~np.isnan(processed.pose[:, : len(data.processor.landmarks)]).any(axis=-1)
                assert observed.sum() == processed.source.observed[:, known].sum()
    for batch in next(iter(data.train_loader())):
        assert np.isfinite(batch.pose.numpy()).all()
        assert not np.isinf(batch.target.numpy()).any()


@fuzzed(12)
@given(contents=folders(), settings=st.sampled_from(SETTINGS))
def test_the_command_never_shows_a_traceback(
    contents: Contents, settings: list[str], sound: Recordings
) -> None:
    check_command(contents, settings, sound)


@pytest.mark.soak
@fuzzed(250)
@given(contents=folders(), settings=st.sampled_from(SETTINGS))
def test_the_command_never_shows_a_traceback_for_many_folders(
    contents: Contents, settings: list[str], sound: Recordings
) -> None:
    check_command(contents, settings, sound)


def check_command(contents: Contents, settings: list[str], sound: Recordings) -> None:
    with folder_of(sound, contents) as folder, contextlib.redirect_stderr(io.StringIO()) as said:
        with contextlib.redirect_stdout(said):
            code = cli.main(["check-data", str(folder), *settings])
        event(f"exit code {code}")
        assert code in (0, 1)
        assert ("error: " in said.getvalue()) == (code == 1)
        assert "Traceback" not in said.getvalue()


def test_settings_are_of_the_command() -> None:
    assert {setting[0].removeprefix("--").removeprefix("no_") for setting in SETTINGS if setting} <= set(
        DataConfig.__dataclass_fields__
    )
