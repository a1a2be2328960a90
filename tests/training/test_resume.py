"""A run that is killed, wherever that may be, and resumed ends as if nothing had happened, bit for bit.

``killed_runs.py`` beside this file does the killing.
"""

import json
import logging
import random
import signal
from pathlib import Path

import pytest
import torch

from htvae.data import batching
from htvae.inference.checkpoint import load_checkpoint
from htvae.io.pose_csv import write_pose_csv
from htvae.training.loop import Callback
from htvae.training.trainer import HTVAETrainer
from htvae.utils.files import read_tensors
from htvae.utils.lock import LockHeldError

LENGTHS = [40, 60, 51, 70, 33, 90, 100, 45]
VARIED = {
    "dropout": 0.1,
    "jitter": 0.01,
    "landmark_dropout": 0.1,
    "span_dropout": 0.1,
    "time_warp": 0.1,
    "rotation_degrees": 5.0,
    "scale_range": 0.1,
    "limb_range": 0.1,
    "stretch_range": 0.1,
    "shear_range": 0.05,
    "mirror_probability": 0.5,
}
KILLED_RUNS = "import sys; from tests.training import killed_runs; killed_runs.main(*sys.argv[1:])"
PREPARATION = [("reading a recording", 3), ("writing the cache", 1), ("between cache and index", 1)]
BEFORE_ANYTHING_IS_SAVED = [("before a step", 2), ("in a validation", 1), ("writing a model", 1)]
LATER = [
    "before a step",
    "in a step",
    "in a validation",
    "writing a model",
    "writing the log",
    "before a file is put in place",
    "after a file is put in place",
    "at a time",
]


def choose_instants(seed):
    """Return twenty instants of kills: each kind of instant once, then random ones."""
    chance = random.Random(seed)
    later = LATER + chance.choices(LATER, k=20 - len(PREPARATION + BEFORE_ANYTHING_IS_SAVED + LATER))
    chance.shuffle(later)
    counts = [chance.uniform(0, 0.03) if how == "at a time" else chance.randint(1, 3) for how in later]
    return [*PREPARATION, *BEFORE_ANYTHING_IS_SAVED, *zip(later, counts, strict=True)]


@pytest.fixture
def kill(forks, make_walks, tiny_settings, tmp_path):
    """Train once whole and once with kills, and compare."""

    def run(kills, **settings):
        for walk in make_walks(LENGTHS):
            write_pose_csv(tmp_path / "poses" / f"{walk.name}.csv", walk)
        settings = {**tiny_settings, **VARIED, "data_dir": tmp_path / "poses", **settings}
        flags = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
        code, said = forks.run(KILLED_RUNS, str(tmp_path), json.dumps([flags, kills]), folder=Path.cwd())
        assert code == 0, said
        check_killed(tmp_path, json.loads((tmp_path / "seen.json").read_text()), len(kills))

    return run


@pytest.mark.soak
def test_killed_four_times(kill):
    """While cache and first model are written, in a step, and before a file is put in place."""
    instants = [("writing the cache", 1), ("writing a model", 1), ("in a step", 2)]
    kill([*instants, ("before a file is put in place", 3)], num_epochs=6)


@pytest.mark.soak
@pytest.mark.parametrize(("precision", "num_workers"), [("32", 0), ("bf16", 0), ("32", 2), ("bf16", 2)])
def test_killed_twenty_times(kill, precision, num_workers):
    kills = choose_instants(f"{precision} {num_workers}")
    kill(kills, precision=precision, num_workers=num_workers, num_epochs=20)


def check_killed(tmp_path, seen, num_kills):
    log = (tmp_path / "log.txt").read_text()
    assert seen["kills"] == [-signal.SIGKILL] * num_kills, log
    assert (seen["whole"], seen["end"]) == (0, 0), log
    assert seen["torn"] == []
    assert "it starts from the beginning" in log
    # A worker's thread that hands tensors over may see the other process killed.
    first_lines = [
        part.lstrip().split("\n")[0] for part in log.split("Traceback (most recent call last):")[1:]
    ]
    assert all("multiprocessing/resource_sharer.py" in line for line in first_lines), log
    assert_same_end(tmp_path / "whole", tmp_path / "killed")
    assert not list((tmp_path / "killed").rglob(".*"))  # leftovers
    assert len(list((tmp_path / "killed" / "cache").glob("*-*"))) == 2


def assert_same_end(whole: Path, resumed: Path) -> None:
    """Compare what two runs left: weights, averages, optimiser, place in the data, best model, log."""
    first, second = (read_tensors(run / "checkpoints" / "last_model.pt") for run in (whole, resumed))
    first, second = ({k: v for k, v in state.items() if k != "identity"} for state in (first, second))
    assert first.keys() == second.keys()
    for name in first:
        assert same(first[name], second[name]), name
    best = [read_tensors(run / "checkpoints" / "best_model.pt") for run in (whole, resumed)]
    for name in ("state", "figures", "processor", "splits"):
        assert same(best[0][name], best[1][name]), name
    logs = [(run / "logs" / "metrics.csv").read_text() for run in (whole, resumed)]
    assert logs[0] == logs[1]


def same(first, second):
    """Return whether nested values are equal, tensors bit for bit."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return torch.equal(first, second) if isinstance(first, torch.Tensor) else first == second


class CtrlC(Callback):
    """Ctrl-C during a step, or during the validation after it."""

    def __init__(self, step, times=1):
        self.step, self.times = step, times

    def on_step_start(self, loop, batch):
        if loop.step == self.step - 1:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


class Terminate(Callback):
    """The system asks for the end in the middle of a validation: the first, or that of a step."""

    def __init__(self, step=None):
        self.step = step

    def on_validation_start(self, loop):
        if self.step in (None, loop.step):
            signal.raise_signal(signal.SIGTERM)


@pytest.fixture
def fit(tiny_config, make_walks, no_measuring):
    def run(name, callbacks=(), lengths=LENGTHS, **settings):
        config = tiny_config.replace(**{"num_epochs": 3, **VARIED, **settings}, experiment_name=name)
        result = HTVAETrainer(config, make_walks(lengths), callbacks=callbacks).fit()
        return result.best_model.parents[1]

    return run


CASES = [
    (LENGTHS, {}, 2),  # in an epoch
    (LENGTHS, {}, 3),  # with a validation, at an epoch's end
    (LENGTHS, {"validation_interval": 4}, 3),  # at an epoch's end without a validation
    (LENGTHS, {"batch_size": 3, "validation_interval": 2}, 9),  # epochs of different lengths
    (LENGTHS[:1], {"max_frames": 16, "batch_frames": 20, "validation_interval": 2}, 5),  # no validation
    (LENGTHS[:1], {"batch_frames": 9999, "num_epochs": 6}, 4),  # epochs of one step
]


@pytest.mark.parametrize(("lengths", "settings", "step"), CASES)
def test_ctrl_c_ends_between_two_steps(fit, lengths, settings, step):
    whole = fit("whole", lengths=lengths, **settings)
    with pytest.raises(
        KeyboardInterrupt,
        match=rf"Interrupted at step {step} of training\. To go on: the same command with --resume",
    ):
        fit("paused", [CtrlC(step)], lengths, **settings)
    paused = fit("paused", lengths=lengths, resume=True, **settings)
    assert_same_end(whole, paused)


def test_steps_that_grow_are_resumed(fit, monkeypatch):
    monkeypatch.setattr(batching, "GROWTH", ((400, 2), (800, 4)))
    with pytest.raises(KeyboardInterrupt):
        fit("paused", [CtrlC(8)], num_epochs=6)
    paused, whole = fit("paused", num_epochs=6, resume=True), fit("whole", num_epochs=6)
    assert_same_end(whole, paused)
    assert read_tensors(whole / "checkpoints" / "last_model.pt")["step"] < 6 * 5


def test_the_system_may_ask_for_the_end_too(fit):
    with pytest.raises(KeyboardInterrupt, match=r"Interrupted at step 3 of"):
        fit("paused", [Terminate(3)])
    assert_same_end(fit("whole"), fit("paused", resume=True))
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_ctrl_c_twice_ends_at_once(fit):
    """A kill in the middle of a step, whose half is not saved."""
    with pytest.raises(KeyboardInterrupt, match=r"To go on from the last validation: the same command"):
        fit("paused", [CtrlC(6, times=2)])
    assert_same_end(fit("whole"), fit("paused", resume=True))


def test_time_that_is_up_costs_nothing(fit):
    root = fit("paused", max_minutes=1e-5)
    assert read_tensors(root / "checkpoints" / "last_model.pt")["step"] == 1
    assert_same_end(fit("whole"), fit("paused", resume=True))


def test_ctrl_c_in_the_last_validation_ends_before_a_prior(fit, tiny_prior, brief_bands):
    settings = {**tiny_prior, "validation_interval": 2}
    whole = fit("whole", **settings | {"prior_steps": 0})
    experiments = whole.parent
    last = read_tensors(whole / "checkpoints" / "last_model.pt")["step"]
    with pytest.raises(KeyboardInterrupt, match=rf"Interrupted at step {last} of training"):
        fit("paused", [Terminate(last)], **settings)
    assert load_checkpoint(experiments / "paused/checkpoints/best_model.pt").prior is None
    root = fit("paused", resume=True, **settings)
    assert load_checkpoint(root / "checkpoints/best_model.pt").prior is not None


def test_time_that_is_up_after_the_last_step_is_no_pause(fit, caplog):
    with caplog.at_level("INFO", logger="htvae"):
        fit("once", max_minutes=1e-5, lengths=LENGTHS[:1], batch_frames=9999, num_epochs=1)
    assert "Stopped by max_minutes" not in caplog.text


class Die(BaseException):
    """Stands for a kill, after which the process does nothing more."""


def test_a_run_that_stopped_early_stays_stopped(fit, caplog):
    """Killed after the validation that ended it, before it could note that it had ended."""
    settings = {"learning_rate": 1e-12, "ema_decay": 0.0, "patience": 2, "num_epochs": 9}
    whole = fit("whole", **settings)

    class DieAtTheEnd(Callback):
        def on_train_end(self, loop):
            raise Die

    with pytest.raises(Die):
        fit("killed", [DieAtTheEnd()], **settings)
    with caplog.at_level(logging.INFO, logger="htvae"):
        killed = fit("killed", resume=True, **settings)
    assert "Nothing got better for 2 validations: training ends at step 9. Raise the patience" in caplog.text
    assert_same_end(whole, killed)


def test_resuming_before_anything_was_saved_starts_from_the_beginning(fit, caplog):
    settings = {"linear_path": False}  # with it, the start is saved
    with pytest.raises(ZeroDivisionError):
        fit("failed", [FailAt(1)], **settings)
    with caplog.at_level(logging.INFO, logger="htvae"):
        failed = fit("failed", resume=True, **settings)
    assert f"The run ended before its first save in {failed}: it starts from the beginning." in caplog.text
    assert_same_end(fit("whole", **settings), failed)


class FailAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_start(self, loop, batch):
        if loop.step == self.step:
            raise ZeroDivisionError


def test_resuming_what_never_ran_makes_no_folder(fit, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"last_model\.pt must be there to resume from"):
        fit("never", resume=True)
    assert not (tmp_path / "experiments").exists()


def test_a_second_start_changes_nothing(fit):
    class StartAgain(Callback):
        def on_step_start(self, loop, batch):
            if loop.step == 4:
                before = read_files(root)
                for resume in (False, True):
                    with pytest.raises(
                        LockHeldError, match=r"must not be in use, but process \d+ on .*--exp"
                    ):
                        fit("both", resume=resume)
                assert read_files(root) == before
                fit("another")

    root = fit("both")
    assert_same_end(root, fit("both", [StartAgain()]))


def read_files(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_saved_settings_start_a_run(fit):
    """One that does not look for something to resume."""
    fit("run")
    root = fit("run", num_epochs=4, resume=True)
    assert json.loads((root / "config.json").read_text())["training"]["resume"] is False


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_going_on_on_a_gpu(fit):
    """GPU kernels may add in any order, so weights are close, not equal."""
    whole = fit("whole", device="cuda")
    with pytest.raises(KeyboardInterrupt):
        fit("paused", [CtrlC(4)], device="cuda")
    paused = fit("paused", resume=True, device="cuda")
    first, second = (read_tensors(run / "checkpoints" / "last_model.pt") for run in (whole, paused))
    assert first["figures"]["loss"] == pytest.approx(second["figures"]["loss"], rel=1e-3)
