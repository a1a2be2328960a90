"""What stands against resuming: other recordings, splits, settings or length; each is said in words."""

import dataclasses
import logging

import numpy as np
import pytest

from htvae.inference.checkpoint import load_checkpoint
from htvae.poses.sequence import PoseSequence
from htvae.training.trainer import HTVAETrainer

LENGTHS = [40, 60, 51, 70, 33, 90, 100, 45]


@pytest.fixture
def walks(make_walks):
    return make_walks(LENGTHS)


@pytest.fixture
def fit(tiny_config, no_measuring):
    def run(sequences, **settings):
        return HTVAETrainer(tiny_config.replace(**settings), sequences).fit()

    return run


@pytest.fixture
def refuse(fit, walks):
    """Finish a run, resume it in another way, and check the message; nothing of the run may have changed."""

    def run(sequences, match, **settings):
        result = fit(walks)
        files = [result.best_model, result.best_model.with_name("last_model.pt")]
        before = [path.read_bytes() for path in files]
        with pytest.raises(ValueError, match=match):
            fit(sequences, resume=True, **settings)
        assert [path.read_bytes() for path in files] == before

    return run


def test_added_recordings(refuse, make_walks):
    refuse(
        make_walks([*LENGTHS, 50, 55]),
        r"these recordings are new: walk_08, walk_09\. .*--init_from \S*best_model\.pt --experiment_name",
        num_epochs=4,
    )


def test_a_recording_that_is_gone(refuse, fit, walks):
    """Without the validation recording, one that was trained on would validate."""
    splits = load_checkpoint(fit(walks).best_model).splits
    (held_out,) = splits.val
    refuse([w for w in walks if w.name != held_out], rf"are gone: {held_out}\. Put them back", num_epochs=4)


def test_other_recordings(refuse, make_walk):
    others = [make_walk(i + 20, 60, name=f"other_{i}") for i in range(8)]
    refuse(others, r"all recordings are others: the run has learned from walk_00, .*--data_dir", num_epochs=9)


def test_recordings_of_the_same_names_with_other_poses(refuse, walks):
    changed = PoseSequence.from_array(
        walks[2].pose + np.float32(1),
        walks[2].landmarks,
        walks[2].name,
        walks[2].fps,
        subject="s2",
        label="a",
    )
    refuse(
        [*walks[:2], changed, *walks[3:]],
        r"other poses, or another frame rate, than before: walk_02\. Restore them",
        num_epochs=4,
    )


def test_recordings_of_another_frame_rate(refuse, walks):
    faster = dataclasses.replace(walks[2], fps=60.0)
    refuse([*walks[:2], faster, *walks[3:]], r"another frame rate, than before: walk_02\.", num_epochs=4)


def test_another_split(refuse, walks):
    refuse(walks, r"these settings differ: split_seed \(was 0, now 1\)", split_seed=1)


def test_other_settings_of_the_course(refuse, walks):
    refuse(
        walks,
        r"these settings differ: embed_dim \(was 16, now 32\), learning_rate \(was 0.001, now 0.01\)",
        embed_dim=32,
        learning_rate=0.01,
    )


def test_fewer_steps_than_were_taken(refuse, walks):
    refuse(
        walks, r"Nothing is left to train: the run has taken \d+ of \d+ steps, .*larger --num", num_epochs=1
    )


def test_a_finished_run_is_said_to_be_finished(fit, walks, caplog):
    before = fit(walks).best_model.read_bytes()
    with caplog.at_level(logging.INFO, logger="htvae"):
        result = fit(walks, resume=True)
    assert "has taken all of its" in caplog.text and "nothing is left to train" in caplog.text
    assert result.finished and result.best_model.read_bytes() == before


def test_a_run_that_becomes_longer_is_said_to(fit, walks, caplog):
    fit(walks)
    with caplog.at_level(logging.INFO, logger="htvae"):
        fit(walks, resume=True, num_epochs=4)
    assert "The run becomes longer:" in caplog.text


def test_what_may_change(fit, walks):
    fit(walks, max_minutes=1e-5)
    assert fit(walks, resume=True, micro_batch_frames=64, patience=99).finished
