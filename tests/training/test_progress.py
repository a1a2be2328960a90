"""What a user sees while training; the clock is set by hand."""

import io
import logging
import sys
from types import SimpleNamespace

import pytest
import torch

from htvae.training import progress
from htvae.training.progress import ProgressReport


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is set."""
    time = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: time.now)
    return time


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _listen(caplog):
    caplog.set_level(logging.INFO, logger="htvae")


def trainer(step=0, **metrics):
    values = {name.replace("_", "/"): torch.tensor(value) for name, value in metrics.items()}
    return SimpleNamespace(global_step=step, callback_metrics=values, sanity_checking=False)


def advance(report, module, frames, step):
    module.frames_processed = frames
    report.on_train_batch_end(trainer(step), module, None, None, 0)


def test_plain_lines_tell_share_rate_and_time_left(clock, caplog):
    report, module = ProgressReport(4_000_000), SimpleNamespace(frames_processed=0)
    report.on_train_start(trainer(), module)
    clock.now += 10
    advance(report, module, 500_000, 5)
    assert caplog.messages == []  # not every step
    clock.now += 10
    advance(report, module, 1_000_000, 10)
    assert caplog.messages == [" 25 %  step 10  1.00 of 4.00 M frames  50,000 frames/s  1 min 00 s left"]
    clock.now += 20
    advance(report, module, 3_000_000, 20)  # twice as fast since the last line; 75,000 in the mean
    assert caplog.messages[1] == " 75 %  step 20  3.00 of 4.00 M frames  100,000 frames/s  13 s left"


def test_a_run_that_goes_on_counts_its_rate_anew(clock, caplog):
    report, module = ProgressReport(2_000_000), SimpleNamespace(frames_processed=1_000_000)
    report.on_train_start(trainer(), module)
    clock.now += 20
    advance(report, module, 1_200_000, 3)
    assert caplog.messages == [" 60 %  step 3  1.20 of 2.00 M frames  10,000 frames/s  1 min 20 s left"]
    report.on_train_end(trainer(), module)
    assert caplog.messages[1] == "0.20 M frames in 20 s (10,000 frames/s)."


def test_a_little_more_than_all_is_all(clock, caplog):
    report, module = ProgressReport(1_000_000), SimpleNamespace(frames_processed=0)
    report.on_train_start(trainer(), module)
    clock.now += 20
    advance(report, module, 1_010_000, 3)  # played faster or slower, an epoch has a few frames more or less
    assert caplog.messages[0].startswith("100 %") and caplog.messages[0].endswith("0.0 s left")


def test_figures_of_a_validation(clock, caplog):
    report = ProgressReport(100)
    report.on_validation_end(trainer(7, val_mpjpe=0.0412, val_loss=-3.456, val_kl=1.0), None)
    assert caplog.messages == ["Step 7 validated: error 0.0412 torso lengths, loss -3.46 nats/frame."]
    checking = trainer(7, val_loss=1.0)
    checking.sanity_checking = True
    report.on_validation_end(checking, None)
    assert len(caplog.messages) == 1


def test_a_bar_on_a_terminal(clock, monkeypatch, caplog):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    report, module = ProgressReport(1000), SimpleNamespace(frames_processed=200)
    report.on_train_start(trainer(), module)
    assert report.bar.n == 200
    clock.now += 30
    advance(report, module, 700, 1)
    assert report.bar.n == 700
    report.on_validation_end(trainer(1, val_mpjpe=0.05), module)
    report.on_train_end(trainer(1), module)
    assert report.bar is None
    assert "Training" in terminal.getvalue() and "error 0.0500 torso lengths" in terminal.getvalue()
    assert caplog.messages == ["0.00 M frames in 30 s (17 frames/s)."]


def test_an_interruption_closes_the_bar(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    report, module = ProgressReport(1000), SimpleNamespace(frames_processed=0)
    report.on_train_start(trainer(), module)
    assert report.bar is not None
    report.on_exception(trainer(), module, KeyboardInterrupt())
    assert report.bar is None


def test_a_failure_before_the_start_says_nothing(clock, caplog):
    """A resumed module knows of frames before the clock is started."""
    report, module = ProgressReport(1000), SimpleNamespace(frames_processed=500)
    report.on_exception(trainer(), module, RuntimeError())
    assert caplog.messages == []
