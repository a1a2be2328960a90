"""Which of several processes this is."""

import os

import pytest

from htvae.utils.world import World


@pytest.fixture
def start(monkeypatch):
    """Set what whoever starts processes says."""

    def set_all(**place):
        slurm = [name for name in os.environ if name.startswith("SLURM_")]
        for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", *slurm):
            monkeypatch.delenv(name, raising=False)
        for name, value in place.items():
            if value is not None:
                monkeypatch.setenv(name, value)

    return set_all


@pytest.mark.parametrize(
    ("rank", "size", "expected"),
    [
        (None, None, World(0, 1, 0, 1)),
        (None, "4", World(0, 1, 0, 1)),  # a size alone is some other launcher's
        ("0", "1", World(0, 1, 0, 1)),
        ("3", "4", World(3, 4, 3, 4)),
    ],
)
def test_place_among_processes(start, rank, size, expected):
    start(RANK=rank, WORLD_SIZE=size)
    assert World.from_environment() == expected


def test_torchrun_also_says_which_machine(start):
    start(RANK="5", WORLD_SIZE="8", LOCAL_RANK="1", LOCAL_WORLD_SIZE="4")
    world = World.from_environment()
    assert world == World(rank=5, size=8, local_rank=1, local_size=4)
    assert str(world) == "process 6 of 8"


@pytest.mark.parametrize(("rank", "size"), [("2", "2"), ("0", None), ("-1", "2"), ("a", "b")])
def test_a_place_that_cannot_be(start, rank, size):
    start(RANK=rank, WORLD_SIZE=size)
    with pytest.raises(ValueError, match=r"0 <= RANK < WORLD_SIZE.*Unset both, or set both"):
        World.from_environment()


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({}, World(0, 1, 0, 1)),
        ({"ARRAY_TASK_ID": "3", "ARRAY_TASK_COUNT": "8"}, World(3, 8, 0, 1)),
        ({"PROCID": "1", "NTASKS": "4", "LOCALID": "1"}, World(1, 4, 1, 4)),
        ({"ARRAY_TASK_ID": "2", "ARRAY_TASK_COUNT": "3", "PROCID": "1", "NTASKS": "4"}, World(9, 12, 0, 4)),
        # --array=5-8 and --array=1,6,9: every task has a number of its own
        (
            {"ARRAY_TASK_ID": "6", "ARRAY_TASK_COUNT": "4", "ARRAY_TASK_MIN": "5", "ARRAY_TASK_MAX": "8"},
            World(1, 4, 0, 1),
        ),
        (
            {"ARRAY_TASK_ID": "9", "ARRAY_TASK_COUNT": "3", "ARRAY_TASK_MIN": "1", "ARRAY_TASK_MAX": "9"},
            World(8, 9, 0, 1),
        ),
        ({"ARRAY_TASK_ID": "9", "ARRAY_TASK_COUNT": "3"}, World(9, 10, 0, 1)),
    ],
)
def test_a_task_of_a_slurm_job(start, place, expected):
    start(**{f"SLURM_{name}": value for name, value in place.items()})
    assert World.from_job() == expected
    assert World.from_environment() == World()  # training never takes a task's number for its own


def test_torchrun_inside_of_a_slurm_job(start):
    start(RANK="1", WORLD_SIZE="2", SLURM_ARRAY_TASK_ID="3", SLURM_PROCID="0")
    assert World.from_job() == World(1, 2, 1, 2)


def test_a_task_that_cannot_be(start):
    start(SLURM_ARRAY_TASK_ID="first")
    with pytest.raises(ValueError, match="SLURM_ARRAY_TASK_ID in the environment must be a whole number"):
        World.from_job()
