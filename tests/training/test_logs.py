"""The table of figures: what a killed run leaves is gone on with, row for row."""

import csv

import pytest

from htvae.training.logs import ROWS_HELD, MetricsLog


def read(path):
    with path.open(newline="") as file:
        return [{key: cell for key, cell in row.items() if cell} for row in csv.DictReader(file)]


def write(path, steps, last_step=None):
    log = MetricsLog(path, last_step)
    for step in steps:
        log.write({"train/total": step / 2, "epoch": 0}, step)
    log.save()
    return log


def test_rows_come_back(tmp_path):
    log = write(tmp_path / "logs" / "metrics.csv", [0, 1])
    log.write({"val/loss": 0.1 + 0.2}, 1)
    log.save()
    assert read(log.path) == [
        {"epoch": "0", "step": "0", "train/total": "0.0"},
        {"epoch": "0", "step": "1", "train/total": "0.5"},
        {"step": "1", "val/loss": repr(0.1 + 0.2)},
    ]


def test_rows_are_held_back_for_a_while(tmp_path):
    log = MetricsLog(tmp_path / "metrics.csv")
    for step in range(ROWS_HELD + 1):
        log.write({"train/total": 1.0}, step)
    assert len(read(log.path)) == ROWS_HELD
    log.save()
    assert len(read(log.path)) == ROWS_HELD + 1


def test_a_resumed_log_drops_rows_that_come_again(tmp_path):
    path = tmp_path / "metrics.csv"
    write(path, range(6))
    write(path, [4, 5, 6], last_step=3)
    assert [row["step"] for row in read(path)] == list("0123456")


def test_a_new_run_begins_anew(tmp_path):
    path = tmp_path / "metrics.csv"
    write(path, range(6))
    write(path, [0])
    assert [row["step"] for row in read(path)] == ["0"]


@pytest.mark.parametrize("torn", ["0,1", "0,12", "0", '"', "0,3,1.5"])
def test_half_a_row_is_dropped(tmp_path, torn):
    path = tmp_path / "metrics.csv"
    write(path, range(3))
    whole = path.read_bytes()
    path.write_bytes(whole + torn.encode())
    MetricsLog(path, last_step=9)
    assert path.read_bytes() == whole


def test_going_on_without_a_table(tmp_path):
    assert read(write(tmp_path / "metrics.csv", [7], last_step=6).path)[0]["step"] == "7"


def test_a_resumed_run_keeps_the_columns(tmp_path):
    path = tmp_path / "metrics.csv"
    log = write(path, [0])
    log.write({"val/loss": 1.0}, 0)
    log.save()
    before = path.read_text()
    MetricsLog(path, last_step=0)
    assert path.read_text() == before
