"""Several processes, as far as one can show it; two real ones are in test_two_processes.py."""

import pytest
import torch
from torch import distributed, nn

from htvae.training import processes
from htvae.utils.world import World


def test_without_torchrun_there_is_one_process(monkeypatch):
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    monkeypatch.setenv("WORLD_SIZE", "4")  # of some other launcher
    assert World.from_environment() == World(rank=0, size=1, local_rank=0, local_size=1)


def test_torchrun_says_which_process_this_is(monkeypatch):
    place = {"RANK": 5, "WORLD_SIZE": 8, "LOCAL_RANK": 1, "LOCAL_WORLD_SIZE": 4}
    for name, value in ({"TORCHELASTIC_RUN_ID": "x"} | place).items():
        monkeypatch.setenv(name, str(value))
    assert World.from_environment() == World(rank=5, size=8, local_rank=1, local_size=4)


def test_one_process_gathers_its_own():
    assert processes.gather("a") == ["a"]
    processes.wait_for_all()
    processes.check_alike({"settings": 1})
    layer = nn.Linear(2, 1)
    processes.sum_gradients(list(layer.parameters()))
    assert layer.weight.grad is None


def test_gradients_go_through_the_sum_unharmed():
    """A group of one: whatever is packed comes out again, and what has no gradient keeps none."""
    layers = nn.ModuleList([nn.Linear(3, 2), nn.Linear(2, 2)])
    layers[0](torch.ones(4, 3)).sum().backward()
    before = [p.grad.clone() for p in layers[0].parameters()]
    distributed.init_process_group("gloo", rank=0, world_size=1, store=distributed.HashStore())
    try:
        processes.sum_gradients(list(layers.parameters()))
        assert processes.gather({"a": 1}) == [{"a": 1}]
    finally:
        distributed.destroy_process_group()
    assert all(map(torch.equal, before, [p.grad for p in layers[0].parameters()]))
    assert layers[1].weight.grad is None


def test_others_that_differ_are_named(monkeypatch):
    monkeypatch.setattr(processes, "gather", lambda facts: [facts, facts, facts | {"settings": 2}])
    with pytest.raises(ValueError, match="same settings, but process 2 has others than process 0"):
        processes.check_alike({"settings": 1, "recordings": 3})


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("mps", "device must be one of cpu, cuda"),
        ("cuda", "at most the number of GPUs, 1 here, but is 2"),
    ],
)
def test_devices_that_several_processes_cannot_use(monkeypatch, device, message):
    monkeypatch.setattr(World, "from_environment", lambda: World(0, 2, 0, 2))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match=message), processes.join_processes(device):
        pass
