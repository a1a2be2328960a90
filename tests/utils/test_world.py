"""Which of several processes this is."""

import pytest

from htvae.utils.world import World


@pytest.fixture
def start(monkeypatch):
    """Set what whoever starts processes says."""

    def set_all(**place):
        for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
            monkeypatch.delenv(name, raising=False)
            if place.get(name) is not None:
                monkeypatch.setenv(name, place[name])

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
